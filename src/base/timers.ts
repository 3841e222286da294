/**
 * Deadlines by the ten thousand: a hashed wheel of intrusive lists.
 *
 * A timer that is pushed back (a connection that is busy) only has its `deadline`
 * moved; the wheel notices when the old slot comes up and files it again. So a
 * request costs a store, not a list operation. It knows no clock: `advance` is
 * told the time.
 */

/** Milliseconds a slot covers, as a shift: 4 ms. A deadline is met at most this late. */
const SLOT_SHIFT = 2;
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
  #count = 0;

  /** @param now milliseconds on the host's clock */
  constructor(now: number) {
    this.#tick = Math.floor(now) >> SLOT_SHIFT;
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

  /** Runs every timer whose deadline is at or before `now`. */
  advance(now: number): void {
    const last = Math.floor(now) >> SLOT_SHIFT;
    if (this.#count === 0) {
      if (last > this.#tick) this.#tick = last;
      return;
    }
    const turns = Math.min(last - this.#tick + 1, SLOTS);
    for (let turn = 0, from = this.#tick; turn < turns; turn++) this.#runSlot((from + turn) & SLOT_MASK, last, now);
    if (last > this.#tick) this.#tick = last;
  }

  /** A lower bound of the milliseconds until `advance` has work; NEVER when it has none. */
  wait(now: number): number {
    if (this.#count === 0) return NEVER;
    const first = Math.floor(now) >> SLOT_SHIFT;
    for (let turn = 0; turn < SLOTS; turn++) {
      if (this.#slots[(first + turn) & SLOT_MASK] !== null) return Math.max(0, ((first + turn + 1) << SLOT_SHIFT) - now);
    }
    return SLOTS << SLOT_SHIFT;
  }

  #runSlot(slot: number, last: number, now: number): void {
    let timer = this.#slots[slot] as Timer | null;
    while (timer !== null) {
      const next: Timer | null = timer.next;
      if (timer.tick <= last) {
        this.#unlink(timer);
        const { deadline } = timer;
        if (deadline <= now) {
          timer.deadline = NEVER;
          timer.owner.onTimer(timer);
          // A handler may have taken `next` out, or filed timers anew in this slot: start over; what was run is gone.
          timer = this.#slots[slot] as Timer | null;
          continue;
        }
        if (deadline !== NEVER) this.#link(timer, Math.max(this.#tickOf(deadline), last + 1));
      }
      timer = next;
    }
  }

  #tickOf(deadline: number): number {
    return Math.max(this.#tick, Math.ceil(deadline) >> SLOT_SHIFT);
  }

  #link(timer: Timer, tick: number): void {
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
    else this.#slots[timer.tick & SLOT_MASK] = next;
    if (next !== null) next.previous = previous;
    timer.next = null;
    timer.previous = null;
    timer.tick = -1;
    this.#count--;
  }
}
