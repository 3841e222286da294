/**
 * Rules that wait and rules that end a connection: inspection of both sides' first bytes, bodies that are waited for, pauses,
 * tarpits, silent drops (HAProxy configuration manual, 4.2 tcp-request inspect-delay, 4.3).
 */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { ask, configure, get, httpLine, onSubjects, ports, serveSockets, text } from './rig.ts';

const SHORT_MS = 250;
const SLACK_MS = 900;

function assertTime(ms: number, expectedMs: number, what: string): void {
  assert.ok(ms >= expectedMs - 15 && ms < expectedMs + SLACK_MS, `${what}: ${ms} ms, expected ${expectedMs}`);
}

/** An HTTP origin that answers `ok` behind the body and tells what it got. */
async function bodyOrigin(bodies: string[]) {
  return await startRawOrigin(async (connection) => {
    const { head, body } = await connection.readMessage();
    bodies.push(`${/^(\S+ \S+)/.exec(head)?.[1]} ${/expect/i.test(head) ? 'expects ' : ''}${body}`);
    await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    connection.end();
  });
}

function post(path: string, body: string, length = body.length, ...fields: string[]): string {
  return `POST ${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${length}\r\nConnection: close\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

onSubjects('tcp-request content waits for data until it can decide', async ({ start }) => {
  const [port] = await ports(1);
  await using echo = await serveSockets((socket) => socket.pipe(socket));
  await start(
    configure({
      defaults: 'mode tcp',
      rest: `listen l
  bind 127.0.0.1:${port}
  tcp-request inspect-delay ${SHORT_MS}ms
  tcp-request content reject if { req.len gt 5 }
  tcp-request content accept if { req.len gt 2 }
  tcp-request content reject unless WAIT_END
  server s1 127.0.0.1:${echo.port}`,
    }),
  );
  using short = await connect(port);
  const from = Date.now();
  await short.write('abc');
  assert.equal(await short.read(3), 'abc');
  // `gt 5` may still come true: only the delay decides that it does not.
  assertTime(Date.now() - from, SHORT_MS, 'a short text');
  await short.write('defghij');
  assert.equal(await short.read(7), 'defghij');
  using long = await connect(port);
  await long.write('ab');
  await long.write('cdefgh');
  assert.equal(await long.readToEnd(), '');
  using silent = await connect(port);
  const silentFrom = Date.now();
  await silent.write('x');
  assert.equal(await silent.read(1), 'x');
  assertTime(Date.now() - silentFrom, SHORT_MS, 'one byte');
});

onSubjects('a half-closed client is decided on at once, and its end reaches the server', async ({ start }) => {
  const [port] = await ports(1);
  await using echo = await serveSockets((socket) => socket.pipe(socket));
  await start(
    configure({
      defaults: 'mode tcp',
      rest: `listen l
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 4s
  tcp-request content accept if { req.len gt 100 }
  server s1 127.0.0.1:${echo.port}`,
    }),
  );
  using client = await connect(port);
  const from = Date.now();
  await client.write('abc');
  client.end();
  assert.equal(await client.readToEnd(), 'abc');
  assert.ok(Date.now() - from < 3000, 'it did not wait for the delay');
});

onSubjects('tcp-response content sees what the server says first', async ({ start }) => {
  const [port, other] = await ports(2);
  await using server = await serveSockets((socket) => {
    socket.once('data', (data) => {
      socket.write(data.toString());
      socket.once('data', (more) => socket.end(more.toString()));
    });
  });
  await start(
    configure({
      defaults: 'mode tcp',
      rest: `listen l
  bind 127.0.0.1:${port}
  tcp-response inspect-delay 4s
  tcp-response content reject if { res.len gt 10 }
  tcp-response content accept if { res.len gt 5 }
  server s1 127.0.0.1:${server.port}
listen refuses
  bind 127.0.0.1:${other}
  tcp-response content reject
  server s1 127.0.0.1:${server.port}`,
    }),
  );
  using client = await connect(port);
  await client.write('abc');
  await client.write('def');
  assert.equal(await client.readToEnd(), 'abcdef');
  using refused = await connect(port);
  await refused.write('abcdefghijkl');
  assert.equal(await refused.readToEnd(), '');
  using never = await connect(other);
  await never.write('abc').catch(() => undefined);
  assert.equal(await never.readToEnd().catch(() => ''), '');
});

onSubjects('tcp-request session refuses a connection, unlogged; a backend inspects too', async ({ start }) => {
  const [port, closed] = await ports(2);
  const bodies: string[] = [];
  await using origin = await bodyOrigin(bodies);
  await using syslog = await startSyslog();
  await start(
    configure({
      defaults: `log 127.0.0.1:${syslog.port} local0\n  option httplog`,
      rest: `frontend f
  bind 127.0.0.1:${port}
  default_backend b
frontend c
  bind 127.0.0.1:${closed}
  tcp-request session reject if { src 127.0.0.0/8 }
  default_backend b
backend b
  tcp-request content reject if { path /no }
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  using refused = await connect(closed);
  assert.equal(await refused.readToEnd().catch(() => ''), '');
  assert.equal((await ask(port, get('/yes'))).status, 200);
  using rejected = await connect(port);
  await rejected.write(get('/no'));
  assert.equal(await rejected.readToEnd(), '');
  await until(() => syslog.messages.length === 2, 'two lines');
  const lines = syslog.messages.map((message) => httpLine(message));
  const no = lines.find(({ request }) => request.includes('/no'));
  assert.deepEqual([no?.status, no?.termination, no?.backend], [-1, 'PR--', 'b']);
});

onSubjects('wait-for-body and http-buffer-request: the whole body first, 408 when it does not come', async ({ start, old }) => {
  const [port, buffered] = await ports(2);
  const bodies: string[] = [];
  await using origin = await bodyOrigin(bodies);
  await using syslog = await startSyslog();
  await start(
    configure({
      defaults: `log 127.0.0.1:${syslog.port} local0\n  option httplog\n  timeout http-request ${SHORT_MS}ms`,
      rest: `frontend waits
  bind 127.0.0.1:${port}
  http-request wait-for-body time ${SHORT_MS}ms at-least 8 if { path /least }
  http-request wait-for-body time ${SHORT_MS}ms unless { path /least }
  default_backend b
frontend buffers
  bind 127.0.0.1:${buffered}
  option http-buffer-request
  default_backend b
backend b
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  for (const at of [port, buffered]) {
    using client = await connect(at);
    await client.write(post('/whole', '12345', 10));
    await client.write('67890');
    const { head } = await client.readMessage();
    assert.match(head, /^HTTP\/1.1 200/);
    assert.equal(bodies.pop(), 'POST /whole 1234567890');
    const from = Date.now();
    using slow = await connect(at);
    await slow.write(post('/slow', '12345', 10));
    assert.match((await slow.readMessage()).head, /^HTTP\/1.1 408/);
    assertTime(Date.now() - from, SHORT_MS, 'a body that does not come');
    assert.equal(bodies.length, 0, 'no server saw it');
  }
  using least = await connect(port);
  await least.write(post('/least', '123456789', 20));
  await until(() => origin.connections.length > 2, 'the server sees it');
  await least.write('12345678901');
  assert.match((await least.readMessage()).head, /^HTTP\/1.1 200/);
  assert.equal(bodies.pop(), 'POST /least 12345678912345678901');
  // A body beyond a buffer is not waited for, and goes on whole.
  const big = 'x'.repeat(200_000);
  using large = await connect(port);
  await large.write(post('/big', big));
  assert.match((await large.readMessage()).head, /^HTTP\/1.1 200/);
  assert.equal(bodies.pop(), `POST /big ${big}`);
  using expects = await connect(port);
  await expects.write(post('/expects', '', 5, 'Expect: 100-continue'));
  assert.match(await expects.readUntil(/\r\n\r\n/), /^HTTP\/1.1 100/);
  await expects.write('12345');
  assert.match((await expects.readMessage()).head, /^HTTP\/1.1 200/);
  assert.equal(bodies.pop()?.replace('expects ', ''), 'POST /expects 12345');
  await until(() => syslog.messages.length === 7, 'seven lines');
  const slow = syslog.messages.map((message) => httpLine(message)).filter(({ request }) => request.includes('/slow'));
  assert.deepEqual(
    slow.map(({ status, termination }) => [status, termination]),
    [
      [408, 'cR--'],
      [408, 'cR--'],
    ],
  );
  assert.ok(old || slow[0]?.server === '<NOSRV>');
});

onSubjects('a chunked body with trailers is waited for, in pieces', async ({ start }) => {
  const [port] = await ports(1);
  const bodies: string[] = [];
  await using origin = await bodyOrigin(bodies);
  await start(
    configure({
      rest: `listen l
  bind 127.0.0.1:${port}
  http-request wait-for-body time 3s
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  for (const pieces of [
    ['5\r\nabcde\r\n', '3\r\nfgh\r\n0\r\n\r\n'],
    ['5\r\nabcde\r\n', '3\r\nfgh\r\n0\r\nx-t: 1\r\n\r\n'],
    ['5\r\nabcde\r\n', '3\r\nfgh\r\n0\r\nx-', 't: 1\r\n\r\n'],
  ]) {
    using client = await connect(port);
    await client.write('POST /c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n');
    for (const piece of pieces) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.write(piece);
    }
    assert.match((await client.readMessage()).head, /^HTTP\/1.1 200/);
    const raw = bodies.pop()?.replace('POST /c ', '') ?? '';
    assert.equal(raw.slice(0, raw.indexOf('0\r\n')).replace(/(?:^|\r\n)\d\r\n|\r\n$/g, ''), 'abcdefgh', raw);
    assert.equal(raw.includes('x-t: 1'), pieces.join('').includes('x-t: 1'), raw);
  }
});

onSubjects('http-response wait-for-body: 504 when the server stalls', async ({ start }) => {
  const [port] = await ports(1);
  await using origin = await startRawOrigin(async (connection) => {
    const head = await connection.readUntil(/\r\n\r\n/);
    await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345');
    if (head.includes('/stalls')) await until(() => connection.ended, 'the end', 10_000);
    else await connection.write('67890');
  });
  await start(
    configure({
      rest: `listen l
  bind 127.0.0.1:${port}
  http-response wait-for-body time ${SHORT_MS}ms
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const whole = await ask(port, get('/whole'));
  assert.deepEqual([whole.status, whole.body], [200, '1234567890']);
  const from = Date.now();
  assert.equal((await ask(port, get('/stalls'))).status, 504);
  assertTime(Date.now() - from, SHORT_MS, 'a stalled answer');
});

onSubjects('tarpit: late answers, and a client that leaves meanwhile', async ({ start }) => {
  const [port] = await ports(1);
  await using syslog = await startSyslog();
  await start(
    configure({
      defaults: `log 127.0.0.1:${syslog.port} local0\n  option httplog`,
      rest: `frontend f
  bind 127.0.0.1:${port}
  timeout tarpit ${SHORT_MS}ms
  http-request tarpit deny_status 429 if { path /t }
  http-request deny`,
    }),
  );
  const from = Date.now();
  assert.equal((await ask(port, get('/t'))).status, 429);
  assertTime(Date.now() - from, SHORT_MS, 'the tarpit');
  await until(() => syslog.messages.length === 1, 'a line');
  const line = httpLine(syslog.messages[0] as string);
  assert.equal(line.termination, 'PT--');
  assertTime(line.times[1] as number, SHORT_MS, 'Tw');
  const leaves = await connect(port);
  await leaves.write(get('/t'));
  leaves.reset();
  await until(() => syslog.messages.length === 2, 'its line');
  assert.match(httpLine(syslog.messages[1] as string).termination, /^(CT|PT)/);
});

onSubjects('silent-drop and reject: no word; the client of a silent drop is not told', async ({ start }) => {
  const [port, early] = await ports(2);
  await using syslog = await startSyslog();
  await start(
    configure({
      defaults: `log 127.0.0.1:${syslog.port} local0\n  option httplog`,
      rest: `frontend f
  bind 127.0.0.1:${port}
  http-request silent-drop if { path /s }
  http-request reject if { path /r }
frontend e
  bind 127.0.0.1:${early}
  tcp-request connection silent-drop`,
    }),
  );
  using rejected = await connect(port);
  await rejected.write(get('/r'));
  assert.equal(await rejected.readToEnd(), '');
  using dropped = await connect(port);
  await dropped.write(get('/s'));
  await until(() => syslog.messages.length === 2, 'two lines');
  for (const message of syslog.messages) {
    const { status, termination } = httpLine(message);
    assert.deepEqual([status, termination], [-1, 'PR--'], text(message));
  }
  using unseen = await connect(early);
  // Where TCP_REPAIR is allowed, nothing comes; elsewhere a reset reaches the same machine.
  assert.ok(!dropped.ended && !unseen.ended);
});

onSubjects('pause: requests and responses wait', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no pause');
  const [port] = await ports(1);
  const bodies: string[] = [];
  await using origin = await bodyOrigin(bodies);
  await start(
    configure({
      rest: `listen l
  bind 127.0.0.1:${port}
  http-request pause int(${SHORT_MS}) if METH_POST
  http-response pause ${SHORT_MS}ms
  http-response set-header x-after 1
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const from = Date.now();
  const { head, body } = await ask(port, post('/p', 'abc'));
  assertTime(Date.now() - from, 2 * SHORT_MS, 'two pauses');
  assert.match(head, /x-after: 1/);
  assert.equal(body, 'ok');
  assert.equal(bodies.pop(), 'POST /p abc');
});
