/** Literals in and out, and what is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressRecord, copyAddress, Family, ipText, newAddress, parseIp } from './address.ts';

function parsed(text: string): AddressRecord {
  const found = parseIp(text);
  assert.ok(found, text);
  return { ...found, port: 0, path: '' };
}

test('IPv4 literals', () => {
  assert.deepEqual([...parsed('192.0.2.255').ip.slice(0, 4)], [192, 0, 2, 255]);
  assert.equal(parsed('0.0.0.0').family, Family.inet);
  for (const text of ['0.0.0.0', '127.0.0.1', '255.255.255.255']) assert.equal(ipText(parsed(text)), text);
});

test('IPv6 literals, shortened and whole, with brackets and an embedded IPv4', () => {
  assert.equal(
    parsed('::').ip.every((byte) => byte === 0),
    true,
  );
  assert.deepEqual([...parsed('2001:db8::8:800:200c:417a').ip], [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0x0c, 0x41, 0x7a]);
  assert.equal(ipText(parsed('[::1]')), '::1');
  assert.deepEqual([...parsed('::ffff:192.0.2.1').ip.slice(10)], [0xff, 0xff, 192, 0, 2, 1]);
  assert.deepEqual([...parsed('1:2:3:4:5:6:7::').ip.slice(12)], [0, 7, 0, 0]);
});

test('IPv6 is written as RFC 5952 wants it', () => {
  const cases: [given: string, written: string][] = [
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::FFFF:1.2.3.4', '::ffff:1.2.3.4'],
  ];
  for (const [given, written] of cases) assert.equal(ipText(parsed(given)), written, given);
});

test('what is no literal is refused', () => {
  const wrong = ['', 'localhost', '1.2.3', '1.2.3.4.5', '256.0.0.1', '1.2.3.-4', '1.2.3.4a', ' 1.2.3.4', '1..2.3', '0x7f.0.0.1'];
  const wrong6 = [
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '::1.2.3',
    '1:2:3:4:5:6:7:8::',
    '[::1',
    '1.2.3.4::',
  ];
  for (const text of [...wrong, ...wrong6]) assert.equal(parseIp(text), null, JSON.stringify(text));
});

test('a copy shares nothing', () => {
  const from = { ...parsed('10.1.2.3'), port: 80, path: 'p' };
  const to = newAddress();
  copyAddress(from, to);
  assert.deepEqual(to, from);
  from.ip[0] = 99;
  assert.equal(ipText(to), '10.1.2.3');
});
