/**
 * Requests that are put to HAProxy and to Hawser: framing, targets, header fields, versions,
 * limits, connection handling. Only bytes; the answer is HAProxy's, see differential.test.ts.
 * size-ok: a table.
 */
import type { Case, Step } from '../corpus/cases.ts';

const HOST = 'Host: a.test\r\n';
const FOLLOW = `GET /follow HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;

/** A head of HTTP/1.1 with these header lines. */
function head(line: string, ...fields: string[]): string {
  return `${line} HTTP/1.1\r\n${HOST}${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

interface More {
  readonly methods?: readonly string[];
  /** Is also sent in two pieces, cut at every byte. */
  readonly cut?: true;
}

export interface RequestCase extends Case {
  readonly cut: boolean;
}

const all: RequestCase[] = [];

/** The bytes, and then a second request that shows where the first one ended. */
function add(group: string, entries: Readonly<Record<string, string>>, more: More = {}, after = FOLLOW): void {
  for (const [name, text] of Object.entries(entries)) addSteps(`${group}/${name}`, [['s', text + after]], more);
}

function addSteps(id: string, steps: readonly Step[], more: More = {}): void {
  const { cut, ...rest } = more;
  all.push({ id, group: id.slice(0, id.indexOf('/')), kind: 'req', steps, cut: cut ?? false, ...rest });
}

const CHUNKED = '5\r\nhello\r\n0\r\n\r\n';

add(
  'framing',
  {
    'content-length': `${head('POST /p', 'Content-Length: 5')}hello`,
    chunked: head('POST /p', 'Transfer-Encoding: chunked') + CHUNKED,
    'chunk-extension-and-trailer': `${head('POST /p', 'Transfer-Encoding: chunked', 'Trailer: X-T')}5;a="b;c"\r\nhello\r\n0;z\r\nX-T: 1\r\n\r\n`,
    'length-and-chunked': head('POST /p', 'Content-Length: 5', 'Transfer-Encoding: chunked') + CHUNKED,
    'expect-continue': `${head('POST /p', 'Expect: 100-continue', 'Content-Length: 5')}hello`,
  },
  { cut: true },
);
add('framing', {
  'chunked-and-length': head('POST /p', 'Transfer-Encoding: chunked', 'Content-Length: 5') + CHUNKED,
  'length-and-chunked-kept-alive': head('GET /p', 'Content-Length: 3', 'Transfer-Encoding: chunked') + CHUNKED,
  'chunked-twice': head('POST /p', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + CHUNKED,
  'chunked-list-twice': head('POST /p', 'Transfer-Encoding: chunked, chunked') + CHUNKED,
  'gzip-chunked': head('POST /p', 'Transfer-Encoding: gzip, chunked') + CHUNKED,
  'gzip-then-chunked-lines': head('POST /p', 'Transfer-Encoding: gzip', 'Transfer-Encoding: chunked') + CHUNKED,
  'chunked-gzip': head('POST /p', 'Transfer-Encoding: chunked, gzip') + CHUNKED,
  identity: `${head('POST /p', 'Transfer-Encoding: identity', 'Content-Length: 5')}hello`,
  'unknown-coding': head('POST /p', 'Transfer-Encoding: xchunked') + CHUNKED,
  'empty-coding': `${head('POST /p', 'Transfer-Encoding:', 'Content-Length: 5')}hello`,
  'capital-chunked': head('POST /p', 'Transfer-Encoding: CHUNKED') + CHUNKED,
  'chunked-with-tab': head('POST /p', 'Transfer-Encoding:\tchunked\t') + CHUNKED,
  'chunked-comma': head('POST /p', 'Transfer-Encoding: chunked,') + CHUNKED,
  'chunked-parameter': head('POST /p', 'Transfer-Encoding: chunked;q=1') + CHUNKED,
  'chunked-folded': head('POST /p', 'Transfer-Encoding:\r\n chunked') + CHUNKED,
  'chunked-in-1.0': `POST /p HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
  'chunked-in-1.0-keep-alive': `POST /p HTTP/1.0\r\n${HOST}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
  'get-chunked': head('GET /p', 'Transfer-Encoding: chunked') + CHUNKED,
  'delete-with-length': `${head('DELETE /p', 'Content-Length: 5')}hello`,
  'options-with-length': `${head('OPTIONS /p', 'Content-Length: 5')}hello`,
  'head-with-length': `${head('HEAD /p', 'Content-Length: 5')}hello`,
  'put-without-length': head('PUT /p'),
  'post-1.0-without-length': `POST /p HTTP/1.0\r\n${HOST}\r\n`,
  'length-same-twice': `${head('POST /p', 'Content-Length: 5', 'Content-Length: 5')}hello`,
  'length-same-list': `${head('POST /p', 'Content-Length: 5, 5')}hello`,
  'length-differing': `${head('POST /p', 'Content-Length: 5', 'Content-Length: 6')}hello!`,
  'length-differing-list': `${head('POST /p', 'Content-Length: 5, 6')}hello!`,
  'length-list-trailing-comma': `${head('POST /p', 'Content-Length: 5,')}hello`,
  'length-plus': `${head('POST /p', 'Content-Length: +5')}hello`,
  'length-minus': `${head('POST /p', 'Content-Length: -5')}hello`,
  'length-hex': `${head('POST /p', 'Content-Length: 0x5')}hello`,
  'length-zeros': `${head('POST /p', 'Content-Length: 0005')}hello`,
  'length-zeros-twice': `${head('POST /p', 'Content-Length: 5', 'Content-Length: 05')}hello`,
  'length-empty': `${head('POST /p', 'Content-Length:')}hello`,
  'length-too-big': `${head('POST /p', 'Content-Length: 18446744073709551616')}hello`,
  'length-2-63': `${head('POST /p', 'Content-Length: 9223372036854775808')}hello`,
  'length-decimal': `${head('POST /p', 'Content-Length: 5.0')}hello`,
  'length-folded': `${head('POST /p', 'Content-Length:\r\n 5')}hello`,
  'length-tab': `${head('POST /p', 'Content-Length:\t5\t')}hello`,
});

const chunkedHead = head('POST /p', 'Transfer-Encoding: chunked');
add('chunks', { 'two-and-trailers': `${chunkedHead}5\r\nhello\r\n6\r\n world\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n` }, { cut: true });
add('chunks', {
  'size-prefix': `${chunkedHead}0x5\r\nhello\r\n0\r\n\r\n`,
  'size-empty': `${chunkedHead}\r\nhello\r\n0\r\n\r\n`,
  'size-leading-space': `${chunkedHead} 5\r\nhello\r\n0\r\n\r\n`,
  'size-plus': `${chunkedHead}+5\r\nhello\r\n0\r\n\r\n`,
  'size-minus': `${chunkedHead}-5\r\nhello\r\n0\r\n\r\n`,
  'size-zeros': `${chunkedHead}0005\r\nhello\r\n000\r\n\r\n`,
  'size-many-zeros': `${chunkedHead}${'0'.repeat(20)}5\r\nhello\r\n0\r\n\r\n`,
  'size-capital': `${chunkedHead}A\r\n0123456789\r\n0\r\n\r\n`,
  'size-small': `${chunkedHead}a\r\n0123456789\r\n0\r\n\r\n`,
  'size-8-digits': `${chunkedHead}00000005\r\nhello\r\n0\r\n\r\n`,
  'size-9-digits': `${chunkedHead}000000005\r\nhello\r\n0\r\n\r\n`,
  'size-wraps-32': `${chunkedHead}100000005\r\nhello\r\n0\r\n\r\n`,
  'size-wraps-64': `${chunkedHead}10000000000000005\r\nhello\r\n0\r\n\r\n`,
  'lf-after-size': `${chunkedHead}5\nhello\r\n0\r\n\r\n`,
  'lf-after-data': `${chunkedHead}5\r\nhello\n0\r\n\r\n`,
  'lf-after-last': `${chunkedHead}5\r\nhello\r\n0\n\r\n`,
  'lf-at-end': `${chunkedHead}5\r\nhello\r\n0\r\n\n`,
  'cr-cr-lf-after-size': `${chunkedHead}5\r\r\nhello\r\n0\r\n\r\n`,
  'extension-lf': `${chunkedHead}5;a\nhello\r\n0\r\n\r\n`,
  'extension-quoted-crlf': `${chunkedHead}5;a="\r\nhello\r\n0\r\n\r\n`,
  'extension-nul': `${chunkedHead}5;a\x00b\r\nhello\r\n0\r\n\r\n`,
  'extension-on-last': `${chunkedHead}5\r\nhello\r\n0;last=1\r\n\r\n`,
  'space-before-extension': `${chunkedHead}5 \t;a\r\nhello\r\n0\r\n\r\n`,
  'trailer-framing-fields': `${chunkedHead}5\r\nhello\r\n0\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n`,
  'trailer-bad-name': `${chunkedHead}5\r\nhello\r\n0\r\nX A: 1\r\n\r\n`,
  'trailer-without-colon': `${chunkedHead}5\r\nhello\r\n0\r\nnothing\r\n\r\n`,
  'trailer-folded': `${chunkedHead}5\r\nhello\r\n0\r\nX-A: 1\r\n 2\r\n\r\n`,
  'trailer-connection': `${chunkedHead}5\r\nhello\r\n0\r\nConnection: close\r\nX-A: 1\r\n\r\n`,
});

add(
  'line',
  {
    plain: head('GET /p?q=1'),
    'empty-lines-before': `\r\n\r\n${head('GET /p')}`,
    'many-spaces': `GET   /p   HTTP/1.1\r\n${HOST}\r\n`,
    'bare-lf': 'GET /p HTTP/1.1\nHost: a.test\nX-A: b\n\n',
  },
  { cut: true },
);
add('line', {
  'lf-then-crlf-before': `\n\r\n${head('GET /p')}`,
  'cr-before': `\r${head('GET /p')}`,
  'space-before': ` ${head('GET /p')}`,
  'tab-between': `GET\t/p\tHTTP/1.1\r\n${HOST}\r\n`,
  'space-after-version': `GET /p HTTP/1.1 \r\n${HOST}\r\n`,
  'no-version': 'GET /p\r\n',
  'no-target': `GET HTTP/1.1\r\n${HOST}\r\n`,
  'method-only': 'GET\r\n\r\n',
  'four-words': `GET /p /q HTTP/1.1\r\n${HOST}\r\n`,
  'method-lower': head('get /p'),
  'method-own': head('PURGE /p'),
  'method-dash': head('M-SEARCH /p'),
  'method-underscore': head('GET_IT /p'),
  'method-digit': head('G3T /p'),
  'method-slash': head('GE/T /p'),
  'method-brace': head('GE{T /p'),
  'method-plus': head('GE+T /p'),
  'method-long': head(`${'A'.repeat(300)} /p`),
  'method-nul': head('GE\x00T /p'),
  'method-high': head('G\xc9T /p'),
  patch: `${head('PATCH /p', 'Content-Length: 1')}x`,
  trace: head('TRACE /p'),
});

const version = (text: string): string => `GET /p ${text}\r\n${HOST}\r\n`;
add('version', {
  '1.0': version('HTTP/1.0'),
  '1.0-keep-alive': `GET /p HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
  '1.0-keep-alive-close': `GET /p HTTP/1.0\r\n${HOST}Connection: keep-alive, close\r\n\r\n`,
  '1.0-no-host': 'GET /p HTTP/1.0\r\n\r\n',
  '1.2': version('HTTP/1.2'),
  '1.9': version('HTTP/1.9'),
  '2.0': version('HTTP/2.0'),
  '3.0': version('HTTP/3.0'),
  '0.9': version('HTTP/0.9'),
  '1.1-lower': version('http/1.1'),
  'two-digit-major': version('HTTP/01.1'),
  'two-digit-minor': version('HTTP/1.10'),
  'no-minor': version('HTTP/1'),
  comma: version('HTTP/1,1'),
  letters: version('HTTP/x.y'),
  other: version('HTTQ/1.1'),
  space: version('HTTP /1.1'),
  rtsp: version('RTSP/1.0'),
  '1.0-get-with-length': `GET /p HTTP/1.0\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
  '1.0-head-with-length': `HEAD /p HTTP/1.0\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
  '1.0-delete-with-length': `DELETE /p HTTP/1.0\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
  '1.0-get-with-length-0': `GET /p HTTP/1.0\r\n${HOST}Content-Length: 0\r\n\r\n`,
  '1.0-post-with-length': `POST /p HTTP/1.0\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
});

const target = (text: string, ...fields: string[]): string =>
  `GET ${text} HTTP/1.1\r\n${fields.length > 0 ? fields.map((field) => `${field}\r\n`).join('') : HOST}\r\n`;
add(
  'target',
  { absolute: target('http://a.test/p?x#'.slice(0, -1)), 'absolute-default-port': target('http://a.test:80/p', 'Host: a.test') },
  { cut: true },
);
add('target', {
  'absolute-own-port': target('http://a.test:8080/p', 'Host: a.test:8080'),
  'absolute-port-mismatch': target('http://a.test:8080/p', 'Host: a.test'),
  'absolute-host-mismatch': target('http://b.test/p'),
  'absolute-host-case': target('http://A.TEST/p'),
  'absolute-https': target('https://a.test/p'),
  'absolute-https-443': target('https://a.test:443/p'),
  'absolute-scheme-case': target('HTTP://a.test/p'),
  'absolute-no-path': target('http://a.test'),
  'absolute-query-no-path': target('http://a.test?x=1'),
  'absolute-user': target('http://u@a.test/p'),
  'absolute-no-host': target('http:///p'),
  'absolute-empty-port': target('http://a.test:/p'),
  'absolute-ftp': target('ftp://a.test/p'),
  'absolute-host-default-port': target('http://a.test/p', 'Host: a.test:80'),
  'no-host': `GET /p HTTP/1.1\r\nX-A: b\r\n\r\n`,
  'absolute-without-host': `GET http://a.test/p HTTP/1.1\r\nX-A: b\r\n\r\n`,
  fragment: target('/p#f'),
  high: target('/\xe9'),
  control: target('/\x01'),
  nul: target('/a\x00b'),
  tab: target('/a\tb'),
  delete: target('/a\x7f'),
  relative: target('foo'),
  'double-slash': target('//p//q'),
  dots: target('/a/../b/./c'),
  percent: target('/%41%zz%'),
  query: target('/?a=1&b=%20'),
  'question-only': target('?'),
  star: target('*'),
  'options-star': head('OPTIONS *'),
  unwise: target('/"<>\\^`{|}'),
  'scheme-only': target('http:'),
  'colon-path': target('/a:b@c'),
});
add(
  'target',
  {
    'connect-port': 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\ndata',
    'connect-no-port': 'CONNECT a.test HTTP/1.1\r\nHost: a.test\r\n\r\n',
    'connect-path': 'CONNECT /p HTTP/1.1\r\nHost: a.test\r\n\r\n',
    'connect-mismatch': 'CONNECT b.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n',
    'connect-no-host': 'CONNECT a.test:443 HTTP/1.1\r\n\r\n',
    'connect-with-length': 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nContent-Length: 4\r\n\r\ndata',
  },
  { methods: ['CONNECT'] },
  '',
);

const host = (text: string): string => `GET /p HTTP/1.1\r\nHost: ${text}\r\n\r\n`;
add('host', {
  same: 'GET /p HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n',
  different: 'GET /p HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n',
  'same-other-case': 'GET /p HTTP/1.1\r\nHost: a.test\r\nHost: A.test\r\n\r\n',
  comma: host('a.test,b.test'),
  slash: host('a.test/x'),
  at: host('u@a.test'),
  question: host('a.test?x'),
  hash: host('a.test#x'),
  port: host('a.test:8080'),
  'empty-port': host('a.test:'),
  'big-port': host('a.test:99999'),
  'letters-port': host('a.test:x'),
  ipv6: host('[::1]:80'),
  space: host('a test'),
  high: host('\xe9.test'),
  underscore: host('a_b.test'),
  quote: host('"a.test"'),
  percent: host('a%2etest'),
});

add('field', { several: head('GET /p', 'X-A: 1', 'x-b:2', 'X-C:   3   ', 'X-D:'), fold: head('GET /p', 'X-A: b\r\n\tc') }, { cut: true });
add('field', {
  'space-before-colon': head('GET /p', 'X-A : b'),
  'no-colon': head('GET /p', 'X-A b'),
  'empty-name': head('GET /p', ': b'),
  'name-nul': head('GET /p', 'X\x00A: b'),
  'name-high': head('GET /p', 'X-\xe9: b'),
  'name-tokens': head('GET /p', "!#$%&'*+-.^_`|~09aZ: b"),
  'name-paren': head('GET /p', 'X(A): b'),
  'name-quote': head('GET /p', 'X"A: b'),
  'name-slash': head('GET /p', 'X/A: b'),
  'name-underscore': head('GET /p', 'X_A: b'),
  'name-digit': head('GET /p', '1: b'),
  'value-nul': head('GET /p', 'X-A: a\x00b'),
  'value-cr': head('GET /p', 'X-A: a\rb'),
  'value-controls': head('GET /p', 'X-A: a\x01\x02\x7fb'),
  'value-high': head('GET /p', 'X-A: \x80\xff'),
  'value-tab': head('GET /p', 'X-A: a\tb'),
  'value-colon': head('GET /p', 'X-A: a: b'),
  'fold-crlf-spaces': head('GET /p', 'X-A: b\r\n    c'),
  'fold-empty': head('GET /p', 'X-A: b\r\n '),
  'fold-lf': head('GET /p', 'X-A: b\n c'),
  'case-kept-value': head('GET /p', 'X-MiXeD: VaLuE'),
  repeated: head('GET /p', 'X-A: 1', 'X-A: 2', 'X-A: 1'),
  'cookie-twice': head('GET /p', 'Cookie: a=1', 'Cookie: b=2'),
  'authorization-twice': head('GET /p', 'Authorization: a', 'Authorization: b'),
  'missing-crlf-at-end': `GET /p HTTP/1.1\r\n${HOST}X-A: b\r\n`,
  '99-fields': head('GET /p', ...Array.from({ length: 99 }, (_, at) => `X-${at}: ${at}`)),
  '104-fields': head('GET /p', ...Array.from({ length: 104 }, (_, at) => `X-${at}: ${at}`)),
});

add(
  'connection',
  {
    'keep-alive-twice': head('GET /p', 'Connection: keep-alive', 'Connection: keep-alive'),
    close: head('GET /p', 'Connection: close'),
    'close-capital': head('GET /p', 'Connection: CLOSE'),
    'close-keep-alive': head('GET /p', 'Connection: close, keep-alive'),
    'keep-alive-then-close': head('GET /p', 'Connection: keep-alive', 'Connection: close'),
    named: head('GET /p', 'Connection: X-A', 'X-A: 1'),
    'named-host': head('GET /p', 'Connection: Host'),
    'named-length': `${head('POST /p', 'Connection: Content-Length', 'Content-Length: 5')}hello`,
    'empty-items': head('GET /p', 'Connection: , ,close,,'),
    'proxy-connection': head('GET /p', 'Proxy-Connection: close'),
    'keep-alive-field': head('GET /p', 'Keep-Alive: timeout=1, max=2'),
    te: head('GET /p', 'TE: trailers, gzip', 'Connection: TE'),
    'te-gzip': head('GET /p', 'TE: gzip'),
    'te-q': head('GET /p', 'TE: trailers;q=0.5'),
    'upgrade-without-connection': head('GET /p', 'Upgrade: foo'),
    'connection-upgrade-only': head('GET /p', 'Connection: upgrade'),
    'upgrade-h2c': head('GET /p', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'),
    'upgrade-foo-refused': head('GET /p', 'Connection: upgrade', 'Upgrade: foo'),
    'websocket-no-key': head('GET /p', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
    'websocket-short-key': head('GET /p', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: aaa'),
    'websocket-refused': head(
      'GET /p',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ),
    'expect-other': head('GET /p', 'Expect: foo'),
    'expect-continue-without-body': head('GET /p', 'Expect: 100-continue'),
    'expect-continue-1.0': `POST /p HTTP/1.0\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    'expect-capital': `${head('POST /p', 'Expect: 100-Continue', 'Content-Length: 5')}hello`,
  },
  {},
);

const big = (count: number): readonly Step[] => [
  ['s', `GET /p HTTP/1.1\r\n${HOST}Connection: close\r\nX-Big: `],
  ['r', 'x', count],
  ['s', '\r\n\r\n'],
];
for (const count of [12_000, 15_000, 17_000]) addSteps(`limits/field-of-${count}`, big(count));
for (const count of [8_000, 17_000]) {
  addSteps(`limits/target-of-${count}`, [
    ['s', 'GET /'],
    ['r', 'x', count],
    ['s', ` HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
  ]);
}

/** Bodies that come after the head, clients that stop in the middle. */
addSteps('pace/body-later', [
  ['s', head('POST /p', 'Content-Length: 10')],
  ['w', 30],
  ['s', 'hello'],
  ['w', 30],
  ['s', `world${FOLLOW}`],
]);
addSteps('pace/byte-by-byte', [['b', `${head('POST /p', 'Transfer-Encoding: chunked')}${CHUNKED}${FOLLOW}`, 0]]);
addSteps(
  'pace/pipelined-with-bodies',
  [
    [
      's',
      `${head('POST /1', 'Content-Length: 3')}one${head('POST /2', 'Transfer-Encoding: chunked')}${CHUNKED}${head('HEAD /3')}${head('GET /4', 'Connection: close')}`,
    ],
  ],
  { methods: ['POST', 'POST', 'HEAD', 'GET'] },
);
addSteps('pace/head-never-ends', [['s', 'GET /p HTTP/1.1\r\nHost: a']]);
addSteps('pace/nothing-sent', []);
addSteps('pace/body-never-ends', [['s', `${head('POST /p', 'Content-Length: 10')}hello`]]);
addSteps('pace/chunk-never-ends', [['s', `${chunkedHead}5\r\nhel`]]);
addSteps('pace/idle-after-answer', [['s', head('GET /p')]]);
addSteps('pace/second-request-after-idle', [
  ['s', head('GET /p')],
  ['w', 150],
  ['s', FOLLOW],
]);
addSteps('pace/half-second-head', [['s', `${head('GET /p')}GET /q HT`]]);
addSteps('pace/garbage-after-request', [['s', `${head('GET /p')}\x00\x01\x02\r\n\r\n`]]);

export const REQUESTS: readonly RequestCase[] = all;
