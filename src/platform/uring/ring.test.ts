/** The ring itself: more operations than its queues hold, and its end. */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { openRing, type Ring } from './ring.ts';

const OP_NOP = 0;
/** More than the completion queue's 4,096 places. */
const OPERATIONS = 6000;

function opened(): Ring {
  const ring = openRing();
  assert.ok(typeof ring !== 'number', `error ${ring}`);
  return ring;
}

/** Takes all completions that are there; returns the sum of their numbers. */
function drain(ring: Ring, seen: Set<number>): void {
  const { words, completionHead, completionTail, completionMask, completions } = ring;
  while (words[completionHead] !== words[completionTail]) {
    const head = words[completionHead] as number;
    seen.add(words[completions + ((head & completionMask) << 2)] as number);
    words[completionHead] = (head + 1) | 0;
  }
}

test('no completion is lost when both queues overflow', () => {
  const ring = opened();
  const seen = new Set<number>();
  for (let number = 0; number < OPERATIONS; number++) ring.entry(OP_NOP, -1, 0, 0, 0, number, 0);
  ring.enter(0);
  assert.equal(ring.overflowing, true);
  drain(ring, seen);
  assert.ok(seen.size < OPERATIONS);
  while (seen.size < OPERATIONS) {
    const before = seen.size;
    ring.enter(0);
    drain(ring, seen);
    assert.ok(seen.size > before);
  }
  assert.equal(ring.overflowing, false);
  ring.close();
});

test('a closed ring has no descriptor and its words read nothing', () => {
  const ring = opened();
  const { descriptor } = ring;
  ring.close();
  let target = '';
  try {
    target = readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // As it should be.
  }
  assert.doesNotMatch(target, /io_uring/);
  assert.equal(ring.words[ring.completionTail], undefined);
});
