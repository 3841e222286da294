/** Access by tokens, of examples/real-world. */
import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { field } from '../integration/rig.ts';
import { askTls, example, FOLDER, pem, request } from './stage.ts';

const key = createPrivateKey(pem('rsa'));
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokenOf(claims: object, header: object = { alg: 'RS256' }): string {
  const now = Math.floor(Date.now() / 1000);
  const text = `${encode(header)}.${encode({ iss: 'https://login.example.com', aud: 'orders', sub: 'ann', exp: now + 300, ...claims })}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

example(
  'bearer-tokens.cfg',
  async (stage) => {
    const ask = (token: string, method = 'GET') =>
      askTls(stage.port(8443), request(method, 'api.example.com', '/orders', `Authorization: Bearer ${token}`, 'X-User: root'));
    const good = await ask(tokenOf({}));
    assert.match(good.body, /^orders\/orders[12]$/);
    const seen = stage.seen(good.body);
    assert.deepEqual([field(seen, 'x-user'), field(seen, 'authorization')], ['ann', undefined]);
    assert.equal((await ask(tokenOf({}), 'DELETE')).status, 403);
    assert.equal((await ask(tokenOf({ scope: 'orders:read orders:write' }), 'DELETE')).status, 200);
    const nobody = await askTls(stage.port(8443), request('GET', 'api.example.com', '/orders'));
    assert.deepEqual([nobody.status, field(nobody.head, 'www-authenticate')], [401, 'Bearer']);
    const file = readFileSync(join(FOLDER, 'keys/issuer.pem'));
    const text = tokenOf({}, { alg: 'HS256' }).split('.').slice(0, 2).join('.');
    const refused: readonly (readonly [number, string])[] = [
      [401, tokenOf({ exp: 1_700_000_000 })],
      [401, tokenOf({}, { alg: 'none' })],
      [401, `${text}.${createHmac('sha256', file).update(text).digest('base64url')}`],
      [401, tokenOf({}).replace(/\.[^.]+\./, `.${encode({ sub: 'root', exp: 9_999_999_999, aud: 'orders' })}.`)],
      [403, tokenOf({ aud: 'mail' })],
      [403, tokenOf({ iss: 'https://login.example.org' })],
    ];
    for (const [status, token] of refused) assert.equal((await ask(token)).status, status, token);
  },
  { epoll: true },
);
