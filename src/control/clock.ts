/** Time for the control thread: what it is and a call later. A test can give its own. */

export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  /** Calls `run` after `ms` milliseconds; the result cancels it. Doesn't keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

/** From this thread's `performance.now()` to the clock that all threads of the process share (milliseconds). */
export function processClockOffsetMs(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
