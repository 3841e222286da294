/** Digests against Node's, for every length around the blocks, and the published vectors. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { type Digest, Hmac } from '../../base/digest.ts';
import { digestNamed } from './digests.ts';

const DIGEST_NAMES = [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha512-256',
  'sha3-256',
  'sha3-512',
  'blake2s256',
  'blake2b512',
  'ripemd160',
  'md5-sha1',
];

function newDigest(name: string): Digest {
  const digest = digestNamed(name);
  assert.ok(digest !== null, name);
  return digest;
}

function ours(name: string, bytes: Uint8Array, cut = bytes.length): string {
  const digest = newDigest(name);
  const out = new Uint8Array(digest.size + 1);
  digest.reset();
  digest.update(bytes, 0, cut);
  digest.update(bytes, cut, bytes.length);
  assert.ok(digest.finish(out, 1));
  return Buffer.from(out.subarray(1)).toString('hex');
}

const ABC = Buffer.from('abc');
test('published vectors of abc (RFC 1321, FIPS 180-4)', () => {
  assert.equal(ours('md5', ABC), '900150983cd24fb0d6963f7d28e17f72');
  assert.equal(ours('sha1', ABC), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  assert.equal(ours('sha224', ABC), '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7');
  assert.equal(ours('sha256', ABC), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.match(ours('sha384', ABC), /^cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163/);
  assert.match(ours('sha512', ABC), /^ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2/);
});

for (const name of DIGEST_NAMES) {
  test(`${name} of every length to 300 and in two pieces`, () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, at) => (at * 167 + 13) & 255);
    for (let length = 0; length <= 300; length += length < 140 ? 1 : 17) {
      const part = bytes.subarray(0, length);
      assert.equal(ours(name, part, length >> 1), createHash(name).update(part).digest('hex'), `${length} bytes`);
    }
  });

  test(`hmac with ${name}, short and long keys`, () => {
    const message = Buffer.from('what is signed');
    for (const size of [0, 5, 64, 128, 200]) {
      const key = Buffer.alloc(size, 'k');
      const hmac = new Hmac(newDigest(name));
      const out = new Uint8Array(hmac.size);
      hmac.setKey(key, 0, size);
      assert.ok(hmac.sign(message, 0, message.length, out, 0));
      assert.equal(Buffer.from(out).toString('hex'), createHmac(name, key).update(message).digest('hex'), `key of ${size}`);
    }
  });
}

test('names as OpenSSL reads them, and what is none', () => {
  for (const name of ['SHA256', 'Sha-256', 'RSA-SHA256']) assert.equal(ours(name, ABC), ours('sha256', ABC));
  for (const name of ['', 'nope', 'sha', 'md4', 'whirlpool', 'shake128', 'aes128', 'x'.repeat(5000)])
    assert.equal(digestNamed(name), null, name);
});

test('messages of more than one piece', () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, at) => (at * 31) & 255);
  for (const length of [4095, 4096, 4097, 8192, 20_000])
    assert.equal(ours('sha256', bytes.subarray(0, length)), createHash('sha256').update(bytes.subarray(0, length)).digest('hex'));
});

test('two digests at once do not disturb each other', () => {
  const [one, two] = [newDigest('sha256'), newDigest('sha1')];
  const [first, second] = [new Uint8Array(32), new Uint8Array(20)];
  one.reset();
  two.reset();
  for (const byte of ABC) {
    one.update(Uint8Array.of(byte), 0, 1);
    two.update(Uint8Array.of(byte), 0, 1);
  }
  assert.ok(one.finish(first, 0) && two.finish(second, 0));
  assert.equal(Buffer.from(first).toString('hex'), createHash('sha256').update(ABC).digest('hex'));
  assert.equal(Buffer.from(second).toString('hex'), createHash('sha1').update(ABC).digest('hex'));
  assert.equal(one.finish(first, 0), false, 'finished twice');
});

test('nothing is signed without a key', () => {
  const hmac = new Hmac(newDigest('sha256'));
  const out = new Uint8Array(32);
  assert.equal(hmac.sign(ABC, 0, 3, out, 0), false);
  hmac.setKey(ABC, 0, 3);
  assert.equal(hmac.sign(ABC, 0, 3, out, 0), true);
  hmac.clear();
  assert.equal(hmac.sign(ABC, 0, 3, out, 0), false);
});

test('a digest allocates nothing', () => {
  const hmac = new Hmac(newDigest('sha256'));
  const out = new Uint8Array(32);
  assertNoAllocation(
    () => {
      hmac.setKey(ABC, 0, 3);
      hmac.sign(ABC, 0, 3, out, 0);
    },
    'HMAC',
    30_000,
  );
});
