/**
 * Examples that need what is new or not there yet. While Hawser refuses one in the expected words, only
 * that is asserted; from the day it takes the file, the rest runs by itself and `refusal` can go.
 */
import assert from 'node:assert/strict';
import { type Answer, field } from '../integration/rig.ts';
import { connect } from '../support/connection.ts';
import { askTls, example, get, pem, request } from './stage.ts';

const client = { cert: pem('client'), key: pem('client') };

example('mtls-identity.cfg', async (stage) => {
  const answer = await askTls(stage.port(8443), request('GET', 'partners.test', '/'), client);
  assert.equal(answer.body, 'api/api1');
  const seen = stage.seen('api/api1');
  assert.deepEqual([field(seen, 'x-ssl-client-verify'), field(seen, 'x-ssl-client-cn')], ['0', 'Test client']);
  await assert.rejects(askTls(stage.port(8443), request('GET', 'partners.test', '/')));
  const change = request('DELETE', 'partners.test', '/', 'Content-Length: 0');
  assert.equal((await askTls(stage.port(9443), change)).status, 403);
  assert.equal((await askTls(stage.port(9443), change, client)).status, 200);
  assert.equal((await askTls(stage.port(9443), request('GET', 'partners.test', '/'))).status, 200);
});

example('consul-dns.cfg', async (stage) => {
  assert.equal((await get(stage.port(8000), 'a.test', '/')).body, 'web/web');
  assert.equal((await get(stage.port(8000), 'a.test', '/users/1')).body, 'users/users');
});

example(
  'stats-page.cfg',
  async (stage) => {
    const page = (path: string, ...fields: string[]): Promise<Answer> =>
      get(stage.port(8404), 'lb.test', path, ...fields, 'Connection: close');
    assert.equal((await page('/haproxy')).status, 401);
    const csv = await page('/haproxy;csv', `Authorization: Basic ${Buffer.from('admin:wonderland').toString('base64')}`);
    assert.equal(csv.status, 200);
    assert.match((await get(stage.port(80), 'a.test', '/')).body, /^site\/www[12]$/);
  },
  { refusal: "keyword 'stats " },
);

example(
  'redis-sentinel.cfg',
  async (stage) => {
    const ask = async (port: number): Promise<string> => {
      using redis = await connect(stage.port(port));
      await redis.write('GET name\r\n');
      return (await redis.readUntil('\r\n')).trim();
    };
    for (const name of ['master/redis1', 'master/redis3', 'replicas/redis2']) await stage.log.waitFor(new RegExp(`Server ${name} is DOWN`));
    assert.equal(await ask(6379), '$master/redis2');
    assert.match(await ask(6380), /^\$replicas\/redis[13]$/);
  },
  {
    refusal: "keyword 'tcp-check ",
    replace: { 'inter 1s': 'inter 100ms' },
    talk: (server, text) => {
      if (text.startsWith('PING')) return '+PONG\r\n';
      if (text.startsWith('QUIT')) return '+OK\r\n';
      if (text.startsWith('info')) return `$20\r\nrole:${server.endsWith('redis2') ? 'master' : 'slave'}\r\n`;
      return `$${server}\r\n`;
    },
  },
);

example(
  'proxy-protocol.cfg',
  async (stage) => {
    using browser = await connect(stage.port(80));
    await browser.write(request('GET', 'a.test', '/'));
    assert.equal((await browser.readMessage()).body, 'site/site1');
    const seen = stage.seen('site/site1');
    assert.equal(field(seen, 'x-forwarded-for'), '127.0.0.1');
    assert.equal(field(seen, 'x-client-port'), String(browser.socket.localPort));
    assert.equal(field(seen, 'x-outer-port'), String(stage.port(80)));
  },
  { refusal: '-proxy' },
);

example(
  'patroni.cfg',
  async (stage) => {
    using session = await connect(stage.port(5000));
    assert.equal(await session.readUntil('\r\n'), 'leader/pg1\r\n');
    await stage.server('leader/pg1:check').close();
    // The session is cut, and the next one is at the new leader.
    await session.readToEnd();
    using next = await connect(stage.port(5000));
    assert.equal(await next.readUntil('\r\n'), 'leader/pg2\r\n');
  },
  { replace: { 'inter 3s fall 3': 'inter 100ms fall 3' } },
);
