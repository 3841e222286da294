/** Sessions that are cut because of their server's state (HAProxy configuration manual, 5.2 on-marked-down, on-marked-up). */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { configure, onSubjects, ports } from './rig.ts';

const QUICK = 'default-server inter 50ms fastinter 30ms downinter 30ms rise 1 fall 1';

onSubjects('a server that goes down takes its sessions along, and one that comes back those of backups', async ({ start }) => {
  let status = 200;
  await using health = await startHttpOrigin(() => `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  await using main = await startRawOrigin(async (connection) => {
    await connection.write('main\r\n');
    await until(() => connection.ended, 'the end', 20_000);
  });
  await using spare = await startRawOrigin(async (connection) => {
    await connection.write('spare\r\n');
    await until(() => connection.ended, 'the end', 20_000);
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  log-format "state %ts %s"\n  option httpchk\n  ${QUICK}
  server main 127.0.0.1:${main.port} check port ${health.port} on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions
  server spare 127.0.0.1:${spare.port} backup`;
  await start(configure({ rest }));
  using first = await connect(port);
  assert.equal(await first.readUntil('\r\n'), 'main\r\n');
  status = 500;
  await first.readToEnd();
  await syslog.waitFor(/state D[D-] main/);
  using second = await connect(port);
  assert.equal(await second.readUntil('\r\n'), 'spare\r\n');
  status = 200;
  await second.readToEnd();
  await syslog.waitFor(/state U[D-] spare/);
  using third = await connect(port);
  assert.equal(await third.readUntil('\r\n'), 'main\r\n');
});

onSubjects('a request whose server goes down before it answers', async ({ start }) => {
  let status = 200;
  await using health = await startHttpOrigin(() => `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  await using slow = await startRawOrigin(async (connection) => void (await until(() => connection.ended, 'the end', 20_000)));
  await using other = await startHttpOrigin(() => ok('other'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  log-format "state %ts %s %ST"\n  option httpchk\n  ${QUICK}
  server slow 127.0.0.1:${slow.port} check port ${health.port} on-marked-down shutdown-sessions
  server other 127.0.0.1:${other.port} backup`;
  await start(configure({ rest }));
  using client = await connect(port);
  await client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => slow.connections.length > 0, 'the request');
  status = 500;
  assert.match(await syslog.waitFor(/state .. slow/), /state DH slow 502/);
});
