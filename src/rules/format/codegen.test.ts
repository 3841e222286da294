/** Generated formats against the list of their pieces, walked. What real formats write is in keywords/formats.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { plainMemory } from '../../base/memory.ts';
import type { Stream } from '../../state/records.ts';
import { type FormatPiece, fuseFormat } from './codegen.ts';
import { Writer } from './writer.ts';

const memory = plainMemory({ blocks: 2, notes: 1, statics: 4096 });
const out = new Writer(memory);
const AT = 4096;
const TEXTS = ['', ' ', '[', '"', "'; //", '${x}', '\\', 'a text', '\u00e9\u0001', 'x'.repeat(60)];

/** A small generator, so that a failure can be repeated. */
function diceFrom(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % most;
  };
}

function pieceOf(dice: (most: number) => number): FormatPiece {
  const text = TEXTS[dice(TEXTS.length)] as string;
  const value = dice(300);
  const step = dice(4) === 0 ? null : (to: Writer, { retries }: Stream) => to.int(value + retries);
  const start = memory.intern(text);
  return { spaceBefore: dice(3) === 0, start, length: text.length, byte: text.charCodeAt(0), spaceAfter: dice(3) === 0, step };
}

function walk(pieces: readonly FormatPiece[], stream: Stream): void {
  for (const { spaceBefore, start, length, spaceAfter, step } of pieces) {
    if (spaceBefore) out.separator();
    for (let at = start; at < start + length; at++) out.byte(memory.bytes[at] as number);
    if (spaceAfter) out.separator();
    step?.(out, stream);
  }
}

function written(room: number, write: () => void): string {
  out.open(AT, AT + room);
  write();
  return `${memory.text(AT, out.at)}${out.overflow ? ' (cut)' : ''}`;
}

test('a generated format writes what its pieces say, with any room', () => {
  const dice = diceFrom(3);
  for (let round = 0; round < 60; round++) {
    const pieces = Array.from({ length: 6 + dice(30) }, () => pieceOf(dice));
    const fused = fuseFormat(pieces);
    assert.ok(fused !== null);
    const stream = { retries: dice(7) } as Stream;
    for (const room of [4000, dice(400), dice(60)]) {
      assert.equal(
        written(room, () => fused(out, stream)),
        written(room, () => walk(pieces, stream)),
      );
    }
  }
});

test('short and endless formats are walked', () => {
  const dice = diceFrom(1);
  assert.equal(fuseFormat(Array.from({ length: 5 }, () => pieceOf(dice))), null);
  assert.equal(fuseFormat(Array.from({ length: 101 }, () => pieceOf(dice))), null);
});

test('a generated format does not allocate', () => {
  const dice = diceFrom(5);
  const fused = fuseFormat(Array.from({ length: 20 }, () => pieceOf(dice)));
  assert.ok(fused !== null);
  const stream = { retries: 3 } as Stream;
  assertNoAllocation(() => {
    out.open(AT, AT + 4000);
    fused(out, stream);
  }, 'fused');
});
