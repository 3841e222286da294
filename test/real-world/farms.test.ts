/** Farms, hashes, logs, uploads and certificates of examples/real-world. */
import assert from 'node:assert/strict';
import { type Answer, ask, field } from '../integration/rig.ts';
import { Connection, connect } from '../support/connection.ts';
import { ok } from '../support/origin.ts';
import { askTls, example, get, isClosed, openTls, pem, request } from './stage.ts';

const client = { cert: pem('client'), key: pem('client') };

example(
  'json-logs.cfg',
  async (stage) => {
    const { program } = stage.proxy;
    const lines = (): Record<string, unknown>[] =>
      program.stdout
        .split('\n')
        .filter((row) => row.startsWith('{'))
        .map((row) => JSON.parse(row));
    await get(stage.port(80), 'a.test', '/health');
    await get(stage.port(80), 'a.test', '/report/x?a=b&token=secret', 'User-Agent: "quoted" \\ agent');
    await program.until(() => lines().length > 0, 'a line');
    const [line] = lines();
    assert.deepEqual(
      { ...line, time: 0, ms: 0, bytes: 0 },
      {
        time: 0,
        client: '127.0.0.1',
        method: 'GET',
        path: '/report/x',
        query: 'a=b&token=xxx',
        status: 200,
        bytes: 0,
        backend: 'app',
        server: 'app1',
        ms: 0,
        state: '--',
        agent: '"quoted" \\ agent',
        report: 1,
      },
    );
    await stage.server('app/app1').close();
    await get(stage.port(80), 'a.test', '/gone');
    await stage.log.waitFor(/^<139>1 \S+ edge-1 edge \d+ - - \{.*"path":"\/gone".*"status":503/);
  },
  { replace: { 'timeout connect 5s': 'timeout connect 200ms' } },
);

example('syslog-relay.cfg', async (stage) => {
  using plain = await connect(stage.port(601));
  await plain.write('<13>Jan  1 00:00:00 host app: hello\n');
  assert.match(await plain.readUntil('\r\n'), /^collectors\/collector[12]\r\n$/);
  assert.equal(await plain.readUntil('\n'), '<13>Jan  1 00:00:00 host app: hello\n');
  assert.ok(await isClosed(stage.port(601), 'GET / HTTP/1.1\r\n\r\n'));
  using secure = new Connection(await openTls(stage.port(6514), client));
  assert.match(await secure.readUntil('\r\n'), /^collectors\//);
});

example(
  'two-datacentres.cfg',
  async (stage) => {
    const near = await get(stage.port(80), 'a.test', '/');
    assert.match(near.body, /^near\/a[123]$/);
    assert.equal(field(near.head, 'x-site'), 'near');
    for (const name of ['near/a1', 'near/a2', 'near-and-far/a1', 'near-and-far/a2', 'near-and-far/a3']) await stage.server(name).close();
    for (const name of ['near/a1', 'near/a2', 'near-and-far/a1', 'near-and-far/a2', 'near-and-far/a3']) {
      await stage.log.waitFor(new RegExp(`Server ${name} is DOWN`));
    }
    const bodies = new Set<string>();
    for (let times = 0; times < 4; times++) bodies.add((await get(stage.port(80), 'a.test', '/')).body);
    assert.deepEqual([...bodies].sort(), ['near-and-far/b1', 'near-and-far/b2']);
  },
  { replace: { 'check inter 2s': 'check inter 100ms' } },
);

example(
  'leastconn-api.cfg',
  async (stage) => {
    assert.match((await get(stage.port(8080), 'api.test', '/v1', 'X-Plan: gold')).body, /^workers\/w[1234]$/);
    // The first server asked answers 503 to everything: a GET is repeated elsewhere.
    const statuses = new Set<number>();
    for (let times = 0; times < 4; times++) statuses.add((await get(stage.port(8080), 'api.test', '/flaky')).status);
    assert.deepEqual([...statuses], [200]);
    const body = 'x'.repeat(20_000);
    const posted = await ask(stage.port(8080), `${request('POST', 'api.test', '/batch/1', `Content-Length: ${body.length}`)}${body}`);
    assert.equal(posted.status, 200);
  },
  {
    respond: (server, { head }) =>
      server === 'workers/w1' && head.includes('/flaky') ? 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n' : ok(server),
  },
);

example(
  'sticky-table.cfg',
  async (stage) => {
    const first = await get(stage.port(80), 'a.test', '/');
    const session = /^SESSID=(\S+);/.exec(field(first.head, 'set-cookie') ?? '')?.[1] as string;
    for (let times = 0; times < 3; times++) {
      assert.equal((await get(stage.port(80), 'a.test', '/', `Cookie: SESSID=${session}`)).body, first.body);
      assert.equal((await get(stage.port(80), 'a.test', `/?sessid=${session}`)).body, first.body);
    }
    const partner = async (address: string): Promise<string> =>
      (await get(stage.port(8080), 'a.test', '/', `X-Forwarded-For: 9.9.9.9, ${address}`)).body;
    const one = await partner('192.0.2.1');
    assert.notEqual(await partner('192.0.2.2'), one, 'the other one has fewer, or it is its turn');
    for (let times = 0; times < 3; times++) assert.equal(await partner('192.0.2.1'), one);
  },
  {
    epoll: true,
    respond: (server) => ok(server, `Set-Cookie: SESSID=${server.slice(-1)}x${Buffer.from(server).toString('hex')}; Path=/\r\n`),
  },
);

example('source-hash.cfg', async (stage) => {
  const to = async (host: string, path: string, ...fields: string[]): Promise<string> =>
    (await get(stage.port(80), host, path, ...fields)).body;
  const names = async (host: string, paths: readonly string[], ...fields: string[]): Promise<Set<string>> => {
    const found = new Set<string>();
    for (const path of paths) found.add(await to(host, path, ...fields));
    return found;
  };
  assert.equal((await names('a.test', ['/', '/x', '/y'])).size, 1);
  assert.equal((await names('img.test', ['/a/b/c', '/a/b/d?x', '/a/b/e?y'])).size, 1);
  assert.equal((await names('a.test', ['/game/1', '/game/2', '/game/3'], 'X-Player: ada')).size, 1);
  assert.equal((await names('a.test', ['/room/7', '/room/7/door', '/room/7?x'])).size, 1);
  const many = Array.from({ length: 12 }, (_, at) => `/room/${at}`);
  assert.equal((await names('a.test', many)).size, 2);
});

example('uploads.cfg', async (stage) => {
  const send = (method: string, path: string, length: number, body = ''): Promise<Answer> =>
    ask(stage.port(80), `${request(method, 'files.test', path, `Content-Length: ${length}`)}${body}`);
  const body = 'b'.repeat(300_000);
  assert.match((await send('PUT', '/upload/a.bin', body.length, body)).body, /^upload\/store[12]$/);
  const stored = [...stage.server('upload/store1').requests, ...stage.server('upload/store2').requests];
  assert.ok(
    stored.some((each) => each.body === body),
    'every byte of it',
  );
  assert.equal((await send('PUT', '/upload/a.PHP', 1, 'x')).status, 403);
  assert.equal((await send('POST', '/form', 2_000_000)).status, 413);
  assert.equal((await send('PUT', '/upload/film', 1_500_000_000)).status, 413);
  assert.equal((await ask(stage.port(80), request('PUT', 'files.test', '/upload/x'))).status, 411);
  assert.equal((await get(stage.port(80), 'files.test', '/upload/x')).status, 405);
});

example(
  'slow-loris.cfg',
  async (stage) => {
    using slow = await connect(stage.port(80));
    await slow.write('GET / HTTP/1.1\r\nHost: a.te');
    assert.match(await slow.readToEnd(), /^HTTP\/1\.1 408 /);
    await stage.log.waitFor(/ www www\/<NOSRV> .* 408 .* cR-- /);
    using post = await connect(stage.port(80));
    await post.write(request('POST', 'a.test', '/', 'Content-Length: 5'));
    assert.match(await post.readToEnd(), /^HTTP\/1\.1 408 /);
    const sites = ['site/www1', 'site/www2'].flatMap((name) => stage.server(name).requests);
    assert.deepEqual(
      sites.filter(({ head }) => head.includes('HTTP/1.1')),
      [],
      'no server has heard of it',
    );
    assert.equal((await get(stage.port(80), 'a.test', '/', 'Host: b.test')).status, 400);
    assert.match((await get(stage.port(80), 'a.test', '/')).body, /^site\/www[12]$/);
  },
  { replace: { 'http-request 4s': 'http-request 300ms' } },
);

example(
  'monitoring.cfg',
  async (stage) => {
    assert.equal((await get(stage.port(80), 'lb', '/alive')).status, 200);
    // The connection before may not be gone yet.
    const status = await get(stage.port(8404), 'lb', '/status');
    assert.match(status.body, /^node \S+\nservers 2\nconnections [01]\nsessions \d\n$/);
    assert.deepEqual(JSON.parse((await get(stage.port(8404), 'lb', '/status.json')).body), { up: 2, avg_queue: 0, ready: 1 });
    assert.equal((await get(stage.port(8404), 'lb', '/ready')).status, 200);
    assert.match((await get(stage.port(80), 'a.test', '/')).body, /^site\/site[12]$/);
    await stage.server('site/site1').close();
    const { program } = stage.proxy;
    await program.until(() => program.stdout.includes('Server site/site1 is DOWN'), 'a failed check');
    assert.equal((await get(stage.port(8404), 'lb', '/ready')).status, 503);
    assert.ok(!program.stdout.includes('/status'), 'not in the log');
  },
  { epoll: true, replace: { 'inter 1s': 'inter 100ms' } },
);

example(
  'mtls-partner.cfg',
  async (stage) => {
    const text = (key: string, path = '/orders'): string => request('GET', 'partners.test', path, `X-Api-Key: ${key}`);
    const port = stage.port(8443);
    const answer = await askTls(port, text('k-north-7'), client);
    assert.match(answer.body, /^api\/api[12]$/);
    const seen = stage.seen(answer.body);
    assert.equal(field(seen, 'x-partner'), 'northwind');
    assert.match(field(seen, 'x-tls') ?? '', /^TLSv1\.3\/TLS_/);
    assert.equal((await askTls(port, text('k-none'), client)).status, 401);
    assert.equal((await askTls(port, text('k-north-7', '/admin/'), client)).status, 403);
    await assert.rejects(askTls(port, text('k-north-7')));
    await assert.rejects(askTls(port, text('k-north-7'), { cert: pem('stranger'), key: pem('stranger') }));
  },
  { epoll: true },
);

example('re-encryption.cfg', async (stage) => {
  const redirected = await get(stage.port(80), 'a.test', '/x');
  assert.deepEqual([redirected.status, field(redirected.head, 'location')], [308, 'https://a.test/x']);
  // The name in TLS is the request's host, and the server's certificate must have it.
  const answer = await askTls(stage.port(443), request('GET', 'www.example.com', '/page'));
  assert.match(answer.body, /^secure\/app[12]$/);
  assert.equal(field(stage.seen(answer.body), 'x-forwarded-proto'), 'https');
  assert.equal((await askTls(stage.port(443), request('GET', 'www.example.com', '/legacy/old?x'))).body, 'legacy/old');
  assert.match(stage.seen('legacy/old'), /^GET \/old\?x /);
  assert.equal((await askTls(stage.port(443), request('GET', 'www.example.com', '/actuator/env'))).status, 403);
});
