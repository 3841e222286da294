/**
 * Events a second, counted by all threads over the last second: what is left of the second before counts in proportion, as HAProxy's
 * figures do. Three cells of the shared columns; only what somebody asks for is counted. Two threads that end a second
 * at once may lose a few events between them.
 */
const BEGAN = 0;
const CURRENT = 1;
const PREVIOUS = 2;
const PERIOD_MS = 1000;
/** Times are kept in 31 bits. */
const TIME_MASK = 0x7fffffff;

/** What a wall clock (milliseconds), which threads share, gives for `now` below. A small integer: it can be passed on without a box. */
export function rateTime(wallMs: number): number {
  return Math.floor(wallMs % (TIME_MASK + 1));
}

/** One more event. */
export function countEvent(live: Int32Array, cell: number, now: number): void {
  const began = Atomics.load(live, cell + BEGAN);
  const elapsed = (now - began) & TIME_MASK;
  if (elapsed >= PERIOD_MS && Atomics.compareExchange(live, cell + BEGAN, began, now - (elapsed % PERIOD_MS)) === began) {
    const ended = Atomics.exchange(live, cell + CURRENT, 0);
    Atomics.store(live, cell + PREVIOUS, elapsed < 2 * PERIOD_MS ? ended : 0);
  }
  Atomics.add(live, cell + CURRENT, 1);
}

/** Events in the second that runs. */
export function currentEvents(live: Int32Array, cell: number): number {
  return Atomics.load(live, cell + CURRENT);
}

/** Events in the last second. */
export function eventsPerSecond(live: Int32Array, cell: number, now: number): number {
  const elapsed = (now - Atomics.load(live, cell + BEGAN)) & TIME_MASK;
  if (elapsed >= 2 * PERIOD_MS) return 0;
  const isOver = elapsed >= PERIOD_MS;
  const current = Atomics.load(live, cell + CURRENT);
  const before = isOver ? current : Atomics.load(live, cell + PREVIOUS);
  const sinceThen = isOver ? 0 : current;
  // A single event counts for the whole second after its own, so that low rates do not flicker.
  if (before <= 1 && sinceThen === 0) return before;
  return sinceThen + Math.floor((before * ((isOver ? 2 : 1) * PERIOD_MS - elapsed)) / PERIOD_MS);
}

/**
 * How long until one more event keeps the last second within `limit` events (milliseconds, at most one second: who
 * waits longer asks again); 0: it may be now.
 */
export function delayToFit(live: Int32Array, cell: number, limit: number, now: number): number {
  if (eventsPerSecond(live, cell, now) < limit) return 0;
  const elapsed = (now - Atomics.load(live, cell + BEGAN)) & TIME_MASK;
  const isOver = elapsed >= PERIOD_MS;
  const current = Atomics.load(live, cell + CURRENT);
  if (!isOver && current >= limit) return PERIOD_MS - elapsed;
  const fading = isOver ? current : Atomics.load(live, cell + PREVIOUS);
  const free = limit - (isOver ? 0 : current);
  // What fades is less than `free` from here on; see eventsPerSecond for the window.
  const end = (isOver ? 2 : 1) * PERIOD_MS;
  const fits = fading <= 1 ? end : end - Math.ceil((PERIOD_MS * free) / fading) + 1;
  return Math.min(PERIOD_MS, Math.max(1, fits - elapsed));
}
