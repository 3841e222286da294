/** How long client connections wait for what, and how much of a client is read that nobody wants. It must not know connections. */
import type { Timer, TimerWheel } from '../base/timers.ts';
import type { Frontend } from '../state/records.ts';

/** How long a request may be under way before it is watched whether its client is still there (milliseconds). */
export const WATCH_MS = 50;
/** How long a closing connection is drained so that the client can read the answer (milliseconds). */
export const DRAIN_MS = 1000;
/**
 * How much it is drained at most: more than the buffers of both kernels hold with Linux's defaults (4 and 6 MB), so that whoever reads
 * has seen the answer by then.
 */
export const DRAIN_BYTES = 16 << 20;

/** For a request's head, from its first byte on. */
export function requestTimeoutMs({ timeouts }: Frontend): number {
  return timeouts.httpRequestMs || timeouts.clientMs;
}

/** @param delayMs 0: never */
export function setDelay(timers: TimerWheel, timer: Timer, now: number, delayMs: number): void {
  if (delayMs === 0) timers.stop(timer);
  else timers.set(timer, now + delayMs);
}
