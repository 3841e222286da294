/**
 * Test support: drives parser, framing, body decoder and encoder over a client's or a server's bytes, as a mux does,
 * but without sockets.
 */
import { DEFAULT_FRAMING, decideRequest, decideResponse } from '../../src/http/framing.ts';
import { type HeaderTable, HttpMessage } from '../../src/http/message.ts';
import { BodyDecoder, BodyResult } from '../../src/proto/h1/body.ts';
import {
  encodeRequestHead,
  encodeResponseHead,
  encodeTrailers,
  requestConnectionField,
  responseConnectionField,
} from '../../src/proto/h1/encode.ts';
import { HeadParser, HeadResult } from '../../src/proto/h1/head.ts';

export interface Forwarded {
  readonly line: string;
  readonly fields: [string, string][];
  readonly body: string;
  readonly trailers: [string, string][];
  readonly ended: boolean;
}
export interface Outcome {
  readonly forwarded: Forwarded[];
  /** The status that refuses the rest, or 0. */
  readonly status: number;
}
export interface Answered extends Forwarded {
  readonly status: number;
}

const ROOM = 1 << 17;
/** Where input starts: what lies before it must never be read. */
const START = 64;
const OUT = 3 * ROOM;

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

function parseHead(text: string): { line: string; fields: [string, string][] } {
  const lines = text.split('\r\n');
  const fields = lines
    .slice(1)
    .filter((line) => line !== '')
    .map((line): [string, string] => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]);
  return { line: lines[0] as string, fields };
}

function trailersOf(table: HeaderTable, bytes: Uint8Array, message: HttpMessage): [string, string][] {
  if (table.rows === 0) return [];
  const end = encodeTrailers(message, bytes, OUT, bytes.length);
  return parseHead(latin1(bytes, OUT, end)).fields;
}

/** One memory for all replays; the client's bytes are used up before the server's are put there. */
const shared = new Uint8Array(4 * ROOM);

/** Input that arrives in pieces: whole (0), cut at one byte, or byte by byte (-1). */
class Pieces {
  readonly bytes = shared;
  readonly end: number;
  at = START;
  readonly #cut: number;
  readonly #around: number;
  #visible: number;

  /** @param around the byte that stands before and behind the input, which nobody may look at or change */
  constructor(input: Uint8Array, cut: number, around: number) {
    this.end = START + input.length;
    this.#around = around;
    this.bytes.fill(around, 0, this.end + START);
    this.bytes.set(input, START);
    this.#cut = cut;
    this.#visible = START;
    this.more();
  }

  get visible(): number {
    return this.#visible;
  }

  /** @throws Error when a byte around the input was changed */
  check(): void {
    for (let i = 1; i <= START; i++) {
      if (this.bytes[START - i] !== this.#around || this.bytes[this.end + i - 1] !== this.#around)
        throw new Error('written outside the input');
    }
  }

  /** Shows the next piece; false when there is none. */
  more(): boolean {
    if (this.#visible === this.end) return false;
    if (this.#cut === 0 || (this.#cut > 0 && this.#visible > START)) this.#visible = this.end;
    else if (this.#cut > 0) this.#visible = START + this.#cut;
    else this.#visible++;
    return true;
  }
}

/** Parses a head; the last result. */
function head(parser: HeadParser, message: HttpMessage, pieces: Pieces): number {
  parser.reset();
  message.reset();
  for (;;) {
    const result = parser.parse(message, pieces.bytes, pieces.at, pieces.visible);
    if (result !== HeadResult.more || !pieces.more()) return result;
  }
}

/** Decodes a body to its end or the end of the input. */
function body(decoder: BodyDecoder, pieces: Pieces): { result: number; text: string } {
  let text = '';
  let result: number = decoder.ended ? BodyResult.done : BodyResult.more;
  while (result !== BodyResult.done) {
    result = decoder.decode(pieces.bytes, pieces.at, pieces.visible);
    text += latin1(pieces.bytes, decoder.dataStart, decoder.dataEnd);
    pieces.at = decoder.next;
    if (result === BodyResult.failed || result === BodyResult.done) break;
    if (!pieces.more()) break;
  }
  return { result, text };
}

/** What a proxy forwards of a client's bytes. @param cut 0: whole, n: in two pieces, -1: byte by byte */
export function requests(input: Uint8Array, lenient: boolean, cut: number, around = 0xee): Outcome {
  const pieces = new Pieces(input, cut, around);
  const outcome = forward(pieces, lenient);
  pieces.check();
  return outcome;
}

function forward(pieces: Pieces, lenient: boolean): Outcome {
  const parser = new HeadParser('request');
  const message = new HttpMessage();
  const decoder = new BodyDecoder();
  const forwarded: Forwarded[] = [];
  parser.lenient = lenient;
  for (;;) {
    const result = head(parser, message, pieces);
    if (result === HeadResult.more) return { forwarded, status: 0 };
    if (result === HeadResult.failed) return { forwarded, status: parser.error };
    const { bytes } = pieces;
    const status = decideRequest(message, bytes, { ...DEFAULT_FRAMING, lenient });
    if (status !== 0) return { forwarded, status };
    const end = encodeRequestHead(message, bytes, OUT, bytes.length, requestConnectionField(message, message.mustClose));
    const { line, fields } = parseHead(latin1(bytes, OUT, end));
    pieces.at = parser.headEnd;
    decoder.reset(message.framing, message.contentLength, message.trailers);
    const data = body(decoder, pieces);
    if (data.result === BodyResult.failed) return { forwarded, status: 400 };
    const ended = data.result === BodyResult.done;
    forwarded.push({ line, fields, body: data.text, trailers: trailersOf(message.trailers, bytes, message), ended });
    if (!message.persistent || !ended || line.startsWith('CONNECT ')) return { forwarded, status: 0 };
  }
}

/** What the client gets of a server's bytes in answer to the first request in the client's. */
export function exchange(client: Uint8Array, server: Uint8Array, lenient: boolean, cut = 0, around = 0xee): Answered[] {
  const asked = new HttpMessage();
  const asking = new Pieces(client, 0, around);
  head(new HeadParser('request'), asked, asking);
  decideRequest(asked, asking.bytes, DEFAULT_FRAMING);
  const pieces = new Pieces(server, cut, around);
  const answers = answer(asked, pieces, lenient);
  pieces.check();
  return answers;
}

function answer(asked: HttpMessage, pieces: Pieces, lenient: boolean): Answered[] {
  const { bytes } = pieces;
  const parser = new HeadParser('response');
  const message = new HttpMessage();
  const decoder = new BodyDecoder();
  const answers: Answered[] = [];
  parser.lenient = lenient;
  const failed: Answered = { status: 502, line: '', fields: [], body: '', trailers: [], ended: true };
  for (;;) {
    if (head(parser, message, pieces) !== HeadResult.done) return [...answers, failed];
    if (decideResponse(message, bytes, asked.method, { ...DEFAULT_FRAMING, lenient }, asked.upgrade) !== 0) return [...answers, failed];
    decoder.reset(message.framing, message.contentLength, message.trailers);
    const close = !asked.persistent || decoder.untilClose || message.mustClose;
    const end = encodeResponseHead(message, bytes, OUT, bytes.length, responseConnectionField(message, asked.version, close));
    const { line, fields } = parseHead(latin1(bytes, OUT, end));
    pieces.at = parser.headEnd;
    const data = body(decoder, pieces);
    if (data.result === BodyResult.failed) return [...answers, failed];
    const trailers = trailersOf(message.trailers, bytes, message);
    answers.push({ status: message.status, line, fields, body: data.text, trailers, ended: data.result === BodyResult.done });
    if (message.status >= 200 || message.status < 100 || message.status === 101) return answers;
  }
}
