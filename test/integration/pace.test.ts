/** How fast clients are let in, and how fast they are sent away at a soft stop. */
import assert from 'node:assert/strict';
import { type Connection, connect } from '../support/connection.ts';
import { ask, askOn, configure, get, onSubjects, ports } from './rig.ts';

const ANSWERING = 'http-request return status 200';
const CLIENTS = 10;

/** Lines of the pace, where they stand. */
const PACES: readonly { readonly name: string; readonly global: string; readonly frontend: string }[] = [
  { name: 'rate-limit sessions', global: '', frontend: 'rate-limit sessions 4' },
  { name: 'maxconnrate', global: 'maxconnrate 4', frontend: '' },
  { name: 'maxsessrate', global: 'maxsessrate 4', frontend: '' },
];

for (const { name, global, frontend } of PACES) {
  onSubjects(`${name}: who comes too fast waits, and is served`, async ({ start }) => {
    const [port, other] = await ports(2);
    await start(
      configure({
        global: `nbthread 2\n  ${global}`,
        rest: `frontend paced
  bind 127.0.0.1:${port}
  ${frontend}
  ${ANSWERING}
frontend other
  bind 127.0.0.1:${other}
  ${ANSWERING}`,
      }),
    );
    const began = Date.now();
    const answers = Promise.all(Array.from({ length: CLIENTS }, () => ask(port, get('/'))));
    if (global === '') {
      // Another frontend is not held up by those who wait.
      for (let turn = 0; turn < 6; turn++) assert.equal((await ask(other, get('/'))).status, 200);
      assert.ok(Date.now() - began < 900, `another frontend waited ${Date.now() - began} ms`);
    }
    assert.deepEqual(
      (await answers).map(({ status }) => status),
      new Array(CLIENTS).fill(200),
    );
    const lasted = Date.now() - began;
    // Ten at four a second, two of them perhaps let in by the other thread at the same moment.
    assert.ok(lasted >= 700, `ten were let in within ${lasted} ms`);
  });
}

onSubjects('maxsslrate does not slow connections without TLS', async ({ start }) => {
  const [port] = await ports(1);
  await start(configure({ global: 'nbthread 2\n  maxsslrate 1', rest: `frontend f\n  bind 127.0.0.1:${port}\n  ${ANSWERING}` }));
  const began = Date.now();
  for (let turn = 0; turn < 8; turn++) assert.equal((await ask(port, get('/'))).status, 200);
  assert.ok(Date.now() - began < 2000);
});

async function idleClients(port: number, count: number): Promise<Connection[]> {
  const clients: Connection[] = [];
  for (let at = 0; at < count; at++) {
    const client = await connect(port);
    await askOn(client, get('/'));
    clients.push(client);
  }
  return clients;
}

onSubjects('close-spread-time: idle connections are closed one after the other', async ({ start }) => {
  const [port] = await ports(1);
  const proxy = await start(
    configure({ global: 'nbthread 1\n  close-spread-time 2s', rest: `frontend f\n  bind 127.0.0.1:${port}\n  ${ANSWERING}` }),
  );
  const clients = await idleClients(port, 12);
  const began = Date.now();
  proxy.program.kill('SIGUSR1');
  const ends = await Promise.all(clients.map((client) => client.readToEnd().then(() => Date.now() - began)));
  const spread = Math.max(...ends) - Math.min(...ends);
  assert.ok(spread >= 500, `closed within ${spread} ms: ${ends.join(' ')}`);
  for (const client of clients) client[Symbol.dispose]();
});

onSubjects('close-spread-time infinite: a soft stop closes nothing', async ({ start }) => {
  const [port] = await ports(1);
  const proxy = await start(
    configure({
      global: 'nbthread 1\n  close-spread-time infinite',
      defaults: 'timeout http-keep-alive 1s',
      rest: `frontend f\n  bind 127.0.0.1:${port}\n  ${ANSWERING}`,
    }),
  );
  using client = await connect(port);
  await askOn(client, get('/'));
  proxy.program.kill('SIGUSR1');
  const began = Date.now();
  const { head } = await askOn(client, get('/'));
  assert.doesNotMatch(head, /connection: close/i);
  await client.readToEnd();
  const lasted = Date.now() - began;
  assert.ok(lasted >= 700, `it was closed after ${lasted} ms`);
});
