/**
 * How often something happens in a period: three words in shared memory. An estimate that slides: what happened in
 * this period, and of the last one the part that still lies within a period's length (HAProxy's frequency counters;
 * FEATURES 24). Who changes the words has exclusive access to them. Who reads them needs none if the processor keeps loads
 * and stores in order: the first word tells whether a new period began meanwhile.
 */

/** Offsets of a rate's words: when its period began (ticks of a millisecond), events since then, and in the period before. */
const BEGAN = 0;
const NOW = 1;
const BEFORE = 2;
export const RATE_WORDS = 3;

/** Stands for the beginning of a period while the other words change. */
const TURNING = -(2 ** 31);
/** What `eventsPerPeriod` answers when the words belong to different periods. */
export const TORN = -1;
/** Threads' clocks stand still during an event: one may count with a time that lies so much before that of another. */
const MOST_BEHIND_MS = 60_000;

/** Milliseconds since `began`; never less than 0, or a thread whose clock is behind would throw away what was counted. */
function passedSince(began: number, nowMs: number): number {
  const passedMs = (nowMs - began) | 0;
  return passedMs < 0 && passedMs >= -MOST_BEHIND_MS ? 0 : passedMs >>> 0;
}

/** Counts `amount` events at `nowMs` (32 bits, wraps around). */
export function countEvents(cells: Int32Array, at: number, nowMs: number, periodMs: number, amount: number): void {
  const passedMs = passedSince(cells[at + BEGAN] as number, nowMs);
  if (passedMs >= periodMs) turn(cells, at, nowMs, periodMs, passedMs);
  else if (isNew(cells, at)) begin(cells, at, nowMs, 0, 0);
  cells[at + NOW] = (cells[at + NOW] as number) + amount;
}

/** Nothing was ever counted: its zeros are no tick, or it would not turn in the minute before the ticks come to 0 again. */
function isNew(cells: Int32Array, at: number): boolean {
  return cells[at + NOW] === 0 && cells[at + BEGAN] === 0 && cells[at + BEFORE] === 0;
}

/** A new period begins where the last one ended; now, if more than a whole one was missed. */
function turn(cells: Int32Array, at: number, nowMs: number, periodMs: number, passedMs: number): void {
  const isNext = passedMs < 2 * periodMs;
  const began = cells[at + BEGAN] as number;
  begin(cells, at, isNext ? began + periodMs : nowMs, 0, isNext ? (cells[at + NOW] as number) : 0);
}

/** Atomic stores, so that no compiler moves or drops one: it happens once a period. */
function begin(cells: Int32Array, at: number, beganMs: number, now: number, before: number): void {
  Atomics.store(cells, at + BEGAN, TURNING);
  cells[at + BEFORE] = before;
  cells[at + NOW] = now;
  Atomics.store(cells, at + BEGAN, (beganMs | 0) === TURNING ? TURNING + 1 : beganMs);
}

/** `events` in the period that begins now. */
export function setEvents(cells: Int32Array, at: number, nowMs: number, events: number): void {
  begin(cells, at, nowMs, events, 0);
}

/** Events within the last period. TORN: a period begins at this very moment. */
export function eventsPerPeriod(cells: Int32Array, at: number, nowMs: number, periodMs: number): number {
  const began = cells[at + BEGAN] as number;
  let now = (cells[at + NOW] as number) >>> 0;
  let before = (cells[at + BEFORE] as number) >>> 0;
  // An atomic load: a compiler could take a plain one for the same as the first.
  if (began === TURNING || began !== Atomics.load(cells, at + BEGAN)) return TORN;
  let leftMs = periodMs - passedSince(began, nowMs);
  if (leftMs < 0) {
    leftMs += periodMs;
    before = leftMs >= 0 ? now : 0;
    now = 0;
  }
  // Without this a lone event would be reported as 0 from its period's end on, and as 1 again with the next.
  if (now === 0 && before <= 1) return before;
  return Math.floor((before * leftMs) / periodMs) + now;
}
