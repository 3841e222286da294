/** Bandwidth limits: `filter bwlim-in` and `bwlim-out` with set-bandwidth-limit (HAProxy configuration manual, 9.7). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, exchange } from '../support/connection.ts';
import { startHttpOrigin } from '../support/origin.ts';
import { configure, get, onSubjects, ports, serveSockets } from './rig.ts';

const PERIOD_MS = 100;
/** Bytes a period: 200 kB/s. */
const LIMIT = 20_000;
const SIZE = 200_000;
const EXPECTED_MS = (SIZE / LIMIT) * PERIOD_MS;

/** Ticks of processor time that the process has used: 100 a second. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** On a busy machine it takes longer. */
function assertRate(ms: number, what: string): void {
  assert.ok(ms > EXPECTED_MS * 0.95 - PERIOD_MS / 5 && ms < EXPECTED_MS * 2.5, `${what}: ${ms} ms, expected ${EXPECTED_MS}`);
}

const FILTERS = `filter bwlim-in up default-limit ${LIMIT} default-period ${PERIOD_MS}
  filter bwlim-out down default-limit ${LIMIT} default-period ${PERIOD_MS}`;

onSubjects('downloads and uploads take as long as the limit says, without a busy loop', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no bandwidth limits');
  const body = 'x'.repeat(SIZE);
  await using origin = await startHttpOrigin(({ head }) => {
    const answer = head.startsWith('GET') ? body : 'ok';
    return `HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\nConnection: close\r\n\r\n${answer}`;
  });
  const [port] = await ports(1);
  const proxy = await start(
    configure({
      rest: `listen l
  bind 127.0.0.1:${port}
  ${FILTERS}
  http-request set-bandwidth-limit up if METH_POST
  http-response set-bandwidth-limit down limit int(${LIMIT}) unless { status 404 }
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const before = ticks(proxy.pid);
  let from = performance.now();
  using down = await connect(port);
  await down.write(get('/'));
  assert.equal((await down.readMessage()).body, body);
  assertRate(performance.now() - from, 'download');
  from = performance.now();
  using up = await connect(port);
  await up.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n${body}`);
  assert.equal((await up.readMessage()).body, 'ok');
  assertRate(performance.now() - from, 'upload');
  assert.equal(origin.requests.at(-1)?.body, body);
  assert.ok(ticks(proxy.pid) - before < 120, 'less than 1.2 s of processor time for 2 s of waiting, on two threads');
});

onSubjects('a tunnel is limited in both directions, a client that leaves frees all', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no bandwidth limits');
  await using echo = await serveSockets((socket) => socket.pipe(socket));
  const [port] = await ports(1);
  await start(
    configure({
      defaults: 'mode tcp',
      rest: `listen l
  bind 127.0.0.1:${port}
  ${FILTERS}
  tcp-request inspect-delay 1s
  tcp-request content set-bandwidth-limit up
  tcp-request content set-bandwidth-limit down
  tcp-request content accept if { req.len gt 10 }
  server s1 127.0.0.1:${echo.port}`,
    }),
  );
  const said = Array.from({ length: SIZE / 10 }, (_, at) => `${at}`.padStart(9, '0')).join(' ');
  const from = performance.now();
  using client = await connect(port);
  await client.write(said);
  client.end();
  assert.equal(await client.readToEnd(), said);
  const ms = performance.now() - from;
  assert.ok(ms > EXPECTED_MS * 0.9 && ms < EXPECTED_MS * 2.5, `${ms} ms, expected ${EXPECTED_MS}`);
  using leaves = await connect(port);
  await leaves.write(said);
  await leaves.read(100);
  leaves.reset();
});

/** How long a download takes, in milliseconds; its body must be whole. */
async function download(port: number, path: string, body: string): Promise<number> {
  const from = performance.now();
  using client = await connect(port);
  await client.write(get(path));
  assert.equal((await client.readMessage()).body, body);
  return performance.now() - from;
}

/** Half of SIZE each: two that share the limit take as long as one of all. */
const HALF = SIZE / 2;

onSubjects(
  'streams with one key share a limit in equal parts, over all threads; another key has its own',
  async ({ start, old, context }) => {
    if (old) return context.skip('HAProxy 2.6 has no bandwidth limits');
    const body = 'x'.repeat(HALF);
    await using origin = await startHttpOrigin(() => `HTTP/1.1 200 OK\r\nContent-Length: ${HALF}\r\nConnection: close\r\n\r\n${body}`);
    const [port] = await ports(1);
    await start(
      configure({
        rest: `listen l
  bind 127.0.0.1:${port}
  stick-table type string size 100 expire 1m store bytes_out_rate(${PERIOD_MS})
  filter bwlim-out shared limit ${LIMIT} key path min-size 100
  http-request set-bandwidth-limit shared unless { path /free /trackers }
  http-request return status 200 hdr x-users %[str(/a),table_trackers(l)] if { path /trackers }
  server s1 127.0.0.1:${origin.port}`,
      }),
    );
    assert.ok((await download(port, '/free', body)) < EXPECTED_MS / 2);
    const from = performance.now();
    const [first, second] = (await Promise.all([download(port, '/a', body), download(port, '/a', body)])) as [number, number];
    assertRate(performance.now() - from, 'both');
    assert.ok(Math.min(first, second) > EXPECTED_MS * 0.6, `both were slow: ${first} ms and ${second} ms`);
    // Nobody refers to the entry any more; the converter counts its own look.
    assert.match(await exchange(port, get('/trackers', 'Connection: close')), /x-users: 1\r\n/);
    const [alone, other] = (await Promise.all([download(port, '/b', body), download(port, '/c', body)])) as [number, number];
    for (const ms of [alone, other]) assert.ok(ms > EXPECTED_MS * 0.4 && ms < EXPECTED_MS * 2, `with a key of its own: ${ms} ms`);
  },
);

onSubjects('uploads in a shared limit; one of the stream itself holds at the same time', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no bandwidth limits');
  await using origin = await startHttpOrigin(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
  const [port] = await ports(1);
  await start(
    configure({
      rest: `backend counts\n  stick-table type ip size 100 expire 1m store bytes_in_rate(${PERIOD_MS})
listen l
  bind 127.0.0.1:${port}
  filter bwlim-in shared limit ${LIMIT * 4} key src table counts
  filter bwlim-in own default-limit ${LIMIT} default-period ${PERIOD_MS}
  http-request set-bandwidth-limit shared
  http-request set-bandwidth-limit own if { path /own }
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const upload = async (path: string): Promise<number> => {
    const from = performance.now();
    using client = await connect(port);
    await client.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n${'x'.repeat(SIZE)}`);
    assert.equal((await client.readMessage()).body, 'ok');
    return performance.now() - from;
  };
  const shared = await upload('/');
  const own = await upload('/own');
  assertRate(own, 'by its own');
  assert.ok(shared > EXPECTED_MS * 0.15 && shared < own, `by the shared limit: ${shared} ms, by its own: ${own} ms`);
});
