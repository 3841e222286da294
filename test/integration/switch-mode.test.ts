/** TCP frontends whose connections turn into HTTP: by `switch-mode`, or because an HTTP backend is chosen. */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { ask, askOn, configure, get, onSubjects, ports } from './rig.ts';

const FORMAT = 'log-format "%ft %b/%s %ts %rc v=%[var(txn.a)] m=%[method]"';

interface Wanted {
  readonly switching: string;
  readonly backend: 'h' | 't';
  readonly logAt: number;
  readonly port: number;
  readonly server: number;
}

function lines({ switching, backend, port, server, logAt }: Wanted): string {
  return configure({
    defaults: 'timeout http-request 700ms',
    rest: `frontend f
  mode tcp
  log 127.0.0.1:${logAt} local0
  ${FORMAT}
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 700ms
  tcp-request content set-var(txn.a) str(x)
  ${switching}
  http-request set-header x-by frontend
  use_backend refused if { path /refused }
  default_backend ${backend}
backend refused
  mode http
  http-request deny deny_status 429
backend h
  mode http
  server s 127.0.0.1:${server}
backend t
  mode tcp
  server s 127.0.0.1:${server}`,
  });
}

const SWITCHES = ['tcp-request content switch-mode http if HTTP', 'tcp-request content switch-mode http', ''] as const;

for (const switching of SWITCHES) {
  onSubjects(`TCP turns into HTTP: ${switching === '' ? 'by its backend' : switching}`, async ({ start }) => {
    await using origin = await startHttpOrigin(({ head }) => ok(`${/^\S+ (\S+)/.exec(head)?.[1]} ${/x-by: (\S+)/i.exec(head)?.[1]}`));
    await using syslog = await startSyslog();
    const [port] = await ports(1);
    await start(lines({ switching, backend: 'h', logAt: syslog.port, port, server: origin.port }));
    using client = await connect(port);
    const request = get('/a');
    await client.writePieces([request.slice(0, 7), request.slice(7)]);
    assert.equal((await client.readMessage()).body, '/a frontend');
    assert.equal((await askOn(client, get('/b'))).body, '/b frontend');
    assert.equal((await askOn(client, get('/refused'))).status, 429);
    // Two at once: what was received is more than one request.
    using second = await connect(port);
    await second.write(get('/c') + get('/d'));
    assert.equal((await second.readMessage()).body, '/c frontend');
    assert.equal((await second.readMessage()).body, '/d frontend');
    // A body that comes in pieces.
    using third = await connect(port);
    await third.writePieces(['POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01', '234', '56789']);
    assert.equal((await third.readMessage()).body, '/e frontend');
    await until(() => syslog.messages.length >= 6, 'the log');
    const logged = syslog.messages.map((row) => row.replace(/^.*? f /, 'f ').trim()).sort();
    assert.deepEqual(logged.slice(0, 5), new Array(4).fill('f h/s -- 0 v=x m=GET').concat(['f h/s -- 0 v=x m=POST']));
    assert.match(logged[5] as string, /^f refused\/<NOSRV> PR 0 v=x m=GET/);
  });

  onSubjects(`what does not turn out to be HTTP: ${switching === '' ? 'an HTTP backend' : switching}`, async ({ start }) => {
    await using origin = await startHttpOrigin(() => ok('there'));
    await using syslog = await startSyslog();
    const [port] = await ports(1);
    await start(lines({ switching: switching.replace(' if HTTP', ''), backend: 'h', logAt: syslog.port, port, server: origin.port }));
    assert.equal((await ask(port, 'xx\x01 yy\r\n\r\n')).status, 400);
    assert.equal((await ask(port, 'GET /x HTTP/1.1\r\nHost: ')).status, 408);
    using silent = await connect(port);
    await silent.write('GET /x HT');
    silent.end();
    assert.match(await silent.readToEnd(), /^HTTP\/1.1 400 /);
    await until(() => syslog.messages.length === 3, 'the log');
    for (const row of syslog.messages) assert.match(row, / f f\/<NOSRV> PR 0 /);
    assert.equal(origin.requests.length, 0);
  });
}

onSubjects('HTTP has no way to a TCP server', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('there'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(lines({ switching: SWITCHES[1], backend: 't', logAt: syslog.port, port, server: origin.port }));
  using client = await connect(port);
  await client.write(get('/x'));
  assert.equal(await client.readToEnd(), '');
  await until(() => syslog.messages.length === 1, 'the log');
  assert.match(syslog.messages[0] as string, / f t\/<NOSRV> IR 0 /);
  assert.equal(origin.requests.length, 0);
});
