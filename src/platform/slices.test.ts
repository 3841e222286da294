/** Lines of slices: order, growth and reuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_SLICE, Slices } from './slices.ts';

test('places are lent, linked by their owner, and used again', () => {
  const slices = new Slices();
  const first = slices.take(1, 10, 20);
  const second = slices.take(2, 30, 40);
  slices.next[first] = second;
  assert.equal(slices.give(first), second);
  assert.equal(slices.give(second), NO_SLICE);
  assert.equal(slices.used, 0);
  const again = slices.take(3, 0, 1);
  assert.ok(again === first || again === second);
  assert.equal(slices.next[again], NO_SLICE);
});

test('more places are made when all are lent, and none is lent twice', () => {
  const slices = new Slices();
  const places = new Set<number>();
  for (let number = 0; number < 5000; number++) {
    const place = slices.take(number, number, number + 1);
    assert.ok(!places.has(place));
    places.add(place);
    assert.equal(slices.block[place], number);
  }
  assert.equal(slices.used, 5000);
  const length = slices.block.length;
  for (const place of places) slices.give(place);
  for (let number = 0; number < 5000; number++) slices.take(number, 0, 0);
  assert.equal(slices.block.length, length, 'a steady load makes no more');
});
