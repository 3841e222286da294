/** Copies against a loop over bytes, at every size and offset. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBytes, copyLower, copyOutside, viewOf } from './words.ts';

const ROOM = 1024;

function filled(): Uint8Array {
  return Uint8Array.from({ length: ROOM }, (_, at) => (at * 37 + (at >> 3)) & 255);
}

test('bytes are copied somewhere else and further to the front', () => {
  for (const [start, at] of [
    [500, 10],
    [10, 600],
    [3, 0],
    [8, 7],
    [9, 7],
    [10, 7],
    [11, 7],
  ] as const) {
    for (let size = 0; size < 260; size++) {
      const bytes = filled();
      const wanted = filled();
      wanted.copyWithin(at, start, start + size);
      assert.equal(copyBytes(bytes, start, start + size, at), at + size);
      assert.deepEqual(bytes, wanted, `${size} bytes from ${start} to ${at}`);
    }
  }
  assert.equal(copyBytes(filled(), 10, 8, 5), 5, 'less than nothing');
});

test('bytes from outside', () => {
  const source = filled();
  for (let size = 0; size < 70; size++) {
    const bytes = new Uint8Array(100);
    assert.equal(copyOutside(new DataView(source.buffer), size, bytes, 9), 9 + size);
    assert.deepEqual([...bytes], [...new Uint8Array(9), ...source.subarray(0, size), ...new Uint8Array(91 - size)]);
  }
});

test('every byte in lower case', () => {
  for (let size = 0; size < 9; size++) {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = new Uint8Array(64).fill(byte, 0, 16);
      assert.equal(copyLower(bytes, 3, 3 + size, 32), 32 + size);
      const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte;
      assert.deepEqual(
        [...bytes.subarray(32, 42)],
        Array.from({ length: 10 }, (_, at) => (at < size ? lower : 0)),
      );
    }
  }
  const mixed = new Uint8Array(64);
  mixed.set(Buffer.from('@AZ[`az{X-\x80\xc1\xff', 'latin1'));
  copyLower(mixed, 0, 13, 32);
  assert.equal(Buffer.from(mixed.subarray(32, 45)).toString('latin1'), '@az[`az{x-\x80\xc1\xff');
});

test('one view is kept for the same bytes', () => {
  const bytes = new Uint8Array(8);
  assert.equal(viewOf(bytes), viewOf(bytes));
  const part = new Uint8Array(bytes.buffer, 4, 4);
  viewOf(part).setUint8(0, 7);
  assert.equal(bytes[4], 7);
});
