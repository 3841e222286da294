/** Web sites of examples/real-world: farms, edges, ingresses. */
import assert from 'node:assert/strict';
import { ask, field } from '../integration/rig.ts';
import { connect } from '../support/connection.ts';
import { askTls, clientHello, example, get, openTls, request } from './stage.ts';

example(
  'web-farm-cookies.cfg',
  async (stage) => {
    const first = await get(stage.port(80), 'www.example.com', '/');
    const [, value = '', attributes] = /^SRVID=([^;]+)(.*)$/.exec(field(first.head, 'set-cookie') ?? '') ?? [];
    // `maxidle` and `maxlife` put dates behind the server's value.
    assert.match(value, /^a[123](?:\|[\w+/]+){2}$/);
    assert.equal(attributes, '; path=/; HttpOnly');
    const server = `application/app${value[1]}`;
    assert.equal(first.body, server);
    for (let times = 0; times < 3; times++) {
      assert.equal((await get(stage.port(80), 'www.example.com', '/', `Cookie: SRVID=${value}`)).body, server);
    }
    const seen = stage.seen(server);
    assert.equal(field(seen, 'x-forwarded-host'), 'www.example.com');
    assert.equal(field(seen, 'cookie'), undefined, 'the cookie is the balancer’s own');
    assert.equal(field(seen, 'x-forwarded-for'), undefined, 'loopback is excepted');
    await stage.log.waitFor(/www application\/app\d .* \{www\.example\.com\} "GET \/ HTTP\/1\.1"/);
  },
  { epoll: true },
);

example('tls-edge.cfg', async (stage) => {
  const redirected = await get(stage.port(80), 'www.example.com', '/a?b=c');
  assert.equal(redirected.status, 301);
  assert.equal(field(redirected.head, 'location'), 'https://www.example.com/a?b=c');
  assert.equal((await get(stage.port(80), 'www.example.com', '/.well-known/acme-challenge/x')).body, 'certbot/certbot');
  const text = request('GET', 'www.example.com', '/', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: http');
  const answer = await askTls(stage.port(443), text);
  assert.match(answer.body, /^site\/site[12]$/);
  assert.equal(field(answer.head, 'strict-transport-security'), 'max-age=63072000; includeSubDomains; preload');
  const seen = stage.seen(answer.body);
  assert.deepEqual([field(seen, 'x-forwarded-for'), field(seen, 'x-forwarded-proto')], ['127.0.0.1', 'https']);
  assert.equal(field(seen, 'x-tls-version'), 'TLSv1.3');
  const wiki = await askTls(stage.port(443), request('GET', 'rsa.example.org', '/'), { servername: 'rsa.example.org' });
  assert.equal(wiki.body, 'wiki/wiki');
  await assert.rejects(openTls(stage.port(443), { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' }));
});

example(
  'sni-routing.cfg',
  async (stage) => {
    const to = async (name: string): Promise<string> => {
      using client = await connect(stage.port(443));
      await client.write(await clientHello(name));
      return (await client.readUntil('\r\n')).trim();
    };
    assert.equal(await to('mail.example.net'), 'mail/mail');
    assert.match(await to('a.customers.example.net'), /^customers\/customer[12]$/);
    assert.equal(await to('WWW.shop.example.net'), 'shop/shop');
    assert.equal(await to('other.example.net'), 'catchall/catchall');
    using plain = await connect(stage.port(443));
    await plain.write('GET / HTTP/1.0\r\n\r\n');
    assert.equal(await plain.readToEnd(), '');
    await stage.proxy.program.until(() => /tls mail\/mail .* name=mail\.example\.net/.test(stage.proxy.program.stdout), 'a log line');
  },
  { epoll: true },
);

example('wordpress.cfg', async (stage) => {
  const to = async (path: string, ...fields: string[]): Promise<string> => (await get(stage.port(80), 'blog.test', path, ...fields)).body;
  const first = await to('/2024/05/hello');
  assert.match(first, /^pagecache\/varnish[12]$/);
  assert.equal(await to('/2024/05/hello'), first, 'a page has its cache');
  assert.match(await to('/', 'Cookie: wordpress_logged_in_5f=bob'), /^php\/php[123]$/);
  assert.equal(await to('/wp-admin/edit.php'), 'editors/php1');
  const image = await get(stage.port(80), 'blog.test', '/wp-content/uploads/a.png');
  assert.match(image.body, /^media\//);
  assert.equal(field(image.head, 'cache-control'), 'public, max-age=604800');
  for (const path of ['/xmlrpc.php', '/wp-content/uploads/shell.php', '/.git/config']) {
    assert.equal((await get(stage.port(80), 'blog.test', path)).status, 403, path);
  }
  const login = 'POST /wp-login.php HTTP/1.1\r\nHost: blog.test\r\nContent-Length: 3\r\n\r\na=b';
  const statuses: number[] = [];
  for (let times = 0; times < 11; times++) statuses.push((await ask(stage.port(80), login)).status);
  assert.deepEqual(statuses, [...Array<number>(10).fill(200), 429]);
});

example(
  'ingress-maps.cfg',
  async (stage) => {
    const to = async (host: string, path: string): Promise<string> => (await get(stage.port(8080), host, path)).body;
    assert.match(await to('Shop.example.com:8080', '/'), /^shop-web-80\/pod-[12]$/);
    assert.equal(await to('shop.example.com', '/api/carts/7?x=1'), 'shop-api-8080/pod-1');
    const seen = stage.seen('shop-api-8080/pod-1');
    assert.match(seen, /^GET \/v1\/carts\/7\?x=1 HTTP\/1\.1\r\n/);
    assert.match(field(seen, 'x-request-id') ?? '', /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    assert.equal(await to('red.tenants.example.com', '/'), 'tenants-80/pod-1');
    const none = await get(stage.port(8080), 'nobody.example.com', '/');
    assert.deepEqual([none.status, none.body], [404, 'default backend - 404\n']);
  },
  { epoll: true },
);

example('service-slots.cfg', async (stage) => {
  assert.equal((await get(stage.port(8000), 'a.test', '/items')).body, 'catalogue/catalogue');
  assert.equal((await get(stage.port(8000), 'a.test', '/billing/invoices')).status, 401);
  const billed = await get(stage.port(8000), 'a.test', '/billing/invoices', 'X-Api-Key: k-4f1d2c77e0');
  assert.equal(billed.body, 'billing/billing');
  await stage.proxy.program.until(() => / services billing\/billing1 /.test(stage.proxy.program.stdout), 'a log line');
  const found = stage.server('billing/billing').requests.find(({ head }) => head.startsWith('GET /invoices '));
  assert.ok(found !== undefined, 'the path without its prefix');
});
