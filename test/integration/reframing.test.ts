/**
 * Rules that change the method or the status: what the connections of both sides become of it. The framing itself is compared with
 * HAProxy in test/differential.
 */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { configure, get, onSubjects, ports } from './rig.ts';

onSubjects('a request that is made a CONNECT opens no tunnel past the rules', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 forwards it, without a tunnel');
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 1',
      rest: `listen l
  bind 127.0.0.1:${port}
  http-request set-method %[req.hdr(x-method)] if { req.hdr(x-method) -m found }
  http-request deny if { path /admin }
  server s 127.0.0.1:${origin.port}`,
    }),
  );
  for (const method of ['CONNECT', 'GET /admin HTTP/1.1', '(']) {
    using client = await connect(port);
    await client.write(get('/a', `X-Method: ${method}`) + get('/admin'));
    assert.match((await client.readMessage()).head, /^HTTP\/1\.1 500 /);
    assert.match((await client.readMessage()).head, /^HTTP\/1\.1 403 /);
  }
  using client = await connect(port);
  await client.write(get('/a', 'X-Method: DELETE'));
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 200 /);
  assert.deepEqual(
    origin.requests.map(({ head }) => head.split('\r\n')[0]),
    ['DELETE /a HTTP/1.1'],
  );
});

onSubjects('an answer that is made an interim one is the last of its connection', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 answers nothing then');
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-response set-status 100 if { capture.req.uri /100 }\n  http-response set-status 101 if { capture.req.uri /101 }
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  for (const status of [100, 101]) {
    using client = await connect(port);
    await client.write(get(`/${status}`) + get('/other'));
    const all = await client.readToEnd();
    assert.match(all, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(all.match(/HTTP\/1\.1 /g)?.length, 1, all);
  }
});

onSubjects('the close that ends a body is no fault of the server, also when the body is dropped', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readMessage();
    await connection.write('HTTP/1.1 200 OK\r\n\r\nhello');
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} format raw local0\n  log-format "%HP %ST %ts"
  http-request set-method GET if METH_HEAD\n  http-response set-status 204 if { capture.req.uri /none }
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  for (const request of [get('/none', 'Connection: close'), get('/head', 'Connection: close').replace('GET', 'HEAD')]) {
    using client = await connect(port);
    await client.write(request);
    assert.doesNotMatch(await client.readToEnd(), /hello/);
  }
  const lines = await syslog.waitForCount(2);
  assert.deepEqual([...lines].map((line) => line.trim()).sort(), ['/head 200 --', '/none 204 --']);
});

onSubjects('a CONNECT that is made a GET gets an answer and the end', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 1',
      rest: `listen l\n  bind 127.0.0.1:${port}\n  http-request set-method GET\n  server s 127.0.0.1:${origin.port}`,
    }),
  );
  using client = await connect(port);
  await client.write(`CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n${get('/behind')}`);
  const all = await client.readToEnd();
  assert.equal(all.match(/HTTP\/1\.1 200/g)?.length, 1, all);
  assert.equal(origin.requests.length, 1);
});
