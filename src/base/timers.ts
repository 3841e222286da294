/**
 * Deadlines by the ten thousand: a hashed wheel of intrusive lists.
 *
 * A timer that is pushed back (a connection that is busy) only has its `deadline`
 * moved; the wheel notices when the old slot comes up and files it again. So a
 * request costs a store, not a list operation. It knows no clock: `advance` is
 * told the time.
 */

/** Milliseconds a slot covers. A deadline is met at most this late. */
const SLOT_MS = 4;
const SLOTS = 4096;
const SLOT_MASK = SLOTS - 1;

/** Never: a timer that is not running. */
export const NEVER = Number.POSITIVE_INFINITY;

export class Timer {
  /** Milliseconds on the host's clock; NEVER when it does not run. May be moved later freely. */
  deadline = NEVER;
  readonly owner: TimerOwner;
  /** Filed under this tick; -1 when in no list. */
  tick = -1;
  next: Timer | null = null;
  previous: Timer | null = null;

  constructor(owner: TimerOwner) {
    this.owner = owner;
  }
}

export interface TimerOwner {
  /** The deadline has passed; the timer is out of the wheel and may be set again. */
  onTimer(timer: Timer): void;
}

export class TimerWheel {
  readonly #slots: (Timer | null)[] = new Array<Timer | null>(SLOTS).fill(null);
  /** Earliest tick that may have a timer: nothing lies before it. */
  #tick: number;
  /** No timer is filed under an earlier tick; `wait`, which is asked every turn, looks from here. */
  #first = 0;
  #count = 0;
  /** What is left of the slot that `advance` runs: taken out of it, so that each timer is looked at once. */
  #running: Timer | null = null;

  /** @param now milliseconds on the host's clock */
  constructor(now: number) {
    this.#tick = tickAt(now);
  }

  get count(): number {
    return this.#count;
  }

  /** Sets or moves the deadline, in milliseconds on the host's clock. */
  set(timer: Timer, deadline: number): void {
    timer.deadline = deadline;
    if (deadline === NEVER) return;
    const tick = this.#tickOf(deadline);
    if (timer.tick >= 0) {
      if (timer.tick <= tick) return;
      this.#unlink(timer);
    }
    this.#link(timer, tick);
  }

  /** Stops it. It may stay filed until its slot comes up; `drop` takes it out at once. */
  stop(timer: Timer): void {
    timer.deadline = NEVER;
  }

  /** Takes it out of the wheel: for a record that goes back to its pool. */
  drop(timer: Timer): void {
    timer.deadline = NEVER;
    if (timer.tick >= 0) this.#unlink(timer);
  }

  /**
   * Runs every timer whose deadline is at or before `now`. A handler may set, stop and drop any timer; one that it sets
   * for now runs once more at most, then at the next call.
   */
  advance(now: number): void {
    const last = tickAt(now);
    const from = this.#tick;
    if (last > from) this.#tick = last;
    if (this.#count === 0) return;
    const turns = Math.min(last - from + 1, SLOTS);
    for (let turn = 0; turn < turns; turn++) this.#runSlot((from + turn) & SLOT_MASK, now);
  }

  /** A lower bound of the milliseconds until `advance` has work; NEVER when it has none. */
  wait(now: number): number {
    if (this.#count === 0) return NEVER;
    const from = Math.max(tickAt(now), this.#first);
    for (let tick = from; tick < from + SLOTS; tick++) {
      if (this.#slots[tick & SLOT_MASK] === null) continue;
      this.#first = tick;
      return Math.max(0, (tick + 1) * SLOT_MS - now);
    }
    return SLOTS * SLOT_MS;
  }

  #runSlot(slot: number, now: number): void {
    this.#running = this.#slots[slot] as Timer | null;
    this.#slots[slot] = null;
    for (;;) {
      const timer: Timer | null = this.#running;
      if (timer === null) return;
      this.#unlink(timer);
      const { deadline } = timer;
      if (deadline <= now) {
        timer.deadline = NEVER;
        timer.owner.onTimer(timer);
      } else if (deadline !== NEVER) this.#link(timer, this.#tickOf(deadline));
    }
  }

  #tickOf(deadline: number): number {
    return Math.max(this.#tick, tickAt(deadline));
  }

  #link(timer: Timer, tick: number): void {
    if (tick < this.#first) this.#first = tick;
    const slot = tick & SLOT_MASK;
    const head = this.#slots[slot] as Timer | null;
    timer.tick = tick;
    timer.previous = null;
    timer.next = head;
    if (head !== null) head.previous = timer;
    this.#slots[slot] = timer;
    this.#count++;
  }

  #unlink(timer: Timer): void {
    const { next, previous } = timer;
    if (previous !== null) previous.next = next;
    else if (timer === this.#running) this.#running = next;
    else this.#slots[timer.tick & SLOT_MASK] = next;
    if (next !== null) next.previous = previous;
    timer.next = null;
    timer.previous = null;
    timer.tick = -1;
    this.#count--;
  }
}

/** A shift would do for 24 days of uptime only. */
function tickAt(ms: number): number {
  return Math.floor(ms / SLOT_MS);
}
