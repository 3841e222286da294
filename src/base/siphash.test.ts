/** HalfSipHash against its reference and against itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfSipHash, sip } from './siphash.ts';

const KEY = new Int32Array(Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]).buffer);

function hash(length: number, key = KEY): string {
  halfSipHash(
    Uint8Array.from({ length }, (_, at) => at),
    0,
    length,
    key,
  );
  return Buffer.from(new Int32Array([sip.low, sip.high]).buffer).toString('hex');
}

test('the vector of the reference: key 00..07, no bytes', () => {
  assert.deepEqual([hash(0)], ['218d1f59b9b83cc8']);
});

test('every length, byte and key counts', () => {
  const seen = new Set(Array.from({ length: 20 }, (_, length) => hash(length)));
  assert.equal(seen.size, 20);
  assert.notEqual(hash(5, new Int32Array([1, 2])), hash(5));
});
