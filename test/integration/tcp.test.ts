/** TCP mode: bytes both ways, half-closed connections, resets, and that a slow reader stops a fast sender. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { connect } from '../support/connection.ts';
import { startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { configure, onSubjects, ports, serveSockets, text } from './rig.ts';

const MB = 1024 * 1024;

onSubjects('bytes pass both ways, each side may end first', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.write('hello from the server\n');
    const line = await connection.readUntil('\n');
    if (line === 'end yours\n') {
      connection.end();
      await until(() => connection.ended, 'the end of the client');
      return;
    }
    await until(() => connection.ended, 'the end of the client');
    await connection.write(`after the end: ${line}`);
  });
  const [port] = await ports(1);
  await start(configure({ rest: `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${origin.port}` }));
  {
    using client = await connect(port);
    assert.equal(await client.readUntil('\n'), 'hello from the server\n');
    await client.write('mine\n');
    client.end();
    assert.equal(await client.readToEnd(), 'after the end: mine\n');
  }
  {
    using client = await connect(port);
    await client.write('end yours\n');
    assert.equal(await client.readToEnd(), 'hello from the server\n');
    // Our own direction is still open.
    await client.write('still here');
    await until(() => origin.connections[1]?.received.endsWith('still here') === true, 'bytes after the server had ended');
  }
});

onSubjects('a reset passes on', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readUntil('go').catch(() => undefined);
    if (connection.received === 'go') connection.reset();
    else await connection.waitForClose();
  });
  const [port] = await ports(1);
  await start(configure({ rest: `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${origin.port}` }));
  using client = await connect(port);
  await client.write('go');
  await client.readToEnd();
  using second = await connect(port);
  await second.write('x');
  await until(() => origin.connections[1]?.received === 'x', 'the first byte');
  second.reset();
  await until(() => origin.connections[1]?.ended === true, 'the end at the server');
});

onSubjects('fifty connections, 1 MB of noise each way, nothing lost', async ({ start }) => {
  await using server = await serveSockets((socket) => void socket.pipe(socket));
  const [port] = await ports(1);
  await start(configure({ rest: `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${server.port}` }));
  const noise = Buffer.alloc(MB);
  for (let at = 0; at < noise.length; at++) noise[at] = (at * 7919 + (at >> 8) * 31) & 255;
  const expected = createHash('sha256').update(noise).digest('hex');
  const echo = (index: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectSocket(port, '127.0.0.1');
      const sum = createHash('sha256');
      let size = 0;
      socket.on('data', (bytes: Buffer) => {
        sum.update(bytes);
        size += bytes.length;
        if (size === noise.length) socket.end();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(sum.digest('hex')));
      // In pieces of different sizes.
      const step = 1000 + index * 977;
      for (let at = 0; at < noise.length; at += step) socket.write(noise.subarray(at, at + step));
    });
  const sums = await Promise.all(Array.from({ length: 50 }, (_, index) => echo(index)));
  assert.deepEqual(new Set(sums), new Set([expected]));
});

/** The memory of a process in bytes, without what it only shares. */
function residentBytes(pid: number): number {
  const rows = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(rows)?.[1]) * 1024;
}

onSubjects("a slow reader of 200 MB holds the sender, not the proxy's memory", async ({ start }) => {
  const total = 200 * MB;
  let sent = 0;
  let sender: Socket | undefined;
  await using server = await serveSockets((socket) => {
    sender = socket;
    const chunk = Buffer.alloc(MB, 'x');
    const push = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!socket.write(chunk)) {
          socket.once('drain', push);
          return;
        }
      }
      socket.end();
    };
    push();
  });
  const [port] = await ports(1);
  const proxy = await start(configure({ rest: `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${server.port}` }));
  const before = residentBytes(proxy.pid);
  const client = connectSocket(port, '127.0.0.1');
  client.on('error', () => undefined);
  client.pause();
  await until(() => sent > 0, 'the first bytes');
  // It stands still: the buffers of three kernels' sockets and the proxy are full.
  let last = -1;
  await until(() => {
    const still = sent === last && (sender?.writableNeedDrain ?? false);
    last = sent;
    return still;
  }, 'the sender to be held');
  assert.ok(sent < 60 * MB, `${sent / MB} MB were taken from the server`);
  const grown = residentBytes(proxy.pid) - before;
  assert.ok(grown < 30 * MB, `the proxy grew by ${grown / MB} MB`);
  let received = 0;
  client.on('data', (bytes: Buffer) => {
    received += bytes.length;
  });
  client.resume();
  await until(() => received === total, '200 MB', 20_000);
  assert.ok(residentBytes(proxy.pid) - before < 30 * MB);
  client.destroy();
});

onSubjects('the log tells how it ended', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    if ((await connection.readUntil('\n')) === 'reset\n') connection.reset();
    await until(() => connection.ended, 'the end of the client');
  });
  await using syslog = await startSyslog();
  const [port, dead, toDead] = await ports(3);
  const defaults = `mode tcp\n  log 127.0.0.1:${syslog.port} local0\n  option tcplog\n  retries 0`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${origin.port}
listen dead\n  bind 127.0.0.1:${toDead}\n  server s1 127.0.0.1:${dead}`;
  await start(configure({ defaults, rest }));
  using refused = await connect(toDead);
  assert.equal(await refused.readToEnd(), '');
  assert.match(text(await syslog.waitFor(/ dead dead\/s1 /)), / dead dead\/s1 \d+\/-1\/\d+ 0 SC \d\/\d\/\d\/\d\/\d+ 0\/0$/);
  using client = await connect(port);
  await client.write('reset\n');
  await client.readToEnd();
  client.end();
  assert.match(text(await syslog.waitFor(/ l l\/s1 /)), / l l\/s1 \d+\/\d+\/\d+ 0 SD /);
});

onSubjects('option independent-streams: what a client is sent does not keep it alive', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    for (let turn = 0; turn < 40 && !connection.ended; turn++) {
      await connection.write('.');
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await connection.write('all');
  });
  const [apart, together] = await ports(2);
  const lines = (port: number): string =>
    `mode tcp\n  timeout client 800ms\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest: `listen apart\n  option independent-streams\n  ${lines(apart)}\nlisten together\n  ${lines(together)}` }));
  using silent = await connect(apart);
  using other = await connect(together);
  assert.doesNotMatch(await silent.readToEnd(), /all/);
  assert.match(await other.readUntil('all'), /all/);
});
