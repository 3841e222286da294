/**
 * Answers of a server that are put to HAProxy and to Hawser: status lines, framing, fields,
 * interim answers, upgrades, faults. Only bytes; what the client must see is HAProxy's answer.
 * size-ok: a table.
 */
import type { Case, Play } from '../corpus/cases.ts';

export interface ResponseCase extends Case {
  readonly cut: boolean;
}

const HEAD_GET = 'GET /r HTTP/1.1\r\nHost: a.test\r\n\r\n';
const FOLLOW = 'GET /follow HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

const all: ResponseCase[] = [];

const ENDS = { close: [['c']], reset: [['R']], quiet: [['rest']] } as const;

interface More {
  readonly cut?: true;
  /** What the client sends; by default a GET, and another request with it. */
  readonly request?: string;
  readonly methods?: readonly string[];
  /** After the bytes, the server's connection is closed, reset, or read until it is quiet; by default it is ready for more. */
  readonly end?: keyof typeof ENDS;
}

function add(group: string, answers: Readonly<Record<string, string>>, more: More = {}): void {
  for (const [name, text] of Object.entries(answers)) {
    const last: readonly Play[] = more.end === undefined ? [] : ENDS[more.end];
    all.push({
      id: `${group}/${name}`,
      group,
      kind: 'resp',
      steps: [['s', more.request ?? HEAD_GET + FOLLOW]],
      resp: [['s', text], ...last],
      cut: more.cut ?? false,
      ...(more.methods && { methods: more.methods }),
    });
  }
}

const ok = (...lines: string[]): string => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

add(
  'answer',
  {
    'content-length': `${ok('Content-Length: 5')}hello`,
    chunked: `HTTP/1.1 200 OK\r\n${CHUNKED}`,
    'chunked-trailers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
    '204': 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n',
    '100-then-200': `HTTP/1.1 100 Continue\r\n\r\n${ok('Content-Length: 5')}hello`,
  },
  { cut: true },
);
add('answer', { 'until-close': `${ok('X-A: b')}hello` }, { cut: true, end: 'close' });
add(
  'answer',
  {
    'length-0': ok('Content-Length: 0'),
    '304': 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
    '304-with-length': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n',
    '204-with-length-0': 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    '204-chunked': 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    '205': 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n',
    '404': 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno',
    '500': 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno',
    '599': 'HTTP/1.1 599 Own\r\nContent-Length: 0\r\n\r\n',
    '102-then-200': `HTTP/1.1 102 Processing\r\nX-A: 1\r\n\r\n${ok('Content-Length: 2')}ok`,
    '103-twice-then-200': `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n${ok('Content-Length: 2')}ok`,
    'connection-close': `${ok('Connection: close', 'Content-Length: 2')}ok`,
    'connection-keep-alive': `${ok('Connection: keep-alive', 'Keep-Alive: timeout=5', 'Content-Length: 2')}ok`,
    'connection-named': `${ok('Connection: X-A', 'X-A: 1', 'Content-Length: 2')}ok`,
    'date-server': `${ok('Date: Thu, 01 Jan 1970 00:00:00 GMT', 'Server: own', 'Content-Length: 2')}ok`,
    'set-cookie-twice': `${ok('Set-Cookie: a=1', 'Set-Cookie: b=2', 'Content-Length: 2')}ok`,
    'case-of-names': `${ok('X-MiXeD: VaLuE', 'ETAG: "A"', 'Content-Length: 2')}ok`,
    'upgrade-field-on-200': `${ok('Upgrade: h2c', 'Connection: upgrade', 'Content-Length: 2')}ok`,
    'content-encoding': `${ok('Content-Encoding: gzip', 'Content-Length: 2')}ok`,
    'proxy-connection': `${ok('Proxy-Connection: keep-alive', 'Content-Length: 2')}ok`,
  },
  {},
);

add('line', {
  '1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '1.0-keep-alive': 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
  '1.0-chunked': `HTTP/1.0 200 OK\r\n${CHUNKED}`,
  '0.9': 'HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '1.2': 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '2.0': 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'lower-case': 'http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  icy: 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'no-reason': 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
  'empty-reason': 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok',
  'long-reason': `HTTP/1.1 200 ${'a '.repeat(100)}\r\nContent-Length: 2\r\n\r\nok`,
  'reason-high': 'HTTP/1.1 200 \xe9t\xe9\r\nContent-Length: 2\r\n\r\nok',
  'reason-nul': 'HTTP/1.1 200 a\x00b\r\nContent-Length: 2\r\n\r\nok',
  'two-digits': 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok',
  'four-digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
  letters: 'HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok',
  '600': 'HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok',
  '999': 'HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\nok',
  'two-spaces': 'HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok',
  tab: 'HTTP/1.1\t200 OK\r\nContent-Length: 2\r\n\r\nok',
  'leading-crlf': '\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'bare-lf': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
  garbage: 'hello\r\n\r\n',
  'tls-alert': '\x15\x03\x01\x00\x02\x02\x16',
});

add('framing', {
  'length-and-chunked': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'length-twice': `${ok('Content-Length: 5', 'Content-Length: 5')}hello`,
  'length-list': `${ok('Content-Length: 5, 5')}hello`,
  'length-differing': `${ok('Content-Length: 5', 'Content-Length: 6')}hello!`,
  'length-minus': `${ok('Content-Length: -1')}hello`,
  'length-letters': `${ok('Content-Length: five')}hello`,
  'length-empty': `${ok('Content-Length:')}hello`,
  'gzip-chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'chunked-gzip': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nhello',
  'chunked-twice': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  gzip: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello',
  identity: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello',
  'chunk-size-bad': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n',
  'chunk-lf': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n',
  'chunk-too-long': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!!\r\n0\r\n\r\n',
  'length-then-more': `${ok('Content-Length: 5')}hello and more`,
  'two-answers': `${ok('Content-Length: 2')}ok${ok('Content-Length: 3')}two`,
});
add(
  'framing',
  {
    'length-missing-part': `${ok('Content-Length: 10')}hello`,
    'chunk-missing-part': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
    'head-missing-part': 'HTTP/1.1 200 OK\r\nX-A: b',
    silent: '',
  },
  {},
);
add(
  'ended',
  {
    empty: '',
    'in-line': 'HTTP/1.1 20',
    'in-head': 'HTTP/1.1 200 OK\r\nContent-Le',
    '1.0-body': 'HTTP/1.0 200 OK\r\n\r\nhello',
    'in-chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
    'before-last-chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'in-trailers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A',
    'in-counted-body': `${ok('Content-Length: 10')}hello`,
    'after-interim': 'HTTP/1.1 100 Continue\r\n\r\n',
  },
  { end: 'close' },
);
add('framing', { 'reset-in-body': `${ok('Content-Length: 10')}hello`, 'reset-at-once': '' }, { end: 'reset' });

add('field', {
  'space-before-colon': `${ok('X-A : b', 'Content-Length: 2')}ok`,
  'no-colon': `${ok('X-A b', 'Content-Length: 2')}ok`,
  'empty-name': `${ok(': b', 'Content-Length: 2')}ok`,
  'name-high': `${ok('X-\xe9: b', 'Content-Length: 2')}ok`,
  'name-nul': `${ok('X\x00: b', 'Content-Length: 2')}ok`,
  'value-nul': `${ok('X-A: a\x00b', 'Content-Length: 2')}ok`,
  'value-cr': `${ok('X-A: a\rb', 'Content-Length: 2')}ok`,
  'value-controls': `${ok('X-A: a\x01\x7fb', 'Content-Length: 2')}ok`,
  'value-high': `${ok('X-A: \xff\x80', 'Content-Length: 2')}ok`,
  fold: `${ok('X-A: b\r\n\tc', 'Content-Length: 2')}ok`,
  'fold-first': 'HTTP/1.1 200 OK\r\n X-A: b\r\nContent-Length: 2\r\n\r\nok',
  underscore: `${ok('X_A: b', 'Content-Length: 2')}ok`,
  '120-fields': `${ok(...Array.from({ length: 120 }, (_, at) => `X-${at}: ${at}`), 'Content-Length: 2')}ok`,
  'of-12000': `${ok(`X-Big: ${'x'.repeat(12_000)}`, 'Content-Length: 2')}ok`,
  'of-20000': `${ok(`X-Big: ${'x'.repeat(20_000)}`, 'Content-Length: 2')}ok`,
});

const HEAD_REQUEST = `HEAD /r HTTP/1.1\r\nHost: a.test\r\n\r\n${FOLLOW}`;
add(
  'head',
  {
    'with-length': ok('Content-Length: 500'),
    chunked: ok('Transfer-Encoding: chunked'),
    'without-framing': ok('X-A: b'),
    'with-body': `${ok('Content-Length: 5')}hello`,
    '404': 'HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n',
  },
  { request: HEAD_REQUEST, methods: ['HEAD', 'GET'] },
);

const REQUEST_1_0 = 'GET /r HTTP/1.0\r\nHost: a.test\r\n\r\n';
add(
  'to-1.0',
  {
    chunked: `HTTP/1.1 200 OK\r\n${CHUNKED}`,
    'content-length': `${ok('Content-Length: 5')}hello`,
    '100-then-200': `HTTP/1.1 100 Continue\r\n\r\n${ok('Content-Length: 5')}hello`,
    trailers: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  },
  { request: REQUEST_1_0 },
);
add(
  'to-1.0-keep-alive',
  { chunked: `HTTP/1.1 200 OK\r\n${CHUNKED}`, 'content-length': `${ok('Content-Length: 5')}hello` },
  { request: 'GET /r HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n' },
);

const UPGRADE = 'GET /r HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n';
add(
  'upgrade',
  {
    '101': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\ntunnel data',
    '101-no-fields': 'HTTP/1.1 101 Switching Protocols\r\n\r\ntunnel data',
    '101-other': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: bar\r\n\r\ntunnel data',
    '200': `${ok('Content-Length: 2')}ok`,
  },
  { request: `${UPGRADE}early data`, methods: ['UPGRADE'], end: 'quiet' },
);
add('upgrade', { '101-unasked': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n' }, {});

/** The server answers, and closes, before it has read the body. */
all.push({
  id: 'early/413-before-body',
  group: 'early',
  kind: 'resp',
  steps: [
    ['s', 'POST /r HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n'],
    ['w', 100],
    ['s', '0123456789'],
  ],
  resp: [['s', 'HTTP/1.1 413 Too Big\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno']],
  early: true,
  cut: false,
});
all.push({
  id: 'early/slow-answer-in-pieces',
  group: 'early',
  kind: 'resp',
  steps: [['s', HEAD_GET + FOLLOW]],
  resp: [['b', `${ok('Content-Length: 5')}hello`, 2]],
  cut: false,
});

export const RESPONSES: readonly ResponseCase[] = all;
