/**
 * A lock in shared memory: 0 is free, else it holds the number of its owner (thread + 1), so that the control thread can
 * see which locks a dead thread has left behind. Held for some dozens of nanoseconds; who finds it taken spins,
 * then sleeps for moments, because its owner may have been put off the processor, and gives up in the end.
 */

/** Looks before the first sleep: some microseconds. */
const SPINS = 200;
const NAP_MS = 0.05;
const LONG_NAP_MS = 1;
/** Short sleeps before the long ones, and how many there are of those: an owner that is put off for so long is dead. */
const NAPS = 20;
const LONG_NAPS = 200;

/** Takes the lock. False: it could not be had for a fifth of a second. */
export function takeLock(cells: Int32Array, at: number, owner: number): boolean {
  return Atomics.compareExchange(cells, at, 0, owner) === 0 || waitForLock(cells, at, owner);
}

function waitForLock(cells: Int32Array, at: number, owner: number): boolean {
  for (let spin = 0; spin < SPINS; spin++) {
    if (Atomics.load(cells, at) === 0 && Atomics.compareExchange(cells, at, 0, owner) === 0) return true;
  }
  for (let nap = 0; nap < NAPS + LONG_NAPS; nap++) {
    // Nobody wakes the sleeper: telling would cost every owner more than a nap costs the few that sleep.
    Atomics.wait(cells, at, Atomics.load(cells, at) || -1, nap < NAPS ? NAP_MS : LONG_NAP_MS);
    if (Atomics.compareExchange(cells, at, 0, owner) === 0) return true;
  }
  return false;
}

/** @param inOrder the processor keeps stores in order: a plain one then ends what the lock has guarded, at a tenth of the price */
export function giveLock(cells: Int32Array, at: number, inOrder: boolean): void {
  if (inOrder) cells[at] = 0;
  else Atomics.store(cells, at, 0);
}
