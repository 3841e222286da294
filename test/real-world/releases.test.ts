/** Releases, experiments, access and pages of examples/real-world. */
import assert from 'node:assert/strict';
import { type Answer, ask, field } from '../integration/rig.ts';
import { ok } from '../support/origin.ts';
import { askTls, example, get, request } from './stage.ts';

const basic = (pair: string): string => `Authorization: Basic ${Buffer.from(pair).toString('base64')}`;

example(
  'blue-green.cfg',
  async (stage) => {
    const live = await get(stage.port(80), 'WWW.example.com', '/');
    assert.match(live.body, /^blue\/blue[12]$/);
    assert.equal(field(live.head, 'x-served-by'), live.body.replace('/', ' '));
    assert.equal(field(stage.seen(live.body), 'x-release'), '2024-06');
    assert.match((await get(stage.port(80), 'beta.example.com', '/')).body, /^green\//);
    const preview = await get(stage.port(80), 'www.example.com', '/', 'X-Preview: Green');
    assert.match(preview.body, /^green\//);
    assert.equal(field(stage.seen(preview.body), 'x-preview'), undefined);
    assert.match((await get(stage.port(8081), 'any.test', '/')).body, /^green\//);
  },
  { epoll: true },
);

example('canary.cfg', async (stage) => {
  const to = (...fields: string[]): Promise<Answer> => get(stage.port(80), 'a.test', '/', ...fields);
  const chosen = await to('Cookie: release=canary');
  assert.match(chosen.body, /^canary\/new[12]$/);
  assert.equal(field(chosen.head, 'x-release'), 'canary');
  assert.equal(field(chosen.head, 'set-cookie'), undefined, 'it has one');
  for (let times = 0; times < 5; times++) assert.match((await to('Cookie: a=b; release=stable')).body, /^stable\//);
  const staff = await to('X-Staff: 1');
  assert.match(staff.body, /^canary\//);
  assert.equal(field(staff.head, 'set-cookie'), 'release=canary; Path=/; Max-Age=86400');
  const anybody = await to();
  const given = anybody.body.startsWith('canary/') ? 'canary' : 'stable';
  assert.equal(field(anybody.head, 'set-cookie'), `release=${given}; Path=/; Max-Age=86400`);
});

example('ab-test.cfg', async (stage) => {
  const first = await get(stage.port(80), 'shop.test', '/');
  const visitor = /^visitor=([0-9a-f-]{36});/.exec(field(first.head, 'set-cookie') ?? '')?.[1] as string;
  const variant = field(stage.seen(first.body), 'x-variant');
  assert.match(variant ?? '', /^[abc]$/);
  for (let times = 0; times < 3; times++) {
    const again = await get(stage.port(80), 'shop.test', '/', `Cookie: visitor=${visitor}`);
    assert.equal(field(stage.seen(again.body), 'x-variant'), variant);
    assert.equal(field(again.head, 'set-cookie'), undefined);
  }
  assert.equal((await get(stage.port(80), 'shop.test', '/checkout/1', 'X-Variant: B')).body, 'checkout-b/new1');
  await stage.log.waitFor(/ 200 \d+ "GET \/checkout\/1 HTTP\/1\.1" variant=b group=\d\d?\n?$/);
});

example('admin-auth.cfg', async (stage) => {
  const to = (method: string, path: string, ...fields: string[]): Promise<Answer> =>
    askTls(stage.port(8443), request(method, 'tools.test', path, ...fields, 'Content-Length: 0'));
  assert.equal((await to('GET', '/jenkins/')).status, 401);
  assert.equal((await to('GET', '/jenkins/', basic('ada:wrong'))).status, 401);
  assert.equal((await to('GET', '/jenkins/', basic('ada:countess'))).body, 'jenkins/jenkins');
  const seen = stage.seen('jenkins/jenkins');
  assert.deepEqual([field(seen, 'x-remote-user'), field(seen, 'authorization')], ['ada', undefined]);
  assert.equal((await to('GET', '/jenkins/', basic('guest:guest'))).status, 403);
  assert.equal((await to('GET', '/page', basic('guest:guest'))).body, 'wiki/wiki');
  assert.equal((await to('POST', '/page', basic('guest:guest'))).status, 403);
  assert.equal((await to('POST', '/page', basic('linus:penguin'))).status, 200);
  assert.equal((await to('GET', '/grafana/d/1', basic('guest:guest'))).body, 'grafana/grafana');
  assert.match(stage.seen('grafana/grafana'), /^GET \/d\/1 /);
});

example(
  'cors.cfg',
  async (stage) => {
    const port = stage.port(8080);
    const preflight = (origin: string): Promise<Answer> =>
      ask(port, request('OPTIONS', 'api.test', '/v1', `Origin: ${origin}`, 'Access-Control-Request-Method: PUT'));
    const allowed = await preflight('https://app.example.com');
    assert.equal(allowed.status, 204);
    assert.equal(field(allowed.head, 'access-control-allow-origin'), 'https://app.example.com');
    assert.equal(field(allowed.head, 'access-control-allow-methods'), 'GET, POST, PUT, DELETE');
    assert.equal((await preflight('https://evil.test')).status, 403);
    assert.equal((await preflight('https://pr-12.preview.example.com')).status, 204);
    const answer = await get(port, 'api.test', '/v1', 'Origin: http://localhost:3000');
    assert.match(answer.body, /^api-servers\/api[12]$/);
    assert.equal(field(answer.head, 'access-control-allow-origin'), 'http://localhost:3000', 'the servers’ own is gone');
    assert.equal(field(answer.head, 'access-control-allow-credentials'), 'true');
    const other = await get(port, 'api.test', '/v1', 'Origin: https://evil.test');
    assert.deepEqual([other.status, field(other.head, 'access-control-allow-origin')], [200, undefined]);
  },
  { respond: (server) => ok(server, 'Access-Control-Allow-Origin: *\r\n') },
);

example(
  'static-dynamic.cfg',
  async (stage) => {
    const to = (path: string, ...fields: string[]): Promise<Answer> => get(stage.port(80), 'www.example.com', path, ...fields);
    const image = await to('/Images/a.PNG', 'Cookie: a=b');
    assert.match(image.body, /^static\/static[12]$/);
    assert.equal(field(image.head, 'cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(field(image.head, 'set-cookie'), undefined);
    assert.equal(field(stage.seen(image.body), 'cookie'), undefined);
    const page = await to('/basket');
    const session = /^JSESSIONID=(n[12])~s1$/.exec(field(page.head, 'set-cookie') ?? '')?.[1] as string;
    assert.equal(page.body, `dynamic/app${session[1]}`);
    const again = await get(stage.port(8080), 'www.example.com', '/basket', `Cookie: JSESSIONID=${session}~s1`);
    assert.equal(again.body, page.body);
    assert.equal(field(stage.seen(page.body), 'cookie'), 'JSESSIONID=s1');
    const locations: (string | undefined)[] = [];
    for (const path of ['/jobs.php', '/docs?x']) locations.push(field((await to(path)).head, 'location'));
    locations.push(field((await get(stage.port(80), 'example.com', '/a?b')).head, 'location'));
    assert.deepEqual(locations, ['https://jobs.example.com/', '/docs/', 'http://www.example.com/a?b']);
  },
  { respond: (server) => ok(server, 'Content-Type: image/png\r\nSet-Cookie: JSESSIONID=s1\r\n') },
);

example(
  'maintenance.cfg',
  async (stage) => {
    const port = stage.port(80);
    const closed = await get(port, 'Shop.example.com:80', '/cart');
    assert.deepEqual([closed.status, field(closed.head, 'retry-after')], [503, '1800']);
    assert.match(closed.body, /Back soon/);
    const image = await get(port, 'shop.example.com', '/maintenance/wrench.svg');
    assert.deepEqual([image.status, field(image.head, 'content-type')], [200, 'image/svg+xml']);
    assert.match((await get(port, 'www.example.com', '/')).body, /^app\/app[12]$/);
    assert.equal((await get(port, 'lb', '/haproxy-alive')).status, 200);
    for (const name of ['app/app1', 'app/app2']) await stage.server(name).close();
    const { program } = stage.proxy;
    await program.until(() => /backend app has no server available/i.test(program.stdout), 'the end of the servers');
    assert.equal((await get(port, 'lb', '/haproxy-alive')).status, 503);
    const away = await get(port, 'www.example.com', '/');
    assert.deepEqual([away.status, field(away.head, 'retry-after')], [503, '60']);
    assert.match(away.body, /We know/);
  },
  { replace: { 'inter 1s fall 2': 'inter 100ms fall 2' } },
);

example(
  'error-pages.cfg',
  async (stage) => {
    const to = (path: string): Promise<Answer> => get(stage.port(80), 'a.test', path);
    assert.deepEqual(await brief(to('/internal/x')), [403, 'text/html', '403']);
    assert.deepEqual(await brief(to('/api/internal/x')), [403, 'application/json', '{"error":"forbidden"}']);
    assert.deepEqual(await brief(to('/404')), [404, 'text/html', '404']);
    assert.deepEqual(await brief(to('/api/404')), [404, undefined, 'trace']);
    assert.deepEqual(await brief(to('/503')), [500, 'text/html', '500']);
    assert.deepEqual(await brief(to('/api/503')), [500, 'application/json', '{"error":"server","status":503}']);
    await stage.server('site/site1').close();
    assert.deepEqual(await brief(to('/')), [503, 'text/html', '503']);
  },
  {
    // Attempts are as far apart as connecting may take.
    replace: { 'timeout connect 1s': 'timeout connect 200ms' },
    respond: (_, { head }) => `HTTP/1.1 ${/(\d{3}) /.exec(head)?.[1]} Oh\r\nContent-Length: 5\r\n\r\ntrace`,
  },
);

/** Status, type, and the body or the title of a page. */
async function brief(answer: Promise<Answer>): Promise<unknown[]> {
  const { status, head, body } = await answer;
  return [status, field(head, 'content-type'), /<title>(.*)<\/title>/.exec(body)?.[1] ?? body];
}

example('geo-block.cfg', async (stage) => {
  const from = (client: string, path = '/page', ...fields: string[]): Promise<Answer> =>
    get(stage.port(80), 'www.test', path, `X-Client-IP: ${client}`, ...fields);
  const german = await from('198.51.100.9');
  assert.deepEqual([german.body, field(german.head, 'x-country')], ['frankfurt/fra1', 'DE']);
  assert.equal((await from('2001:db8:de::5')).body, 'frankfurt/fra1');
  assert.equal((await from('192.0.2.77')).body, 'virginia/iad1');
  assert.equal(field(stage.seen('virginia/iad1'), 'x-country'), 'ZZ');
  assert.equal((await from('198.51.100.200')).status, 451);
  assert.equal((await from('198.51.100.200', '/legal.html')).status, 200);
  assert.equal(field((await from('203.0.113.1', '/', 'Accept-Language: fr-FR,fr;q=0.9')).head, 'location'), '/fr/');
  await stage.log.waitFor(/198\.51\.100\.200 country=XA 451 www\/<NOSRV> "GET \/page HTTP\/1\.1"/);
});
