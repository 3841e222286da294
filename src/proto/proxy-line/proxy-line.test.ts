/** The PROXY protocol: what is read and written, at every cut and under random changes. It must not know sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Family, ipText, newAddress, parseIp, type SocketAddress } from '../../base/address.ts';
import { ProxyHeader, ProxyResult, type ProxyResultValue } from './read.ts';
import { SIGNATURE, TlvType } from './shapes.ts';
import { closeTlv, finish, openTlv, writeBinary, writeLine } from './write.ts';

const MOST = 16_384;
const BEHIND = 'GET / HTTP/1.1\r\n\r\n';

const latin = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const short = (value: number): number[] => [value >> 8, value & 255];
const tlv = (type: number, value: readonly number[]): number[] => [type, ...short(value.length), ...value];
const binary = (command: number, family: number, body: readonly number[]): Uint8Array =>
  join(SIGNATURE, [command, family], short(body.length), body);
const A4 = [192, 0, 2, 7, 198, 51, 100, 1, ...short(56_324), ...short(443)];
const A6 = [...(parseIp('2001:db8::7')?.ip ?? []), ...(parseIp('2001:db8::1')?.ip ?? []), ...short(1), ...short(65_535)];

function nameOf(result: ProxyResultValue): string {
  return Object.entries(ProxyResult).find(([, value]) => value === result)?.[0] ?? '';
}

const shown = ({ port, ...address }: SocketAddress): string => `${ipText({ port, ...address })}:${port}`;

/** What is read from all of it at once: the result, and for a header its addresses, its length, the bytes of its TLVs. */
function readAll(bytes: Uint8Array, header = new ProxyHeader(MOST)): string {
  const copy = bytes.slice();
  const result = header.read(copy, 0, copy.length);
  if (result !== ProxyResult.done) return nameOf(result);
  const ends = header.hasAddresses ? `${shown(header.source)} ${shown(header.destination)}` : 'own';
  return `done ${ends} ${header.length} ${header.tlvEnd - header.tlvStart}`;
}

const LINES: readonly (readonly [string, string])[] = [
  ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n', 'done 192.0.2.7:56324 198.51.100.1:443 45 0'],
  ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n', 'done 255.255.255.255:65535 255.255.255.255:65535 56 0'],
  ['PROXY TCP6 2001:db8::7 ::ffff:192.0.2.1 1 0\r\n', 'done 2001:db8::7:1 ::ffff:192.0.2.1:0 45 0'],
  ['PROXY UNKNOWN\r\n', 'done own 15 0'],
  ['PROXY UNKNOWN ffff::1 ffff::1 65535 65535 and more\r\n', 'done own 52 0'],
  [`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, 'done own 107 0'],
  [`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'tooLong'],
  ['PROXY UNKNOWNS\r\n', 'unhandled'],
  ['PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n', 'unhandled'],
  ['PROXY \r\n', 'unhandled'],
  ['PROXY TCP4\r\n', 'unhandled'],
  ['PROXY TCP4 \r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 \r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7  198.51.100.1 1 2\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2.7.1 198.51.100.1 1 2\r\n', 'invalid'],
  ['PROXY TCP4 192.0.2. 198.51.100.1 1 2\r\n', 'invalid'],
  ['PROXY TCP4 ::1 ::2 1 2\r\n', 'invalid'],
  ['PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n', 'invalid'],
  ['PROXY TCP6 2001:::1 ::1 1 2\r\n', 'invalid'],
  ['PROXY TCP6 [::1] ::1 1 2\r\n', 'invalid'],
  ['proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n', 'strange'],
  ['POST / HTTP/1.1\r\n', 'strange'],
  ['\u0016\u0003\u0001', 'strange'],
];

test('version 1', () => {
  for (const [line, expected] of LINES) assert.equal(readAll(latin(line)), expected, JSON.stringify(line));
});

const BINARIES: readonly (readonly [string, Uint8Array, string])[] = [
  ['TCP over IPv4', binary(0x21, 0x11, A4), 'done 192.0.2.7:56324 198.51.100.1:443 28 0'],
  ['TCP over IPv6', binary(0x21, 0x21, A6), 'done 2001:db8::7:1 2001:db8::1:65535 52 0'],
  ['LOCAL', binary(0x20, 0, []), 'done own 16 0'],
  ['LOCAL with addresses', binary(0x20, 0x11, A4), 'done own 28 0'],
  ['TLVs', binary(0x21, 0x11, [...A4, ...tlv(2, [97]), ...tlv(0xea, [])]), 'done 192.0.2.7:56324 198.51.100.1:443 35 7'],
  ['a TLV cut in its head', binary(0x21, 0x11, [...A4, 2, 0]), 'invalid'],
  ['a TLV cut in its value', binary(0x21, 0x11, [...A4, 2, 0, 2, 97]), 'invalid'],
  ['addresses that are cut', binary(0x21, 0x11, A4.slice(1)), 'invalid'],
  ['UDP', binary(0x21, 0x12, A4), 'invalid'],
  ['a UNIX socket', binary(0x21, 0x31, new Array(216).fill(65)), 'invalid'],
  ['an unspecified family', binary(0x21, 0, []), 'invalid'],
  ['another command', binary(0x22, 0x11, A4), 'invalid'],
  ['another version', binary(0x31, 0x11, A4), 'strange'],
  ['a wrong checksum', binary(0x21, 0x11, [...A4, ...tlv(TlvType.crc32c, [0, 0, 0, 0])]), 'invalid'],
  ['a checksum of another size', binary(0x21, 0x11, [...A4, ...tlv(TlvType.crc32c, [0, 0])]), 'invalid'],
  ['too many bytes', binary(0x21, 0x11, new Array(MOST).fill(0)), 'tooLong'],
  ['the most bytes', binary(0x20, 0x11, new Array(MOST - 16).fill(0)), 'done own 16384 0'],
];

test('version 2', () => {
  for (const [what, bytes, expected] of BINARIES) assert.equal(readAll(bytes), expected, what);
});

test('every cut: more is asked for until the header is there, and the same is found', () => {
  for (const bytes of [...LINES.map(([line]) => latin(line)), ...BINARIES.map(([, all]) => all)]) {
    if (bytes.length > 1000) continue;
    const whole = readAll(bytes);
    const header = new ProxyHeader(MOST);
    for (let end = 0; end < bytes.length; end++) {
      const found = readAll(bytes.subarray(0, end), header);
      assert.ok(found === 'more' || (found === whole && !whole.startsWith('done')), `${found} of ${whole} at ${end}`);
    }
    const behind = join(bytes, latin(BEHIND));
    if (whole.startsWith('done')) assert.equal(readAll(behind, header), whole);
  }
});

/** mulberry32. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    const more = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((more ^ (more >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('fuzz: changed bytes give a result, a length within the input, and the same result for every cut', () => {
  const random = numbers(7);
  const seeds = [...LINES.map(([line]) => latin(line)), ...BINARIES.map(([, all]) => all)].filter(({ length }) => length < 300);
  const header = new ProxyHeader(MOST);
  for (let round = 0; round < 20_000; round++) {
    const bytes = (seeds[Math.floor(random() * seeds.length)] as Uint8Array).slice();
    for (let changes = Math.floor(random() * 4); changes >= 0; changes--)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    const whole = readAll(bytes, header);
    if (whole.startsWith('done')) {
      assert.ok(header.length <= bytes.length && header.tlvStart <= header.tlvEnd && header.tlvEnd <= bytes.length);
      assert.notEqual(header.source.family, Family.unix);
    }
    const cut = readAll(bytes.subarray(0, Math.floor(random() * bytes.length)), header);
    assert.ok(cut === 'more' || cut === whole, `${cut} of ${whole}: ${Buffer.from(bytes).toString('latin1')}`);
  }
});

function address(text: string, port: number): SocketAddress {
  const found = newAddress();
  const ip = parseIp(text);
  if (ip !== null) {
    found.family = ip.family;
    found.ip.set(ip.ip);
  } else if (text !== '') found.family = Family.unix;
  found.port = port;
  return found;
}

/** Families, and what comes out: recorded from HAProxy 2.6. */
const WRITTEN: readonly (readonly [string, string, string, string])[] = [
  ['192.0.2.7', '198.51.100.1', 'PROXY TCP4 192.0.2.7 198.51.100.1 1024 443\r\n', '2111000cc0000207c6336401040001bb'],
  [
    '2001:db8::1',
    '127.0.0.1',
    'PROXY TCP6 2001:db8::1 ::ffff:127.0.0.1 1024 443\r\n',
    '2121002420010db800000000000000000000000100000000000000000000ffff7f000001040001bb',
  ],
  ['unix', 'unix', 'PROXY UNKNOWN\r\n', '20000000'],
];

test('what is written', () => {
  for (const [source, destination, line, hex] of WRITTEN) {
    const to = new Uint8Array(200);
    const [from, at] = [address(source, 1024), address(destination, 443)];
    assert.equal(Buffer.from(to.subarray(0, writeLine(to, 0, true, from, at))).toString('latin1'), line);
    const end = writeBinary(to, 0, true, from, at);
    finish(to, 0, end, -1);
    assert.equal(Buffer.from(to.subarray(12, end)).toString('hex'), hex);
    assert.match(readAll(to.subarray(0, end)), /^done /);
  }
});

test('what is written can be read: TLVs and a checksum', () => {
  const to = new Uint8Array(300);
  const tlvs = writeBinary(to, 7, true, address('192.0.2.7', 1), address('192.0.2.8', 2));
  const checksum = openTlv(to, tlvs, TlvType.crc32c);
  let end = closeTlv(to, tlvs, checksum + 4);
  const value = openTlv(to, end, TlvType.uniqueId);
  to.set(latin('abc'), value);
  end = closeTlv(to, end, value + 3);
  finish(to, 7, end, checksum);
  assert.equal(readAll(to.slice(7, end)), 'done 192.0.2.7:1 192.0.2.8:2 41 13');
  to[end - 1] = 0;
  assert.equal(readAll(to.slice(7, end)), 'invalid');
});
