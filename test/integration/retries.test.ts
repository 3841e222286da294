/** `retry-on`: requests that are sent again after a server had them (HAProxy configuration manual, 4.2). */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { ask, configure, get, httpLine, onSubjects, ports } from './rig.ts';

/** Fails in the way that the path names, always, or once for `/NAME-once`; `tries` counts by path. */
async function failingOrigin(tries: Map<string, number>) {
  return await startRawOrigin(async (connection) => {
    const head = await connection.readHead();
    const path = head.split(' ')[1] as string;
    const count = (tries.get(path) ?? 0) + 1;
    tries.set(path, count);
    const [kind, once] = path.slice(1).split('-');
    if (once === 'once' && count > 1) await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    else if (kind === 'junk') await connection.write('what is this\r\n\r\n');
    else if (kind === 'partial') await connection.write('HTTP/1.1 20');
    else if (kind === 'slow') return await connection.waitForClose().catch(() => undefined);
    else if (kind !== 'empty') await connection.write(`HTTP/1.1 ${kind} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    connection.end();
  });
}

onSubjects('retry-on: each event, until it works or the retries are used up', async ({ start, old }) => {
  const tries = new Map<string, number>();
  await using origin = await failingOrigin(tries);
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const defaults = `log 127.0.0.1:${syslog.port} local0\n  option httplog\n  timeout server 500ms\n  retries 2`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  retry-on all-retryable-errors 404${old ? '' : ' 429'}\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ defaults, rest }));
  for (const kind of ['500', '502', '503', '504', '404', ...(old ? [] : ['429']), 'empty', 'junk', 'partial', 'slow']) {
    const { status, body } = await ask(port, get(`/${kind}-once`));
    assert.deepEqual([status, body, tries.get(`/${kind}-once`)], [200, 'ok', 2], kind);
    const line = httpLine(await syslog.waitFor(new RegExp(`/${kind}-once `)));
    assert.deepEqual([line.status, line.termination, line.retries], [200, '----', '1'], kind);
  }
  const ends: Readonly<Record<string, readonly [number, string]>> = {
    503: [503, '----'],
    empty: [502, 'SH--'],
    junk: [502, 'PH--'],
    slow: [504, 'sH--'],
  };
  for (const [kind, [status, termination]] of Object.entries(ends)) {
    assert.equal((await ask(port, get(`/${kind}`))).status, status, kind);
    // HAProxy 2.6 gives up one try earlier when the last one is a status.
    if (!old) assert.equal(tries.get(`/${kind}`), 3, kind);
    const line = httpLine(await syslog.waitFor(new RegExp(`/${kind} `)));
    assert.deepEqual([line.status, line.termination, line.retries], [status, termination, '2'], kind);
  }
  assert.equal((await ask(port, get('/501'))).status, 501);
  assert.equal(tries.get('/501'), 1, 'not among the events');
});

onSubjects('retry-on: only a request that is whole is sent again, and only where it may be', async ({ start }) => {
  const tries = new Map<string, number>();
  await using origin = await failingOrigin(tries);
  const [port, waits] = await ports(2);
  const rest = `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  retry-on 503
listen l\n  bind 127.0.0.1:${port}\n  http-request disable-l7-retry if { path_beg /503-once-no }\n  server s1 127.0.0.1:${origin.port}
listen waits\n  bind 127.0.0.1:${waits}\n  option http-buffer-request\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  assert.equal((await ask(port, get('/503-once-no'))).status, 503);
  assert.equal((await ask(port, 'POST /503-once-a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody')).status, 200);
  for (const [at, path, status] of [
    [port, '/503-once-b', 503],
    [waits, '/503-once-c', 200],
  ] as const) {
    using client = await connect(at);
    await client.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nbody`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.write('more').catch(() => undefined);
    assert.match((await client.readMessage()).head, new RegExp(`^HTTP/1.1 ${status}`), path);
  }
});

onSubjects('retry-on none: not even connections are tried again; set-retries', async ({ start, old }) => {
  await using syslog = await startSyslog();
  const [port, set, dead] = await ports(3);
  const defaults = `log 127.0.0.1:${syslog.port} local0\n  option httplog\n  timeout connect 100ms`;
  const rest = `listen none\n  bind 127.0.0.1:${port}\n  retry-on none\n  server s1 127.0.0.1:${dead}
listen set\n  bind 127.0.0.1:${set}\n  retries 0\n  ${old ? 'retries 2' : 'http-request set-retries int(2)'}\n  server s1 127.0.0.1:${dead}`;
  await start(configure({ defaults, rest }));
  for (const [at, retries] of [
    [port, '0'],
    [set, '2'],
  ] as const) {
    assert.equal((await ask(at, get(`/${retries}`))).status, 503);
    const line = httpLine(await syslog.waitFor(new RegExp(`GET /${retries} `)));
    assert.deepEqual([line.termination, line.retries], ['SC--', retries]);
  }
});

/** `server retries` of four requests, with two dead servers among four: what each algorithm and each form of option redispatch gives. */
const CHOICES: readonly (readonly [balance: string, option: string, lines: string])[] = [
  ['roundrobin', 'no option redispatch', 'd1 3, a 0, d2 3, b 0'],
  ['roundrobin', 'option redispatch', 'a +1, b +1, a +1, b +1'],
  ['static-rr', 'option redispatch', 'a +1, b +1, a +1, b +1'],
  ['leastconn', 'option redispatch 2', 'a +1, b +1, a +1, b +1'],
  ['first', 'no option redispatch', 'd1 3, d1 3, d1 3, d1 3'],
  ['first', 'option redispatch 0', 'a +1, a +1, a +1, a +1'],
  ['first', 'option redispatch', 'a +1, a +1, a +1, a +1'],
  ['uri', 'no option redispatch', 'b 0, d1 3, a 0, d2 3'],
  ['uri', 'option redispatch 1', 'b 0, d1 3, a 0, d2 3'],
  ['uri\n  hash-type consistent', 'no option redispatch', 'd1 3, b 0, b 0, d1 3'],
  ['uri\n  hash-type consistent', 'option redispatch', 'd2 +3, b 0, b 0, a +3'],
  ['uri\n  hash-type consistent', 'option redispatch 1', 'd2 +3, b 0, b 0, a +1'],
  ['uri\n  hash-type consistent', 'option redispatch 2', 'd2 +3, b 0, b 0, a +2'],
];

onSubjects('which server a retry goes to: turns leave a dead one at once, hashes when option redispatch says so', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readHead();
    await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  await using syslog = await startSyslog();
  const [dead, ...fronts] = await ports(CHOICES.length + 1);
  const defaults = `log 127.0.0.1:${syslog.port} local0\n  log-format "%f %s %rc"\n  timeout connect 20ms\n  retries 3`;
  const sections = CHOICES.map(
    ([balance, option], at) => `listen l${at}\n  bind 127.0.0.1:${fronts[at]}\n  balance ${balance}\n  ${option}
  server d1 127.0.0.1:${dead}\n  server a 127.0.0.1:${origin.port}\n  server d2 127.0.0.1:${dead}\n  server b 127.0.0.1:${origin.port}`,
  );
  await start(configure({ global: 'nbthread 1', defaults, rest: sections.join('\n') }));
  for (const [at, [balance, option, expected]] of CHOICES.entries()) {
    for (let request = 0; request < 4; request++) await ask(fronts[at] as number, get(`/p${request}?k=v${request}`, 'Connection: close'));
    const mine = (): string[] =>
      syslog.messages
        .map((line) => /: l(\d+) (.*)\n?$/.exec(line) ?? [])
        .filter(([, id]) => id === String(at))
        .map(([, , told]) => told as string);
    await until(() => mine().length === 4, `four lines of ${balance}`);
    assert.equal(mine().join(', '), expected, `${balance}, ${option}`);
  }
});
