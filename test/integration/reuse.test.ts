/**
 * Connections to servers that outlive a request: how many each `http-reuse` mode opens, and
 * what happens when the server has closed one that waited (HAProxy configuration manual, http-reuse).
 */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { ask, askOn, configure, get, onSubjects, ports } from './rig.ts';

/** Three clients, one after the other, two requests each. One thread: idle connections belong to one. */
const MODES = [
  { mode: 'never', connections: 3 },
  { mode: 'safe', connections: 3 },
  { mode: 'aggressive', connections: 1 },
  { mode: 'always', connections: 1 },
];

for (const { mode, connections } of MODES) {
  onSubjects(`http-reuse ${mode} opens ${connections} connections for three clients`, async ({ start }) => {
    await using origin = await startHttpOrigin(() => ok('x'));
    const [port] = await ports(1);
    const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse ${mode}\n  server s1 127.0.0.1:${origin.port}`;
    await start(configure({ global: 'nbthread 1', rest }));
    for (let at = 0; at < 3; at++) {
      using client = await connect(port);
      for (const path of ['/first', '/second']) assert.equal((await askOn(client, get(path))).status, 200);
    }
    assert.equal(origin.connections.length, connections);
  });
}

onSubjects('safe: a second request may use what another client has proven', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse safe\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  using a = await connect(port);
  using b = await connect(port);
  for (const client of [a, b, a, b, a, b]) assert.equal((await askOn(client, get('/'))).status, 200);
  assert.equal(origin.connections.length, 2);
});

onSubjects('parallel requests each have a connection, and the next ones use them', async ({ start }) => {
  let waiting = 0;
  let release: (() => void) | undefined;
  const together = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using origin = await startHttpOrigin(async ({ head }) => {
    if (head.startsWith('GET /hold') && ++waiting === 4) release?.();
    if (head.startsWith('GET /hold')) await together;
    return ok('x');
  });
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse always\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  const held = await Promise.all([1, 2, 3, 4].map(() => ask(port, get('/hold'))));
  assert.deepEqual(
    held.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  assert.equal(origin.connections.length, 4);
  for (let at = 0; at < 4; at++) assert.equal((await ask(port, get('/next'))).status, 200);
  assert.equal(origin.connections.length, 4);
});

onSubjects('option http-server-close and httpclose', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [serverClose, close] = await ports(2);
  const rest = `listen a\n  bind 127.0.0.1:${serverClose}\n  option http-server-close\n  server s1 127.0.0.1:${origin.port}
listen b\n  bind 127.0.0.1:${close}\n  option httpclose\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  using client = await connect(serverClose);
  for (const path of ['/1', '/2']) await askOn(client, get(path));
  assert.deepEqual(
    origin.requests.map(({ connection }) => connection),
    [0, 1],
  );
  assert.match(origin.requests[0]?.head ?? '', /connection: close/);
  using closing = await connect(close);
  const { head } = await askOn(closing, get('/3'));
  assert.match(head, /connection: close/);
  assert.match(origin.requests[2]?.head ?? '', /connection: close/);
  await closing.readToEnd();
});

onSubjects('a connection that the server closed while it waited is not used again', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readHead();
    // Answers and closes, without having said so.
    await connection.write(ok('x'));
  });
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse always\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  for (let at = 0; at < 10; at++) {
    assert.equal((await ask(port, get(`/${at}`))).status, 200);
    await until(() => origin.connections.every(({ closed }) => closed), 'the closing of the server connection');
  }
});

onSubjects('a kept connection that breaks under a request is replaced', async ({ start }) => {
  // The second request on a connection meets a reset: as if the server had closed while it was on its way.
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readHead();
    await connection.write(ok('x'));
    await connection.readHead().catch(() => undefined);
    connection.reset();
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const defaults = `log 127.0.0.1:${syslog.port} local0\n  option httplog\n  retry-on conn-failure empty-response\n  retries 2`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse always\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', defaults, rest }));
  assert.equal((await ask(port, get('/1'))).status, 200);
  assert.equal((await ask(port, get('/2'))).status, 200);
  assert.equal(origin.connections.length, 2);
  assert.match(await syslog.waitFor(/GET \/2 /), / 200 /);
});

onSubjects('timeout http-keep-alive and pool-purge-delay close what idles', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse always\n  timeout http-keep-alive 200ms
  server s1 127.0.0.1:${origin.port} pool-purge-delay 200ms`;
  await start(configure({ global: 'nbthread 1', rest }));
  using client = await connect(port);
  const began = performance.now();
  assert.equal((await askOn(client, get('/'))).status, 200);
  assert.equal(await client.readToEnd(), '');
  assert.ok(performance.now() - began >= 190);
  await until(() => origin.connections[0]?.ended === true, 'the proxy to close the idle server connection', 5000);
});
