/** What rules did to the framing fields and the status of a message never changes where it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Framing, HeaderId, HttpMessage, Method } from './message.ts';
import { reframeRequest, reframeResponse } from './reframe.ts';

const bytes = Buffer.from('x 5 7 chunked Chunked gzip 0');

function response(status: number, framing: HttpMessage['framing'], ...fields: (readonly [number, string])[]): HttpMessage {
  const message = new HttpMessage();
  message.status = status;
  message.framing = framing;
  message.contentLength = framing === Framing.length ? 5 : 0;
  message.bodyStart = 10;
  message.bodyEnd = framing === Framing.none ? 10 : 15;
  for (const [id, text] of fields) message.headers.add(id, 1, 1, bytes.indexOf(text), bytes.indexOf(text) + text.length);
  return message;
}

function asked(method: HttpMessage['method'], first: HttpMessage['firstMethod'] = -1): HttpMessage {
  const request = new HttpMessage();
  request.method = method;
  request.firstMethod = first;
  return request;
}

const FIVE = [HeaderId.contentLength, '5'] as const;
const SEVEN = [HeaderId.contentLength, '7'] as const;
const CODED = [HeaderId.transferEncoding, 'chunked'] as const;
const ODD = [HeaderId.transferEncoding, 'gzip'] as const;

/** Framing, values of Content-Length and Transfer-Encoding that are left, bytes of body. */
function left(message: HttpMessage): string {
  const { headers } = message;
  const texts = [HeaderId.contentLength, HeaderId.transferEncoding].map((id) => {
    const row = headers.findId(id, 0);
    assert.equal(row < 0 ? -1 : headers.findId(id, row + 1), -1);
    return row < 0 ? '-' : bytes.toString('latin1', headers.valueStart(row), headers.valueEnd(row));
  });
  const name = Object.entries(Framing).find(([, value]) => value === message.framing)?.[0];
  return [name, ...texts, message.bodyEnd - message.bodyStart].join(' ');
}

function settled(message: HttpMessage, request: HttpMessage): string {
  reframeResponse(message, request, bytes);
  return left(message);
}

test('fields that say something else than the framing go', () => {
  const get = asked(Method.get);
  assert.equal(settled(response(200, Framing.length, FIVE, CODED), get), 'length 5 - 5');
  assert.equal(settled(response(200, Framing.length, FIVE, SEVEN), get), 'length 5 - 5');
  assert.equal(settled(response(200, Framing.length, SEVEN), get), 'length - - 5');
  assert.equal(settled(response(200, Framing.chunked, CODED, FIVE), get), 'chunked - chunked 5');
  assert.equal(settled(response(200, Framing.chunked, [HeaderId.transferEncoding, 'Chunked']), get), 'chunked - Chunked 5');
  assert.equal(settled(response(200, Framing.chunked, ODD, CODED), get), 'chunked - - 5');
  assert.equal(settled(response(200, Framing.close, FIVE, CODED), get), 'close - - 5');
});

test('a status without a body has none, one with a body that has none tells so', () => {
  const get = asked(Method.get);
  assert.equal(settled(response(204, Framing.length, FIVE), get), 'none - - 0');
  assert.equal(settled(response(304, Framing.length, FIVE), get), 'none 5 - 0');
  assert.equal(settled(response(304, Framing.chunked, CODED), get), 'none - chunked 0');
  assert.equal(settled(response(200, Framing.none, FIVE), get), 'length - - 0');
  assert.equal(settled(response(200, Framing.none, [HeaderId.contentLength, '0']), get), 'length 0 - 0');
  assert.equal(settled(response(101, Framing.tunnel), get), 'tunnel - - 5');
});

test('the method that counts is the one that the client sent', () => {
  assert.equal(settled(response(200, Framing.length, FIVE), asked(Method.get, Method.head)), 'none 5 - 0');
  assert.equal(settled(response(200, Framing.none, FIVE), asked(Method.head, Method.get)), 'length - - 0');
  assert.equal(settled(response(200, Framing.none, SEVEN, FIVE), asked(Method.head)), 'none 7 - 0');
});

test('a request keeps the body that it came with', () => {
  const request = response(0, Framing.length, SEVEN, CODED);
  reframeRequest(request, bytes);
  assert.equal(left(request), 'length - - 5');
  const bodyless = response(0, Framing.none, SEVEN);
  reframeRequest(bodyless, bytes);
  assert.equal(left(bodyless), 'none - - 0');
});
