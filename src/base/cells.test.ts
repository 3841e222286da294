/** Cells of all sizes: none overlaps another, and blocks come home. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_SIZE, plainMemory } from './memory.ts';

test('cells are apart, aligned and large enough, whatever order they are given back in', () => {
  const memory = plainMemory({ blocks: 64, notes: 1, statics: 64 });
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const held: { readonly cell: number; readonly size: number; readonly mark: number }[] = [];
  for (let turn = 0; turn < 5000; turn++) {
    if (held.length > 0 && random(5) < 2) {
      const [{ cell, size, mark }] = held.splice(random(held.length), 1) as [(typeof held)[number]];
      assert.ok(memory.bytes.subarray(cell, cell + size).every((byte) => byte === mark));
      memory.cells.give(cell);
      continue;
    }
    const size = 1 + random(random(10) === 0 ? 40_000 : 300);
    const cell = memory.cells.take(size);
    if (cell < 0) continue;
    assert.equal(cell % 64, 0);
    assert.ok(memory.cells.sizeOf(cell) >= size && memory.cells.sizeOf(cell) < Math.max(128, size * 2));
    const mark = turn & 255;
    memory.bytes.fill(mark, cell, cell + size);
    held.push({ cell, size, mark });
  }
  assert.ok(held.length > 50);
  for (const { cell } of held) memory.cells.give(cell);
  assert.equal(memory.blocks.free, 64);
  assert.equal(memory.blocks.faults, 0);
});

test('more than a block is refused, and so is more than a quarter of all blocks', () => {
  const memory = plainMemory({ blocks: 8, notes: 1, statics: 64 });
  assert.equal(memory.cells.take(BLOCK_SIZE + 1), -1);
  const first = memory.cells.take(BLOCK_SIZE);
  assert.ok(first >= 0 && memory.cells.take(BLOCK_SIZE) >= 0);
  assert.equal(memory.cells.take(64), -1);
  memory.cells.give(first);
  assert.ok(memory.cells.take(64) >= 0);
});
