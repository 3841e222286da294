/** Bandwidth limits: `filter bwlim-in` and `bwlim-out` with set-bandwidth-limit (HAProxy configuration manual, 9.7). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from '../support/connection.ts';
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
