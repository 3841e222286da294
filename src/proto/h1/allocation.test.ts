/** Gate: an exchange through the codec allocates nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_FRAMING, decideRequest, decideResponse } from '../../http/framing.ts';
import { HttpMessage, Method } from '../../http/message.ts';
import { BodyDecoder, BodyResult } from './body.ts';
import { encodeRequestHead, encodeResponseHead, encodeTrailers } from './encode.ts';
import { HeadParser, HeadResult } from './head.ts';

const CALLS = 20_000;
const OUT = 8192;
const bytes = new Uint8Array(32768);
const message = new HttpMessage();
const requestParser = new HeadParser('request');
const responseParser = new HeadParser('response');
const decoder = new BodyDecoder();

const head =
  'POST http://a.test:80/x HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, x\r\nTE: trailers, x\r\nX: b\r\n c\r\nTransfer-Encoding: chunked\r\n\r\n';
const request = Buffer.from(`${head}5;x\r\nhello\r\n40\r\n${'y'.repeat(64)}\r\n0\r\nX-T: v\r\n\r\n`);
const response = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 005\r\nServer: x\r\nConnection: close\r\n\r\nhello`);

function forward(input: Uint8Array, parser: HeadParser): void {
  bytes.set(input, 0);
  parser.reset();
  message.reset();
  if (parser.parse(message, bytes, 0, input.length >> 1) !== HeadResult.more) fail();
  if (parser.parse(message, bytes, 0, input.length) !== HeadResult.done) fail();
  const isRequest = parser === requestParser;
  const refused = isRequest ? decideRequest(message, bytes, DEFAULT_FRAMING) : decideResponse(message, bytes, Method.get, DEFAULT_FRAMING);
  const end = isRequest ? encodeRequestHead(message, bytes, OUT, 32768, 1) : encodeResponseHead(message, bytes, OUT, 32768, 0);
  if (refused !== 0 || end < OUT) fail();
  decoder.reset(message.framing, message.contentLength, message.trailers);
  if (decoder.decode(bytes, parser.headEnd, input.length) !== BodyResult.done) fail();
  if (encodeTrailers(message, bytes, OUT, 32768) < 0) fail();
}

function fail(): never {
  throw new Error('the exchange of the gate went wrong');
}

function exchanges(): number {
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < CALLS; i++) {
    forward(request, requestParser);
    forward(response, responseParser);
  }
  return process.memoryUsage().heapUsed - before;
}

test('an exchange allocates nothing', () => {
  exchanges();
  exchanges();
  let least = Number.POSITIVE_INFINITY;
  // The engine itself allocates now and then; one clean run of three proves that we don't.
  for (let run = 0; run < 3; run++) least = Math.min(least, Math.abs(exchanges()));
  assert.ok(least / CALLS < 4, `${(least / CALLS).toFixed(1)} bytes an exchange`);
});
