/** What is kept of a hello: parts in a room of any size, the hash of all ciphers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientHello } from '../proto/tls-hello.ts';
import { HelloPart, type HelloPartValue, KeptHello } from './client-hello.ts';

/** What a reader of this hello has found: ciphers 1301 1302, extensions 000a 000b, groups 001d, point format 00. */
const BYTES = Buffer.from('13011302' + '000a0004' + '0002001d' + '000b0002' + '0100', 'hex');

function read(): ClientHello {
  const hello = new ClientHello();
  hello.version = 0x0303;
  Object.assign(hello.ciphers, { start: 0, end: 4 });
  Object.assign(hello.extensions, { start: 4, end: 18 });
  Object.assign(hello.groups, { start: 10, end: 12 });
  Object.assign(hello.pointFormats, { start: 17, end: 18 });
  return hello;
}

function part(kept: KeptHello, which: HelloPartValue): string {
  return Buffer.from(kept.bytes.subarray(kept.start(which), kept.end(which))).toString('hex');
}

test('parts share the room in order; those that are absent or find none are empty', () => {
  const parts = (size: number): string[] => {
    const kept = new KeptHello(size);
    kept.keep(BYTES, read());
    return Object.values(HelloPart).map((which) => part(kept, which));
  };
  assert.deepEqual(parts(100), ['13011302', '000a000b', '001d', '00', '', '']);
  assert.deepEqual(parts(3), ['130113', '', '', '', '', '']);
  assert.deepEqual(parts(7), ['13011302', '000a', '00', '', '', '']);
});

test('the hash is that of all ciphers, and a record is used again', () => {
  const kept = new KeptHello(1);
  kept.keep(BYTES, read());
  const first = [kept.hashHigh, kept.hashLow];
  const other = read();
  other.ciphers.end = 2;
  kept.keep(BYTES, other);
  assert.notDeepEqual([kept.hashHigh, kept.hashLow], first);
  assert.equal(part(kept, HelloPart.ciphers), '13');
});
