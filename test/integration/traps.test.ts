/**
 * The traps of HAProxy's semantics, those that no other test shows on the running program. Which test shows each trap is the table
 * at the end (traps of the runtime API, statistics, peers, DNS, HTTP/2 and reloads are left out: nothing of them is there).
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { run } from '../support/program.ts';
import { HAWSER, makeFolder } from '../support/proxy.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, eventually, field, get, httpLine, onSubjects, ports } from './rig.ts';

const CLOSE = 'Connection: close';

onSubjects('trap 1: no balance line means random, not turns', async ({ start, old, context }) => {
  if (old) return context.skip('2.6 takes turns');
  const origins = await Promise.all(['a', 'b', 'c'].map((name) => startHttpOrigin(() => ok(name))));
  const [port] = await ports(1);
  const servers = origins.map((origin, index) => `  server s${index} 127.0.0.1:${origin.port}\n`).join('');
  await start(configure({ global: 'nbthread 1', rest: `listen l\n  bind 127.0.0.1:${port}\n${servers}` }));
  let order = '';
  for (let times = 0; times < 40; times++) order += (await ask(port, get('/', CLOSE))).body;
  assert.equal(new Set(order).size, 3, order);
  assert.doesNotMatch(order, /^(?:abc|bca|cab)+a?b?c?a?$/);
  for (const origin of origins) await origin.close();
});

onSubjects('traps 7, 9, 34: order of rules, missing samples, empty values', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `frontend f
  bind 127.0.0.1:${port}
  log 127.0.0.1:${syslog.port} local0
  log-format "path=%[capture.req.uri]  none=%[var(txn.none)] end"
  use_backend b if { hdr(x-late) yes }
  http-request set-header X-Late yes
  http-request set-header X-Empty "<%[req.hdr(x-none)]>"
  http-request set-header X-Is 1 if { req.hdr(x-none) -m str a }
  http-request set-header X-Not 1 if !{ req.hdr(x-none) -m str a }
  http-request set-header X-Found 1 if { req.hdr(x-none) -m found }
  http-request set-header X-Any 1 if { hdr(x-list) b }
  http-request set-header X-Last %[req.hdr(x-list)]
backend b
  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  assert.equal((await ask(port, get('/a', 'X-List: a, b', 'X-List: c,d'))).status, 200);
  const { head = '' } = origin.requests[0] ?? {};
  assert.equal(field(head, 'x-empty'), '<>');
  assert.equal(field(head, 'x-is'), undefined);
  assert.equal(field(head, 'x-not'), '1');
  assert.equal(field(head, 'x-found'), undefined);
  assert.equal(field(head, 'x-any'), '1', 'conditions see every value');
  assert.equal(field(head, 'x-last'), 'd', 'expressions see the last');
  assert.match(await syslog.waitFor(/path=/), /path=\/a none=- end/);
});

onSubjects('traps 12, 13: a cookie reaches a backup and weight 0, backups are used one at a time', async ({ start }) => {
  const origins = await Promise.all(['main', 'zero', 'one', 'two'].map((name) => startHttpOrigin(() => ok(name))));
  const [main, zero, one, two] = origins.map(({ port }) => port);
  const [first, all] = await ports(2);
  const listen = (name: string, port: number, line: string): string => `listen ${name}
  bind 127.0.0.1:${port}
  balance roundrobin
  cookie SRV insert indirect
  ${line}
  server main 127.0.0.1:${main} cookie c0 ${name === 'first' ? '' : 'disabled'}
  server zero 127.0.0.1:${zero} cookie c1 weight 0
  server one 127.0.0.1:${one} cookie c2 backup
  server two 127.0.0.1:${two} cookie c3 backup
`;
  await start(configure({ rest: listen('first', first, '') + listen('all', all, 'option allbackups') }));
  for (let times = 0; times < 3; times++) assert.equal((await ask(first, get('/', CLOSE))).body, 'main');
  assert.equal((await ask(first, get('/', 'Cookie: SRV=c1'))).body, 'zero');
  assert.equal((await ask(first, get('/', 'Cookie: SRV=c2'))).body, 'one');
  const seen = new Set<string>();
  for (let times = 0; times < 4; times++) seen.add((await ask(all, get('/', CLOSE))).body);
  assert.deepEqual([...seen].sort(), ['one', 'two']);
  assert.notEqual((await ask(all, get('/', 'Cookie: SRV=c0', CLOSE))).body, 'main', 'never one in maintenance');
  for (const origin of origins) await origin.close();
});

onSubjects('trap 24: content-level tracking is per request, the first of an index wins', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend f
  bind 127.0.0.1:${port}
  stick-table type string len 20 size 100 expire 10s store http_req_cnt
  http-request track-sc0 path
  http-request track-sc0 hdr(host)
  http-request return status 200 content-type text/plain lf-string "%[sc_http_req_cnt(0)] %[sc_trackers(0)] %[str(a),table_http_req_cnt(f)]"`;
  await start(configure({ rest }));
  using client = await connect(port);
  for (const [path, expected] of [
    ['/x', '1 1 0'],
    ['/x', '2 1 0'],
    ['/y', '1 1 0'],
  ] as const) {
    await client.write(get(path));
    assert.equal((await client.readMessage()).body, expected);
  }
});

onSubjects('trap 31: http-after-response rules touch own pages, not those of what could not be parsed', async ({ start }) => {
  const [port, dead] = await ports(2);
  const rest = `frontend f
  bind 127.0.0.1:${port}
  http-after-response set-header X-After "%[status]"
  http-request deny if { path /deny }
  default_backend b
backend b
  http-after-response set-header X-Back yes
  server s1 127.0.0.1:${dead}`;
  await start(configure({ defaults: 'retries 0', rest }));
  const denied = await ask(port, get('/deny'));
  assert.deepEqual([denied.status, field(denied.head, 'x-after')], [403, '403']);
  const failed = await ask(port, get('/'));
  assert.deepEqual([failed.status, field(failed.head, 'x-after'), field(failed.head, 'x-back')], [503, '503', 'yes']);
  assert.doesNotMatch(await exchange(port, 'BAD\r\n\r\n'), /x-after/i);
});

onSubjects('trap 32: an unknown computed backend means the default, a disabled one is passed over', async ({ start, old }) => {
  await using origin = await startHttpOrigin(({ head }) => ok(/x-back: (\w+)/i.exec(head)?.[1] ?? ''));
  const [port] = await ports(1);
  const backend = (name: string, line = ''): string =>
    `backend ${name}\n  ${line}\n  http-request set-header X-Back ${name}\n  server s1 127.0.0.1:${origin.port}\n`;
  const rest = `frontend f
  bind 127.0.0.1:${port}
  use_backend off if { path /off }
  use_backend %[req.hdr(x-to)] if { req.hdr(x-to) -m found }
  use_backend third if { path /off }
  default_backend last
${backend('off', 'disabled')}${backend('third')}${backend('last')}`;
  await start(configure({ rest }));
  assert.equal((await ask(port, get('/', 'X-To: third'))).body, 'third');
  assert.equal((await ask(port, get('/', 'X-To: nowhere'))).body, 'last');
  // 2.6 sends nobody to a disabled backend and answers 503.
  if (!old) assert.equal((await ask(port, get('/off'))).body, 'third');
});

onSubjects('trap 37: rules of a listen section run once', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const rules = 'http-request add-header X-Req 1\n  http-response add-header X-Res 1\n  http-after-response add-header X-After 1';
  await start(configure({ rest: `listen l\n  bind 127.0.0.1:${port}\n  ${rules}\n  server s1 127.0.0.1:${origin.port}` }));
  const { head } = await ask(port, get('/'));
  assert.equal(head.match(/x-res: /gi)?.length, 1);
  assert.equal(head.match(/x-after: /gi)?.length, 1);
  assert.equal(origin.requests[0]?.head.match(/x-req: /gi)?.length, 1);
});

onSubjects("trap 38: the stronger of both sides' options about connections holds", async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port, other] = await ports(2);
  const rest = `frontend f
  bind 127.0.0.1:${port}
  option httpclose
  default_backend b
backend b
  option http-keep-alive
  server s1 127.0.0.1:${origin.port}
frontend g
  bind 127.0.0.1:${other}
  option http-keep-alive
  default_backend c
backend c
  option http-server-close
  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  assert.match((await ask(port, get('/'))).head, /connection: close/i);
  using client = await connect(other);
  await client.write(get('/'));
  await client.readMessage();
  await client.write(get('/'));
  await client.readMessage();
  assert.equal(origin.requests.filter(({ head }) => /connection: close/i.test(head)).length, 3);
});

onSubjects('trap 39: timeout client is inactivity, timeout http-request is absolute', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  await using syslog = await startSyslog();
  const [slow, strict] = await ports(2);
  const listen = (name: string, port: number, lines: string): string =>
    `listen ${name}\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  ${lines}\n  server s1 127.0.0.1:${origin.port}\n`;
  const rest = listen('slow', slow, 'timeout client 700ms') + listen('strict', strict, 'timeout client 5s\n  timeout http-request 400ms');
  await start(configure({ rest }));
  using client = await connect(strict);
  await client.write('GET /strict HTTP/1.1\r\n');
  const drip = setInterval(() => client.socket.write('X: y\r\n'), 100);
  const answer = await client.readToEnd();
  clearInterval(drip);
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.equal(httpLine(await syslog.waitFor(/ strict /)).termination, 'cR--');
  using body = await connect(slow);
  await body.write('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n');
  let left = 12;
  const pour = setInterval(() => {
    if (left-- > 0) body.socket.write('x');
  }, 100);
  try {
    assert.match((await body.readMessage()).head, / 200 /, 'longer than the timeout in all');
  } finally {
    clearInterval(pour);
  }
});

const folder = makeFolder();
const CHECKED = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['3: an empty variable', `${CHECKED}frontend f\n bind "127.0.0.1:$NOT_THERE"\n`, /bind/],
  ['4: no line feed at the end', `${CHECKED}frontend f\n bind 127.0.0.1:0`, /Missing LF on last line/],
  ['4: two servers of a name', `${CHECKED}backend b\n server s 127.0.0.1:1\n server s 127.0.0.1:2\n`, /another server named 's'/],
  ['29: TLS to a server without a CA', `${CHECKED}backend b\n server s 127.0.0.1:1 ssl\n`, /verify/],
  ['33: an errorfile with a wrong length', `${CHECKED}backend b\n errorfile 503 ${folder}/short.http\n`, /short\.http/],
  ['33: an errorfile that is missing', `${CHECKED}backend b\n errorfile 503 ${folder}/none.http\n`, /none\.http/],
  ['34: a request fetch in log-format', `${CHECKED}frontend f\n bind 127.0.0.1:0\n log-format %[path]\n`, /may not be reliably used/],
  ['36: a name that nobody knows', `${CHECKED}backend b\n server s nobody.invalid:1\n`, /nobody\.invalid/],
];

for (const [index, [name, text, expected]] of REFUSED.entries()) {
  test(`trap ${name}: refused`, async () => {
    writeFileSync(join(folder, 'short.http'), 'HTTP/1.1 503 No\r\nContent-Length: 50\r\n\r\nshort');
    const path = join(folder, `${index}.cfg`);
    writeFileSync(path, text);
    const { status, stderr } = await run({ command: HAWSER, args: ['-c', '-f', path] });
    assert.equal(status, 1, stderr);
    assert.match(stderr, expected);
  });
}

test('traps 5, 7: unset timeouts and rules behind their time are warnings', async () => {
  const path = join(folder, 'warned.cfg');
  writeFileSync(
    path,
    'frontend f\n mode http\n bind 127.0.0.1:0\n use_backend b if { path / }\n http-request deny if { path /x }\nbackend b\n mode http\n server s 127.0.0.1:1\n',
  );
  const { status, stderr } = await run({ command: HAWSER, args: ['-c', '-f', path] });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /WARNING.*missing timeouts for backend 'b'/);
  assert.match(stderr, /WARNING.*'http-request' rule placed after a 'use_backend' rule will still be processed before/);
});

onSubjects('trap 5: the queue and the tarpit wait as long as timeout connect says', async ({ start }) => {
  await using origin = await startHttpOrigin(() => new Promise(() => undefined));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  timeout connect 400ms\n  http-request tarpit if { path /tarpit }\n  server s1 127.0.0.1:${origin.port} maxconn 1`;
  await start(configure({ defaults: 'timeout server 3s', rest }));
  using busy = await connect(port);
  await busy.write(get('/busy'));
  await eventually(async () => origin.requests.length === 1, 'the busy server');
  for (const [path, status] of [
    ['/tarpit', 500],
    ['/queued', 503],
  ] as const) {
    const began = performance.now();
    assert.equal((await ask(port, get(path))).status, status);
    const ms = performance.now() - began;
    assert.ok(ms > 350 && ms < 2500, `${path}: ${ms} ms`);
  }
});

/** Trap: a file, and the beginning of the name of a test in it. */
const SHOWN: readonly (readonly [number, string, string])[] = [
  [2, 'src/control/servers.test.ts', 'servers that fall and rise'], [6, 'test/integration/binds.test.ts', 'accept-proxy: the address in the line'],
  [8, 'src/keywords/conditions.test.ts', 'if ${condition}'], [10, 'test/integration/rules.test.ts', 'option forwardfor adds a field of its own'],
  [11, 'src/stream/cookie.test.ts', 'every recorded case has the same bytes'], [14, 'test/conformance/h1-corpus.test.ts', 'requests of the corpus'],
  [15, 'test/conformance/corpus.test.ts', 'reason phrases, error pages and lower-case names'], [16, 'src/proto/h1/head.test.ts', 'limits of a head'],
  [17, 'test/integration/logs.test.ts', 'captures, a bad request, an own answer'], [18, 'test/integration/logs.test.ts', 'clients that leave: CR, CC or CH, CD'],
  [18, 'test/integration/tcp.test.ts', 'the log tells how it ended'], [19, 'test/integration/queue.test.ts', 'option redispatch leaves the server of a cookie'],
  [19, 'test/integration/queue.test.ts', 'retries on a single dead server wait a second'], [20, 'test/integration/reuse.test.ts', 'http-reuse ${mode} opens'],
  [21, 'test/sim/queue.test.ts', 'timeout queue: 503 sQ'], [22, 'test/integration/stick.test.ts', 'a rate lets three requests through'],
  [22, 'test/integration/stick.test.ts', 'a rate slides as HAProxy counts it'], [23, 'test/integration/stick.test.ts', 'an entry expires, looking at it does not keep it'],
  [23, 'test/integration/stick.test.ts', 'an address of the other family is no key'], [26, 'test/integration/rules.test.ts', 'monitor-uri is answered before every rule'],
  [28, 'test/integration/checks.test.ts', 'option httpchk: what is sent'], [29, 'test/integration/tls.test.ts', 'servers are asked for the name of the request'],
  [35, 'test/integration/logs.test.ts', 'captures, a bad request, an own answer'], [39, 'test/integration/timeouts.test.ts', 'http-keep-alive: a silent end'],
  [40, 'test/integration/tls.test.ts', 'servers are asked for the name of the request'], [40, 'test/integration/switching.test.ts', 'marks and types of service: a connection'],
]; // biome-ignore format: a table

test('the tests that show the other traps are there', () => {
  for (const [trap, file, name] of SHOWN) {
    const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
    assert.ok(text.includes(`'${name}`) || text.includes(`\`${name}`), `trap ${trap}: no test '${name}' in ${file}`);
  }
});
