/** Ranks of streams in queues: the class first, then the moment they were queued with their offset (HAProxy 3.x configuration 4.3). */

/** Classes and offsets beyond these count as these. */
export const MOST_CLASS = 2047;
export const MOST_OFFSET_MS = 524287;

/** More than a host's clock shows in 130 years: a class outweighs every moment, and the sum is an exact number. */
const CLASS_MS = 2 ** 42;

/** Lower ranks are served first. */
export function queueRank(priorityClass: number, queuedAtMs: number, offsetMs: number): number {
  return priorityClass * CLASS_MS + queuedAtMs + offsetMs;
}
