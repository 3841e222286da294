/** The allocation gate itself: it must see the smallest object and must not see arithmetic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocatedBytes, assertNoAllocation } from './alloc.ts';

let kept: unknown;
let sum = 0;
const bytes = new Uint8Array(64);

function keep(value: unknown): void {
  kept = value;
}

test('arithmetic, typed arrays and calls of methods do not allocate', () => {
  assertNoAllocation(() => {
    for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] as number) + at;
    sum = (sum + (bytes[3] as number)) | 0;
  }, 'the loop');
});

test('an object, a closure, a string, a double and a view are each seen', () => {
  const cases: Record<string, () => void> = {
    object: () => keep({ a: sum }),
    closure: () => keep(() => kept),
    string: () => keep(`${sum++}x`),
    double: () => keep(sum++ + 0.5),
    view: () => keep(bytes.subarray(1)),
  };
  for (const [name, step] of Object.entries(cases)) assert.ok(allocatedBytes(step) >= 200_000 * 8, name);
  assert.throws(() => assertNoAllocation(cases['object'] as () => void, 'it', 30_000), /it allocates \d+\.\d bytes per call/);
});

test('one object in ten calls is seen', () => {
  let call = 0;
  const step = (): void => {
    if (++call % 10 === 0) keep([call]);
  };
  assert.throws(() => assertNoAllocation(step, 'it'), /it allocates/);
});
