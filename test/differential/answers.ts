/**
 * The cases of answers.test.ts: rules that edit messages or answer them, each in a `listen` of its own. Only what both sides
 * are to agree on, byte by byte.
 */
export interface AnswerCase {
  /** Lines of the proxy; `FOLDER` is where the files are. */
  readonly rules: string;
  /** Lines of a backend of its own: then `rules` are a frontend's. `NONE` as its server line: it has none. */
  readonly backend?: string;
  /** Request line and fields; a Host and `Connection: close` are added. */
  readonly request?: string;
  /** What is left of the server's answer when the rules ran on it: header lines. */
  readonly answer?: string;
}

export const GET = 'GET /a/b?x=1&y=2 HTTP/1.1';

/** Files that the rules name. */
export const FILES: Readonly<Record<string, string>> = {
  'page.http': 'HTTP/1.1 403 No Way\r\nX-Own: Yes\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nown\n',
  'old.http':
    'HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<p>old</p>\n',
  'bare.http': 'HTTP/1.1 403 Forbidden\r\nX-A: b\r\n\r\nbody without length\n',
  'old-length.http': 'HTTP/1.0 403 Forbidden\r\nContent-Length: 2\r\nX-A: b\r\n\r\nno',
  'head.http': 'HTTP/1.1 403 Forbidden\r\nX-A: b\r\n\r\n',
  'empty.http': '',
  'body.txt': 'line one\nline %[path] two\n',
  'nothing.txt': '',
};

/** Sections that the rules name. */
export const SECTIONS = `
http-errors site
  errorfile 403 FOLDER/page.http
  errorfile 503 FOLDER/old.http
userlist people
  group staff users ann
  group guests users bob,eve
  group nobodies
  user ann insecure-password secret
  user bob password $6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1 groups staff
  user eve password $1$saltsalt$9xy1btjgzLYfb7hivXtC//
  user max password $5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA
http-errors silent
  errorfile 403 FOLDER/empty.http
`;

export const answers = (...list: string[]): AnswerCase[] => list.map((rules) => ({ rules }));

const RETURN = answers(
  'http-request return',
  'http-request return status 404',
  'http-request return status 204',
  'http-request return status 299',
  'http-request return status 200 content-type text/plain string "hello"',
  'http-request return status 200 content-type "text/plain; charset=utf-8" lf-string "%[path] from %[src] %%"',
  'http-request return content-type text/plain lf-string "%[req.hdr(none)]"',
  'http-request return content-type text/plain file FOLDER/body.txt',
  'http-request return content-type text/plain lf-file FOLDER/body.txt',
  'http-request return content-type text/plain file FOLDER/nothing.txt',
  'http-request return file FOLDER/nothing.txt',
  'http-request return errorfile FOLDER/page.http',
  'http-request return status 404 errorfile FOLDER/page.http',
  'http-request return status 503 errorfiles site',
  'http-request return status 403 errorfiles site',
  'http-request return status 403 errorfiles silent',
  'http-request return status 503 default-errorfiles',
  'http-request return status 200 default-errorfiles',
  'errorfile 503 FOLDER/old.http\n  http-request return status 503 default-errorfiles',
  'http-request return status 418 hdr X-A "%[path]" hdr X-B b hdr x-a again',
  'http-request return status 200 content-type text/plain string "x" hdr Cache-Control no-store',
  'http-request return status 304 hdr etag "\\"a\\""',
  'http-request return status 200 content-type text/plain lf-string "%[query,upper]" if { path_beg /a }',
  'http-request return status 200 content-type text/plain string no unless { path_beg /a }',
  'http-response return status 202 content-type text/plain string "from the response"',
  'http-response return status 202 content-type text/plain lf-string "a%[status]|%[res.hdr(x-up)]|%[res.ver]|%[src]"',
  'http-response deny deny_status 429 content-type text/plain lf-string "a%[status]|%[res.hdr(x-up)]"',
  'http-request return\n  http-after-response set-header x-after "%[status]"',
);

const DENY = answers(
  'http-request deny',
  'http-request deny deny_status 429',
  'http-request deny status 429',
  'http-request deny deny_status 503',
  'http-request deny deny_status 404 content-type text/plain string "gone away"',
  'http-request deny hdr x-why rules',
  'http-request deny status 401 hdr www-authenticate "Basic realm=\\"x y\\""',
  'http-request deny errorfile FOLDER/page.http',
  'http-request deny errorfile FOLDER/empty.http',
  'http-request deny deny_status 403 errorfiles site',
  'http-request deny content-type text/html lf-string "<p>%[src]</p>"',
  'errorfile 403 FOLDER/page.http\n  http-request deny',
  'errorfile 403 FOLDER/empty.http\n  http-request deny',
  'errorfile 403 FOLDER/bare.http\n  http-request deny',
  'errorfile 403 FOLDER/old-length.http\n  http-request deny',
  'errorfile 403 FOLDER/head.http\n  http-request deny',
  'http-response deny',
  'http-response deny status 404',
  'http-response deny content-type text/plain string "not for you"',
  'errorfile 502 FOLDER/old.http\n  http-response deny',
  'http-request deny\n  http-after-response set-header x-after yes\n  http-after-response del-header cache-control',
  'http-request deny\n  http-after-response set-status 404',
  'http-request reject',
);

const PAGES = answers(
  'errorfiles site\n  http-request deny',
  'errorfiles site 503\n  http-request deny',
  'errorfiles site\n  http-request deny deny_status 503',
  'errorfiles site\n  errorfile 403 FOLDER/old.http\n  http-request deny',
  'errorfile 403 FOLDER/old.http\n  errorfiles site\n  http-request deny',
  'errorfile 404 FOLDER/page.http\n  errorfiles site 404\n  http-request deny deny_status 404',
  'errorfile 404 FOLDER/page.http\n  errorfiles site\n  http-request deny deny_status 404',
  'errorfile 403 FOLDER/head.http\n  errorfiles site 503\n  http-request deny',
  'errorfiles silent\n  errorfiles site\n  http-request deny',
  'errorfiles site\n  errorfiles silent\n  http-request deny',
  'http-error status 403 errorfiles silent\n  http-request deny',
  'errorloc 403 /sorry?a=b\n  http-request deny',
  'errorloc302 403 http://other.test/\n  http-request deny',
  'errorloc303 403 http://other.test/\n  http-request deny',
  'http-error status 403 content-type text/plain string "no"\n  http-request deny',
  'http-error status 403 content-type text/plain lf-string "no %[path]"\n  http-request deny',
  'http-error status 403 hdr x-a "%[src]"\n  http-request deny',
  'http-error status 403 errorfile FOLDER/page.http\n  http-request deny',
  'http-error status 403 errorfiles site\n  http-request deny',
  'http-error status 403 content-type text/plain string a\n  http-error status 403 default-errorfiles\n  http-request deny',
  'http-error status 403 content-type text/plain string a\n  http-error status 403 content-type text/plain string b\n  http-request deny',
  'http-error status 403 content-type text/plain file FOLDER/body.txt\n  http-request deny',
  'http-error status 503 content-type text/plain lf-string "%[be_name] is away"\n  server-template none 1 127.0.0.1:1 disabled\n  use-server none1 if FALSE',
).filter(({ rules }) => !rules.includes('server-template'));

const PAGE_CASES = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504].map((status) => ({
  rules: `http-request deny deny_status ${status}`,
}));

const REDIRECT = answers(
  'http-request redirect location /new',
  'http-request redirect location http://o.test/%[path]',
  'http-request redirect location "%[req.hdr(none)]"',
  'http-request redirect location "%[req.hdr(none)]" ignore-empty',
  'http-request redirect prefix https://w.test',
  'http-request redirect prefix https://w.test/p/',
  'http-request redirect prefix /',
  'http-request redirect prefix / drop-query',
  'http-request redirect prefix / drop-query append-slash',
  'http-request redirect prefix /p append-slash',
  'http-request redirect prefix http://w.test drop-query append-slash code 301',
  'http-request redirect scheme https',
  'http-request redirect scheme https code 308 drop-query',
  'http-request redirect location / code 303',
  'http-request redirect location / code 307',
  'http-request redirect location /x drop-query',
  'http-request redirect location /x set-cookie SEEN=1',
  'http-request redirect location /x set-cookie SEEN',
  'http-request redirect location /x clear-cookie USER',
  'http-request redirect location /x clear-cookie USER=',
  'redirect location /line',
  'redirect location "/%[path]/%%"',
  'redirect prefix /%5',
  'http-request return status 200 hdr content-length 3 hdr content-type x hdr x-a b',
  'redirect prefix /x if { path_beg /nope }\n  redirect scheme https if { path_beg /a }',
  'http-response redirect location /from-response',
  'http-response redirect location /from-response code 301 if { status 200 }',
  'redirect location /late\n  http-request return status 200',
  'http-request redirect location /x\n  http-after-response set-header x-after yes',
);

export const at = (request: string, ...list: string[]): AnswerCase[] => list.map((rules) => ({ rules, request }));

const REDIRECT_TARGETS = [
  ...at(
    'GET http://full.test/p/q?r HTTP/1.1\r\nHost: full.test',
    'http-request redirect prefix http://w.test',
    'http-request redirect scheme https',
  ),
  ...at(
    'GET http://full.test HTTP/1.1\r\nHost: full.test',
    'http-request redirect prefix http://w.test',
    'http-request redirect scheme https',
  ),
  ...at('GET /a/ HTTP/1.1', 'http-request redirect prefix /p drop-query append-slash'),
  ...at('OPTIONS * HTTP/1.1', 'http-request redirect prefix /p', 'http-request redirect scheme https'),
  ...at(
    'HEAD /a HTTP/1.1',
    'http-request redirect prefix /p',
    'http-request return status 200 content-type text/plain string abc',
    'http-request deny',
  ),
  ...at('POST /a HTTP/1.1\r\nContent-Length: 3', 'http-request redirect prefix /p', 'http-request deny'),
  ...at('GET /a HTTP/1.0', 'http-request redirect prefix /p', 'http-request deny', 'http-request return status 200'),
];

const basic = (text: string): string => `${GET}\r\nAuthorization: Basic ${btoa(text)}`;
const GATE = 'http-request auth unless { http_auth(people) }';
const SHOW =
  'http-request return status 200 content-type text/plain lf-string "%[http_auth(people)] %[http_auth_user] %[http_auth_pass] %[http_auth_group(people)]"';
const STAFF = 'http-request deny unless { http_auth_group(people) staff }\n  http-request return';

const AUTH = [
  ...at(GET, GATE, 'http-request auth realm "Staff only"', SHOW, STAFF, 'errorfile 401 FOLDER/page.http\n  http-request auth'),
  ...[
    'ann:secret',
    'ann:wrong',
    'ann:',
    ':secret',
    'bob:secret',
    'bob:Secret',
    'eve:secret',
    'max:secret',
    'nobody:secret',
    'ann',
    'ann:secret:more',
    '',
  ].flatMap((text) => at(basic(text), `${GATE}\n  http-request return`, SHOW, STAFF)),
  ...at(`${GET}\r\nAuthorization: basic   YW5uOnNlY3JldA==`, SHOW),
  ...at(`${GET}\r\nAuthorization: Basic YW5uOnNlY3JldA`, SHOW),
  ...at(`${GET}\r\nAuthorization: Basic`, SHOW),
  ...at(`${GET}\r\nAuthorization: Basic YW5uOnNlY3JldA==, x`, SHOW),
  ...at(
    `${GET}\r\nAuthorization: Bearer abc.def`,
    'http-request return content-type text/plain lf-string "%[http_auth_bearer] %[http_auth_type]"',
  ),
  ...at(basic('ann:secret'), 'http-request return content-type text/plain lf-string "%[http_auth_bearer] %[http_auth_type]"'),
  ...at(`${GET}\r\nX-T: Bearer zzz`, 'http-request return content-type text/plain lf-string "%[http_auth_bearer(x-t)]"'),
  ...at('GET http://h.test/ HTTP/1.1', 'option http-use-proxy-header\n  http-request auth realm x', 'http-request auth realm x'),
  ...at(`GET http://h.test/ HTTP/1.1\r\nProxy-Authorization: Basic ${btoa('ann:secret')}`, `option http-use-proxy-header\n  ${SHOW}`, SHOW),
];

const GROUPS = [
  ...['guests', 'staff', 'nobodies', 'nobodies guests'].flatMap((names) =>
    at(basic('bob:secret'), `http-request deny unless { http_auth_group(people) ${names} }`),
  ),
  ...at(`${GET}\r\nAuthorization: Bearer abc`, 'http-request deny unless { http_auth(people) -m found }'),
];

const PATHS =
  '/ /. /.. /./ /../ // /a /a/. /a/.. /a/./ /a/../ /a/b/.. /a/b/../ /../a /a/../../b /a//../b /a/b/../../.. /.a /..a /a/... /a./b. /./../. /a/./../b /a//b///c // /a//'.split(
    ' ',
  );
const CODED = '/%61 /%2e%2E /%%36%36 /%ZZ /% /%4 /a%41%6f%2f%7e?%61=%zz /%c3%A9 /a?%2d'.split(' ');
const QUERIES = '/?c=3&a=1&b=2 /?aaa=3&a=1&aa=2 /?a=3&b=4&a=1&b=5&a=2 /?b&a&& /? /a /?=2&a&=1 /?b=1&aa=2&B=3 /?a;b&a'.split(' ');

/** One rule on many targets, the target that it gives in the answer. */
const normal = (form: string, targets: readonly string[]): AnswerCase[] =>
  targets.map((target) => ({
    rules: `http-request normalize-uri ${form}\n  http-request return content-type text/plain lf-string "[%[url]] [%[path]]"`,
    request: `GET ${target} HTTP/1.1`,
  }));

const NORMAL = [
  ...['path-merge-slashes', 'path-strip-dot', 'path-strip-dotdot', 'path-strip-dotdot full'].flatMap((form) => normal(form, PATHS)),
  ...['percent-decode-unreserved', 'percent-decode-unreserved strict', 'percent-to-uppercase', 'percent-to-uppercase strict'].flatMap(
    (form) => normal(form, CODED),
  ),
  ...normal('query-sort-by-name', QUERIES),
  ...normal('path-strip-dotdot', ['/a/../b?x/../y', 'http://h.test/a/../b?c']),
];

/** Seen in the echo of what the server received. */
const FIELDS = [
  ...answers(
    'option forwardfor',
    'option forwardfor header X-Me',
    'option forwardfor except 127.0.0.0/8',
    'option forwardfor except 10.0.0.0/8',
    'option originalto',
    'option originalto header X-To',
    'option originalto except 127.0.0.1',
    'option originalto\n  option forwardfor',
    'unique-id-format %ci\\ %[path]-%fi\n  unique-id-header X-Id',
    'unique-id-format %{+X}o%ci\n  unique-id-header X-Id\n  http-request set-header x-early %[unique-id]',
    'unique-id-format %{+X}o\\ %ci\n  unique-id-header X-Id',
    'unique-id-format \\ a\\ \\ b\\ \n  unique-id-header X-Id',
    'unique-id-format abc\n  http-request return content-type text/plain lf-string "%[unique-id] %ID"',
    'unique-id-format %[req.hdr(host)]\n  http-request set-header x-a %ID',
    'unique-id-header X-Id',
    'http-send-name-header X-Server',
    'http-send-name-header X-Server\n  http-request set-header x-server me\n  http-request set-header x-z last',
    'unique-id-format abc\n  unique-id-header X-Id\n  option forwardfor\n  option originalto\n  http-send-name-header X-Server',
  ),
  ...at(`${GET}\r\nX-Forwarded-For: 1.2.3.4`, 'option forwardfor', 'option forwardfor if-none', 'option forwardfor header X-Me if-none'),
  ...at(`${GET}\r\nX-Original-To: 1.2.3.4`, 'option originalto'),
];

const CAPTURES = 'http-request return content-type text/plain lf-string "%hr"';

const MORE = [
  ...answers(
    'monitor-uri /a/b',
    'monitor-uri /a/b?x=1&y=2',
    'monitor-uri /a/b?x=1&y=2\n  monitor fail if { always_false }',
    'monitor-uri /a/b?x=1&y=2\n  monitor fail if { always_false }\n  monitor fail unless { path /none }',
    'monitor-uri /a/b?x=1&y=2\n  errorfile 200 FOLDER/page.http',
    'monitor-uri /a/b?x=1&y=2\n  monitor fail if TRUE\n  errorfile 503 FOLDER/old.http\n  http-after-response set-header x-after yes',
    'http-request early-hint link "</a.css>; rel=preload"',
    'http-request early-hint link "<%[path]>"\n  http-request early-hint x-a b\n  http-request early-hint x-c d\n  http-request set-header x e',
    'http-request early-hint link a if TRUE\n  http-request early-hint x-a b if FALSE\n  http-request early-hint x-c d\n  http-request early-hint x-e f',
    'http-request early-hint link a\n  http-request return status 200 content-type text/plain string yes',
    `declare capture request len 4\n  declare capture request len 100\n  http-request capture path id 1\n  http-request capture url id 0\n  ${CAPTURES}`,
    `capture request header host len 3\n  http-request capture path len 20\n  ${CAPTURES}`,
    'declare capture response len 5\n  http-response capture res.hdr(server) id 0\n  http-response set-header x-c "%hs"',
  ),
  ...at('GET /a HTTP/1.0', 'http-request early-hint link a'),
];

const WHO = 'http-request return content-type text/plain lf-string "%[src] %ci %[dst] %fi"';
const PORTS = 'http-request return content-type text/plain lf-string "%[src_port] %cp %[dst_port] %fp"';

const ADDRESSES = [
  ...answers(
    `http-request set-src ipv4(10.1.2.3)\n  ${WHO}`,
    `http-request set-src ipv6(2001:db8::1)\n  ${WHO}`,
    `http-request set-src req.hdr(none)\n  ${WHO}`,
    `http-request set-src str(nonsense)\n  ${WHO}`,
    `http-request set-dst ipv4(10.1.2.3)\n  ${WHO}`,
    `http-request set-dst ipv6(::1)\n  http-request set-src dst\n  ${WHO}`,
    `http-request set-src-port int(7)\n  http-request set-dst-port int(8)\n  ${PORTS}`,
    `http-request set-src-port int(65543)\n  http-request set-dst-port int(8)\n  ${PORTS}`,
    `tcp-request connection set-src ipv4(10.1.2.3)\n  tcp-request connection set-dst ipv4(10.4.5.6)\n  ${WHO}`,
    `tcp-request content set-src ipv4(10.1.2.3)\n  ${WHO}`,
    'http-request set-src ipv4(10.1.2.3)\n  http-request set-dst ipv4(10.4.5.6)\n  option forwardfor\n  option originalto',
    'http-request set-src ipv6(2001:db8::7)\n  option forwardfor',
  ),
];

/** A rewrite that finds no room: 160 kB of a value. */
const BIG = `http-request set-header x-big "${'%[req.hdr(x-long)]'.repeat(40)}"`;
const STRICT = at(
  `${GET}\r\nX-Long: ${'x'.repeat(4000)}`,
  BIG,
  `http-request strict-mode on\n  ${BIG}`,
  `http-request strict-mode off\n  ${BIG}\n  http-request set-header x-small went`,
  `http-request strict-mode off if { path /none }\n  ${BIG}`,
  `http-request strict-mode off\n  http-request strict-mode on\n  ${BIG}`,
  `http-request strict-mode off\n  ${BIG.replaceAll('set-header x-big', 'set-path')}\n  http-request del-header x-long`,
);

const CACHED = ['', 'no-cache', 'private', 'no-cache="set-cookie"', 'max-age=10', 'no-store', 'public', 'no-cache="Set-Cookie, x"'].map(
  (control) => ({
    rules: 'option checkcache',
    answer: `Set-Cookie: a=b\r\nExpires: x\r\n${control === '' ? '' : `Cache-Control: ${control}\r\n`}`,
  }),
);

const CASING = answers(
  'option h1-case-adjust-bogus-client\n  option h1-case-adjust-bogus-server\n  http-request set-header x-one two',
  'option h1-case-adjust-bogus-client',
  'option h1-case-adjust-bogus-client\n  http-request deny',
  'http-request set-header x-one two',
);

export const MANY = `${GET}\r\nX-A: one, two ,three\r\nX-B: b\r\nX-A: four\r\nx-Long-Name: 1\r\nCookie: a=1; b=2`;

/** What requests and responses look like after rules: the server tells what it got, the client gets the response. */
const EDITS = [
  ...at(
    MANY,
    'http-request set-header X-A new',
    'http-request set-header X-A "%[req.hdr(x-a)]-%[req.hdr(x-a,1)]"',
    'http-request set-header X-New "%[req.fhdr(x-a)]"',
    'http-request set-header X-Miss %[req.hdr(none)]',
    'http-request set-header "X-Pct" "100%% %[path,url_enc]"',
    'http-request set-header X-Quote "a\\"b"',
    'http-request add-header X-A "fi ve"',
    'http-request add-header X-Bin %[bin(000a41ff)]',
    'http-request del-header X-A',
    'http-request del-header x-none',
    'http-request del-header x- -m beg',
    'http-request del-header -name -m end',
    'http-request del-header long -m sub',
    'http-request del-header ^x-[ab]$ -m reg',
    'http-request del-header X-a -m str',
    'http-request replace-header X-A two 2',
    'http-request replace-header X-A ^(.*),.*$ \\1',
    'http-request replace-header x-a "(.*)" "<\\1>"',
    'http-request replace-header X-A none 2',
    'http-request replace-value X-A ^t(.*) T\\1',
    'http-request replace-value X-A .* x',
    'http-request replace-value Cookie b=.* c=3',
    'http-request replace-header X-B (b) "%[path]\\1\\\\1 \\9."',
    'http-request set-method PATCH',
    'http-request set-method "%[str(put)]"',
    'http-request set-path /new',
    'http-request set-path "/x%[path]"',
    'http-request set-path /a?b',
    'http-request set-pathq /new?q',
    'http-request set-pathq "%[pathq]&z"',
    'http-request set-query z=9',
    'http-request set-query "%[query]&z=9"',
    'http-request set-query "%[query,regsub(x=1,)]"',
    'http-request set-uri /uri?%[query]',
    'http-request set-uri "http://other.test%[path]"',
    'http-request replace-path /a(.*) /z\\1',
    'http-request replace-path (.*) /pre\\1',
    'http-request replace-path none /z',
    'http-request replace-pathq (.*)\\?(.*) \\2?\\1',
    'http-request replace-uri ^/(.*) /all/\\1',
    'http-request replace-uri (.*) http://h.test\\1',
    'http-request set-header x-one 1 if { path_beg /a } { query -m sub x=1 }',
    'http-request set-header x-one 1 unless { path_beg /a } || { always_true }',
    'http-request allow if TRUE\n  http-request set-header x-one 1',
    'http-request set-log-level silent if FALSE\n  http-request set-header x-one 1',
    'http-request del-header x-a\n  http-request add-header x-a "%[req.hdr_cnt(x-a)]"',
    'http-request set-path /new\n  http-request set-header x-path "%[path] %[url] %[pathq] %[base]"',
    'http-response set-header X-Up new',
    'http-response set-header X-Up "%[res.hdr(x-up)] %[status]"',
    'http-response add-header X-Up "%[res.fhdr_cnt(x-up)]"',
    'http-response del-header server',
    'http-response del-header x- -m beg',
    'http-response replace-header X-Up two 2',
    'http-response replace-value X-Up ^t(.*)$ T\\1',
    'http-response set-status 404',
    'http-response set-status 299',
    'http-response set-status 418 reason "a pot"',
    'http-response set-status 503 if { status 200 }\n  http-response set-header x-s "%[status]"',
    'http-response allow\n  http-response set-header x-one 1',
    'http-response set-header x-a "%[capture.req.uri]"',
    'http-after-response set-header x-after "%[status]"',
    'http-after-response set-status 205',
    'http-after-response replace-header server (.*) "\\1 and more"',
    'http-after-response del-header x-up\n  http-response set-header x-one 1',
    'http-response set-header x-one 1\n  http-after-response set-header x-two "%[res.hdr(x-one)]2"',
    'http-after-response allow if TRUE\n  http-after-response set-header x-one 1',
  ),
  ...at(
    'GET http://h.test/a/b?c HTTP/1.1',
    'http-request set-path /new',
    'http-request set-pathq /new?d',
    'http-request set-query z',
    'http-request replace-path (.*) /p\\1',
  ),
  ...at(
    'GET http://h.test HTTP/1.1\r\nHost: h.test',
    'http-request set-path /new',
    'http-request set-pathq /new?z',
    'http-request set-query z',
    'http-request replace-path (.*) /p',
    'http-request set-header host x.test',
    'http-request del-header host',
  ),
  ...at(
    'GET http://h.test/a HTTP/1.1\r\nHost: h.test',
    'http-request set-header host x.test',
    'http-request replace-header host h x',
    'http-request replace-value host h x',
    'http-request add-header host x.test',
    'http-request set-uri http://u@o.test:81/x',
    'http-request set-uri /x',
    'http-request set-uri http://?x',
    'http-request replace-uri h.test o.test',
  ),
  ...at(
    `${GET}\r\nX-A: a,, b , ,c`,
    'http-request replace-value x-a .* x',
    'http-request replace-value x-a b x',
    'http-request replace-value x-a ^$ x',
  ),
  ...at(`${GET}\r\nX-A: "a,b", c`, 'http-request replace-value x-a .* x', 'http-request replace-value x-a c x'),
  ...at(
    'GET /a%20b/%2e?x=%20 HTTP/1.1',
    'http-request set-header x-p "%[path] %[path,url_dec]"',
    'http-request set-path "%[path,url_dec]"',
  ),
  ...at('OPTIONS * HTTP/1.1', 'http-request set-path /new', 'http-request set-query z', 'http-request replace-path (.*) /p'),
];

export const both = (rules: string, backend: string, request: string = GET): AnswerCase => ({ rules, backend, request });
const DENY_403 = 'http-request deny';
const MARK = (name: string): string => `http-after-response add-header x-after ${name}`;

/** A frontend and a backend: who answers, whose pages count, what comes first. */
const HALVES: readonly AnswerCase[] = [
  both('errorfile 403 FOLDER/page.http', DENY_403),
  both('errorfile 403 FOLDER/page.http', `errorfile 403 FOLDER/head.http\n  ${DENY_403}`),
  both(
    'http-error status 403 content-type text/plain string front',
    `http-error status 403 content-type text/plain lf-string "%[be_name,length]"\n  ${DENY_403}`,
  ),
  both(DENY_403, 'errorfile 403 FOLDER/page.http'),
  both(
    'errorfile 403 FOLDER/page.http',
    `http-error status 403 content-type text/plain string a\n  http-error status 403 default-errorfiles\n  ${DENY_403}`,
  ),
  both('http-response deny', 'errorfile 502 FOLDER/page.http'),
  both('errorfile 502 FOLDER/page.http', 'http-response deny'),
  both('errorfile 503 FOLDER/page.http', 'NONE'),
  both('http-error status 503 content-type text/plain lf-string "%[path] of %[be_name,length]"', 'NONE'),
  both('errorfiles site', 'errorloc 503 /sorry\n  NONE'),
  both(MARK('front'), MARK('back')),
  both(MARK('front'), `${MARK('back')}\n  ${DENY_403}`),
  both(`${MARK('front')}\n  ${DENY_403}`, MARK('back')),
  both(MARK('front'), `http-after-response allow\n  ${MARK('back')}`),
  both('http-response add-header x-seen front', 'http-response add-header x-seen back'),
  both('http-response return status 202', 'http-response set-header x-seen back'),
  both('http-request add-header x-in front\n  http-request allow', 'http-request add-header x-in back'),
  both('redirect location /front if { path /none }', 'redirect location /back\n  http-request set-header x-in back'),
  both('redirect location /front', 'http-request deny'),
  both('http-request set-path /new', 'http-request return content-type text/plain lf-string "%[path]"'),
  both('option forwardfor header X-Front', 'option forwardfor header X-Back'),
  both('option forwardfor header X-Front', ''),
  both('option forwardfor', 'option forwardfor except 127.0.0.0/8'),
  both('option forwardfor except 127.0.0.0/8', 'option forwardfor'),
  both('option forwardfor if-none', 'option forwardfor', `${GET}\r\nX-Forwarded-For: 1.2.3.4`),
  both('option forwardfor if-none', 'option forwardfor if-none', `${GET}\r\nX-Forwarded-For: 1.2.3.4`),
  both('option forwardfor if-none', '', `${GET}\r\nX-Forwarded-For: 1.2.3.4`),
  both('option originalto header X-Front', 'option originalto except 127.0.0.1'),
  both('unique-id-format u-%[path]\n  unique-id-header X-Id', 'http-request set-header x-early %[unique-id]'),
  both('declare capture request len 9\n  http-response set-header x-c %hr', 'http-request capture path id 0'),
  both('http-response set-header x-c %hr', 'http-request capture path id 0'),
  both('', 'http-request auth realm back'),
  both('http-request strict-mode off', `http-request set-header x-ok 1\n  ${BIG}`, `${GET}\r\nX-Long: ${'x'.repeat(4000)}`),
  both('http-request set-src ipv4(10.9.8.7)', 'option forwardfor\n  http-request set-header x-src %[src]'),
  both('monitor-uri /a/b?x=1&y=2\n  monitor fail if { nbsrv(BACKEND) lt 1 }', 'NONE'),
  both('monitor-uri /a/b?x=1&y=2\n  monitor fail if { nbsrv(BACKEND) lt 1 }', ''),
];

const ODD = `${GET}\r\nX_Under: 1\r\nX.Dot: 2\r\nx-fine-9: 3\r\nX!: 4`;
const NAMES = [
  both('', 'option http-restrict-req-hdr-names delete', ODD),
  both('http-request return status 200', 'option http-restrict-req-hdr-names reject', ODD),
  both('', 'option http-restrict-req-hdr-names reject\n  http-request set-header x-one 1', ODD),
  ...at(
    ODD,
    'http-request set-header x-one 1',
    'option http-restrict-req-hdr-names preserve',
    'option http-restrict-req-hdr-names delete',
    'option http-restrict-req-hdr-names reject',
    'option http-restrict-req-hdr-names reject\n  errorfile 403 FOLDER/page.http',
    'option http-restrict-req-hdr-names delete\n  http-request set-header x_one 1',
  ),
];

export const CASES: readonly AnswerCase[] = [
  ...RETURN,
  ...DENY,
  ...PAGES,
  ...PAGE_CASES,
  ...REDIRECT,
  ...REDIRECT_TARGETS,
  ...AUTH,
  ...GROUPS,
  ...NORMAL,
  ...FIELDS,
  ...MORE,
  ...ADDRESSES,
  ...STRICT,
  ...EDITS,
  ...HALVES,
  ...NAMES,
  ...at(GET, 'option http-restrict-req-hdr-names reject'),
  ...CACHED,
  { rules: 'option checkcache' },
  ...CASING,
].map((entry) => ({
  request: GET,
  ...entry,
}));
