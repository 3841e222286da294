/** Numbers and addresses as text: against JavaScript's own and the address parser as oracles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Family, ipText, newAddress, parseIp } from '../../base/address.ts';
import { latin1, readInt, readIpv4, readIpv6, writeInt, writeIpv4, writeIpv6, writePadded } from './bytes.ts';

const bytes = new Uint8Array(128);

function written(end: number): string {
  return latin1(bytes.subarray(3, end));
}

function put(text: string): number {
  for (let at = 0; at < text.length; at++) bytes[3 + at] = text.charCodeAt(at);
  return 3 + text.length;
}

test('integers of every size', () => {
  const values = [
    0,
    7,
    9,
    10,
    99,
    100,
    12345,
    999999999,
    1073741823,
    1073741824,
    4294967296,
    Number.MAX_SAFE_INTEGER,
    -1,
    -10,
    -123456789012,
  ];
  for (const value of values) assert.equal(written(writeInt(bytes, 3, value)), String(value));
  for (let power = 1; power <= 1e15; power *= 10) {
    for (const value of [power - 1, power, power + 1]) assert.equal(written(writeInt(bytes, 3, value)), String(value));
  }
  assert.equal(written(writeInt(bytes, 3, 2 ** 63)), '9223372036854775807');
});

test('padded integers', () => {
  assert.equal(written(writePadded(bytes, 3, 7, 3)), '007');
  assert.equal(written(writePadded(bytes, 3, 2026, 4)), '2026');
});

test('integers are read as far as they go', () => {
  for (const [text, value] of [
    ['12', 12],
    ['-5x', -5],
    ['+3', 3],
    ['x', 0],
    ['', 0],
    ['12.9', 12],
  ] as const)
    assert.equal(readInt(bytes, 3, put(text)), value);
});

/** Addresses with runs of zeros in all places. */
function* addresses(): Generator<Uint8Array> {
  let seed = 7;
  for (let round = 0; round < 2000; round++) {
    const ip = new Uint8Array(16);
    for (let word = 0; word < 8; word++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      if (seed & 0x300) continue;
      ip[word * 2] = (seed >> 10) & 255;
      ip[word * 2 + 1] = (seed >> 18) & 255;
    }
    yield ip;
  }
}

test('IPv6 is written in the shortest form and read back', () => {
  const address = newAddress();
  address.family = Family.inet6;
  const back = new Uint8Array(16);
  for (const ip of addresses()) {
    address.ip.set(ip);
    const end = writeIpv6(bytes, 3, ip);
    assert.equal(written(end), ipText(address));
    assert.ok(readIpv6(bytes, 3, end, back), written(end));
    assert.deepEqual(back, ip);
  }
});

test('IPv6 texts that are none are refused as by the parser of the configuration', () => {
  const texts = [
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    ':1',
    '1:',
    '::1:',
    'g::',
    '1::1.2.3',
    '::1.2.3.4',
    '1:2:3:4:5:6:1.2.3.4',
    '',
    '::',
    '::1',
    '1::',
  ];
  const ip = new Uint8Array(16);
  for (const text of texts) {
    const expected = parseIp(text);
    const isIpv6 = text.includes(':') && expected !== null;
    assert.equal(readIpv6(bytes, 3, put(text), ip), isIpv6, text);
    if (isIpv6) assert.deepEqual(ip, expected?.ip, text);
  }
});

test('IPv4', () => {
  const ip = new Uint8Array(16);
  for (const text of ['192.0.2.1', '0.0.0.0', '255.255.255.255']) {
    assert.ok(readIpv4(bytes, 3, put(text), ip));
    assert.equal(written(writeIpv4(bytes, 3, ip, 0)), text);
  }
  for (const text of ['1.2.3', '1.2.3.4.5', '1.2.3.256', '1..2.3', 'a.b.c.d', ''])
    assert.equal(readIpv4(bytes, 3, put(text), ip), false, text);
});
