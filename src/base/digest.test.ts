/** Digests against Node's, for every length around the blocks, and the published vectors. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { DIGEST_NAMES, type DigestName, Hmac, newDigest } from './digest.ts';

function ours(name: DigestName, bytes: Uint8Array, cut = bytes.length): string {
  const digest = newDigest(name);
  const out = new Uint8Array(digest.size + 1);
  digest.reset();
  digest.update(bytes, 0, cut);
  digest.update(bytes, cut, bytes.length);
  digest.finish(out, 1);
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
      const hmac = new Hmac(name);
      const out = new Uint8Array(hmac.size);
      hmac.setKey(key, 0, size);
      hmac.sign(message, 0, message.length, out, 0);
      assert.equal(Buffer.from(out).toString('hex'), createHmac(name, key).update(message).digest('hex'), `key of ${size}`);
    }
  });
}
