/**
 * How often something happens in a period: three words in shared memory. An estimate that slides: what happened in
 * this period, and of the last one the part that still lies within a period's length (HAProxy's frequency counters;
 * FEATURES 24). The caller has exclusive access to the words.
 */

/** Offsets of a rate's words: when its period began (ticks of a millisecond), events since then, and in the period before. */
const BEGAN = 0;
const NOW = 1;
const BEFORE = 2;
export const RATE_WORDS = 3;

/** Counts `amount` events at `nowMs` (32 bits, wraps around). */
export function countEvents(cells: Int32Array, at: number, nowMs: number, periodMs: number, amount: number): void {
  const passedMs = (nowMs - (cells[at + BEGAN] as number)) >>> 0;
  if (passedMs >= periodMs) turn(cells, at, nowMs, periodMs, passedMs);
  cells[at + NOW] = (cells[at + NOW] as number) + amount;
}

/** A new period begins where the last one ended; now, if more than a whole one was missed. */
function turn(cells: Int32Array, at: number, nowMs: number, periodMs: number, passedMs: number): void {
  const isNext = passedMs < 2 * periodMs;
  cells[at + BEFORE] = isNext ? (cells[at + NOW] as number) : 0;
  cells[at + NOW] = 0;
  cells[at + BEGAN] = isNext ? (cells[at + BEGAN] as number) + periodMs : nowMs;
}

/** Events within the last period. */
export function eventsPerPeriod(cells: Int32Array, at: number, nowMs: number, periodMs: number): number {
  let now = (cells[at + NOW] as number) >>> 0;
  let before = (cells[at + BEFORE] as number) >>> 0;
  const passedMs = (nowMs - (cells[at + BEGAN] as number)) >>> 0;
  let leftMs = periodMs - passedMs;
  if (leftMs < 0) {
    leftMs += periodMs;
    before = leftMs >= 0 ? now : 0;
    now = 0;
  }
  // Without this a lone event would be reported as 0 from its period's end on, and as 1 again with the next.
  if (now === 0 && before <= 1) return before;
  return Math.floor((before * leftMs) / periodMs) + now;
}
