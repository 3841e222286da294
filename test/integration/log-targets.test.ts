/**
 * Where log lines go: UDP over both families, a name, UNIX datagrams, descriptors, rings and TCP, several at once, in
 * every form; what is sampled, what a target that does not read costs (HAProxy configuration manual 4.2 log, 12.5 ring).
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../support/connection.ts';
import { ok, type RawRequest, startHttpOrigin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import type { Rig } from './rig.ts';
import { ask, configure, get, onSubjects, ports, serveSockets, text } from './rig.ts';

const ONE_THREAD = 'nbthread 1';

const answer = (_: RawRequest): string => ok('x');

/** Starts a proxy that logs `%HP` to these targets. */
async function startLogging(rig: Rig, targets: string, more: { global?: string; sections?: string; lines?: string } = {}): Promise<number> {
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  ${targets}\n  ${more.lines ?? 'log-format %HP'}
  http-request return status 200\n${more.sections ?? ''}`;
  await rig.start(configure({ global: `${ONE_THREAD}\n  ${more.global ?? ''}`, rest }));
  return port;
}

/** A stream server that keeps what it received. */
async function startCollector(
  place: number | string = 0,
): Promise<{ port: number; readonly received: string; readonly connections: number } & AsyncDisposable> {
  const state = { received: '', connections: 0 };
  const server = await serveSockets((socket) => {
    state.connections++;
    socket.on('data', (bytes: Buffer) => {
      state.received += bytes.toString('latin1');
    });
    socket.on('end', () => socket.end());
  }, place);
  return {
    port: server.port,
    get received() {
      return state.received;
    },
    get connections() {
      return state.connections;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

onSubjects('UDP over IPv6 and to a name, several targets', async (rig) => {
  await using four = await startSyslog();
  const six = createSocket('udp6');
  const got: string[] = [];
  six.on('message', (bytes) => void got.push(bytes.toString('latin1')));
  await new Promise<void>((resolve) => void six.bind(0, '::1', resolve));
  try {
    const targets = `log [::1]:${six.address().port} local0\n  log ipv4@localhost:${four.port} format raw local0`;
    const port = await startLogging(rig, targets);
    await ask(port, get('/a'));
    await until(() => got.length > 0, 'a datagram over IPv6');
    assert.match(got[0] as string, /^<134>.*: \/a\n$/);
    assert.equal(await four.waitFor(/./), '/a\n');
  } finally {
    six.close();
  }
});

onSubjects('UDP: no line is lost once a receiver has come back', async (rig) => {
  const first = await startSyslog();
  const port = await startLogging(rig, `log 127.0.0.1:${first.port} format raw local0`);
  await ask(port, get('/a'));
  assert.equal(await first.waitFor(/./), '/a\n');
  await first.close();
  await ask(port, get('/lost'));
  await using second = await startSyslog(first.port);
  await ask(port, get('/b'));
  await ask(port, get('/c'));
  await second.waitFor(/c/);
  // The line of /lost may leave after its answer, when somebody listens again.
  assert.deepEqual(
    second.messages.filter((line) => line !== '/lost\n'),
    ['/b\n', '/c\n'],
  );
});

const BURSTS = 8;
const CLIENTS = 6;
const PIPELINED = 10;

/** The path of a client's request; lengths go up and down, some are alike. */
function busyPath(client: number, number: number): string {
  return `/${client}/${number}/${'x'.repeat((number * 7) % 5)}`;
}

onSubjects('UDP from a busy thread: every line by itself, whole, those of a connection in their order', async (rig) => {
  await using syslog = await startSyslog();
  const port = await startLogging(rig, `log 127.0.0.1:${syslog.port} format raw local0`);
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(port)));
  try {
    for (let burst = 0; burst < BURSTS; burst++) {
      clients.forEach((client, index) => {
        client.write(Array.from({ length: PIPELINED }, (_, at) => get(busyPath(index, burst * PIPELINED + at))).join(''));
      });
      // The receiver is not to be flooded.
      await syslog.waitForCount((burst + 1) * CLIENTS * PIPELINED);
    }
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
  for (let client = 0; client < CLIENTS; client++) {
    const own = syslog.messages.filter((line) => line.startsWith(`/${client}/`));
    assert.deepEqual(
      own,
      Array.from({ length: BURSTS * PIPELINED }, (_, number) => `${busyPath(client, number)}\n`),
    );
  }
  assert.equal(syslog.messages.length, BURSTS * CLIENTS * PIPELINED);
});

const FORMS: readonly (readonly [string, RegExp])[] = [
  ['local', /^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d haproxy\[\d+\]: \/p\n$/],
  ['rfc3164', /^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d localhost haproxy\[\d+\]: \/p\n$/],
  ['rfc5424', /^<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d - haproxy \d+ - \[x@1 a="\/p"\] \/p\n$/],
  ['priority', /^<134>\/p\n$/],
  ['short', /^<6>\/p\n$/],
  ['timed', /^<6>\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d \/p\n$/],
  ['iso', /^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d \/p\n$/],
  ['raw', /^\/p\n$/],
];

onSubjects('every form of lines, structured data', async (rig) => {
  await using syslog = await startSyslog();
  const targets = FORMS.map(([form]) => `log 127.0.0.1:${syslog.port} format ${form} local0`).join('\n  ');
  const port = await startLogging(rig, targets, { lines: `log-format %HP\n  log-format-sd '[x@1 a="%{+E}HP"]'` });
  await ask(port, get('/p'));
  const lines = await syslog.waitForCount(FORMS.length);
  for (const [, shape] of FORMS)
    assert.ok(
      lines.some((line) => shape.test(line)),
      `${shape} among ${lines.join('')}`,
    );
});

onSubjects('samples: some of the lines each', async (rig) => {
  await using first = await startSyslog();
  await using second = await startSyslog();
  const targets = `log 127.0.0.1:${first.port} sample 1:3 local0\n  log 127.0.0.1:${second.port} sample 2-3:3 local0`;
  const port = await startLogging(rig, targets);
  for (let at = 1; at <= 6; at++) await ask(port, get(`/${at}`));
  await second.waitFor(/\/6/);
  assert.deepEqual(first.messages.map(text), ['/1', '/4']);
  assert.deepEqual(second.messages.map(text), ['/2', '/3', '/5', '/6']);
});

onSubjects('a TCP target: lines wait until it is there, and go on after it was away', async (rig) => {
  const place = await freePort();
  const port = await startLogging(rig, `log tcp@127.0.0.1:${place} format raw local0`);
  for (const path of ['/1', '/2']) await ask(port, get(path));
  {
    await using collector = await startCollector(place);
    await until(() => collector.received.includes('/2'), 'both lines');
    await ask(port, get('/3'));
    await until(() => collector.received.includes('/3'), 'the third');
    assert.equal(collector.received.replace(/^Proxy .*\n/gm, ''), '/1\n/2\n/3\n');
  }
  await ask(port, get('/4'));
  await ask(port, get('/5'));
  await using again = await startCollector(place);
  await until(() => again.received.includes('/5'), 'the lines of the time without it');
  assert.match(again.received, /^(?:\/4\n)?\/5\n$/);
});

onSubjects('a UNIX stream target', async (rig) => {
  if (rig.old) return;
  const folder = mkdtempSync(join(tmpdir(), 'hl-'));
  try {
    await using collector = await startCollector(join(folder, 'log'));
    const port = await startLogging(rig, `log uxst@${join(folder, 'log')} format raw local0`);
    await ask(port, get('/unix'));
    await until(() => collector.received.includes('/unix\n'), 'the line');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

onSubjects('a ring: its own form, two servers, octets counted', async (rig) => {
  await using plain = await startCollector();
  await using counted = await startCollector();
  const sections = `ring r\n  description both\n  format short\n  maxlen 100\n  size 20000\n  timeout connect 1s\n  timeout server 1s
  server a 127.0.0.1:${plain.port}\n  server b 127.0.0.1:${counted.port} log-proto octet-count\n`;
  const port = await startLogging(rig, 'log ring@r len 2000 format raw local0', { sections });
  await ask(port, get('/one'));
  await ask(port, get(`/${'x'.repeat(200)}`));
  await until(() => plain.received.includes('xxx') && counted.received.includes('xxx'), 'the lines at both');
  const long = `<6>/${'x'.repeat(95)}`;
  if (rig.old) return;
  assert.equal(plain.received, `<6>/one\n${long}\n`);
  assert.equal(counted.received, `7 <6>/one${long.length} ${long}`);
});

onSubjects('a UNIX datagram target that is not there holds nobody up', async (rig) => {
  const folder = mkdtempSync(join(tmpdir(), 'hl-'));
  await using syslog = await startSyslog();
  try {
    const targets = `log ${join(folder, 'absent')} local0\n  log 127.0.0.1:${syslog.port} format raw local0`;
    const port = await startLogging(rig, targets);
    for (let at = 0; at < 20; at++) await ask(port, get(`/${at}`));
    await syslog.waitFor(/\/19/);
    assert.equal(syslog.messages.length, 20);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

onSubjects('a TCP target that takes nothing: lines are dropped, traffic and other targets go on', async (rig) => {
  if (rig.old) return;
  await using syslog = await startSyslog();
  await using deaf = await serveSockets((socket) => socket.pause());
  const sections = `ring r\n  size 4096\n  maxlen 1100\n  server a 127.0.0.1:${deaf.port}\n`;
  const targets = `log ring@r local0\n  log 127.0.0.1:${syslog.port} format raw local0`;
  const port = await startLogging(rig, targets, { sections, lines: `log-format '%HP ${'y'.repeat(900)}'` });
  for (let at = 0; at < 100; at++) assert.equal((await ask(port, get(`/${at}`))).status, 200);
  await syslog.waitFor(/^\/99 /);
  assert.equal(syslog.messages.length, 100);
});

onSubjects('profiles and steps over the wire', async (rig) => {
  if (rig.old) return;
  await using origin = await startHttpOrigin(answer);
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `log-profile p\n  log-tag mine\n  on accept format "A %OG %lc"\n  on close format "%{+json}o %(path)HP %(status)ST"\n  on any drop
listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} profile p local0\n  log-steps all\n  server s 127.0.0.1:${origin.port}`;
  const proxy = await rig.start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/p'));
  const lines = await syslog.waitForCount(2);
  assert.deepEqual(
    lines.map((line) => line.replace(/^<134>.{15} /, '')),
    [`mine[${proxy.pid}]: A txn_accept 0\n`, `mine[${proxy.pid}]: {"path": "/p", "status": 200}\n`],
  );
});

onSubjects('a soft stop is logged', async (rig) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `frontend f\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  http-request return status 200`;
  const proxy = await rig.start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/'));
  proxy.program.kill('SIGUSR1');
  const line = await syslog.waitFor(/stopped/);
  assert.match(line, /^<132>.*: Proxy f stopped \(cumulated conns: FE: 1, BE: 0\)\.\n$/);
});

onSubjects('do-log writes lines on the way, by rule set and profile', async (rig) => {
  if (rig.old) return;
  await using origin = await startHttpOrigin(answer);
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `log-profile p\n  on http-req format "R %OG %HP"\n  on http-res drop\n  on any format "A %OG %ST"
listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} format raw local0\n  log-format "%OG %ST"
  tcp-request content do-log\n  http-request do-log profile p\n  http-response do-log profile p\n  http-response do-log
  http-after-response do-log profile p\n  server s 127.0.0.1:${origin.port}`;
  await rig.start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/p'));
  await syslog.waitFor(/txn_close/);
  assert.deepEqual(syslog.messages, [
    'tcp-req-cont -1\n',
    'R http-req /p\n',
    'http-res 200\n',
    'A http-after-res 200\n',
    'txn_close 200\n',
  ]);
});

onSubjects('debug shows samples of every type on stdout, stderr and a ring, and passes them on', async ({ start, old }) => {
  await using collector = await startCollector();
  const [port] = await ports(1);
  const rules = [
    'path,debug(p,stderr)',
    'src,debug(s,stdout)',
    'int(5),debug(,stderr),add(1),debug(six,stderr)',
    'req.hdr(x),debug(n,stderr)',
    'req.hdr(none),debug(none,stderr)',
    'method,debug(m,stderr)',
    'bool(true),debug(b,stderr)',
    'ipv6(::1),debug(six,r)',
  ].map((expression, at) => `  http-request set-var(txn.v${at}) ${expression}`);
  const rest = `ring r\n  format raw\n  maxlen 100\n  size 20000\n  timeout connect 1s\n  timeout server 1s\n  server a 127.0.0.1:${collector.port}
frontend f\n  bind 127.0.0.1:${port}\n${rules.join('\n')}\n  http-request return status 200 hdr x-sum %[var(txn.v2)]`;
  const { program } = await start(configure({ global: ONE_THREAD, rest }));
  assert.match((await ask(port, get('/p', 'X: a"b\tc'))).head, /x-sum: 6/);
  await until(
    () => collector.received.includes('>') && program.stdout.includes('ipv4') && program.stderr.includes('<1>'),
    'lines of debug',
  );
  const lines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('[debug]'));
  assert.deepEqual(lines(program.stdout), ['[debug] s: type=ipv4 <127.0.0.1>']);
  assert.deepEqual(lines(program.stderr), [
    '[debug] p: type=str </p>',
    '[debug] : type=sint <5>',
    '[debug] six: type=sint <6>',
    '[debug] n: type=str <a"b.c>',
    '[debug] m: type=meth <GET>',
    '[debug] b: type=bool <1>',
  ]);
  if (!old) assert.equal(collector.received, '[debug] six: type=ipv6 <::1>\n');
});

onSubjects('debug without a destination is not lost', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy shows buf0 by its runtime API');
  const [port] = await ports(1);
  const rest = `frontend f\n  bind 127.0.0.1:${port}\n  http-request return status 200 hdr x %[path,debug(here)]`;
  const { program } = await start(configure({ global: ONE_THREAD, rest }));
  await ask(port, get('/p'));
  await until(() => program.stderr.includes('[debug] here: type=str </p>\n'), 'the line');
});
