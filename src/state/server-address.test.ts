/** The address of a server that moves, written by one thread and read by another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressRecord, ipText, newAddress, parseIp } from '../base/address.ts';
import { Backend, Server } from './records.ts';
import { followAddress, writeAddress } from './server-address.ts';
import { allocateShared, ServerLive, Shared } from './shared.ts';

function addressOf(text: string, port: number): AddressRecord {
  const address = newAddress();
  const ip = parseIp(text);
  assert.ok(ip !== null);
  address.family = ip.family;
  address.ip.set(ip.ip);
  address.port = port;
  return address;
}

test('a reader follows the writer, and not while he writes', () => {
  const buffers = allocateShared({ frontends: 0, backends: 1, servers: 2, threads: 2 });
  const { live } = new Shared(buffers, 0);
  const shared = new Shared(buffers, 1);
  const server = new Server('s', new Backend('b', 0, shared), 1, shared);
  server.address.port = 80;
  server.portFromClient = true;
  const seen = (): string =>
    `${followAddress(shared.live, server)} ${ipText(server.address)} ${server.address.port} ${server.portFromClient}`;
  assert.equal(seen(), 'false  80 true');
  writeAddress(live, server.live, addressOf('10.0.200.255', 0));
  assert.equal(seen(), 'true 10.0.200.255 80 true');
  assert.equal(seen(), 'false 10.0.200.255 80 true');
  writeAddress(live, server.live, addressOf('2001:db8::ff01', 8080));
  writeAddress(live, server.live, addressOf('2001:db8:80ff::1', 8081));
  assert.equal(seen(), 'true 2001:db8:80ff::1 8081 false');
  // In the middle of a change nothing is taken; the next look sees it.
  Atomics.add(live, server.live + ServerLive.addressVersion, 1);
  assert.equal(seen(), 'false 2001:db8:80ff::1 8081 false');
});
