/** Tests of the encoder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Framing, HeaderId, HttpMessage, Method } from '../../http/message.ts';
import {
  ConnectionField,
  chunkHeaderLength,
  encodeRequestHead,
  encodeResponseHead,
  encodeTrailers,
  writeChunkEnd,
  writeChunkHeader,
} from './encode.ts';
import { HeadParser } from './head.ts';

const OUT = 4096;
const bytes = new Uint8Array(1 << 17);

function place(text: string, at: number): number {
  bytes.set(Buffer.from(text, 'latin1'), at);
  return at + text.length;
}

function read(start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

function parsed(text: string, kind: 'request' | 'response'): HttpMessage {
  const message = new HttpMessage();
  new HeadParser(kind).parse(message, bytes, 0, place(text, 0));
  return message;
}

function request(message: HttpMessage, connection: number): string {
  return read(OUT, encodeRequestHead(message, bytes, OUT, bytes.length, connection));
}

test('a head that stands in memory as it is to be written is one copy', () => {
  const text = 'GET /a HTTP/1.1\r\nhost: a.test\r\nx-a: b\r\n\r\n';
  assert.equal(request(parsed(text, 'request'), ConnectionField.none), text);
});

test('lines that differ are written anew, in their order', () => {
  const message = parsed('GET  /a HTTP/1.1\nHost:a.test\r\nX-A:  b \r\nC: d\r\nE: f\r\n\r\n', 'request');
  assert.equal(
    request(message, ConnectionField.close),
    'GET /a HTTP/1.1\r\nhost: a.test\r\nx-a: b\r\nc: d\r\ne: f\r\nconnection: close\r\n\r\n',
  );
  message.headers.remove(2);
  assert.equal(
    request(message, ConnectionField.keepAlive),
    'GET /a HTTP/1.1\r\nhost: a.test\r\nx-a: b\r\ne: f\r\nconnection: keep-alive\r\n\r\n',
  );
});

test('changed and added fields', () => {
  const message = parsed('GET /a HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n', 'request');
  place('new/target', 1000);
  message.targetStart = 1000;
  message.targetEnd = 1010;
  place('value', 1100);
  message.headers.setValue(0, 1100, 1105);
  place('x-new', 1200);
  message.headers.add(HeaderId.other, 1200, 5, 1100, 1103);
  assert.equal(request(message, ConnectionField.none), 'GET new/target HTTP/1.1\r\na: value\r\nc: d\r\nx-new: val\r\n\r\n');
});

test('the framing field is added if the message has none', () => {
  const message = parsed('POST / HTTP/1.1\r\nA: b\r\n\r\n', 'request');
  message.framing = Framing.chunked;
  assert.equal(request(message, ConnectionField.none), 'POST / HTTP/1.1\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n');
  message.framing = Framing.length;
  message.contentLength = 12345678901;
  assert.equal(request(message, ConnectionField.none), 'POST / HTTP/1.1\r\na: b\r\ncontent-length: 12345678901\r\n\r\n');
  message.contentLength = 0;
  assert.equal(request(message, ConnectionField.none), 'POST / HTTP/1.1\r\na: b\r\ncontent-length: 0\r\n\r\n');
});

test('versions', () => {
  assert.equal(request(parsed('GET / HTTP/1.0\r\n\r\n', 'request'), 0), 'GET / HTTP/1.0\r\n\r\n');
  assert.equal(request(parsed('GET / HTTP/1.7\r\n\r\n', 'request'), 0), 'GET / HTTP/1.1\r\n\r\n');
  assert.equal(request(parsed('GET / HTTP/2.1\r\n\r\n', 'request'), 0), 'GET / HTTP/1.1\r\n\r\n');
  const message = new HttpMessage();
  place('GET/', 0);
  message.method = Method.get;
  message.methodEnd = message.targetStart = 3;
  message.targetEnd = 4;
  assert.equal(request(message, 0), 'GET / HTTP/1.1\r\n\r\n');
  message.version = 10;
  assert.equal(request(message, 0), 'GET / HTTP/1.0\r\n\r\n');
});

test('responses', () => {
  const message = parsed('HTTP/1.1 404 Not here\r\nA: b\r\n\r\n', 'response');
  const end = encodeResponseHead(message, bytes, OUT, bytes.length, ConnectionField.close);
  assert.equal(read(OUT, end), 'HTTP/1.1 404 Not here\r\na: b\r\nconnection: close\r\n\r\n');
});

test('a head that may not fit is refused and nothing is written', () => {
  const message = parsed('GET /a HTTP/1.1\r\nhost: a.test\r\n\r\n', 'request');
  bytes.fill(7, OUT, OUT + 300);
  assert.equal(encodeRequestHead(message, bytes, OUT, OUT + 20, 0), -1);
  assert.equal(bytes[OUT], 7);
  assert.equal(encodeTrailers(message, bytes, OUT, OUT + 4), -1);
});

test('chunk framing', () => {
  for (const size of [0, 1, 9, 10, 15, 16, 255, 4096, 65535, 2 ** 20]) {
    const text = `${size.toString(16)}\r\n`;
    assert.equal(chunkHeaderLength(size), text.length);
    const start = writeChunkHeader(bytes, OUT, size);
    assert.equal(read(start, OUT), text);
  }
  assert.equal(read(OUT, writeChunkEnd(bytes, OUT)), '\r\n');
  const message = new HttpMessage();
  assert.equal(read(OUT, encodeTrailers(message, bytes, OUT, bytes.length)), '0\r\n\r\n');
  place('x-tvalue', 0);
  message.trailers.add(0, 0, 3, 3, 8);
  assert.equal(read(OUT, encodeTrailers(message, bytes, OUT, bytes.length)), '0\r\nx-t: value\r\n\r\n');
});
