/** Addresses to the kernel's form and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressFamily, Family, newAddress, parseIp, type SocketAddress } from '../base/address.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES, socketFamily } from './sockaddr.ts';

function unix(path: string, family: AddressFamily = Family.unix): SocketAddress {
  return { family, ip: new Uint8Array(16), port: 0, path };
}

function inet(text: string, port: number): SocketAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return { ...parsed, port, path: '' };
}

test('every form comes back as it was, whatever lay in the bytes before', () => {
  const addresses = [
    inet('192.0.2.7', 65535),
    inet('2001:db8::1', 80),
    unix('/run/a b.sock'),
    unix('name', Family.abns),
    unix('x'.repeat(107)),
  ];
  for (const address of addresses) {
    const bytes = new Uint8Array(SOCKADDR_BYTES + 8).fill(0xff);
    const length = encodeSockaddr(address, bytes, 8);
    assert.ok(length > 0 && length <= 110);
    const back = newAddress();
    assert.equal(decodeSockaddr(bytes, 8, length, back), true);
    assert.deepEqual(back, address);
  }
});

test('the layout is the kernel’s', () => {
  const bytes = new Uint8Array(SOCKADDR_BYTES);
  assert.equal(encodeSockaddr(inet('1.2.3.4', 0x1234), bytes, 0), 16);
  assert.deepEqual([...bytes.slice(0, 16)], [2, 0, 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(encodeSockaddr(unix('ab', Family.abns), bytes, 0), 5);
  assert.deepEqual([...bytes.slice(0, 5)], [1, 0, 0, 0x61, 0x62]);
});

test('what has no such form is refused', () => {
  const bytes = new Uint8Array(SOCKADDR_BYTES);
  for (const address of [unix(''), unix('y'.repeat(108)), newAddress(), { ...newAddress(), family: Family.descriptor, port: 3 }]) {
    assert.equal(encodeSockaddr(address, bytes, 0), 0);
  }
  assert.equal(socketFamily(newAddress()), -1);
  const into = inet('1.2.3.4', 5);
  assert.equal(decodeSockaddr(Uint8Array.of(17, 0, 0, 0), 0, 4, into), false);
  assert.equal(into.family, Family.none);
});

test('a UNIX socket without a name is one all the same', () => {
  const into = newAddress();
  assert.equal(decodeSockaddr(Uint8Array.of(1, 0), 0, 2, into), true);
  assert.deepEqual([into.family, into.path], [Family.unix, '']);
});
