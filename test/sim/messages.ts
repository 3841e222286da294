/**
 * A reader of HTTP/1 messages for scripted peers, written apart from the codec that is tested: strict, byte by byte, and
 * only as clever as what a proxy may send. It must not know what the messages should be.
 */

export interface Message {
  readonly start: string;
  readonly fields: readonly (readonly [string, string])[];
  /** Bytes of the body, without its framing. */
  readonly body: number[];
  readonly trailers: (readonly [string, string])[];
  /** How the body's end is told. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close' | 'tunnel';
  complete: boolean;
}

/** What the reader must be told about a response: the method it answers. */
export type MethodOf = (index: number) => string;

const LF = 10;

export class MessageReader {
  readonly messages: Message[] = [];
  /** 1xx other than 101, by the index of the response they came before. */
  readonly interims: { readonly before: number; readonly message: Message }[] = [];
  /** What was not allowed; empty while all is well. */
  error = '';
  readonly #source: readonly number[];
  readonly #methodOf: MethodOf | null;
  #at = 0;
  #line = '';
  #head: string[] = [];
  #state: 'head' | 'body' | 'size' | 'data-end' | 'trailers' = 'head';
  #left = 0;

  /** @param source bytes that grow; @param methodOf for responses */
  constructor(source: readonly number[], methodOf: MethodOf | null = null) {
    this.#source = source;
    this.#methodOf = methodOf;
  }

  /** The message whose end has not come; null between messages. */
  get current(): Message | null {
    const last = this.messages.at(-1);
    return last === undefined || last.complete ? null : last;
  }

  /** A head has begun and not ended. */
  get isInHead(): boolean {
    return this.#state === 'head' && (this.#line !== '' || this.#head.length > 0);
  }

  /** Reads what is new. */
  advance(): void {
    while (this.error === '' && this.#at < this.#source.length) this.#byte(this.#source[this.#at++] as number);
  }

  /** The sender has ended: a body that lasts until then is complete. */
  end(): void {
    const { current } = this;
    if (current?.framing === 'close' || current?.framing === 'tunnel') current.complete = true;
  }

  #byte(code: number): void {
    if (this.#state === 'body') {
      this.#data(code);
      return;
    }
    this.#line += String.fromCharCode(code);
    if (code !== LF) return;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) this.error = `a line without CRLF: ${JSON.stringify(line)}`;
    else this.#onLine(line.slice(0, -2));
  }

  #onLine(line: string): void {
    if (this.#state === 'head') {
      if (line !== '') this.#head.push(line);
      else this.#onHead();
    } else if (this.#state === 'size') {
      if (!/^[0-9a-f]+$/.test(line)) this.error = `chunk size ${JSON.stringify(line)}`;
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'body';
    } else if (this.#state === 'data-end') {
      if (line !== '') this.error = `behind a chunk: ${JSON.stringify(line)}`;
      this.#state = 'size';
    } else if (line === '') this.#complete();
    else (this.messages.at(-1) as Message).trailers.push(this.#field(line));
  }

  #onHead(): void {
    const [start, ...lines] = this.#head;
    this.#head = [];
    if (start === undefined) {
      this.error = 'an empty head';
      return;
    }
    const fields = lines.map((line) => this.#field(line));
    const framing = this.#framing(start, fields);
    const message: Message = { start, fields, body: [], trailers: [], framing, complete: false };
    if (this.#methodOf !== null && /^HTTP\/1\.. 1(?!01)/.test(start)) {
      this.interims.push({ before: this.messages.length, message });
      return;
    }
    this.messages.push(message);
    this.#begin(message);
  }

  #begin(message: Message): void {
    if (message.framing === 'chunked') this.#state = 'size';
    else if (message.framing === 'none' || (message.framing === 'length' && this.#left === 0)) this.#complete();
    else this.#state = 'body';
  }

  #field(line: string): readonly [string, string] {
    const found = /^([^ :]+): (.*)$/.exec(line);
    if (found === null) this.error = `a field: ${JSON.stringify(line)}`;
    return [found?.[1] ?? '', found?.[2] ?? ''];
  }

  #framing(start: string, fields: readonly (readonly [string, string])[]): Message['framing'] {
    const value = (name: string): string | undefined => fields.find(([found]) => found === name)?.[1];
    if (this.#methodOf !== null) {
      const method = this.#methodOf(this.messages.length);
      const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(start)?.[1] ?? 0);
      if (status === 0) this.error = `a status line: ${JSON.stringify(start)}`;
      if (status === 101 || (method === 'CONNECT' && status < 300)) return 'tunnel';
      // Whether the page for a HEAD has a body depends on how much of the request had come; its connection ends.
      if (method === 'HEAD' && / 40[08] (?!Status)/.test(start)) return 'close';
      if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return 'none';
    } else if (!/^[A-Z]+ \S+ HTTP\/1\.[01]$/.test(start)) this.error = `a request line: ${JSON.stringify(start)}`;
    else if (start.startsWith('CONNECT ')) return 'tunnel';
    if (value('transfer-encoding') !== undefined) return 'chunked';
    const length = value('content-length');
    if (length === undefined) return this.#methodOf === null ? 'none' : 'close';
    this.#left = Number(length);
    return 'length';
  }

  #data(code: number): void {
    const message = this.messages.at(-1) as Message;
    message.body.push(code);
    if (message.framing === 'close' || message.framing === 'tunnel') return;
    if (--this.#left > 0) return;
    if (message.framing === 'chunked') this.#state = 'data-end';
    else this.#complete();
  }

  #complete(): void {
    (this.messages.at(-1) as Message).complete = true;
    this.#state = 'head';
  }
}
