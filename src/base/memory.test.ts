/** Layout and lending of a thread's memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BLOCK_SIZE,
  HEADROOM,
  type MemoryLayout,
  memoryBytes,
  NO_BLOCK,
  NOTE_SIZE,
  plainMemory,
  SCRATCH_SIZE,
  SlotPool,
  TAILROOM,
} from './memory.ts';

const LAYOUT: MemoryLayout = { blocks: 4, notes: 3, statics: 100 };

test('a pool lends each slot once, the last returned first, and none when it is empty', () => {
  const pool = new SlotPool(3);
  const lent = [pool.take(), pool.take(), pool.take()];
  assert.deepEqual([...lent].sort(), [0, 1, 2]);
  assert.equal(pool.take(), NO_BLOCK);
  assert.equal(pool.free, 0);
  pool.give(1);
  pool.give(2);
  assert.equal(pool.take(), 2);
  assert.equal(pool.take(), 1);
  assert.equal(pool.faults, 0);
});

test('giving back what is not lent is counted and changes nothing', () => {
  const pool = new SlotPool(2);
  const slot = pool.take();
  pool.give(slot);
  pool.give(slot);
  pool.give(-5);
  pool.give(2);
  assert.equal(pool.faults, 3);
  assert.equal(pool.free, 2);
  assert.notEqual(pool.take(), pool.take());
});

test('no two parts of the memory overlap, and all lie inside it', () => {
  const memory = plainMemory(LAYOUT);
  assert.equal(memory.bytes.length, memoryBytes(LAYOUT));
  const parts: [start: number, end: number][] = [];
  for (let block = 0; block < LAYOUT.blocks; block++) parts.push([memory.base(block), memory.end(block)]);
  for (let note = 0; note < LAYOUT.notes; note++) parts.push([memory.noteBase(note), memory.noteBase(note) + NOTE_SIZE]);
  const statics = memory.intern('x'.repeat(LAYOUT.statics));
  parts.push([statics, statics + LAYOUT.statics]);
  const scratch = new Set(Array.from({ length: 16 }, () => memory.scratch()));
  assert.equal(scratch.size, 8, 'a scratch area comes again after 7 others');
  for (const start of scratch) parts.push([start, start + SCRATCH_SIZE]);
  parts.push([memory.deskStart, memory.deskEnd]);
  parts.sort((a, b) => a[0] - b[0]);
  let end = 0;
  for (const [from, to] of parts) {
    assert.equal(from, end, 'the parts lie side by side');
    end = to;
  }
  assert.equal(end, memory.bytes.length);
});

test('a block leaves room before and behind received data', () => {
  const memory = plainMemory(LAYOUT);
  assert.equal(memory.dataStart(2) - memory.base(2), HEADROOM);
  assert.equal(memory.end(2) - memory.dataEnd(2), TAILROOM);
  assert.equal(memory.end(2) - memory.base(2), BLOCK_SIZE);
});

test('giving back NO_BLOCK is allowed: static bytes have none', () => {
  const memory = plainMemory(LAYOUT);
  memory.give(NO_BLOCK);
  assert.equal(memory.blocks.faults, 0);
});

test('a constant is stored once; too many are refused with the place that is left', () => {
  const memory = plainMemory(LAYOUT);
  const at = memory.intern('caf\u00e9');
  assert.equal(memory.intern('caf\u00e9'), at);
  assert.equal(memory.text(at, at + 4), 'caf\u00e9');
  const bytes = memory.internBytes(Uint8Array.of(1, 2, 3));
  assert.equal(memory.text(bytes, bytes + 3), '\x01\x02\x03');
  assert.throws(() => memory.intern('y'.repeat(94)), /93 bytes left/);
});
