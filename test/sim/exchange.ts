/**
 * A request and its response as a scripted client and server play them: drawn by dice, written as bytes, and compared
 * with what came out at the other side of the proxy. It must not know how either travels.
 */
import assert from 'node:assert/strict';
import type { World } from '../../src/platform/sim/world.ts';
import type { Message } from './messages.ts';

export interface Body {
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  readonly size: number;
  /** Fields behind a chunked body. */
  readonly trailers: number;
}

export interface Exchange {
  /** The target is /xID. */
  readonly id: number;
  readonly method: string;
  readonly request: Body;
  /** The client says Connection: close. */
  readonly closes: boolean;
  /** 103 answers before the final one. */
  readonly interims: number;
  readonly status: number;
  readonly response: Body;
  /** The server says Connection: close, and does so. */
  readonly serverCloses: boolean;
  /** The server answers as soon as it has the head. */
  readonly early: boolean;
}

export const NO_BODY: Body = { framing: 'none', size: 0, trailers: 0 };

/** A plain GET with a small answer; `changes` make it another. */
export function exchange(id: number, changes: Partial<Exchange> = {}): Exchange {
  return {
    id,
    method: 'GET',
    request: NO_BODY,
    closes: false,
    interims: 0,
    status: 200,
    response: { framing: 'length', size: 10, trailers: 0 },
    serverCloses: false,
    early: false,
    ...changes,
  };
}

export interface DrawOptions {
  /** The largest body. */
  readonly most?: number;
  /** It is the last of its connection: it may end it. */
  readonly last?: boolean;
  readonly early?: boolean;
}

const METHODS_WITH_BODY = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'PROPFIND'];
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'GET'];
const STATUSES = [200, 200, 200, 204, 304, 404, 500];

export function drawExchange(dice: World, id: number, options: DrawOptions = {}): Exchange {
  const most = options.most ?? 3000;
  const last = options.last ?? true;
  const hasBody = dice.chance(2);
  const request = hasBody ? drawBody(dice, most, false) : NO_BODY;
  const method = pick(dice, request.framing === 'none' ? METHODS : METHODS_WITH_BODY);
  const status = pick(dice, STATUSES);
  const bodiless = status === 204 || status === 304;
  return {
    id,
    method,
    request,
    closes: last && dice.chance(3),
    interims: dice.chance(4) ? 1 + dice.random(3) : 0,
    status,
    response: bodiless ? NO_BODY : drawBody(dice, most, last),
    serverCloses: dice.chance(4),
    early: (options.early ?? true) && dice.chance(5),
  };
}

function drawBody(dice: World, most: number, mayClose: boolean): Body {
  const framing = pick(dice, mayClose ? (['length', 'chunked', 'close'] as const) : (['length', 'chunked'] as const));
  const size = dice.chance(6) ? 0 : 1 + dice.random(dice.chance(4) ? most : Math.min(most, 400));
  return { framing, size, trailers: framing === 'chunked' && dice.chance(2) ? 1 + dice.random(3) : 0 };
}

export function pick<T>(dice: World, choices: readonly T[]): T {
  return choices[dice.random(choices.length)] as T;
}

export function requestLine({ method, id }: Exchange): string {
  return `${method} /x${id}`;
}

/** Byte `at` of a body: it tells whose it is and where it stands. */
function bodyByte(id: number, at: number, first: number): number {
  return first + ((id * 7 + at + (at >> 8)) % 26);
}

const REQUEST_BYTE = 97;
const RESPONSE_BYTE = 65;

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function requestBytes(exchange: Exchange, dice: World): Uint8Array {
  const { request, method, id } = exchange;
  const fields = framingField(request);
  if (exchange.closes) fields.push('Connection: close');
  const head = `${[`${method} /x${id} HTTP/1.1`, 'Host: sim.test', ...fields].join('\r\n')}\r\n\r\n`;
  return join([latin1(head), ...bodyPieces(request, id, REQUEST_BYTE, dice)]);
}

export function responseBytes(exchange: Exchange, dice: World): Uint8Array {
  const { response, status, id, method } = exchange;
  const parts: Uint8Array[] = [];
  for (let count = 0; count < exchange.interims; count++) parts.push(latin1(`HTTP/1.1 103 Early Hints\r\nLink: </${count}>\r\n\r\n`));
  const fields = [`X-Id: ${id}`, ...framingField(response)];
  if (exchange.serverCloses || response.framing === 'close') fields.push('Connection: close');
  parts.push(latin1(`HTTP/1.1 ${status} Status\r\n${fields.join('\r\n')}\r\n\r\n`));
  if (method !== 'HEAD') parts.push(...bodyPieces(response, id, RESPONSE_BYTE, dice));
  return join(parts);
}

function framingField({ framing, size, trailers }: Body): string[] {
  if (framing === 'length') return [`Content-Length: ${size}`];
  if (framing !== 'chunked') return [];
  return trailers > 0 ? ['Transfer-Encoding: chunked', 'Trailer: x-t0'] : ['Transfer-Encoding: chunked'];
}

/** The body in its framing, cut into chunks by dice. */
function bodyPieces({ framing, size, trailers }: Body, id: number, first: number, dice: World): Uint8Array[] {
  const data = new Uint8Array(size);
  for (let at = 0; at < size; at++) data[at] = bodyByte(id, at, first);
  if (framing === 'none') return [];
  if (framing !== 'chunked') return [data];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < size; ) {
    const length = Math.min(size - at, 1 + dice.random(dice.chance(3) ? 20 : size));
    pieces.push(latin1(`${length.toString(16)}${dice.chance(4) ? ';ext=1' : ''}\r\n`), data.subarray(at, at + length), latin1('\r\n'));
    at += length;
  }
  const fields = Array.from({ length: trailers }, (_, index) => `X-T${index}: ${trailerValue(id, index)}\r\n`);
  pieces.push(latin1(`0\r\n${fields.join('')}\r\n`));
  return pieces;
}

function trailerValue(id: number, index: number): string {
  return `v${id}.${index}`;
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A request that the server got is this exchange's; a part of it, if `whole` is false. */
export function checkRequest(exchange: Exchange, message: Message, whole: boolean, place: string): void {
  assert.equal(message.start, `${exchange.method} /x${exchange.id} HTTP/1.1`, place);
  const { request } = exchange;
  checkBody(message, request, exchange.id, REQUEST_BYTE, whole, `request of ${requestLine(exchange)}; ${place}`);
  assert.equal(message.framing, request.framing === 'close' ? 'none' : request.framing, place);
}

/** A response that the client got is this exchange's. */
export function checkResponse(exchange: Exchange, message: Message, whole: boolean, place: string): void {
  assert.equal(message.start, `HTTP/1.1 ${exchange.status} Status`, place);
  const id = message.fields.find(([name]) => name === 'x-id')?.[1];
  assert.equal(id, String(exchange.id), place);
  const body = exchange.method === 'HEAD' ? NO_BODY : exchange.response;
  checkBody(message, body, exchange.id, RESPONSE_BYTE, whole, `response of ${requestLine(exchange)}; ${place}`);
}

function checkBody(message: Message, body: Body, id: number, first: number, whole: boolean, place: string): void {
  const got = message.body;
  if (whole) {
    assert.ok(message.complete, `not complete: ${got.length} of ${body.size} bytes; ${place}`);
    assert.equal(got.length, body.size, place);
  } else assert.ok(got.length <= body.size, place);
  for (let at = 0; at < got.length; at++) {
    if (got[at] !== bodyByte(id, at, first)) assert.fail(`byte ${at} of the body is wrong; ${place}`);
  }
  if (!whole) return;
  const expected = Array.from({ length: body.trailers }, (_, index) => [`x-t${index}`, trailerValue(id, index)]);
  assert.deepEqual(message.trailers, expected, place);
}
