/** APIs, limits and defences of examples/real-world. */
import assert from 'node:assert/strict';
import { ask, askOn, field } from '../integration/rig.ts';
import { connect } from '../support/connection.ts';
import { ok } from '../support/origin.ts';
import { example, get, request } from './stage.ts';

const basic = (pair: string): string => `Authorization: Basic ${Buffer.from(pair).toString('base64')}`;

example(
  'elasticsearch.cfg',
  async (stage) => {
    const port = stage.port(9200);
    assert.match((await get(port, 'es.test', '/logs/_search?q=x')).body, /^data\/data[123] green$/);
    assert.match((await ask(port, request('POST', 'es.test', '/logs/_bulk', 'Content-Length: 0'))).body, /^ingest\/ingest[12] green$/);
    const remove = (...fields: string[]): Promise<{ status: number; head: string }> =>
      ask(port, request('DELETE', 'es.test', '/logs', ...fields));
    const asked = await remove();
    assert.deepEqual([asked.status, field(asked.head, 'www-authenticate')], [401, 'Basic realm="Elasticsearch"']);
    assert.equal((await remove(basic('elastic-reader:look-only'))).status, 401);
    assert.equal((await remove(basic('elastic-admin:elastic'))).status, 200);
    for (const name of ['data1', 'data2', 'data3']) {
      assert.ok(stage.server(`data/${name}`).requests.every(({ head }) => field(head, 'authorization') === undefined));
    }
  },
  { respond: (server) => ok(`${server} green`) },
);

example(
  'api-gateway.cfg',
  async (stage) => {
    const port = stage.port(8080);
    const unknown = await get(port, 'api.test', '/v1/users/1');
    assert.equal(unknown.status, 401);
    assert.equal(field(unknown.head, 'content-type'), 'application/json');
    assert.match(unknown.body, /^\{"error":"unknown key","id":"[0-9A-F:_]+"\}$/);
    const answer = await get(port, 'api.test', '/v2/users/1', 'X-Api-Key: paid-27182');
    assert.match(answer.body, /^users\/users[12]$/);
    const seen = stage.seen(answer.body);
    assert.match(seen, /^GET \/users\/1 HTTP/);
    assert.equal(field(seen, 'x-plan'), 'paid');
    assert.equal(field(seen, 'x-api-key'), undefined);
    assert.equal(field(seen, 'x-request-id'), field(answer.head, 'x-request-id'));
    assert.equal(field((await get(port, 'api.test', '/v1/orders', 'X-Api-Key: paid-27182')).head, 'deprecation'), 'true');
    assert.equal((await get(port, 'api.test', '/v9/', 'X-Api-Key: paid-27182')).status, 404);
    const statuses: number[] = [];
    for (let times = 0; times < 7; times++) statuses.push((await get(port, 'api.test', '/v2/orders', 'X-Api-Key: free-31415')).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
    const { program } = stage.proxy;
    await program.until(() => / 429 \d+ key=[0-9A-F]{8} api\/<NOSRV> "GET \/v2\/orders"/.test(program.stdout), 'a log line');
  },
  { epoll: true },
);

example(
  'websocket.cfg',
  async (stage) => {
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ];
    using client = await connect(stage.port(8080));
    await client.write(request('GET', 'chat.example.com', '/ws', ...upgrade, 'Origin: https://chat.example.com'));
    assert.match(await client.readHead(), /^HTTP\/1\.1 101 /);
    assert.match(await client.readUntil('\n'), /^sockets\/ws[12]\n$/);
    assert.equal((await get(stage.port(8080), 'chat.example.com', '/ws', ...upgrade, 'Origin: https://evil.test')).status, 403);
    assert.match((await get(stage.port(8080), 'chat.example.com', '/')).body, /^pages\/page[12]$/);
    const first = (await get(stage.port(8080), 'chat.example.com', '/socket.io/?sid=77')).body;
    assert.match(first, /^polling\/ws[12]$/);
    assert.equal((await get(stage.port(8080), 'chat.example.com', '/socket.io/?sid=77')).body, first);
  },
  {
    epoll: true,
    respond: (server, { head }) =>
      /^upgrade:/im.test(head)
        ? `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n${server}\n`
        : ok(server),
  },
);

example('rate-limit.cfg', async (stage) => {
  const searches: number[] = [];
  for (let times = 0; times < 4; times++) searches.push((await get(stage.port(80), 'a.test', '/search?q=x')).status);
  assert.deepEqual(searches, [200, 200, 200, 429]);
  using client = await connect(stage.port(80));
  let last = { status: 0, head: '' };
  let count = 0;
  for (; last.status !== 429 && count < 30; count++) last = await askOn(client, request('GET', 'a.test', '/'));
  // Four have been counted before.
  assert.equal(count, 17);
  assert.equal(field(last.head, 'retry-after'), '10');
});

example(
  'tarpit-bans.cfg',
  async (stage) => {
    const port = stage.port(80);
    const started = performance.now();
    assert.equal((await get(port, 'a.test', '/', 'User-Agent: SQLMap/1.7')).status, 403);
    assert.ok(performance.now() - started >= 290, 'the tarpit holds');
    assert.equal((await get(port, 'a.test', '/?q=1%20UNION%20SELECT%20x')).status, 403);
    assert.equal((await get(port, 'a.test', '/')).status, 200);
    for (const path of ['/.env', '/Server-Status', '/dump.SQL']) assert.equal((await get(port, 'a.test', path)).status, 403, path);
    using banned = await connect(port);
    await banned.write(request('GET', 'a.test', '/'));
    assert.equal(await banned.readQuiet(100), '');
  },
  { replace: { 'timeout tarpit 15s': 'timeout tarpit 300ms' } },
);
