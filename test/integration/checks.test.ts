/**
 * Health checks: a server is taken out and comes back, with HAProxy's log lines; what is sent and
 * what counts as an answer (HAProxy configuration manual 4.2 option httpchk, 5.2 check).
 */
import assert from 'node:assert/strict';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { ask, configure, eventually, get, onSubjects, ports, text } from './rig.ts';

const QUICK = 'default-server check inter 60ms fastinter 30ms downinter 40ms rise 2 fall 2';

onSubjects('a server stops, is taken out, comes back', async ({ start }) => {
  await using a = await startHttpOrigin(() => ok('a'));
  await using b = await startHttpOrigin(() => ok('b'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  balance roundrobin\n  option redispatch 1\n  ${QUICK}
  server a 127.0.0.1:${a.port}\n  server b 127.0.0.1:${b.port}`;
  await start(configure({ rest }));
  const bodies = async (): Promise<Set<string>> => {
    const seen = new Set<string>();
    for (let times = 0; times < 6; times++) seen.add((await ask(port, get('/', 'Connection: close'))).body);
    return seen;
  };
  assert.deepEqual(await bodies(), new Set(['a', 'b']));
  await b.close();
  const down = await syslog.waitFor(/Server l\/b is DOWN/);
  assert.match(
    text(down),
    /^Server l\/b is DOWN, reason: Layer4 connection problem, info: "Connection (?:refused|reset by peer)(?: at initial connection step of tcp-check)?", check duration: \d+ms\. 1 active and 0 backup servers left\. 0 sessions active, 0 requeued, 0 remaining in queue\.$/,
  );
  // local0 and alert.
  assert.match(down, /^<129>/);
  assert.deepEqual(await bodies(), new Set(['a']));
  await using again = await startHttpOrigin(() => ok('b'), b.port);
  const up = await syslog.waitFor(/Server l\/b is UP/);
  assert.match(
    text(up),
    /^Server l\/b is UP, reason: Layer4 check passed, check duration: \d+ms\. 2 active and 0 backup servers online\. 0 sessions requeued, 0 total in queue\.$/,
  );
  assert.match(up, /^<133>/);
  await eventually(async () => (await bodies()).size === 2, 'both servers to serve again');
  assert.ok(again.requests.length > 0);
});

onSubjects('the last server goes: an emergency, then 503', async ({ start }) => {
  await using only = await startHttpOrigin(() => ok('a'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  ${QUICK}\n  server a 127.0.0.1:${only.port}`;
  await start(configure({ rest }));
  assert.equal((await ask(port, get('/', 'Connection: close'))).status, 200);
  await only.close();
  const message = await syslog.waitFor(/has no server available/);
  assert.match(message, /^<128>/);
  assert.match(text(message), /^(?:backend|proxy) l has no server available!$/);
  const began = performance.now();
  assert.equal((await ask(port, get('/', 'Connection: close'))).status, 503);
  assert.ok(performance.now() - began < 500, 'at once, without retries');
});

onSubjects('option httpchk: what is sent, which status passes, 404 as a stop', async ({ start }) => {
  let status = 200;
  await using a = await startHttpOrigin(({ head }) =>
    head.startsWith('GET /status') ? `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n` : ok('a'),
  );
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httpchk GET /status\n  http-check disable-on-404\n  ${QUICK}
  server a 127.0.0.1:${a.port}`;
  await start(configure({ rest }));
  await until(() => a.requests.length > 0, 'a check');
  assert.equal(a.requests[0]?.head, 'GET /status HTTP/1.0\r\n\r\n');
  status = 404;
  assert.match(text(await syslog.waitFor(/Server l\/a is stopping/)), /reason: Layer7 check conditionally passed, code: 404/);
  status = 500;
  const down = text(await syslog.waitFor(/Server l\/a is DOWN/));
  assert.match(down, /^Server l\/a is DOWN, reason: Layer7 wrong status, code: 500, info: "X", check duration: \d+ms\. /);
  status = 302;
  assert.match(
    text(await syslog.waitFor(/Server l\/a is UP/)),
    /reason: Layer7 check passed, code: 302, (?:info: "X", )?check duration: \d+ms\./,
  );
  assert.equal((await ask(port, get('/', 'Connection: close'))).body, 'a');
});

onSubjects('http-check send and expect', async ({ start }) => {
  let body = 'all ready';
  await using a = await startHttpOrigin(() => ok(body));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httpchk
  http-check send meth POST uri /health ver HTTP/1.1 hdr Host check.test hdr X-A b body ping\n  http-check expect string ready\n  ${QUICK}
  server a 127.0.0.1:${a.port}`;
  await start(configure({ rest }));
  await until(() => a.requests.length > 1, 'checks');
  const [request] = a.requests;
  assert.match(request?.head ?? '', /^POST \/health HTTP\/1.1\r\n/);
  assert.match(request?.head ?? '', /\r\nhost: check.test\r\n[\s\S]*x-a: b\r\n/i);
  assert.match(request?.head ?? '', /\r\nconnection: close\r\n/i);
  assert.equal(request?.body, 'ping');
  body = 'not yet';
  assert.match(text(await syslog.waitFor(/Server l\/a is DOWN/)), /reason: Layer7 invalid response/);
  body = 'all ready';
  await syslog.waitFor(/Server l\/a is UP/);
});

onSubjects('tcp-check: a conversation of lines', async ({ start }) => {
  let greeting = '+OK hello\r\n';
  await using a = await startRawOrigin(async (connection) => {
    await connection.write(greeting);
    await connection.readUntil('PING\r\n').catch(() => undefined);
    await connection.write('+PONG\r\n');
    await until(() => connection.ended, 'the end', 20_000);
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option tcp-check
  tcp-check expect string +OK\n  tcp-check send PING\\r\\n\n  tcp-check expect rstring ^\\+PO\n  ${QUICK}\n  server a 127.0.0.1:${a.port}`;
  await start(configure({ rest }));
  await until(() => a.connections.some(({ received }) => received === 'PING\r\n'), 'a ping');
  greeting = '-ERR\r\n';
  assert.match(
    text(await syslog.waitFor(/Server l\/a is DOWN/)),
    /reason: Layer7 timeout, info: " ?at step 1 of tcp-check \(expect string '\+OK'\)"/,
  );
  greeting = '+OK\r\n';
  assert.match(text(await syslog.waitFor(/Server l\/a is UP/)), /reason: Layer7 check passed/);
});

onSubjects('a check without an answer times out', async ({ start }) => {
  await using a = await startRawOrigin(async (connection) => void (await until(() => connection.ended, 'the end', 20_000)));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httpchk\n  timeout check 100ms\n  ${QUICK}
  server a 127.0.0.1:${a.port}`;
  await start(configure({ rest }));
  assert.match(text(await syslog.waitFor(/Server l\/a is DOWN/)), /reason: Layer7 timeout, check duration: 1\d\dms\./);
});

onSubjects('option log-health-checks tells every change', async ({ start }) => {
  await using a = await startHttpOrigin(() => ok('a'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httpchk\n  option log-health-checks\n  ${QUICK}
  server a 127.0.0.1:${a.port}`;
  await start(configure({ rest }));
  assert.match(
    text(await syslog.waitFor(/Health check for server l\/a/)),
    /^Health check for server l\/a succeeded, reason: Layer7 check passed, code: 200, (?:info: "OK", )?check duration: \d+ms, status: 2\/2 UP\.$/,
  );
});

onSubjects('track follows another server', async ({ start }) => {
  await using a = await startHttpOrigin(() => ok('a'));
  await using b = await startHttpOrigin(() => ok('b'));
  await using syslog = await startSyslog();
  const [port, other] = await ports(2);
  const log = `log 127.0.0.1:${syslog.port} local0`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  ${log}\n  server a 127.0.0.1:${a.port} check inter 60ms fall 1
listen m\n  bind 127.0.0.1:${other}\n  ${log}\n  server b 127.0.0.1:${b.port} track l/a`;
  await start(configure({ rest }));
  assert.equal((await ask(other, get('/', 'Connection: close'))).status, 200);
  await a.close();
  assert.match(text(await syslog.waitFor(/Server m\/b is DOWN/)), /^Server m\/b is DOWN via l\/a/);
  assert.equal((await ask(other, get('/', 'Connection: close'))).status, 503);
});

onSubjects('track: a server of a disabled backend is not checked, and who follows it stays', async ({ start }) => {
  await using a = await startHttpOrigin(() => ok('a'));
  let [asked, others] = [0, 0];
  await using unchecked = await startRawOrigin(async (connection) => void (await connection.readMessage().finally(() => asked++)));
  await using checked = await startRawOrigin(async (connection) => void (await connection.readMessage().finally(() => others++)));
  const [port] = await ports(1);
  const check = 'option httpchk\n  server y 127.0.0.1:';
  const rest = `backend off\n  disabled\n  ${QUICK}\n  ${check}${unchecked.port}\nbackend on\n  ${QUICK}\n  ${check}${checked.port}
listen m\n  bind 127.0.0.1:${port}\n  server x 127.0.0.1:${a.port} track off/y`;
  await start(configure({ rest }));
  await until(() => others >= 5, 'five checks of the other server');
  assert.equal(asked, 0);
  assert.equal((await ask(port, get('/', 'Connection: close'))).status, 200);
});

onSubjects('track: a chain goes down, comes up, and begins in maintenance, one after the other', async ({ start }) => {
  await using a = await startHttpOrigin(() => ok('a'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const log = `log 127.0.0.1:${syslog.port} local0`;
  const rest = `backend l\n  ${log}\n  ${QUICK}\n  server a 127.0.0.1:${a.port}\n  server off 127.0.0.1:${a.port} disabled
listen m\n  bind 127.0.0.1:${port}\n  ${log}\n  server d 127.0.0.1:${a.port} track b\n  server b 127.0.0.1:${a.port} track l/a\n  server o 127.0.0.1:${a.port} track l/off`;
  await start(configure({ rest }));
  await a.close();
  const left = '0 sessions active, 0 requeued, 0 remaining in queue.';
  assert.equal(
    text(await syslog.waitFor(/Server m\/b is DOWN/)),
    `Server m/b is DOWN via l/a. 1 active and 0 backup servers left. ${left}`,
  );
  assert.equal(
    text(await syslog.waitFor(/Server m\/d is DOWN/)),
    `Server m/d is DOWN via m/b. 0 active and 0 backup servers left. ${left}`,
  );
  await syslog.waitFor(/(?:backend|proxy) m has no server available!/);
  await using _again = await startHttpOrigin(() => ok('a'), a.port);
  assert.equal(
    text(await syslog.waitFor(/Server m\/b is UP/)),
    'Server m/b is UP via l/a. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
  );
  assert.equal(
    text(await syslog.waitFor(/Server m\/d is UP/)),
    'Server m/d is UP via m/b. 2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
  );
  assert.equal((await ask(port, get('/', 'Connection: close'))).body, 'a');
});
