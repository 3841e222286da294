/** Tests of framing and hop-by-hop decisions: every row of the observed answers of HAProxy 3.5 that is decided here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange, requests } from '../../test/support/h1-replay.ts';

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** What the server gets for a request: its line and fields in order, or the status that refuses it. */
function sent(request: string, lenient = false): string | number {
  const { forwarded, status } = requests(bytes(request), lenient, 0);
  const first = forwarded[0];
  if (first === undefined) return status;
  return [first.line, ...first.fields.map(([name, value]) => `${name}: ${value}`)].join('|');
}

function get(fields: string, lenient = false): string | number {
  const text = sent(`GET / HTTP/1.1\r\n${fields}\r\n`, lenient);
  return typeof text === 'string' ? text.replace(/^GET \/ HTTP\/1.1\|?/, '') : text;
}

function post(fields: string, body: string, lenient = false): string | number {
  const text = sent(`POST / HTTP/1.1\r\n${fields}\r\n${body}`, lenient);
  return typeof text === 'string' ? text.replace(/^POST \/ HTTP\/1.1\|?/, '') : text;
}

/** Requests by field lines: what the server gets, or the status. */
const FIELDS: readonly (readonly [string, string, string | number])[] = [
  ['Connection: close\r\n', 'not forwarded', ''],
  ['Connection: keep-alive\r\n', 'not forwarded', ''],
  ['Connection: Close\r\n', 'any case', ''],
  ['Connection: close, x-a, X-B\r\n', 'the rest stays', 'connection: x-a,X-B'],
  ['Connection: x , close\r\n', 'a list before it stays as it is', 'connection: x '],
  ['Connection: cookie\r\n', 'untouched', 'connection: cookie'],
  ['Connection: x,,y\r\n', 'untouched', 'connection: x,,y'],
  ['Connection: "close"\r\n', 'a quoted word is another word', 'connection: "close"'],
  ['Connection:\r\n', 'an empty one goes', ''],
  ['Connection: close\r\nConnection: x\r\n', 'each field', 'connection: x'],
  ['Keep-Alive: timeout=5\r\nProxy-Connection: x\r\n', 'forwarded', 'keep-alive: timeout=5|proxy-connection: x'],
  ['TE: trailers, gzip\r\n', 'trailers only', 'te: trailers'],
  ['TE: gzip\r\n', 'nothing left', ''],
  ['TE: trailers;q=0.5\r\n', 'plain word only', ''],
  ['TE: Trailers\r\n', 'lower case only', ''],
  ['TE: gzip, trailers\r\n', 'anywhere', 'te: trailers'],
  ['Upgrade: foo\r\n', 'without Connection', ''],
  ['Connection: upgrade\r\n', 'without Upgrade', ''],
  ['Connection: upgrade, x\r\n', 'without Upgrade', 'connection: x'],
  ['Connection: keep-alive, Upgrade\r\nUpgrade: foo\r\n', 'forwarded', 'connection: Upgrade|upgrade: foo'],
  [
    'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n',
    'h2c goes',
    'connection: HTTP2-Settings|http2-settings: AA',
  ],
  ['Upgrade: foo, h2c , bar\r\nConnection: upgrade\r\n', 'h2c goes', 'upgrade: foo,bar|connection: upgrade'],
  ['Upgrade: websocket\r\nConnection: upgrade\r\n', 'no key', 400],
  ['Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: abc\r\n', 'bad key', 400],
  ['Upgrade: websocket\r\n', 'not an upgrade', ''],
  ['Expect: foo\r\n', 'forwarded', 'expect: foo'],
  ['Host: a\r\nHost: a\r\n', 'same', 'host: a'],
  ['Host: a\r\nHost: b\r\n', 'different', 400],
  ['Host: a,b\r\n', 'comma', 400],
  ['Host: a/b\r\n', 'slash', 400],
  ['Host: a@b\r\n', 'at', 400],
  ['Host: a?b\r\n', 'question mark', 400],
  ['Host: a#b\r\n', 'hash', 400],
  ['Host: a b\r\n', 'space', 400],
  ['Host: [::1\r\n', 'open bracket', 400],
  ['Host: [::1]:80\r\n', 'IPv6', 'host: [::1]:80'],
  ['Host: a:80:80\r\n', 'two ports', 'host: a:80:80'],
  ['Host:\r\n', 'empty', 'host: '],
  ['', 'no Host', ''],
  ['Transfer-Encoding:\r\n', 'empty', 400],
];

test('fields of a request that end on this hop', () => {
  for (const [fields, why, wanted] of FIELDS) assert.equal(get(fields), wanted, `${JSON.stringify(fields)}: ${why}`);
});

const BODIES: readonly (readonly [string, string, string | number])[] = [
  ['Content-Length: 5\r\n', 'hello', 'content-length: 5'],
  ['Content-Length: 002\r\n', 'hi', 'content-length: 2'],
  ['Content-Length: 5, 5\r\n', 'hello', 'content-length: 5'],
  ['Content-Length: 5\r\nX: y\r\nContent-Length: 005\r\n', 'hello', 'content-length: 5|x: y'],
  ['Content-Length: 5 , 05\r\n', 'hello', 'content-length: 5'],
  ['Content-Length: 5\r\nContent-Length: 6\r\n', 'hello', 400],
  ['Content-Length: 5, 6\r\n', 'hello', 400],
  ['Content-Length: 5,\r\n', 'hello', 400],
  ['Content-Length: ,5\r\n', 'hello', 400],
  ['Content-Length: +2\r\n', 'hi', 400],
  ['Content-Length: 0x2\r\n', 'hi', 400],
  ['Content-Length: 1 1\r\n', 'hi', 400],
  ['Content-Length:\r\n', '', 400],
  ['Content-Length: 9223372036854775807\r\n', '', 'content-length: 9223372036854775807'],
  ['Content-Length: 9223372036854775808\r\n', '', 400],
  ['Content-Length: 18446744073709551621\r\n', '', 400],
  ['Content-Length: 9999999999999999999\r\n', '', 400],
  ['Transfer-Encoding: chunked\r\n', '0\r\n\r\n', 'transfer-encoding: chunked'],
  ['Transfer-Encoding: Chunked\r\n', '0\r\n\r\n', 'transfer-encoding: Chunked'],
  ['Transfer-Encoding: chunked,\r\n', '0\r\n\r\n', 'transfer-encoding: chunked,'],
  ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n', 'transfer-encoding: chunked'],
  ['Transfer-Encoding: gzip, chunked\r\n', '', 422],
  ['Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', '', 422],
  ['Transfer-Encoding: , chunked\r\n', '', 422],
  ['Transfer-Encoding: chunked, gzip\r\n', '', 400],
  ['Transfer-Encoding: chunked, chunked\r\n', '', 400],
  ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '', 400],
  ['Transfer-Encoding: chunked,,\r\n', '', 400],
  ['Transfer-Encoding: xchunked\r\n', '', 400],
  ['Transfer-Encoding: chunked;q=1\r\n', '', 400],
  ['Transfer-Encoding: "chunked"\r\n', '', 400],
  ['Transfer-Encoding: identity\r\n', '', 400],
  ['Content-Length: -1\r\nTransfer-Encoding: chunked\r\n', '', 400],
  ['Transfer-Encoding: chunked\r\nUpgrade: foo\r\nConnection: upgrade\r\n', '0\r\n\r\n', 'transfer-encoding: chunked'],
];

test('the body of a request', () => {
  for (const [fields, body, wanted] of BODIES) assert.equal(post(fields, body), wanted, JSON.stringify(fields));
});

/** Whether a second request in the same connection is read. */
function goesOn(request: string): boolean {
  return requests(bytes(`${request}GET /next HTTP/1.1\r\n\r\n`), false, 0).forwarded.length === 2;
}

test('when the client connection goes on', () => {
  assert.ok(goesOn('GET / HTTP/1.1\r\n\r\n'));
  assert.ok(!goesOn('GET / HTTP/1.1\r\nConnection: close\r\n\r\n'));
  assert.ok(!goesOn('GET / HTTP/1.1\r\nConnection: close, keep-alive\r\n\r\n'));
  assert.ok(!goesOn('GET / HTTP/1.0\r\n\r\n'));
  assert.ok(goesOn('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'));
  assert.ok(!goesOn('POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'));
  assert.ok(!goesOn('POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'));
});

test('versions', () => {
  assert.equal(sent('GET / HTTP/1.0\r\n\r\n'), 'GET / HTTP/1.0|connection: keep-alive');
  assert.equal(sent('GET / HTTP/1.2\r\n\r\n'), 'GET / HTTP/1.1');
  assert.equal(sent('GET / HTTP/2.0\r\n\r\n'), 'GET / HTTP/1.1');
  assert.equal(sent('GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\na'), 413);
  assert.equal(sent('HEAD / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), 413);
  assert.equal(sent('DELETE / HTTP/1.0\r\nContent-Length: 1\r\n\r\na'), 413);
  assert.equal(sent('GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n'), 'GET / HTTP/1.0|content-length: 0|connection: keep-alive');
  assert.equal(sent('POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), 'POST / HTTP/1.0|transfer-encoding: chunked');
  assert.equal(sent('GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\na'), 'GET / HTTP/1.1|content-length: 1');
});

const TARGETS: readonly (readonly [string, string, string | number, string | number])[] = [
  ['GET /x', '', 'GET /x HTTP/1.1', 'GET /x HTTP/1.1'],
  ['GET *', '', 400, 400],
  ['OPTIONS *', '', 'OPTIONS * HTTP/1.1', 'OPTIONS * HTTP/1.1'],
  ['OPTIONS *x', '', 400, 400],
  ['GET foo', '', 400, 400],
  ['GET ?a=1', '', 400, 400],
  ['GET a.test:80', 'a.test', 400, 400],
  ['GET http:/a.test/x', 'a.test', 400, 400],
  ['GET 1http://a.test/x', 'a.test', 400, 400],
  ['GET http://a.test/x', 'a.test', 'GET http://a.test/x HTTP/1.1|host: a.test', 'GET http://a.test/x HTTP/1.1|host: a.test'],
  ['GET http://a.test', 'A.TEST', 'GET http://a.test HTTP/1.1|host: A.TEST', 'GET http://a.test HTTP/1.1|host: A.TEST'],
  ['GET http://a.test:80/x', 'a.test', 'GET http://a.test/x HTTP/1.1|host: a.test', 'GET http://a.test/x HTTP/1.1|host: a.test'],
  [
    'GET http://u:p@a.test:80/x',
    'A.test:80',
    'GET http://u:p@a.test/x HTTP/1.1|host: a.test',
    'GET http://u:p@a.test/x HTTP/1.1|host: a.test',
  ],
  ['GET https://a.test:443', 'a.test', 'GET https://a.test HTTP/1.1|host: a.test', 'GET https://a.test HTTP/1.1|host: a.test'],
  ['GET http://a.test/x', 'a.test:80', 'GET http://a.test/x HTTP/1.1|host: a.test:80', 'GET http://a.test/x HTTP/1.1|host: a.test:80'],
  ['GET http://a.test:443/x', 'a.test', 400, 'GET http://a.test:443/x HTTP/1.1|host: a.test'],
  ['GET http://a.test:080/x', 'a.test', 400, 'GET http://a.test:080/x HTTP/1.1|host: a.test'],
  ['GET http://b.test/x', 'a.test', 400, 'GET http://b.test/x HTTP/1.1|host: a.test'],
  ['GET ftp://a:80/x', 'a', 400, 'GET ftp://a:80/x HTTP/1.1|host: a'],
  ['GET http://a.test/x', '', 'GET http://a.test/x HTTP/1.1', 'GET http://a.test/x HTTP/1.1'],
  ['GET h+t-t.p://a.test/x', 'a.test', 'GET h+t-t.p://a.test/x HTTP/1.1|host: a.test', 'GET h+t-t.p://a.test/x HTTP/1.1|host: a.test'],
  ['CONNECT a.test:443', 'a.test:443', 'CONNECT a.test:443 HTTP/1.1|host: a.test', 'CONNECT a.test:443 HTTP/1.1|host: a.test'],
  ['CONNECT a.test:443', 'a.test', 'CONNECT a.test:443 HTTP/1.1|host: a.test', 'CONNECT a.test:443 HTTP/1.1|host: a.test'],
  [
    'CONNECT a.test:8080',
    'a.test:8080',
    'CONNECT a.test:8080 HTTP/1.1|host: a.test:8080',
    'CONNECT a.test:8080 HTTP/1.1|host: a.test:8080',
  ],
  ['CONNECT a.test:8080', 'a.test', 400, 'CONNECT a.test:8080 HTTP/1.1|host: a.test'],
  ['CONNECT a.test:443', 'a.test:80', 400, 'CONNECT a.test:443 HTTP/1.1|host: a.test:80'],
  ['CONNECT a.test', 'a.test', 400, 'CONNECT a.test HTTP/1.1|host: a.test'],
  ['CONNECT /x', 'a.test', 400, 400],
  ['CONNECT a.test:', 'a.test', 400, 'CONNECT a.test: HTTP/1.1|host: a.test'],
];

test('targets and Host', () => {
  for (const [line, host, strict, lenient] of TARGETS) {
    const request = `${line} HTTP/1.1\r\n${host === '' ? '' : `Host: ${host}\r\n`}\r\n`;
    assert.equal(sent(request), strict, request);
    assert.equal(sent(request, true), lenient, `lenient ${request}`);
  }
});

test('CONNECT has no body', () => {
  const text = sent('CONNECT a:443 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n');
  assert.equal(text, 'CONNECT a:443 HTTP/1.1|connection: close');
});

/** What the client gets of a response: each line and its fields, the body of the last. */
function got(request: string, response: string, lenient = false): string {
  const answers = exchange(bytes(request), bytes(response), lenient);
  const heads = answers.map((answer) => [answer.line, ...answer.fields.map(([name, value]) => `${name}: ${value}`)].join('|'));
  const last = answers.at(-1);
  return last?.status === 502 && last.line === '' ? '502' : `${heads.join(' / ')} ${last?.body}`;
}

const GET = 'GET / HTTP/1.1\r\n\r\n';
const HEAD = 'HEAD / HTTP/1.1\r\n\r\n';
const CONNECT = 'CONNECT a:443 HTTP/1.1\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n';
const GET10 = 'GET / HTTP/1.0\r\n\r\n';
const KEEP10 = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
const TWO = 'Content-Length: 2\r\n\r\nhi';
const CHUNKS = 'Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 SP\r\n';

const RESPONSES: readonly (readonly [string, string, string])[] = [
  [GET, `HTTP/1.1 200 OK\r\n${TWO}`, 'HTTP/1.1 200 OK|content-length: 2 hi'],
  [GET, `HTTP/1.1 200\r\n${TWO}`, 'HTTP/1.1 200 |content-length: 2 hi'],
  [GET, `HTTP/1.1 20 OK\r\n${TWO}`, 'HTTP/1.1 20 OK|content-length: 2 hi'],
  [GET, `HTTP/1.1 2000 OK\r\n${TWO}`, '502'],
  [GET, `HTTP/1.1 200OK\r\n${TWO}`, '502'],
  [GET, `HTTP/1.2 200 OK\r\n${TWO}`, 'HTTP/1.1 200 OK|content-length: 2 hi'],
  [GET, `RTSP/1.0 200 OK\r\n${TWO}`, '502'],
  [GET, `HTTP/1.0 200 OK\r\n${TWO}`, 'HTTP/1.0 200 OK|content-length: 2|connection: keep-alive hi'],
  [GET10, `HTTP/1.0 200 OK\r\n${TWO}`, 'HTTP/1.0 200 OK|content-length: 2 hi'],
  [GET10, `HTTP/1.1 200 OK\r\n${TWO}`, 'HTTP/1.1 200 OK|content-length: 2|connection: close hi'],
  [KEEP10, `HTTP/1.1 200 OK\r\n${TWO}`, 'HTTP/1.1 200 OK|content-length: 2|connection: keep-alive hi'],
  [GET, `HTTP/1.1 200 OK\r\nConnection: close\r\n${TWO}`, 'HTTP/1.1 200 OK|content-length: 2 hi'],
  [GET, `HTTP/1.1 200 OK\r\nConnection: x, close\r\nTE: gzip\r\n${TWO}`, 'HTTP/1.1 200 OK|connection: x|content-length: 2 hi'],
  [GET, 'HTTP/1.1 200 OK\r\n\r\nhello', 'HTTP/1.1 200 OK|connection: close hello'],
  [GET, 'HTTP/1.0 200 OK\r\n\r\nhello', 'HTTP/1.0 200 OK hello'],
  [GET, `HTTP/1.1 200 OK\r\n${CHUNKS}`, 'HTTP/1.1 200 OK|transfer-encoding: chunked hi'],
  [GET, `HTTP/1.0 200 OK\r\n${CHUNKS}`, 'HTTP/1.0 200 OK|transfer-encoding: chunked hi'],
  [GET, `HTTP/1.1 200 OK\r\nContent-Length: 9\r\n${CHUNKS}`, 'HTTP/1.1 200 OK|transfer-encoding: chunked hi'],
  [GET, `HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n${CHUNKS}`, '502'],
  [GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhi', '502'],
  [GET, `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n${TWO}`, '502'],
  [GET, `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${TWO}`, 'HTTP/1.1 200 OK|content-length: 2 hi'],
  [GET, `HTTP/1.1 204 NC\r\n${TWO}`, 'HTTP/1.1 204 NC '],
  [GET, `HTTP/1.1 204 NC\r\n${CHUNKS}`, 'HTTP/1.1 204 NC '],
  [GET, `HTTP/1.1 304 NM\r\n${TWO}`, 'HTTP/1.1 304 NM|content-length: 2 '],
  [HEAD, `HTTP/1.1 200 OK\r\n${TWO}`, 'HTTP/1.1 200 OK|content-length: 2 '],
  [HEAD, 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 OK '],
  [GET, `HTTP/1.1 103 EH\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n${TWO}`, 'HTTP/1.1 103 EH|link: x / HTTP/1.1 200 OK|content-length: 2 hi'],
  [CONNECT, `HTTP/1.1 200 OK\r\n${CHUNKS}`, 'HTTP/1.1 200 OK 2\r\nhi\r\n0\r\n\r\n'],
  [CONNECT, `HTTP/1.1 403 No\r\n${TWO}`, 'HTTP/1.1 403 No|content-length: 2 hi'],
  [UPGRADE, `${SWITCH}Connection: upgrade\r\nUpgrade: foo\r\n\r\nabc`, 'HTTP/1.1 101 SP|connection: upgrade|upgrade: foo abc'],
  [UPGRADE, `${SWITCH}\r\nabc`, '502'],
  [UPGRADE, `${SWITCH}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`, '502'],
  [GET, `${SWITCH}Connection: upgrade\r\nUpgrade: foo\r\n\r\nabc`, '502'],
];

test('responses', () => {
  for (const [request, response, wanted] of RESPONSES) assert.equal(got(request, response), wanted, JSON.stringify(response));
  const empty = 'HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n\r\nhello';
  assert.equal(got(GET, empty), '502');
  assert.equal(got(GET, empty, true), 'HTTP/1.1 200 OK|transfer-encoding: |connection: close hello');
  const handshake = 'Upgrade: websocket\r\nConnection: upgrade\r\n';
  assert.equal(get(handshake, true), 'upgrade: websocket|connection: upgrade');
  assert.equal(got(UPGRADE, `${SWITCH}${handshake}\r\nx`, true), 'HTTP/1.1 101 SP|upgrade: websocket|connection: upgrade x');
  const twice = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
  assert.equal(got(GET, `${twice}${CHUNKS}`), '502');
  assert.equal(got(GET, `${twice}${CHUNKS}`, true), 'HTTP/1.1 200 OK|transfer-encoding: chunked hi');
  assert.equal(got(GET, `HTTP/2 200 OK\r\n${TWO}`, true), 'HTTP/2 200 OK|content-length: 2|connection: keep-alive hi');
  assert.equal(got(GET, `HTTP/1.1 2000 OK\r\n${TWO}`, true), 'HTTP/1.1 2000 OK|content-length: 2 hi');
});
