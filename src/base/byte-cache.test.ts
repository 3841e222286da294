/** Bytes by key in a room that is too small for all: the newest are there, nothing else is ever given out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteCache, LONGEST_VALUE, newByteCache } from './byte-cache.ts';

const room = new Uint8Array(LONGEST_VALUE);

/** A key of 32 bytes that is as good as random. */
function keyOf(number: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Math.imul(number + 1, 0x9e3779b1 + at * 2) >>> (at % 24));
}

function put(cache: ByteCache, key: Uint8Array, value: string): void {
  const bytes = Buffer.concat([key, Buffer.from(value)]);
  cache.put(bytes, 0, key.length, key.length, bytes.length);
}

function get(cache: ByteCache, key: Uint8Array): string | null {
  const bytes = Buffer.concat([key, room]);
  const end = cache.get(bytes, 0, key.length, key.length);
  return end < 0 ? null : bytes.toString('latin1', key.length, end);
}

test('what was put is found by every view of the buffer, replaced and removed', () => {
  const buffer = newByteCache(100, 200);
  const [one, two] = [new ByteCache(buffer), new ByteCache(buffer)];
  put(one, keyOf(1), 'first');
  put(one, keyOf(2), 'second');
  assert.deepEqual([get(two, keyOf(1)), get(two, keyOf(2)), get(two, keyOf(3))], ['first', 'second', null]);
  put(two, keyOf(1), 'changed');
  assert.equal(get(one, keyOf(1)), 'changed');
  two.remove(keyOf(2), 0, 32);
  assert.equal(get(one, keyOf(2)), null);
  assert.deepEqual([one.lookups, one.misses], [5, 2]);
});

test('short keys are their own, longer keys and values are not kept', () => {
  const cache = new ByteCache(newByteCache(10, 200));
  put(cache, Uint8Array.of(1), 'a');
  put(cache, Uint8Array.of(1, 2), 'b');
  assert.deepEqual([get(cache, Uint8Array.of(1)), get(cache, Uint8Array.of(1, 2)), get(cache, Uint8Array.of(2))], ['a', 'b', null]);
  put(cache, new Uint8Array(33).fill(7), 'c');
  assert.equal(get(cache, new Uint8Array(33).fill(7)), null);
  put(cache, keyOf(1), 'x'.repeat(LONGEST_VALUE + 1));
  assert.equal(get(cache, keyOf(1)), null);
  put(cache, keyOf(1), 'x'.repeat(LONGEST_VALUE));
  assert.equal(get(cache, keyOf(1))?.length, LONGEST_VALUE);
});

test('the newest overwrite the oldest, and a value is always that of its key', () => {
  const cache = new ByteCache(newByteCache(64, 100));
  let kept = 0;
  for (let number = 0; number < 5000; number++) {
    put(cache, keyOf(number), `value ${number} ${'-'.repeat(number % 300)}`);
    assert.ok(get(cache, keyOf(number))?.startsWith(`value ${number} `), `${number}`);
  }
  for (let number = 0; number < 5000; number++) {
    const found = get(cache, keyOf(number));
    if (found === null) continue;
    kept++;
    assert.equal(found, `value ${number} ${'-'.repeat(number % 300)}`);
  }
  assert.ok(kept > 20 && kept <= 100, `${kept}`);
});

test('who finds it locked does without', () => {
  const buffer = newByteCache(10, 200);
  const cache = new ByteCache(buffer);
  put(cache, keyOf(1), 'a');
  new Int32Array(buffer)[0] = 1;
  put(cache, keyOf(2), 'b');
  assert.equal(get(cache, keyOf(1)), null);
  new Int32Array(buffer)[0] = 0;
  assert.deepEqual([get(cache, keyOf(1)), get(cache, keyOf(2))], ['a', null]);
});
