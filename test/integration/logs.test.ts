/**
 * Log lines as others parse them: httplog, tcplog, the default, captures, a format of one's own,
 * what is not logged; as syslog datagrams and raw on standard output (HAProxy configuration manual 8).
 */
import assert from 'node:assert/strict';
import { connect, exchange } from '../support/connection.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import type { Rig } from './rig.ts';
import { ask, configure, get, mask, onSubjects, ports, text } from './rig.ts';

/** Lines come in order, and the counts in them are of no request that is just ending on another thread. */
const ONE_THREAD = 'nbthread 1';

onSubjects('option httplog, a whole line', async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok('hello'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  default_backend be
backend be\n  server s1 127.0.0.1:${origin.port}`;
  const proxy = await start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/x?y=1'));
  const message = await syslog.waitFor(/GET/);
  // local0.info, HAProxy's own time stamp and tag, the pid that was started.
  assert.match(message, new RegExp(`^<134>\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d haproxy\\[${proxy.pid}\\]: `));
  // %B is what came from the server, byte for byte; 2.6 counts its inner form of it.
  const bytes = old ? 54 : 43;
  assert.equal(mask(message), `127.0.0.1:PORT [DATE] fe be/s1 T/T/T/T/T 200 ${bytes} - - ---- 1/1/0/0/0 0/0 "GET /x?y=1 HTTP/1.1"`);
  const times = /be\/s1 (\d+)\/(\d+)\/(\d+)\/(\d+)\/(\d+) /.exec(message)?.slice(1).map(Number) ?? [];
  assert.equal(times.length, 5);
  assert.ok((times[4] as number) >= (times[3] as number));
});

onSubjects('captures, a bad request, an own answer', async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok('hello', 'X-Answer: yes indeed\r\nSet-Cookie: SID=new; path=/\r\n'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog
  capture request header User-Agent len 10\n  capture request header X-None len 10\n  capture response header X-Answer len 3
  http-request return status 200 if { path /own }\n  default_backend be
backend be\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: ONE_THREAD, rest }));
  // Each line before the next request: two threads send theirs in no order.
  await ask(port, get('/a', 'User-Agent: longer than ten', 'Cookie: a=b; SID=old'));
  await syslog.waitForCount(1);
  await ask(port, get('/own'));
  await syslog.waitForCount(2);
  await exchange(port, 'BAD\r\n\r\n');
  await syslog.waitForCount(3);
  await exchange(port, 'GET /"q\x7f HTTP/1.1\r\n\r\n');
  const lines = (await syslog.waitForCount(4)).map(mask);
  const own = old ? '\\d+' : '0';
  const expected = [
    /^127\.0\.0\.1:PORT \[DATE\] fe be\/s1 T\/T\/T\/T\/T 200 \d+ - - ---- \d\/\d\/0\/0\/0 0\/0 \{longer tha\|\} \{yes\} "GET \/a HTTP\/1\.1"$/,
    new RegExp(
      `^127\\.0\\.0\\.1:PORT \\[DATE\\] fe fe/<NOSRV> T/-1/-1/-1/T 200 ${own} - - LR-- \\d/\\d/0/0/0 0/0 \\{\\|\\} \\{\\} "GET /own HTTP/1\\.1"$`,
    ),
    new RegExp(
      `^127\\.0\\.0\\.1:PORT \\[DATE\\] fe fe/<NOSRV> -1/-1/-1/-1/T 400 ${own} - - PR-- \\d/\\d/0/0/0 0/0 (?:\\{\\|\\} \\{\\} )?"<BADREQ>"$`,
    ),
  ];
  for (const [index, shape] of expected.entries()) assert.match(lines[index] as string, shape);
  assert.match(lines[3] as string, /"<BADREQ>"$/);
});

onSubjects('option tcplog and the default line', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readUntil('hello');
    await connection.write('0123456789');
    connection.end();
    await until(() => connection.ended, 'the end of the client');
  });
  await using syslog = await startSyslog();
  const [tcp, none] = await ports(2);
  const log = `log 127.0.0.1:${syslog.port} local1`;
  const rest = `listen tcp\n  mode tcp\n  bind 127.0.0.1:${tcp}\n  ${log}\n  option tcplog\n  server s1 127.0.0.1:${origin.port}
listen none\n  mode tcp\n  bind 127.0.0.1:${none}\n  ${log}\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: ONE_THREAD, rest }));
  for (const port of [tcp, none]) {
    using client = await connect(port);
    await client.write('hello');
    assert.equal(await client.readToEnd(), '0123456789');
    client.end();
    await client.waitForClose();
  }
  const line = await syslog.waitFor(/ tcp tcp\/s1 /);
  assert.match(line, /^<142>/);
  assert.equal(mask(line), '127.0.0.1:PORT [DATE] tcp tcp/s1 T/T/T 10 -- 1/1/0/0/0 0/0');
  assert.match(
    text(await syslog.waitFor(/Connect from/)),
    new RegExp(`^Connect from 127\\.0\\.0\\.1:\\d+ to 127\\.0\\.0\\.1:${none} \\(none/TCP\\)$`),
  );
});

/** A piece of a format and what it must print, escaped for a pattern. */
type Piece = readonly [format: string, printed: string];

async function assertFormat(rig: Rig, lines: string, pieces: (port: number, server: number) => readonly Piece[]): Promise<void> {
  await using origin = await startHttpOrigin(() => ok('hello'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const wanted = pieces(port, origin.port);
  const format = wanted.map(([text]) => text).join('|');
  const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  log-format '${format}'\n  ${lines}
  default_backend be\nbackend be\n  server s1 127.0.0.1:${origin.port}`;
  const proxy = await rig.start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/path?a=1&b=2', 'X-Q: quoted'));
  const printed = wanted.map(([, shape]) => shape.replace('PID', String(proxy.pid))).join('\\|');
  assert.match(text(await syslog.waitFor(/./)), new RegExp(`^${printed}$`));
}

onSubjects('log-format with every kind of name', (rig) =>
  assertFormat(rig, '', (port, server) => [
    ['%ci', '127.0.0.1'],
    ['%fi:%fp', `127.0.0.1:${port}`],
    ['%f %ft', 'fe fe'],
    ['%b/%s', 'be/s1'],
    ['%si:%sp', `127.0.0.1:${server}`],
    ['%ST %tsc %ts', '200 ---- --'],
    ['%HM %HP %HQ', String.raw`GET /path \?a=1&b=2`],
    ['%HU %HV', String.raw`/path\?a=1&b=2 HTTP/1\.1`],
    ['%{+Q}r', String.raw`"GET /path\?a=1&b=2 HTTP/1\.1"`],
    ['%TR/%Tw/%Tc/%Tr/%Ta', String.raw`\d+/\d+/\d+/\d+/\d+`],
    ['%Th/%Ti/%Tq/%Tt', String.raw`\d+/\d+/\d+/\d+`],
    ['%U %B', String.raw`\d+ \d+`],
    ['%ac/%fc/%bc/%sc/%rc %sq/%bq', '1/1/0/0/0 0/0'],
    ['%tr', String.raw`\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}`],
    ['%T', String.raw`\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000`],
    ['%pid %rt %%', String.raw`PID \d+ %`],
    ['%[src] %[method]', '127.0.0.1 GET'],
  ]),
);

onSubjects('log-format with samples: captures and variables, kept from the request', (rig) =>
  assertFormat(
    rig,
    'capture request header X-Q len 10\n  http-request set-var(txn.v) str(value)\n  http-request set-var(txn.q) req.hdr(X-Q)',
    () => [
      ['%[capture.req.hdr(0)]', 'quoted'],
      ['%{+Q}[var(txn.q)]', '"quoted"'],
      ['%[var(txn.none)]', '-'],
      ['%[var(txn.v),upper]', 'VALUE'],
    ],
  ),
);

onSubjects('unprintable bytes and quotes are escaped, long lines are cut', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} len 300 local0\n  log-format '%{+Q}r %hr'
  capture request header X-A len 500\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/"quoted"', 'X-A: a\xffb\x01c'));
  assert.equal(text(await syslog.waitFor(/quoted/)), '"GET /#22quoted#22 HTTP/1.1" {a#FFb#01c}');
  await ask(port, get('/long', `X-A: ${'y'.repeat(450)}`));
  const long = await syslog.waitFor(/long/);
  // A newline may come on top.
  assert.ok(long.trimEnd().length <= 300 && long.length > 280, `${long.length} bytes`);
});

onSubjects('dontlognull, dontlog-normal, set-log-level, log-tag', async ({ start }) => {
  await using origin = await startHttpOrigin(({ head }) =>
    head.includes('/500') ? 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n' : ok('x'),
  );
  await using syslog = await startSyslog();
  const [nothing, normal, level] = await ports(3);
  const log = `log 127.0.0.1:${syslog.port} local0\n  option httplog`;
  const server = `server s1 127.0.0.1:${origin.port}`;
  const rest = `listen a\n  bind 127.0.0.1:${nothing}\n  ${log}\n  option dontlognull\n  ${server}
listen b\n  bind 127.0.0.1:${normal}\n  ${log}\n  option dontlog-normal\n  ${server}
listen c\n  bind 127.0.0.1:${level}\n  ${log}\n  log-tag own-tag\n  http-request set-log-level silent if { path /silent }
  http-request set-log-level err if { path /err }\n  ${server}`;
  const proxy = await start(configure({ global: ONE_THREAD, rest }));
  {
    using silent = await connect(nothing);
    silent.end();
    await silent.readToEnd();
  }
  await ask(nothing, get('/null-said-something'));
  await ask(normal, get('/normal'));
  await ask(normal, get('/500'));
  await ask(level, get('/silent'));
  await ask(level, get('/err'));
  const lines = await syslog.waitForCount(3);
  await syslog.waitFor(/\/err/);
  assert.deepEqual(
    lines.map((line) => /"GET (\S+)/.exec(line)?.[1]),
    ['/null-said-something', '/500', '/err'],
  );
  assert.match(await syslog.waitFor(/\/err/), new RegExp(`^<131>[^:]+:[^:]+:\\d\\d own-tag\\[${proxy.pid}\\]: `));
});

onSubjects('raw and short on standard output, one line a write', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log stdout format raw local0\n  option httplog\n  server s1 127.0.0.1:${origin.port}
  http-request set-log-level notice if { path /notice }`;
  const proxy = await start(configure({ global: ONE_THREAD, rest }));
  for (const path of ['/1', '/2', '/notice']) await ask(port, get(path));
  await proxy.program.until(() => proxy.program.stdout.includes('/notice'), 'three lines');
  const lines = proxy.program.stdout.split('\n').filter((line) => line !== '');
  assert.equal(lines.length, 3);
  for (const line of lines)
    assert.match(
      mask(line),
      /^127\.0\.0\.1:PORT \[DATE\] l l\/s1 T\/T\/T\/T\/T 200 \d+ - - ---- \d\/\d\/0\/0\/0 0\/0 "GET \/\w+ HTTP\/1.1"$/,
    );
});

onSubjects('rfc5424 and several loggers, with their levels', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  await using modern = await startSyslog();
  await using errors = await startSyslog();
  const [port] = await ports(1);
  const global = `${ONE_THREAD}\n  log 127.0.0.1:${modern.port} format rfc5424 local2\n  log 127.0.0.1:${errors.port} local3 err`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log global\n  option httplog\n  http-request set-log-level crit if { path /crit }\n  server s1 127.0.0.1:${origin.port}`;
  const proxy = await start(configure({ global, rest }));
  await ask(port, get('/usual'));
  await ask(port, get('/crit'));
  const line = await modern.waitFor(/\/usual/);
  assert.match(
    line,
    new RegExp(`^<150>1 \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}[+-]\\d\\d:\\d\\d \\S+ haproxy ${proxy.pid} - - 127`),
  );
  await errors.waitFor(/\/crit/);
  assert.ok(!errors.messages.some((message) => message.includes('/usual')));
});

onSubjects('clients that leave: CR, CC or CH, CD', async ({ start }) => {
  let release: (() => void) | undefined;
  await using origin = await startRawOrigin(async (connection) => {
    const head = await connection.readHead();
    if (head.includes('/data')) await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(1000)}`);
    await new Promise<void>((resolve) => {
      release = resolve;
      connection.socket.on('close', () => resolve());
    });
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  option abortonclose\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: ONE_THREAD, rest }));
  {
    using half = await connect(port);
    await half.write('GET /never HT');
    await half.readQuiet(30);
  }
  assert.match(await syslog.waitFor(/ CR-- /), /l\/<NOSRV> -1\/-1\/-1\/-1\/\d+ (?:400|-1) /);
  {
    using waiting = await connect(port);
    await waiting.write(get('/wait'));
    await until(() => origin.connections.some(({ received }) => received.includes('/wait')), 'the request at the server');
  }
  assert.match(await syslog.waitFor(/GET \/wait/), / C[HC]-- /);
  {
    using reading = await connect(port);
    await reading.write(get('/data'));
    await reading.readUntil('xxx');
    reading.reset();
  }
  release?.();
  assert.match(await syslog.waitFor(/GET \/data/), / 200 \d+ - - [CS]D-- /);
});

onSubjects('a cookie of both ways, and what a rule captures', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('hello', 'Set-Cookie: SID=new; path=/\r\n'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  capture cookie SID= len 20
  declare capture request len 10\n  http-request capture path id 0\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/some/long/path', 'Cookie: a=b; SID=old'));
  assert.match(text(await syslog.waitFor(/GET/)), / 200 \d+ SID=old SID=new ---- \S+ 0\/0 \{\/some\/long\} "GET /);
});
