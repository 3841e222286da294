/** Tests of the head parser: syntax of start line and fields, limits, cuts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpMessage } from '../../http/message.ts';
import { HeadParser, HeadResult } from './head.ts';

const START = 7;

/** The parsed head as text, or the status that refuses it; 0: more bytes are wanted. */
function parse(text: string, kind: 'request' | 'response' = 'request', lenient = false, fast = true): string | number {
  const bytes = new Uint8Array(START + text.length);
  bytes.set(Buffer.from(text, 'latin1'), START);
  const parser = new HeadParser(kind);
  parser.lenient = lenient;
  parser.fields.fast = fast;
  const message = new HttpMessage();
  const result = parser.parse(message, bytes, START, bytes.length);
  if (result === HeadResult.more) return 0;
  if (result === HeadResult.failed) return parser.error;
  const at = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString('latin1');
  const { headers } = message;
  const line =
    kind === 'request'
      ? `${at(message.methodStart, message.methodEnd)} ${at(message.targetStart, message.targetEnd)} ${message.version}`
      : `${message.version} ${message.status} ${at(message.reasonStart, message.reasonEnd)}`;
  let out = line;
  for (let row = 0; row < headers.rows; row++) {
    out += `|${at(headers.nameStart(row), headers.nameStart(row) + headers.nameLength(row))}=${at(headers.valueStart(row), headers.valueEnd(row))}`;
  }
  return `${out}|${text.slice(parser.headEnd - START)}`;
}

function field(line: string, lenient = false): string | number {
  const text = parse(`GET / HTTP/1.1\r\n${line}\r\n\r\n`, 'request', lenient);
  assert.equal(parse(`GET / HTTP/1.1\r\n${line}\r\n\r\n`, 'request', lenient, false), text, `state machine: ${JSON.stringify(line)}`);
  return typeof text === 'string' ? text.slice('GET / 11|'.length, -1) : text;
}

test('request lines', () => {
  const cases: readonly (readonly [string, string | number, string | number])[] = [
    ['GET / HTTP/1.1\r\n\r\nrest', 'GET / 11|rest', 'GET / 11|rest'],
    ['GET / HTTP/1.1\n\nrest', 'GET / 11|rest', 'GET / 11|rest'],
    ['\r\n\n\r\nGET / HTTP/1.0\r\n\r\n', 'GET / 10|', 'GET / 10|'],
    ['\rGET / HTTP/1.1\r\n\r\n', 400, 400],
    [' / HTTP/1.1\r\n\r\n', 400, 400],
    ['GET  \t /  HTTP/1.1\r\n\r\n', 'GET / 11|', 'GET / 11|'],
    ['GET / HTTP/1.1 \r\n\r\n', 400, 400],
    ['GET /a b HTTP/1.1\r\n\r\n', 400, 400],
    ['GET /a\tb HTTP/1.1\r\n\r\n', 400, 400],
    ['GET /"<>\\^`{|} HTTP/1.1\r\n\r\n', 'GET /"<>\\^`{|} 11|', 'GET /"<>\\^`{|} 11|'],
    ['GET /a#b HTTP/1.1\r\n\r\n', 400, 'GET /a#b 11|'],
    ['GET /\xe9 HTTP/1.1\r\n\r\n', 400, 'GET /\xe9 11|'],
    ['GET /\x7f HTTP/1.1\r\n\r\n', 400, 400],
    ['GET /\x01 HTTP/1.1\r\n\r\n', 400, 400],
    ['GE:T / HTTP/1.1\r\n\r\n', 400, 400],
    ['get / HTTP/1.1\r\n\r\n', 'get / 11|', 'get / 11|'],
    ['123 / HTTP/1.1\r\n\r\n', '123 / 11|', '123 / 11|'],
    ['GET /\r\n', 400, 'GET / 10|'],
    ['GET /\nX: y\r\n\r\n', 400, 'GET / 10|X: y\r\n\r\n'],
    ['POST /\r\n', 400, 400],
    ['GET\r\n\r\n', 400, 400],
    ['GET / HTTP/1.2\r\n\r\n', 'GET / 11|', 'GET / 11|'],
    ['GET / HTTP/2.0\r\n\r\n', 'GET / 11|', 'GET / 11|'],
    ['GET / HTTP/0.9\r\n\r\n', 'GET / 10|', 'GET / 10|'],
    ['GET / HTTP/01.1\r\n\r\n', 400, 'GET / 10|'],
    ['GET / RTSP/1.0\r\n\r\n', 400, 'GET / 10|'],
    ['GET / http/1.1\r\n\r\n', 400, 400],
    ['GET / HTTP/a.b\r\n\r\n', 400, 400],
    ['GET / HTTP/\r\r1.1\r\n\r\n', 400, 400],
    ['GET / HTTP/1.1\r\n', 0, 0],
    ['GET / HT', 0, 0],
    ['', 0, 0],
  ];
  for (const [text, strict, lenient] of cases) {
    assert.equal(parse(text), strict, JSON.stringify(text));
    assert.equal(parse(text, 'request', true), lenient, `lenient ${JSON.stringify(text)}`);
  }
});

test('status lines', () => {
  const cases: readonly (readonly [string, string | number, string | number])[] = [
    ['HTTP/1.1 200 OK\r\n\r\n', '11 200 OK|', '11 200 OK|'],
    ['HTTP/1.1  200  Very OK \r\n\r\n', '11 200 Very OK |', '11 200 Very OK |'],
    ['HTTP/1.1 200\r\n\r\n', '11 200 |', '11 200 |'],
    ['HTTP/1.1 200 \n\n', '11 200 |', '11 200 |'],
    ['\r\nHTTP/1.0 404 \x01\x02\r\n\r\n', '10 404 \x01\x02|', '10 404 \x01\x02|'],
    ['HTTP/1.1 20 OK\r\n\r\n', '11 20 OK|', '11 20 OK|'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 502, '11 2000 OK|'],
    ['HTTP/1.1 2000000 OK\r\n\r\n', 502, 502],
    ['HTTP/1.1 OK\r\n\r\n', 502, 502],
    ['HTTP/1.1 20x OK\r\n\r\n', 502, 502],
    ['HTTP/2 200 OK\r\n\r\n', 502, '10 200 OK|'],
    ['HTTP/1.10 200 OK\r\n\r\n', 502, '10 200 OK|'],
    ['hello world\r\n\r\n', 502, 502],
    ['HTTP/1.1 200 OK\r\n X: y\r\n\r\n', 502, '11 200 OK|'],
  ];
  for (const [text, strict, lenient] of cases) {
    assert.equal(parse(text, 'response'), strict, JSON.stringify(text));
    assert.equal(parse(text, 'response', true), lenient, `lenient ${JSON.stringify(text)}`);
  }
});

test('fields', () => {
  const cases: readonly (readonly [string, string | number, string | number])[] = [
    ['X-A: b', 'x-a=b', 'x-a=b'],
    ['X-A:b', 'x-a=b', 'x-a=b'],
    ['X-A: \t b \t ', 'x-a=b', 'x-a=b'],
    ['X-A:', 'x-a=', 'x-a='],
    ['X-A:   ', 'x-a=', 'x-a='],
    ['X_A: b', 'x_a=b', 'x_a=b'],
    ['X-A: a:b: c', 'x-a=a:b: c', 'x-a=a:b: c'],
    ['X-A: b\r\n c', 'x-a=b   c', 'x-a=b   c'],
    ['X-A: b\n c', 'x-a=b  c', 'x-a=b  c'],
    ['X-A: b\r\n\tc', 'x-a=b  \tc', 'x-a=b  \tc'],
    ['X-A: b\r\n  c\r\n \t d', 'x-a=b    c   \t d', 'x-a=b    c   \t d'],
    ['X-A:\r\n c', 'x-a=c', 'x-a=c'],
    ['X-A: b\r\n ', 'x-a=b', 'x-a=b'],
    ['X-A: b\nY: c', 'x-a=b|y=c', 'x-a=b|y=c'],
    ['X-A: \x01\x7f\xff', 'x-a=\x01\x7f\xff', 'x-a=\x01\x7f\xff'],
    ['X-A: a\x00b', 400, 'x-a=a\x00b'],
    ['X-A: a\rb', 400, 400],
    ['X-A: a\r\r\nY: b', 400, 400],
    ['X-A', 400, 400],
    [': b', 400, 400],
    ['X-A : b\r\nY: c', 400, 'y=c'],
    ['X A: b\r\nY: c', 400, 'y=c'],
    ['X\x00A: b\r\nY: c', 400, 'y=c'],
    ['X=A: b\r\n c\r\nY: c', 400, 'y=c'],
    ['X\xe9: b\r\nY: c', 400, 'y=c'],
    [' X: b', 400, ''],
  ];
  for (const [line, strict, lenient] of cases) {
    assert.equal(field(line), strict === '' ? 0 : strict, JSON.stringify(line));
    const wanted = lenient === '' ? '' : lenient;
    assert.equal(field(line, true), wanted, `lenient ${JSON.stringify(line)}`);
  }
  assert.equal(parse('GET / HTTP/1.1\r\nHost: a\r\n\r\r\n'), 400);
  assert.equal(field(`${'n'.repeat(255)}: v`), `${'n'.repeat(255)}=v`);
  assert.equal(field(`${'n'.repeat(256)}: v`), 400);
});

/** The borders were measured on HAProxy with tune.bufsize 16384 and tune.maxrewrite 1024. */
test('limits of a head', () => {
  const host = 'Host: a.test\r\n';
  const status = (text: string): string | number => (typeof parse(text) === 'string' ? 200 : parse(text));
  const target = (length: number, fields = host): string => `GET /${'a'.repeat(length)} HTTP/1.1\r\n${fields}\r\n`;
  const value = (length: number): string => `GET / HTTP/1.1\r\n${host}x: ${'a'.repeat(length)}\r\n\r\n`;
  const many = (count: number): string => `GET / HTTP/1.1\r\n${host}${'y: b\r\n'.repeat(count)}\r\n`;
  const padded = (length: number): string => `GET / HTTP/1.1\r\n${host}x:${' '.repeat(length)}a\r\n\r\n`;
  assert.deepEqual([status(target(15245)), status(target(15246))], [200, 431]);
  assert.deepEqual([status(target(15263, '')), status(target(15264, ''))], [200, 431]);
  assert.deepEqual([status(value(15236)), status(value(15237))], [200, 431]);
  assert.deepEqual([status(padded(16283)), status(padded(16284))], [200, 431]);
  assert.deepEqual([status(many(99)), status(many(100))], [200, 400]);
  assert.equal(status(target(17000)), 414);
  assert.equal(status(value(17000)), 431);
  assert.equal(status(`GET / HTTP/1.1\r\n${host}${'n'.repeat(20000)}: v\r\n\r\n`), 431);
  assert.equal(status(`GET / HTTP/1.1\r\n${host}x: ${'a'.repeat(16320)}`), 431);
});

test('the error tells the byte', () => {
  const text = 'GET / HTTP/1.1\r\nHost: a\r\nX A: b\r\n\r\n';
  const bytes = Uint8Array.from(Buffer.from(text, 'latin1'));
  const parser = new HeadParser('request');
  assert.equal(parser.parse(new HttpMessage(), bytes, 0, bytes.length), HeadResult.failed);
  assert.equal(parser.errorAt, text.indexOf(' A:'));
});

test('idle until the first byte of a request', () => {
  const parser = new HeadParser('request');
  const bytes = Uint8Array.from(Buffer.from('\r\n\r\nG', 'latin1'));
  const message = new HttpMessage();
  assert.equal(parser.parse(message, bytes, 0, 3), HeadResult.more);
  assert.ok(parser.idle);
  assert.equal(parser.parse(message, bytes, 0, 5), HeadResult.more);
  assert.ok(!parser.idle);
});

test('a head byte by byte costs linear work', () => {
  const bytes = Uint8Array.from(Buffer.from(`GET / HTTP/1.1\r\nX: ${'a'.repeat(15000)}\r\n\r\n`, 'latin1'));
  const parser = new HeadParser('request');
  const message = new HttpMessage();
  let reads = 0;
  const counted = new Proxy(bytes, {
    get(target, key): unknown {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
      return Reflect.get(target, key, target);
    },
  });
  for (let end = 1; end <= bytes.length; end++) parser.parse(message, counted, 0, end);
  assert.ok(reads < bytes.length * 6, `${reads} reads of ${bytes.length} bytes`);
});
