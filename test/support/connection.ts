/**
 * One TCP connection as bytes, for scripted clients and servers. Text is Latin-1, one
 * character a byte, so that expectations are written as strings.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import { until, WAIT_LIMIT_MS, within } from './wait.ts';

export class Connection {
  readonly socket: Socket;
  /** Received and not yet taken by a `read…`. */
  pending = '';
  /** Everything received since the start. */
  received = '';
  /** The peer sends no more. */
  ended = false;
  closed = false;
  /** The code of the error that broke the connection, such as ECONNRESET; empty if none. */
  error = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      this.pending += text;
      this.received += text;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.closed = true;
      this.ended = true;
    });
  }

  /** Resolves when the kernel has taken the bytes. */
  write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
    return new Promise((resolve) => {
      this.socket.write(bytes, () => resolve());
    });
  }

  /** Each piece in a write of its own, with a turn of the loop between them. */
  async writePieces(pieces: readonly string[]): Promise<void> {
    for (const piece of pieces) {
      await this.write(piece);
      await new Promise(setImmediate);
    }
  }

  /** Sends the end of the stream; receiving goes on. */
  end(): void {
    this.socket.end();
  }

  /** Breaks the connection with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Takes everything up to and including the first match. Rejects at the end of the stream or after `limitMs`. */
  async readUntil(pattern: RegExp | string, limitMs: number = WAIT_LIMIT_MS): Promise<string> {
    await this.#wait(() => this.#matchEnd(pattern) >= 0, typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern), limitMs);
    return this.#take(this.#matchEnd(pattern));
  }

  /** Takes `count` bytes. */
  async read(count: number, limitMs: number = WAIT_LIMIT_MS): Promise<string> {
    await this.#wait(() => this.pending.length >= count, `${count} bytes`, limitMs);
    return this.#take(count);
  }

  /** Takes a message head, with its empty line. */
  readHead(limitMs: number = WAIT_LIMIT_MS): Promise<string> {
    return this.readUntil('\r\n\r\n', limitMs);
  }

  /** Takes a head and the body it announces (Content-Length, chunked, none), as they are on the wire. */
  async readMessage(limitMs: number = WAIT_LIMIT_MS): Promise<{ head: string; body: string }> {
    const head = await this.readHead(limitMs);
    const length = /^content-length:[ \t]*(\d+)/im.exec(head)?.[1];
    if (/^transfer-encoding:.*chunked[ \t]*\r$/im.test(head)) return { head, body: await this.#readChunked(limitMs) };
    return { head, body: length === undefined ? '' : await this.read(Number(length), limitMs) };
  }

  async #readChunked(limitMs: number): Promise<string> {
    let body = '';
    for (;;) {
      const line = await this.readUntil('\r\n', limitMs);
      const size = Number.parseInt(line, 16);
      body += line;
      if (size === 0) break;
      body += await this.read(size + 2, limitMs);
    }
    // The trailer section ends with an empty line.
    let line = '';
    while (line !== '\r\n') {
      line = await this.readUntil('\r\n', limitMs);
      body += line;
    }
    return body;
  }

  /** Takes everything until the peer has ended its stream or broken the connection. */
  async readToEnd(limitMs: number = WAIT_LIMIT_MS): Promise<string> {
    await until(() => this.ended, `the end of the stream; so far: ${JSON.stringify(this.received)}`, limitMs);
    return this.#take(this.pending.length);
  }

  /** Takes what is there once nothing new has come for `quietMs`: to see that nothing more comes, the one thing that needs a time. */
  async readQuiet(quietMs: number): Promise<string> {
    let length = -1;
    while (length !== this.received.length) {
      length = this.received.length;
      await new Promise((resolve) => setTimeout(resolve, quietMs));
    }
    return this.#take(this.pending.length);
  }

  /** Resolves when the socket is closed on both sides. */
  async waitForClose(limitMs: number = WAIT_LIMIT_MS): Promise<void> {
    await until(() => this.closed, `the connection to close; received: ${JSON.stringify(this.received)}`, limitMs);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #matchEnd(pattern: RegExp | string): number {
    if (typeof pattern === 'string') {
      const at = this.pending.indexOf(pattern);
      return at < 0 ? -1 : at + pattern.length;
    }
    const match = pattern.exec(this.pending);
    return match === null ? -1 : match.index + match[0].length;
  }

  #take(count: number): string {
    const text = this.pending.slice(0, count);
    this.pending = this.pending.slice(count);
    return text;
  }

  async #wait(condition: () => boolean, what: string, limitMs: number): Promise<void> {
    const soFar = (): string => `pending: ${JSON.stringify(this.pending)}${this.error === '' ? '' : `, ${this.error}`}`;
    try {
      await until(() => condition() || this.ended, what, limitMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}; ${soFar()}`);
    }
    if (!condition()) throw new Error(`the stream ended before ${what}; ${soFar()}`);
  }
}

/** Connects to a port of 127.0.0.1 (or `address`), or to a UNIX path. */
export async function connect(target: number | string, address = '127.0.0.1'): Promise<Connection> {
  const place = typeof target === 'string' ? { path: target } : { port: target, host: address };
  // Half-open: the test decides when its side ends.
  const socket = connectSocket({ ...place, allowHalfOpen: true });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const connection = new Connection(socket);
  await within(opened, `a connection to ${target}`);
  return connection;
}

/** Sends the pieces and collects all that comes until the peer closes. */
export async function exchange(
  target: number | string,
  pieces: string | readonly string[],
  limitMs: number = WAIT_LIMIT_MS,
): Promise<string> {
  using connection = await connect(target);
  await connection.writePieces(typeof pieces === 'string' ? [pieces] : pieces);
  return await connection.readToEnd(limitMs);
}
