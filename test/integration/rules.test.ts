/**
 * What the configuration decides about a request: answers without a server, which backend,
 * what is added and taken away (HAProxy configuration manual 4.2, 7).
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import type { Answer } from './rig.ts';
import { ask, configure, field, get, httpLine, onSubjects, ports } from './rig.ts';

onSubjects('redirect, deny and return', async ({ start, old }) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog
  http-request redirect location http://b.test/x code 307 if { path /location }
  http-request redirect prefix https://b.test code 301 if { path_beg /prefix }
  http-request redirect scheme https if { path /scheme }
  http-request redirect prefix /y drop-query append-slash code 303 if { path_beg /slash }
  http-request redirect location / set-cookie SEEN=1 if { path /cookie }
  http-request deny if { path /deny }
  http-request deny deny_status 429 if { path /slow-down }
  http-request return status 200 content-type text/plain string "hello there" hdr X-A b if { path /return }
  http-request return status 204 if { path /nothing }
  http-request return status 200 content-type text/plain lf-string "%[path] %[src] %[req.hdr(X-Q)]" if { path /format }
  default_backend none
backend none\n`;
  await start(configure({ rest }));
  const go = (path: string, ...fields: string[]): Promise<Answer> => ask(port, get(path, 'Connection: close', ...fields));

  const location = await go('/location');
  assert.equal(location.status, 307);
  assert.match(location.head, /^HTTP\/1.1 307 Temporary Redirect\r\n/);
  assert.equal(field(location.head, 'location'), 'http://b.test/x');
  assert.equal(field(location.head, 'content-length'), '0');
  assert.equal(field((await go('/prefix/p?q=1')).head, 'location'), 'https://b.test/prefix/p?q=1');
  const scheme = await go('/scheme');
  assert.deepEqual([scheme.status, field(scheme.head, 'location')], [302, 'https://a.test/scheme']);
  assert.equal(field((await go('/slash/p?q=1')).head, 'location'), '/y/slash/p/');
  const cookie = field((await go('/cookie')).head, 'set-cookie');
  assert.match(cookie ?? '', /^SEEN=1; path=\/;?$/);

  const denied = await go('/deny');
  assert.match(denied.head, /^HTTP\/1.1 403 Forbidden\r\n/);
  assert.match(denied.body, /^<html><body><h1>403 Forbidden<\/h1>\nRequest forbidden by administrative rules.\n<\/body><\/html>\n$/);
  assert.match((await go('/slow-down')).head, /^HTTP\/1.1 429 Too Many Requests\r\n/);

  const returned = await go('/return');
  assert.deepEqual([returned.status, returned.body], [200, 'hello there']);
  assert.equal(field(returned.head, 'content-type'), 'text/plain');
  assert.equal(field(returned.head, 'x-a'), 'b');
  assert.equal((await go('/nothing')).status, 204);
  assert.equal((await go('/format', 'X-Q: z')).body, '/format 127.0.0.1 z');

  const line = async (path: string): Promise<ReturnType<typeof httpLine>> => httpLine(await syslog.waitFor(new RegExp(`GET ${path} `)));
  const local = await line('/location');
  assert.deepEqual([local.termination, local.server, local.times.slice(0, 4)], ['LR--', '<NOSRV>', [0, -1, -1, -1]]);
  assert.equal((await line('/deny')).termination, 'PR--');
  assert.equal((await line('/return')).termination, 'LR--');
  // What HAProxy 3.5 counts is what came from a server.
  if (!old) assert.deepEqual([local.bytes, (await line('/return')).bytes], [0, 0]);
});

onSubjects('errorfile and the built-in pages', async ({ start }) => {
  const [port, plain] = await ports(2);
  const config = (folder: string): string => {
    const file = join(folder, '503.http');
    writeFileSync(file, 'HTTP/1.1 503 Out\r\nX-Own: Yes\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nout\n');
    return configure({
      rest: `frontend fe\n  bind 127.0.0.1:${port}\n  errorfile 503 ${file}\n  default_backend none
frontend plain\n  bind 127.0.0.1:${plain}\n  default_backend none
backend none`,
    });
  };
  await start({ config });
  const own = await ask(port, get('/', 'Connection: close'));
  assert.match(own.head, /^HTTP\/1.1 503 Out\r\n/);
  assert.equal(field(own.head, 'x-own'), 'Yes');
  assert.equal(own.body, 'out\n');
  const built = await exchange(plain, get('/', 'Connection: close'));
  assert.equal(
    built,
    'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n' +
      '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
  );
});

onSubjects('use_backend by path, host, header, method; the default', async ({ start }) => {
  await using origin = await startHttpOrigin(({ head }) => ok(field(head, 'x-backend') ?? ''));
  const [port] = await ports(1);
  const backend = (name: string): string =>
    `backend ${name}\n  http-request set-header X-Backend ${name}\n  server s1 127.0.0.1:${origin.port}\n`;
  const rest = `frontend fe\n  bind 127.0.0.1:${port}
  acl static path_beg -i /static/ /img/
  acl api hdr(host) -i api.test
  acl inside src 127.0.0.0/8
  use_backend static if static
  use_backend api if api inside
  use_backend posts if METH_POST !static
  use_backend beta if { req.hdr(X-Beta) -m found } or { url_param(beta) 1 }
  use_backend versions if { path_reg ^/v[0-9]+/ }
  default_backend main
${['static', 'api', 'posts', 'beta', 'versions', 'main'].map(backend).join('')}`;
  await start(configure({ rest }));
  const to = async (request: string): Promise<string> => (await ask(port, request)).body;
  assert.equal(await to(get('/STATIC/x')), 'static');
  assert.equal(await to('GET / HTTP/1.1\r\nHost: API.test\r\n\r\n'), 'api');
  assert.equal(await to('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'), 'posts');
  assert.equal(await to('POST /img/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'), 'static');
  assert.equal(await to(get('/', 'X-Beta: 1')), 'beta');
  assert.equal(await to(get('/?beta=1')), 'beta');
  assert.equal(await to(get('/v12/x')), 'versions');
  assert.equal(await to(get('/')), 'main');
});

onSubjects('fields set, added, removed, replaced on both ways; path and query', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x', 'X-Old: 1\r\nX-Both: one\r\nX-Both: two\r\n'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}
  http-request set-header X-Set %[src]
  http-request add-header X-Add new
  http-request del-header X-Gone
  http-request replace-header X-Line (.*)-old(.*) \\1-new\\2
  http-request replace-value X-List ^b$ B
  http-request set-header X-Missing %[req.hdr(X-Nothing)]
  http-request set-path /new%[path] if { path_beg /move }
  http-request set-query q=2 if { path_beg /new }
  http-request replace-path (.*)/old/(.*) \\1/fresh/\\2
  http-response set-header X-Answer %[status]
  http-response del-header X-Old
  http-response replace-header X-Both one ONE
  http-after-response set-header X-After 1
  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  const { head } = await ask(
    port,
    get('/move?q=1', 'X-Gone: 1', 'x-gone: 2', 'X-Add: old', 'X-Line: a-old-b', 'X-List: a, b, c', 'X-Set: forged'),
  );
  const seen = origin.requests[0]?.head ?? '';
  assert.match(seen, /^GET \/new\/move\?q=2 HTTP\/1.1\r\n/);
  const values = (text: string, name: string): string[] =>
    [...text.matchAll(new RegExp(`^${name}: ?(.*)\\r$`, 'gim'))].map(([, value]) => value as string);
  assert.deepEqual(values(seen, 'x-set'), ['127.0.0.1']);
  assert.deepEqual(values(seen, 'x-add'), ['old', 'new']);
  assert.deepEqual(values(seen, 'x-gone'), []);
  assert.deepEqual(values(seen, 'x-line'), ['a-new-b']);
  assert.deepEqual(values(seen, 'x-list').join().replaceAll(' ', ''), 'a,B,c');
  assert.deepEqual(values(seen, 'x-missing'), ['']);
  assert.deepEqual(values(head, 'x-answer'), ['200']);
  assert.deepEqual(values(head, 'x-old'), []);
  assert.deepEqual(values(head, 'x-both').sort(), ['ONE', 'two']);
  assert.deepEqual(values(head, 'x-after'), ['1']);
  await ask(port, get('/a/old/b'));
  assert.match(origin.requests[1]?.head ?? '', /^GET \/a\/fresh\/b HTTP/);
});

onSubjects('option forwardfor adds a field of its own, at the end', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [plain, except, none] = await ports(3);
  const listen = (name: string, port: number, line: string): string =>
    `listen ${name}\n  bind 127.0.0.1:${port}\n  ${line}\n  server s1 127.0.0.1:${origin.port}\n`;
  const rest = [
    listen('a', plain, 'option forwardfor'),
    listen('b', except, 'option forwardfor except 127.0.0.0/8 header X-Client'),
    listen('c', none, 'option forwardfor if-none header X-Client'),
  ].join('');
  await start(configure({ rest }));
  const seen = async (port: number, name: string, ...fields: string[]): Promise<string[]> => {
    await ask(port, get('/', ...fields));
    return [...(origin.requests.at(-1)?.head ?? '').matchAll(new RegExp(`^${name}: (.*)\\r$`, 'gim'))].map(([, value]) => value as string);
  };
  assert.deepEqual(await seen(plain, 'x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(await seen(plain, 'x-forwarded-for', 'X-Forwarded-For: 1.2.3.4'), ['1.2.3.4', '127.0.0.1']);
  assert.deepEqual(await seen(except, 'x-client'), []);
  assert.deepEqual(await seen(none, 'x-client', 'X-Client: 1.2.3.4'), ['1.2.3.4']);
  assert.deepEqual(await seen(none, 'x-client'), ['127.0.0.1']);
});

onSubjects('tcp-request rules: connection and content', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [refused, content] = await ports(2);
  const server = `server s1 127.0.0.1:${origin.port}`;
  const rest = `listen a\n  bind 127.0.0.1:${refused}\n  tcp-request connection reject if { src 127.0.0.1 }\n  ${server}
listen b\n  bind 127.0.0.1:${content}\n  tcp-request content reject if { path /no }\n  ${server}`;
  await start(configure({ rest }));
  // The reset may come while the client still believes that it connects.
  const reset = (error: NodeJS.ErrnoException): string => (error.code === 'ECONNRESET' ? '' : String(error));
  assert.equal(await exchange(refused, get('/')).catch(reset), '');
  assert.equal((await ask(content, get('/yes'))).status, 200);
  assert.equal(await exchange(content, get('/no')), '');
});

onSubjects('inspect-delay waits for the bytes that a rule needs', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const rest = `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  tcp-request inspect-delay 5s\n  tcp-request content reject if { req.payload(0,3) -m str BAD }
  tcp-request content accept if { req.len ge 3 }\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  assert.equal(await exchange(port, ['B', 'AD and more']), '');
  assert.equal((await ask(port, get('/'))).status, 200);
});

onSubjects('a backend whose name is computed; an unknown one means the default', async ({ start }) => {
  await using origin = await startHttpOrigin(({ head }) => ok(field(head, 'x-backend') ?? ''));
  const [port] = await ports(1);
  const backend = (name: string): string =>
    `backend ${name}\n  http-request set-header X-Backend ${name}\n  server s1 127.0.0.1:${origin.port}\n`;
  const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  use_backend %[req.hdr(X-Name)] if { req.hdr(X-Name) -m found }\n  default_backend main
${['api', 'main'].map(backend).join('')}`;
  await start(configure({ rest }));
  assert.equal((await ask(port, get('/', 'X-Name: api'))).body, 'api');
  assert.equal((await ask(port, get('/', 'X-Name: nobody'))).body, 'main');
});

onSubjects('the redirect directive and http-error', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  http-error status 403 content-type text/plain string "go away"
  http-request deny if { path /deny }\n  redirect location /late if { path /late-redirect }`;
  await start(configure({ rest }));
  assert.equal(field((await ask(port, get('/late-redirect', 'Connection: close'))).head, 'location'), '/late');
  const denied = await ask(port, get('/deny', 'Connection: close'));
  assert.deepEqual([denied.status, denied.body], [403, 'go away']);
});

onSubjects('monitor-uri is answered before every rule', async ({ start }) => {
  const [port] = await ports(1);
  await start(configure({ rest: `frontend fe\n  bind 127.0.0.1:${port}\n  monitor-uri /alive\n  http-request deny` }));
  assert.equal((await ask(port, get('/alive'))).status, 200);
  assert.equal((await ask(port, get('/alive2'))).status, 403);
});

onSubjects('basic authentication', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `userlist people\n  user ann insecure-password secret
frontend fe\n  bind 127.0.0.1:${port}\n  http-request auth realm Private unless { http_auth(people) }\n  http-request return status 200`;
  await start(configure({ rest }));
  const asked = await ask(port, get('/'));
  assert.equal(asked.status, 401);
  assert.equal(field(asked.head, 'www-authenticate'), 'Basic realm="Private"');
  assert.equal((await ask(port, get('/', `Authorization: Basic ${btoa('ann:wrong')}`))).status, 401);
  assert.equal((await ask(port, get('/', `Authorization: Basic ${btoa('ann:secret')}`))).status, 200);
});

onSubjects('a stick table limits the rate of a client', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  stick-table type ip size 1k expire 10s store http_req_rate(10s)
  http-request track-sc0 src\n  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 3 }\n  http-request return status 200`;
  await start(configure({ rest }));
  const statuses: number[] = [];
  for (let times = 0; times < 6; times++) statuses.push((await ask(port, get('/'))).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429]);
});
