/** Lengths and ends of the binary form of header fields. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { block, readBlock } from './header-blocks.ts';

function read(bytes: Uint8Array): number | null {
  return readBlock(bytes, 0, bytes.length) < 0 ? null : block.end - block.start;
}

/** A length as the peers protocol writes it, and so many bytes. */
function text(length: number): Uint8Array {
  const head: number[] = [];
  if (length < 240) head.push(length);
  else {
    head.push((length & 15) | 240);
    let rest = (length - 240) >>> 4;
    for (; rest >= 128; rest = (rest - 128) >>> 7) head.push((rest & 127) | 128);
    head.push(rest);
  }
  return Uint8Array.from([...head, ...new Uint8Array(length)]);
}

test('lengths of one to three bytes', () => {
  for (const length of [0, 1, 239, 240, 241, 255, 2287, 2288, 5000, 40_000]) assert.equal(read(text(length)), length, String(length));
});

test('what ends too early is none', () => {
  for (const length of [1, 239, 240, 5000]) assert.equal(read(text(length).subarray(0, -1)), null);
  assert.equal(read(new Uint8Array(0)), null);
  assert.equal(read(Uint8Array.from([255])), null);
  assert.equal(read(new Uint8Array(20).fill(255)), null);
});
