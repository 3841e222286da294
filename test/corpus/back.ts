/**
 * The server of a case: answers each well-formed request, or plays the case's script for
 * the first one, and keeps what it received. One case at a time; what belongs to an
 * earlier one is dropped.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Case, Play, SeenRequest } from './cases.ts';
import type { Body, Head } from './messages.ts';
import { BadMessage, hash, normalise, readBody, readHead, short, valuesOf } from './messages.ts';

const LONGEST = 300;
const SILENCE_LIMIT_MS = 4000;
const REST_SILENCE_MS = 1500;
const REFUSAL = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad';

/** One accepted connection: text that grows. */
class Feed {
  readonly socket: Socket;
  text = '';
  ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
      this.#wake?.();
    });
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        this.ended = true;
        this.#wake?.();
      });
    }
  }

  /** True when more text has come; false at the end, or after a silence. */
  async more(limitMs = SILENCE_LIMIT_MS): Promise<boolean> {
    const before = this.text.length;
    if (!this.ended) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.text.length > before;
  }

  write(text: string): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.from(text, 'latin1'));
  }
}

export class Back {
  port = 0;
  requests: SeenRequest[] = [];
  /** Connections that are open. */
  open = 0;
  #generation = 0;
  #count = 0;
  #case: Case | undefined;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => void this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not a TCP server');
    this.port = address.port;
  }

  begin(played: Case): void {
    this.#generation++;
    this.#case = played;
    this.requests = [];
    this.#count = 0;
  }

  /** What was received for the case; nothing that comes later counts. */
  finish(): SeenRequest[] {
    this.#generation++;
    return this.requests;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => void this.#server?.close(() => resolve()));
  }

  async #accept(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    this.open++;
    const feed = new Feed(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    try {
      await this.#serve(feed, this.#generation);
    } finally {
      socket.destroySoon();
      this.open--;
    }
  }

  #add(generation: number, request: SeenRequest): void {
    if (generation === this.#generation) this.requests.push(request);
  }

  async #serve(feed: Feed, generation: number): Promise<void> {
    for (let at = 0; ; ) {
      const head = await this.#head(feed, at, generation);
      if (head === undefined) return;
      const played = generation === this.#generation ? this.#case : undefined;
      const script = played?.kind === 'resp' && this.#count === 0 ? played.resp : undefined;
      const number = ++this.#count;
      const request = describe(head);
      this.#add(generation, request);
      const early = played?.early !== undefined && played.early !== false;
      if (script !== undefined && early) await this.#play(feed, script, head.end);
      const expect = valuesOf(head.fields, 'expect')[0];
      if (script === undefined && expect?.toLowerCase().includes('100-continue') === true) feed.write('HTTP/1.1 100 Continue\r\n\r\n');
      const body = await this.#body(feed, head, request);
      if (body === undefined) return;
      at = body.end;
      const method = head.line.split(' ')[0] as string;
      if (script !== undefined) {
        if (!early && (await this.#play(feed, script, at, request)) === 'closed') return;
      } else if (method === 'CONNECT') return await this.#tunnel(feed, at, request);
      else answer(feed, number, method);
    }
  }

  async #head(feed: Feed, at: number, generation: number): Promise<Head | undefined> {
    try {
      for (;;) {
        const head = readHead(feed.text, at);
        if (head !== undefined) return head;
        if (await feed.more()) continue;
        if (feed.text.length > at) this.#add(generation, { raw: short(feed.text.slice(at)), end: 'closed' });
        return undefined;
      }
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#add(generation, { raw: short(feed.text.slice(at)), bad: error.message });
      feed.write(REFUSAL);
      return undefined;
    }
  }

  async #body(feed: Feed, head: Head, request: SeenRequest): Promise<Body | undefined> {
    try {
      for (;;) {
        const body = readBody(feed.text, head.end, head.fields, false, false);
        if (body !== undefined) {
          request.body = short(body.text);
          request.fr = body.framing;
          if (body.trailers.length > 0) request.tr = normalise(body.trailers);
          return body;
        }
        if (await feed.more()) continue;
        request.fr = 'aborted';
        break;
      }
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      request.fr = `bad: ${error.message}`;
    }
    request.body = '';
    return undefined;
  }

  async #tunnel(feed: Feed, at: number, request: SeenRequest): Promise<void> {
    feed.write('HTTP/1.1 200 OK\r\n\r\n');
    while (await feed.more());
    if (feed.text.length > at) request.tunnel = short(feed.text.slice(at));
  }

  async #play(feed: Feed, script: readonly Play[], at: number, request?: SeenRequest): Promise<'open' | 'closed'> {
    for (const step of script) {
      if (step[0] === 's') feed.write(step[1]);
      else if (step[0] === 'r') feed.write(step[1].repeat(step[2]));
      else if (step[0] === 'w') await pause(step[1]);
      else if (step[0] === 'b') {
        for (const byte of step[1]) {
          feed.write(byte);
          await (step[2] > 0 ? pause(step[2]) : new Promise(setImmediate));
        }
      } else if (step[0] === 'R') {
        feed.socket.resetAndDestroy();
        return 'closed';
      } else if (step[0] === 'rest') {
        while (await feed.more(REST_SILENCE_MS));
        if (request !== undefined && feed.text.length > at) request.tunnel = short(feed.text.slice(at));
        return 'closed';
      } else return 'closed';
    }
    return 'open';
  }
}

function describe({ line, fields }: Head): SeenRequest {
  const cut = (value: string): string => (value.length < LONGEST ? value : `<${value.length} ${hash(value)}>`);
  const first = fields[0]?.[0];
  return {
    line: line.length < LONGEST ? line : `<${line.length} chars ${hash(line)}>`,
    h: normalise(fields.map(([name, value]): [string, string] => [name, cut(value)])),
    case: first === undefined ? '' : first === first.toLowerCase() ? 'l' : 'm',
  };
}

function answer(feed: Feed, number: number, method: string): void {
  const body = `ok-${number}`;
  feed.write(`HTTP/1.1 200 OK\r\nX-N: ${number}\r\nContent-Length: ${body.length}\r\n\r\n${method === 'HEAD' ? '' : body}`);
}
