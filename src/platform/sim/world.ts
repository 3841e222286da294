/**
 * The simulator's time and chance: a virtual clock, events in order, seeded random numbers. The same seed and the same
 * calls give the same run. It must not know wires.
 */

/** Something that happens at a time. */
interface Event {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

export class World {
  /** Milliseconds of virtual time. */
  now = 0;
  readonly #heap: Event[] = [];
  #order = 0;
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `limit` - 1 (mulberry32). */
  random(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** True once in `times`. */
  chance(times: number): boolean {
    return this.random(times) === 0;
  }

  /** Runs `task` in `delayMs`, after everything that is due earlier or was asked for before. */
  after(delayMs: number, task: () => void): void {
    const event = { at: this.now + delayMs, order: this.#order++, task };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (earlier(heap[above] as Event, event)) break;
      heap[at] = heap[above] as Event;
      at = above;
    }
    heap[at] = event;
  }

  /** When the next event happens; Infinity when none will. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Runs the next event, at its time. */
  step(): void {
    const event = this.#pop();
    if (event === undefined) return;
    if (event.at > this.now) this.now = event.at;
    event.task();
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && earlier(heap[below + 1] as Event, heap[below] as Event)) below++;
      if (earlier(last, heap[below] as Event)) break;
      heap[at] = heap[below] as Event;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function earlier(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
