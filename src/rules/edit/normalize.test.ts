/** Normalisers where HAProxy's own examples do not lead: long input, room that ends, and that nothing is allocated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { plainMemory } from '../../base/memory.ts';
import { Writer } from '../format/writer.ts';
import { makeQuerySort, mergeSlashes, type Normalizer, stripDotdotFull } from './normalize.ts';

const memory = plainMemory({ blocks: 4, notes: 1, statics: 1 << 20 });
const out = new Writer(memory);

function run(normalize: Normalizer, text: string, room = 60_000): string {
  const start = memory.intern(text);
  const at = memory.base(0);
  out.open(at, at + room);
  normalize(out, start, start + text.length);
  return memory.text(at, out.at);
}

test('twenty thousand parameters are sorted as Array.sort does', () => {
  const names = Array.from({ length: 20_000 }, (_, at) => `${((at * 7919) % 5003).toString(36)}`);
  const expected = names.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0)).join('&');
  const text = names.join('&');
  assert.equal(run(makeQuerySort(), text, 200_000).length, text.length);
  assert.equal(run(makeQuerySort(), text, 200_000), expected);
});

test('deep paths are linear work', () => {
  const text = `${'/a'.repeat(10_000)}${'/..'.repeat(9_999)}`;
  assert.equal(run(stripDotdotFull, text), '/a/');
});

test('where the room ends the writer says so', () => {
  run(mergeSlashes, '/a/b/c', 3);
  assert.equal(out.overflow, true);
});

test('sorting does not allocate', () => {
  const sort = makeQuerySort();
  const start = memory.intern('b=1&a=2&c&a=1');
  assertNoAllocation(() => {
    out.open(memory.base(0), memory.base(0) + 100);
    sort(out, start, start + 13);
  }, 'sort');
});
