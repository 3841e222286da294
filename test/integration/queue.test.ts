/**
 * Where a request goes when a server is full, dead or dies: the queue of `maxconn`, retries,
 * redispatch, backup servers (HAProxy configuration manual: maxconn, retries, option redispatch).
 */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { ask, askOn, configure, eventually, field, get, httpLine, onSubjects, ports } from './rig.ts';

onSubjects('maxconn 1: one at a time, the rest waits in order', async ({ start }) => {
  const order: string[] = [];
  let inside = 0;
  let most = 0;
  const gate = new Map<string, () => void>();
  await using origin = await startHttpOrigin(async ({ head }) => {
    const path = head.split(' ')[1] as string;
    order.push(path);
    most = Math.max(most, ++inside);
    await new Promise<void>((resolve) => void gate.set(path, resolve));
    inside--;
    return ok(path);
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const defaults = `log 127.0.0.1:${syslog.port} local0\n  option httplog\n  timeout queue 10s`;
  await start(
    configure({
      global: 'nbthread 1',
      defaults,
      rest: `listen l\n  bind 127.0.0.1:${port}\n  http-request deny if { path /deny }\n  server s1 127.0.0.1:${origin.port} maxconn 1`,
    }),
  );
  const paths = ['/1', '/2', '/3', '/4', '/5'];
  // Accepted in the order of their connecting, and so queued.
  await using stack = new AsyncDisposableStack();
  const answers: Promise<unknown>[] = [];
  for (const path of paths) {
    const client = stack.use(await connect(port));
    await client.write(get(path, 'Connection: close'));
    answers.push(client.readMessage());
    if (path === '/1') await until(() => gate.has('/1'), 'the first at the server');
  }
  // The first is answered when the last has been queued: it was sent before this one is refused by its rule.
  assert.equal((await ask(port, get('/deny', 'Connection: close'))).status, 403);
  for (const path of paths) {
    await until(() => gate.has(path), `${path} at the server`);
    gate.get(path)?.();
  }
  await Promise.all(answers);
  assert.deepEqual(order, paths);
  assert.equal(most, 1);
  const lines = (await syslog.waitForCount(6)).map(httpLine);
  const byPath = (path: string): (typeof lines)[number] | undefined => lines.find(({ request }) => request.includes(path));
  assert.deepEqual(byPath('/1')?.queues, [0, 0]);
  // In the backend's queue, which is what a request without a cookie waits in.
  assert.deepEqual(byPath('/2')?.queues, [0, 1]);
  assert.deepEqual(byPath('/5')?.queues, [0, 4]);
});

onSubjects('the queue empties over two threads and many clients', async ({ start }) => {
  let inside = 0;
  let most = 0;
  await using origin = await startHttpOrigin(async () => {
    most = Math.max(most, ++inside);
    await new Promise(setImmediate);
    inside--;
    return ok('x');
  });
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  timeout queue 20s\n  server s1 127.0.0.1:${origin.port} maxconn 3`;
  await start(configure({ rest }));
  const clients = Array.from({ length: 40 }, async () => {
    using client = await connect(port);
    for (let times = 0; times < 10; times++) assert.equal((await askOn(client, get('/'))).status, 200);
  });
  await Promise.all(clients);
  assert.equal(origin.requests.length, 400);
  assert.ok(most <= 3, `${most} at once`);
});

onSubjects('a client that leaves the queue frees its place', async ({ start }) => {
  const gate: (() => void)[] = [];
  await using origin = await startHttpOrigin(async () => {
    await new Promise<void>((resolve) => gate.push(resolve));
    return ok('x');
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  option abortonclose
  timeout queue 20s\n  server s1 127.0.0.1:${origin.port} maxconn 1`;
  await start(configure({ rest }));
  const first = ask(port, get('/1'));
  await until(() => gate.length === 1, 'the first at the server');
  {
    using leaving = await connect(port);
    await leaving.write(get('/leaving'));
    await leaving.readQuiet(50);
  }
  const line = httpLine(await syslog.waitFor(/\/leaving/));
  assert.deepEqual([line.termination, line.server], ['CQ--', '<NOSRV>']);
  const second = ask(port, get('/2'));
  gate[0]?.();
  await until(() => gate.length === 2, 'the next at the server');
  gate[1]?.();
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  assert.equal(origin.requests.length, 2);
});

onSubjects('a refused connection goes to another server at once', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('alive'));
  await using syslog = await startSyslog();
  const [port, dead] = await ports(2);
  const defaults = `log 127.0.0.1:${syslog.port} local0\n  option httplog\n  option redispatch 1\n  balance roundrobin`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  server dead 127.0.0.1:${dead}\n  server alive 127.0.0.1:${origin.port}`;
  await start(configure({ defaults, rest }));
  const began = performance.now();
  for (let at = 0; at < 20; at++) assert.equal((await ask(port, get(`/${at}`, 'Connection: close'))).body, 'alive');
  assert.ok(performance.now() - began < 1000, 'without a pause');
  const lines = (await syslog.waitForCount(20)).map(httpLine);
  assert.ok(lines.every(({ server, status }) => server === 'alive' && status === 200));
  assert.ok(
    lines.some(({ retries }) => retries === '+1'),
    JSON.stringify(lines.map(({ retries }) => retries)),
  );
  assert.ok(lines.every(({ retries }) => retries === '+1' || retries === '0'));
});

onSubjects('retries on a single dead server wait a second each, then 503 SC', async ({ start }) => {
  await using syslog = await startSyslog();
  const [port, dead] = await ports(2);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  retries 2\n  timeout connect 150ms
  server s1 127.0.0.1:${dead}`;
  await start(configure({ rest }));
  const began = performance.now();
  assert.equal((await ask(port, get('/'))).status, 503);
  // The pause is min(timeout connect, 1 s).
  assert.ok(performance.now() - began >= 290, 'two pauses');
  const line = httpLine(await syslog.waitFor(/ l l\//));
  assert.deepEqual([line.termination, line.status, line.retries, line.server], ['SC--', 503, '2', 's1']);
});

onSubjects('a server is gone: no request fails', async ({ start }) => {
  await using second = await startHttpOrigin(() => ok('b'));
  await using first = await startHttpOrigin(() => ok('a'));
  const [port] = await ports(1);
  const defaults = 'balance roundrobin\n  option redispatch 1\n  retries 3\n  http-reuse never';
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  server a 127.0.0.1:${first.port}\n  server b 127.0.0.1:${second.port}`;
  await start(configure({ defaults, rest }));
  const round = async (): Promise<string[]> => {
    const seen: string[] = [];
    const clients = Array.from({ length: 10 }, async () => {
      for (let times = 0; times < 15; times++) {
        const { status, body } = await ask(port, get('/', 'Connection: close'));
        assert.equal(status, 200);
        seen.push(body);
      }
    });
    await Promise.all(clients);
    return seen;
  };
  assert.deepEqual(new Set(await round()), new Set(['a', 'b']));
  // Between two requests: what is under way on a server that dies is lost, with HAProxy too.
  await second.close();
  assert.deepEqual(new Set(await round()), new Set(['a']));
});

onSubjects('option redispatch leaves the server of a cookie only at the last retry', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('alive'));
  await using syslog = await startSyslog();
  const [port, dead] = await ports(2);
  const defaults = `log 127.0.0.1:${syslog.port} local0\n  option httplog\n  option redispatch\n  retries 2\n  timeout connect 100ms`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  cookie S insert indirect\n  server dead 127.0.0.1:${dead} cookie d
  server alive 127.0.0.1:${origin.port} cookie a`;
  await start(configure({ defaults, rest }));
  const { status, head } = await ask(port, get('/', 'Cookie: S=d'));
  assert.equal(status, 200);
  assert.equal(field(head, 'set-cookie'), 'S=a; path=/');
  const line = httpLine(await syslog.waitFor(/ l l\//));
  assert.deepEqual([line.server, line.retries, line.termination], ['alive', '+2', '--DI']);
});

onSubjects('retry-on: a new try after an empty answer, a status, junk', async ({ start }) => {
  const bad: Readonly<Record<string, string | null>> = {
    '/empty': null,
    '/503': 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n',
    '/junk': 'what is this\r\n\r\n',
  };
  const tries = new Map<string, number>();
  await using origin = await startHttpOrigin(({ head }) => {
    const path = head.split(' ')[1] as string;
    const count = (tries.get(path) ?? 0) + 1;
    tries.set(path, count);
    return count === 1 && path in bad ? (bad[path] as string | null) : ok(`try ${count}`);
  });
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  retry-on empty-response 503 junk-response conn-failure\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  for (const path of Object.keys(bad)) assert.equal((await ask(port, get(path))).body, 'try 2', path);
  const posted = await ask(port, 'POST /empty-post HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody');
  assert.equal(posted.body, 'try 1');
  assert.equal(origin.requests.at(-1)?.body, 'body');
});

onSubjects('backup servers work only when no other does', async ({ start }) => {
  await using main = await startHttpOrigin(() => ok('main'));
  await using spare = await startHttpOrigin(() => ok('spare'));
  await using other = await startHttpOrigin(() => ok('other'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  balance roundrobin\n  retries 0\n  default-server check inter 50ms fall 1 rise 1
  server main 127.0.0.1:${main.port}\n  server spare 127.0.0.1:${spare.port} backup\n  server other 127.0.0.1:${other.port} backup`;
  await start(configure({ rest }));
  for (let times = 0; times < 4; times++) assert.equal((await ask(port, get('/', 'Connection: close'))).body, 'main');
  await main.close();
  await eventually(async () => (await ask(port, get('/', 'Connection: close'))).body === 'spare', 'the first backup');
  for (let times = 0; times < 4; times++) assert.equal((await ask(port, get('/', 'Connection: close'))).body, 'spare');
});

onSubjects('a server that dies in the middle of its answer: cut off, SD', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readHead();
    await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    connection.reset();
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  using client = await connect(port);
  await client.write(get('/', 'Connection: close'));
  await client.readToEnd();
  assert.doesNotMatch(client.received, /HTTP[\s\S]*HTTP/, 'no second head');
  const line = httpLine(await syslog.waitFor(/ l l\//));
  assert.match(line.termination, /^S[DH]--$/);
});
