/**
 * The allocation gate: what runs per request may not allocate on V8's heap.
 *
 *     test('next() does not allocate', () => assertNoAllocation(() => scanner.next(), 'next'));
 *
 * It counts bytes, so it needs no garbage collection to happen. It must not know
 * what it measures.
 */
import assert from 'node:assert/strict';
import { getHeapStatistics } from 'node:v8';

/** Enough calls for V8 to have optimised the step, and everything it calls, for good. */
const WARM_CALLS = 20_000;
const MEASURED_CALLS = 200_000;
/** V8 compiles and re-compiles in between; a real allocation costs every one of the rounds. */
const ROUNDS = 5;
/** V8 counts in buffers of 256 kB that it hands out, so a round may show one that was hardly used. */
const SLACK_BYTES = 300_000;

/** Bytes that V8 allocates in `calls` calls of `step`, once it is warm: the least of some rounds, exact to SLACK_BYTES. */
export function allocatedBytes(step: () => void, calls: number = MEASURED_CALLS): number {
  for (let call = 0; call < WARM_CALLS; call++) step();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && least > SLACK_BYTES; round++) {
    const before = getHeapStatistics().total_allocated_bytes;
    for (let call = 0; call < calls; call++) step();
    least = Math.min(least, getHeapStatistics().total_allocated_bytes - before);
  }
  return least;
}

/**
 * Fails, naming `what` and the bytes, if `step` allocates. The default number of calls
 * sees one small object in ten calls; a step of many microseconds may take 30,000, which
 * still sees one in every call.
 */
export function assertNoAllocation(step: () => void, what: string, calls: number = MEASURED_CALLS): void {
  const bytes = allocatedBytes(step, calls);
  assert.ok(bytes <= SLACK_BYTES, `${what} allocates ${(bytes / calls).toFixed(1)} bytes per call`);
}
