/** Names at start, with a resolver of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipText } from '../base/address.ts';
import { parseText } from './parse.ts';
import { resolveServers } from './resolve.ts';

const HOSTS: Record<string, { address: string; family: number }[]> = {
  web: [
    { address: 'fd00::1', family: 6 },
    { address: '10.1.0.1', family: 4 },
    { address: '10.2.0.1', family: 4 },
  ],
};
const asked: string[] = [];
const resolve = async (name: string): Promise<{ address: string; family: number }[]> => {
  asked.push(name);
  const found = HOSTS[name];
  if (found === undefined) throw new Error('ENOTFOUND');
  return found;
};

const SERVERS = `backend b
  server plain web:80
  server four web:80 resolve-prefer ipv4
  server six ipv6@web:80
  server net web:80 resolve-net 10.2.0.0/16
  server literal 127.0.0.1:80
  server none nope:80 init-addr last,none
  server fixed nope:80 init-addr libc,10.9.9.9
`;

test('names become addresses by the rules of their line, each asked once', async () => {
  const { model } = parseText(SERVERS);
  assert.deepEqual(await resolveServers(model, { resolve }), []);
  const addresses = model.proxies[0]?.servers.map((server) => ipText(server.address));
  assert.deepEqual(addresses, ['fd00::1', '10.1.0.1', 'fd00::1', '10.2.0.1', '127.0.0.1', '', '10.9.9.9']);
  assert.deepEqual(asked.sort(), ['nope', 'web']);
});

test('a name that is unknown is fatal, or leaves its server without address with -dr', async () => {
  const text = 'backend b\n  server s nope:80\n';
  const strict = await resolveServers(parseText(text).model, { resolve });
  assert.deepEqual([strict[0]?.severity, strict[0]?.position?.line], ['alert', 2]);
  assert.match(strict[0]?.text ?? '', /could not resolve address 'nope'/);
  const { model } = parseText(text);
  const lenient = await resolveServers(model, { resolve, ignoreFailures: true });
  assert.equal(lenient[0]?.severity, 'warning');
  assert.equal(model.proxies[0]?.servers[0]?.address.family, 0);
});

test('listeners and log targets may have names too', async () => {
  const { model } = parseText('global\n  log web local0\nfrontend f\n  bind web:80-81\n');
  assert.deepEqual(await resolveServers(model, { resolve }), []);
  assert.deepEqual(
    model.proxies[0]?.binds[0]?.addresses.map((address) => `${ipText(address)} ${address.port}`),
    ['fd00::1 80', 'fd00::1 81'],
  );
  const target = model.global.logs[0]?.target;
  assert.ok(target?.kind === 'address' && ipText(target.address) === 'fd00::1');
});
