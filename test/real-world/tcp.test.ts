/** Mail, databases, queues and directories of examples/real-world: TCP. */
import assert from 'node:assert/strict';
import { ask, field } from '../integration/rig.ts';
import { Connection, connect } from '../support/connection.ts';
import { until } from '../support/wait.ts';
import { askTls, example, get, isClosed, openTls, request, type Stage } from './stage.ts';

/** The name of the server that a connection gets to; what it is sent comes back. */
async function reach(stage: Stage, port: number): Promise<string> {
  using client = await connect(stage.port(port));
  const name = (await client.readUntil('\r\n')).trim();
  await client.write('NOOP\r\n');
  assert.equal(await client.readUntil('\r\n'), 'NOOP\r\n');
  return name;
}

example(
  'mail.cfg',
  async (stage) => {
    assert.match(await reach(stage, 25), /^mx\/mx[12]$/);
    assert.match(await reach(stage, 587), /^submission-servers\/out[12]$/);
    const mailbox = await reach(stage, 143);
    assert.match(mailbox, /^imap-servers\/imap[12]$/);
    assert.equal(await reach(stage, 143), mailbox);
    assert.match(await reach(stage, 110), /^pop3-servers\/imap[12]$/);
    await stage.log.waitFor(/imap imap-servers\/imap\d /);
    // Twenty conversations at once, and no more.
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(stage.port(25))));
    for (const client of clients) await client.readUntil('\r\n');
    assert.ok(await isClosed(stage.port(25)));
    for (const client of clients) client[Symbol.dispose]();
  },
  { epoll: true },
);

example(
  'galera.cfg',
  async (stage) => {
    assert.equal(await reach(stage, 3306), 'mysql-write/db1');
    assert.match(await reach(stage, 3307), /^mysql-read\/db[123]$/);
    assert.equal(await reach(stage, 3308), 'mysql-reports/db3');
    await stage.server('mysql-write/db1:check').close();
    await stage.log.waitFor(/Server mysql-write\/db1 is DOWN/);
    assert.equal(await reach(stage, 3306), 'mysql-write/db2');
  },
  { replace: { 'inter 2s': 'inter 100ms' } },
);

example(
  'postgresql.cfg',
  async (stage) => {
    assert.equal(await reach(stage, 5000), 'pg-primary/pg1');
    assert.match(await reach(stage, 5001), /^pg-replicas\/pg[23]$/);
    const checked = stage.server('pg-replicas/pg2:check');
    await until(() => checked.requests.length > 0, 'a check');
    assert.match(checked.requests[0]?.head ?? '', /^OPTIONS \/replica HTTP\/1\.0\r\n/);
    for (const name of ['pg2', 'pg3']) await stage.server(`pg-replicas/${name}:check`).close();
    const { program } = stage.proxy;
    await program.until(() => /backend pg-replicas has no server available/i.test(program.stdout), 'the end of the replicas');
    assert.equal(await reach(stage, 5001), 'pg-primary/pg1');
  },
  { replace: { 'inter 3s fastinter 1s': 'inter 100ms' } },
);

example('redis.cfg', async (stage) => {
  assert.equal(await reach(stage, 6379), 'redis-sessions/redis1');
  assert.match(await reach(stage, 6380), /^redis-cache\/cache[123]$/);
  await stage.log.waitFor(/sessions redis-sessions\/redis1 /);
});

/** A CONNECT of MQTT 3.1.1 with the client identifier `dev-1`. */
const MQTT_CONNECT = '\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05dev-1';

example(
  'rabbitmq-mqtt.cfg',
  async (stage) => {
    assert.match(await reach(stage, 5672), /^amqp\/rabbit[123]$/);
    const brokers = new Set<string>();
    for (let times = 0; times < 3; times++) {
      using device = await connect(stage.port(1883));
      await device.write(MQTT_CONNECT);
      brokers.add(await device.readUntil('\r\n'));
      assert.equal(await device.read(MQTT_CONNECT.length), MQTT_CONNECT);
    }
    assert.equal(brokers.size, 1, 'a device returns');
    assert.ok(await isClosed(stage.port(1883), 'GET / HTTP/1.1\r\n\r\n'));
    const page = await get(stage.port(15672), 'rabbit.test', '/');
    assert.match(field(page.head, 'set-cookie') ?? '', /^node=r[12]; path=\/$/);
  },
  { epoll: true },
);

example('ldap.cfg', async (stage) => {
  assert.match(await reach(stage, 389), /^directory\/replica[12]$/);
  assert.match(await reach(stage, 1389), /^masters\/master1$/);
  using client = new Connection(await openTls(stage.port(636)));
  assert.match(await client.readUntil('\r\n'), /^directory\/replica[12]\r\n$/);
});

example(
  'one-port.cfg',
  async (stage) => {
    const port = stage.port(443);
    assert.equal((await askTls(port, request('GET', 'localhost', '/'))).body, 'web/web1');
    assert.equal(field(stage.seen('web/web1'), 'x-forwarded-proto'), 'https');
    const plain = await ask(port, request('GET', 'a.test', '/x'));
    assert.deepEqual([plain.status, field(plain.head, 'location')], [302, 'https://a.test/x']);
    using talker = await connect(port);
    await talker.write('SSH-2.0-OpenSSH_9.2\r\n');
    assert.equal(await talker.readUntil('\r\n'), 'ssh/bastion\r\n');
    using waiter = await connect(port);
    assert.equal(await waiter.readUntil('\r\n'), 'ssh/bastion\r\n');
  },
  { epoll: true, replace: { 'inspect-delay 2s': 'inspect-delay 300ms' } },
);
