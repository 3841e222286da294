/** Rules that edit messages and answer them, where HAProxy 2.6 can't be asked or one connection carries several requests. */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, askOn, configure, field, get, onSubjects, ports } from './rig.ts';

onSubjects('http-error and errorloc describe what is answered when no server is there', async ({ start }) => {
  const [port, dead] = await ports(2);
  await start(
    configure({
      rest: `frontend fe\n  bind 127.0.0.1:${port}\n  use_backend away if { path_beg /away }\n  default_backend described
backend described\n  retries 0\n  http-error status 503 content-type text/plain lf-string "%[be_name] of %[path]" hdr retry-after 5
  server s1 127.0.0.1:${dead}\nbackend away\n  retries 0\n  errorloc303 503 /sorry\n  server s1 127.0.0.1:${dead}`,
    }),
  );
  const described = await ask(port, get('/x'));
  assert.equal(described.status, 503);
  assert.equal(field(described.head, 'retry-after'), '5');
  assert.equal(field(described.head, 'content-type'), 'text/plain');
  assert.equal(described.body, 'described of /x');
  const away = await ask(port, get('/away'));
  assert.equal(away.status, 303);
  assert.equal(field(away.head, 'location'), '/sorry');
});

onSubjects('an answer that does not fit a buffer is an internal error', async ({ start }) => {
  const [port] = await ports(1);
  const times = '%[req.hdr(x-a)]'.repeat(40);
  await start(
    configure({
      rest: `frontend fe\n  bind 127.0.0.1:${port}\n  http-request return content-type text/plain lf-string "${times}"`,
    }),
  );
  assert.equal((await ask(port, get('/', 'X-A: short'))).body, 'short'.repeat(40));
  const answer = await ask(port, get('/', `X-A: ${'x'.repeat(4000)}`));
  assert.equal(answer.status, 500);
  assert.match(answer.body, /internal server error/);
});

onSubjects('a rule of a request changes the addresses of that request only', async ({ start }) => {
  const [port] = await ports(1);
  await using origin = await startHttpOrigin((request) => ok(request.head));
  await using syslog = await startSyslog();
  await start(
    configure({
      defaults: `log 127.0.0.1:${syslog.port} format raw local0\n  log-format "%ci %cp %[src]"`,
      rest: `listen fe\n  bind 127.0.0.1:${port}\n  option forwardfor\n  http-request set-src req.hdr(x-real) if { req.hdr(x-real) -m found }
  http-request set-src-port int(4) if { req.hdr(x-real) -m found }\n  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  using client = await connect(port);
  const seen: (string | undefined)[] = [];
  for (const fields of [['X-Real: 10.9.8.7'], [], ['X-Real: 2001:db8::5'], []]) {
    seen.push(field((await askOn(client, get('/', ...fields))).body, 'x-forwarded-for'));
  }
  assert.deepEqual(seen, ['10.9.8.7', '127.0.0.1', '2001:db8::5', '127.0.0.1']);
  const lines = (await syslog.waitForCount(4)).map((line) => line.trim());
  assert.equal(lines[0], '10.9.8.7 4 10.9.8.7');
  assert.match(lines[1] as string, /^127\.0\.0\.1 \d{2,} 127\.0\.0\.1$/);
  assert.equal(lines[2], '2001:db8::5 4 2001:db8::5');
});

onSubjects('option forwarded names the parts of RFC 7239', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no option forwarded');
  const [one, two, three] = await ports(3);
  await using origin = await startHttpOrigin((request) => ok(request.head));
  const listen = (port: number, option: string): string =>
    `listen l${port}\n  bind 127.0.0.1:${port}\n  option forwarded ${option}\n  server s1 127.0.0.1:${origin.port}\n`;
  await start(
    configure({
      rest:
        listen(one, '') +
        listen(two, 'proto host by by_port for for_port') +
        listen(three, 'host-expr req.hdr(x-host) by-expr req.hdr(x-by) for-expr ipv6(2001:db8::1) for_port-expr int(7)'),
    }),
  );
  const forwarded = async (port: number, ...fields: string[]): Promise<string | undefined> =>
    field((await ask(port, get('/', ...fields))).body, 'forwarded');
  assert.equal(await forwarded(one), 'proto=http;for=127.0.0.1');
  assert.match((await forwarded(two)) as string, new RegExp(`^proto=http;host="a.test";by="127.0.0.1:${two}";for="127.0.0.1:\\d+"$`));
  assert.equal(await forwarded(three, 'X-By: _hidden'), 'by="_hidden";for="[2001:db8::1]:7"');
  assert.equal(await forwarded(three, 'X-Host: h.test', 'X-By: a b'), 'host="h.test";by=unknown;for="[2001:db8::1]:7"');
});

onSubjects('trailers stay behind where they are not wanted', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 can not drop trailers');
  const [port, plain] = await ports(2);
  const received: string[] = [];
  await using origin = await startRawOrigin(async (connection) => {
    received.push(await connection.readUntil(/0\r\n(?:[^\r\n]+\r\n)*\r\n$/));
    await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n');
  });
  const server = `server s1 127.0.0.1:${origin.port}`;
  await start(
    configure({
      rest: `listen drops\n  bind 127.0.0.1:${port}\n  default_backend be\n  option http-drop-response-trailers
backend be\n  option http-drop-request-trailers\n  ${server}\nlisten keeps\n  bind 127.0.0.1:${plain}\n  ${server}`,
    }),
  );
  const request = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nX-Mine: 2\r\n\r\n';
  for (const [to, keeps] of [
    [port, false],
    [plain, true],
  ] as const) {
    using client = await connect(to);
    await client.write(request);
    const answer = await client.readToEnd();
    assert.equal(/x-sum: 1/i.test(answer), keeps, answer);
    assert.match(answer, /\r\nok\r\n0\r\n/);
    const [last = ''] = received.slice(-1);
    assert.equal(/x-mine: 2/i.test(last), keeps, last);
  }
});

onSubjects('a user whose password is hashed comes in, again and again', async ({ start }) => {
  const [port] = await ports(1);
  // `openssl passwd -6 -salt saltsalt secret`
  const hash = '$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1';
  await start(
    configure({
      rest: `userlist people\n  group staff users bob\n  user bob password ${hash}\n  user eve insecure-password x
frontend fe\n  bind 127.0.0.1:${port}\n  http-request auth unless { http_auth_group(people) staff }
  http-request return content-type text/plain lf-string "%[http_auth_user]"`,
    }),
  );
  const enter = async (words: string): Promise<number> => (await ask(port, get('/', `Authorization: Basic ${btoa(words)}`))).status;
  for (let times = 0; times < 3; times++) {
    assert.equal(await enter('bob:secret'), 200);
    assert.equal(await enter('bob:Secret'), 401);
    assert.equal(await enter('eve:x'), 401);
  }
});
