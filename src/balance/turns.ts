/**
 * Whose turn it is: weighted round robin with one state for all threads, in the shared columns and
 * under a spin lock that is held for some ten nanoseconds.
 *
 * Time is counted in turns. A server of weight w among a total of W gets one turn in W / w: it has the position
 * of its next turn and the fraction that is left over, and moves on by W / w when it is served. Who is due and stands
 * first is served. While nobody is due, a server that waits for its very first turn gets it, heaviest first; if
 * there is none, whoever stands first is served early. So 3:1:2 gives 1 3 1 2 1 3, for ever, whichever
 * threads ask (FEATURES 6; recorded sequences of HAProxy are beside the test).
 *
 * Memory is a few cells per server whatever the weights are, a turn costs O(log servers), a change of state or
 * weight O(servers).
 */
import type { Backend, Server } from '../state/records.ts';
import { BackendLive, ServerLive, type Shared } from '../state/shared.ts';
import type { Farm } from './farm.ts';

const POSITION = ServerLive.turnPosition;
const REMAINDER = ServerLive.turnRemainder;
const WEIGHT = ServerLive.turnWeight;
const SERIAL = ServerLive.turnSerial;
const HEAP = ServerLive.turnHeap;
/** More than any weight × 256, to sort by descending weight. */
const HEAVY = 2 ** 24;
/** Length of a window in rounds: where a server that comes back is placed depends on how far the window has got. */
const WINDOW_ROUNDS = 16;
const WEIGHT_UNIT = 256;
const SPINS = 200;
const NAPS = 20;
const NAP_MS = 0.5;

export class Turns {
  readonly #farm: Farm;
  readonly #live: Int32Array;
  /** First cell of each server. */
  readonly #cells: Int32Array;
  readonly #base: number;
  readonly #holder: number;
  readonly #lockCell: number;
  /** Who had the lock when it was waited for in vain. */
  #deadHolder = 0;
  /** Servers taken in this search that have not been put back. */
  readonly #aside: Int32Array;
  #asideCount = 0;
  readonly #wanted: Int32Array;
  readonly #sorted: Float64Array;

  constructor(farm: Farm, backend: Backend, shared: Shared) {
    const count = farm.servers.length;
    this.#farm = farm;
    this.#live = shared.live;
    this.#base = backend.live;
    this.#holder = shared.thread + 1;
    this.#lockCell = backend.live + BackendLive.turnLock;
    this.#cells = new Int32Array(count);
    for (let index = 0; index < count; index++) this.#cells[index] = (farm.servers[index] as Server).live;
    this.#aside = new Int32Array(count);
    this.#wanted = new Int32Array(count);
    this.#sorted = new Float64Array(count);
  }

  /**
   * Waits for its turn at the state: spins first, then sleeps in short naps so that a holder that the kernel has stopped gets
   * the processor. False after some milliseconds; and at once from then on while the same holder still has it (it is dead).
   */
  lock(): boolean {
    for (let nap = 0; nap < NAPS; nap++) {
      for (let look = 0; look < SPINS; look++) {
        if (Atomics.compareExchange(this.#live, this.#lockCell, 0, this.#holder) === 0) {
          this.#deadHolder = 0;
          return true;
        }
      }
      const holder = Atomics.load(this.#live, this.#lockCell);
      if (holder === 0) continue;
      if (holder === this.#deadHolder) return false;
      Atomics.wait(this.#live, this.#lockCell, holder, NAP_MS);
    }
    this.#deadHolder = Atomics.load(this.#live, this.#lockCell);
    return false;
  }

  unlock(): void {
    Atomics.store(this.#live, this.#lockCell, 0);
  }

  /** Index of the server whose turn it is, if that is one that has had a turn before; else -1, and `take` must be asked. */
  peek(): number {
    const live = this.#live;
    const base = this.#base;
    if (live[base + BackendLive.turnHeapSize] === 0) return -1;
    const first = this.#entry(0);
    if (live[base + BackendLive.turnFresh] === 0) return first;
    const position = live[(this.#cells[first] as number) + POSITION] as number;
    return ((position - (live[base + BackendLive.turnPosition] as number)) | 0) <= 0 ? first : -1;
  }

  /** Gives the turn to the server that `peek` answered: the short way for a server that can take it. */
  serve(index: number): void {
    const live = this.#live;
    const base = this.#base;
    const now = live[base + BackendLive.turnPosition] as number;
    this.#moveWindow(now);
    this.#advance(index, now);
    live[(this.#cells[index] as number) + SERIAL] = this.#nextSerial();
    this.#sink(0, index, live[base + BackendLive.turnHeapSize] as number);
  }

  /** Index of the server whose turn it is; -1: none is left. It is out of the game until `putBack`. */
  take(): number {
    const live = this.#live;
    const base = this.#base;
    const now = live[base + BackendLive.turnPosition] as number;
    this.#moveWindow(now);
    const size = live[base + BackendLive.turnHeapSize] as number;
    const fresh = live[base + BackendLive.turnFresh] as number;
    const first = size > 0 ? this.#entry(0) : -1;
    const isDue = first >= 0 && (((live[(this.#cells[first] as number) + POSITION] as number) - now) | 0) <= 0;
    if (!isDue && fresh > 0) return this.#takeFresh(now, fresh);
    if (first < 0) return -1;
    this.#removeFirst(size);
    this.#advance(first, now);
    this.#aside[this.#asideCount++] = first;
    return first;
  }

  /** Puts all taken servers back at the place of their next turn. */
  putBack(): void {
    const live = this.#live;
    const sizeCell = this.#base + BackendLive.turnHeapSize;
    // The order of the ranks is the order in which they were queued again: the served one first.
    while (this.#asideCount > 0) {
      const index = this.#aside[--this.#asideCount] as number;
      const size = live[sizeCell] as number;
      live[sizeCell] = size + 1;
      live[(this.#cells[index] as number) + SERIAL] = this.#nextSerial();
      this.#rise(size, index);
    }
  }

  /** Brings the state up to date with the farm. Under the lock, before `take`. */
  follow(): void {
    const live = this.#live;
    const base = this.#base;
    // Kept plus one, so that 0 means never; a thread that looked at the farm earlier must not bring an old state back.
    const version = (this.#farm.version + 1) | 0;
    if (((version - (live[base + BackendLive.turnVersion] as number)) | 0) <= 0) return;
    live[base + BackendLive.turnVersion] = version;
    const isEmpty = live[base + BackendLive.turnHeapSize] === 0 && live[base + BackendLive.turnFresh] === 0;
    this.#readWeights();
    if (isEmpty) this.#startFresh();
    else this.#change();
  }

  #readWeights(): void {
    const farm = this.#farm;
    const wanted = this.#wanted;
    wanted.fill(0);
    let total = 0;
    for (let at = 0; at < farm.count; at++) {
      const index = farm.eligible[at] as number;
      const weight = farm.weight(index);
      wanted[index] = weight;
      total += weight;
    }
    this.#live[this.#base + BackendLive.turnTotal] = total;
  }

  /** All servers wait for their first turn: heaviest first, then in order of declaration. */
  #startFresh(): void {
    const live = this.#live;
    const base = this.#base;
    const wanted = this.#wanted;
    const sorted = this.#sorted;
    const all = wanted.length;
    let count = 0;
    for (let index = 0; index < all; index++) {
      const weight = wanted[index] as number;
      live[(this.#cells[index] as number) + WEIGHT] = weight;
      if (weight > 0) sorted[count++] = (HEAVY - weight) * all + index;
    }
    for (let at = count; at < all; at++) sorted[at] = HEAVY * all;
    sorted.sort();
    for (let at = 0; at < count; at++) this.#setEntry(all - count + at, (sorted[at] as number) % all);
    live[base + BackendLive.turnFresh] = count;
    live[base + BackendLive.turnWindowStart] = live[base + BackendLive.turnPosition] as number;
    live[base + BackendLive.turnWindowWeight] = live[base + BackendLive.turnTotal] as number;
  }

  /** Some servers came, went or changed their weight; the others keep their places. */
  #change(): void {
    const live = this.#live;
    const base = this.#base;
    const wanted = this.#wanted;
    const all = wanted.length;
    this.#moveWindow(live[base + BackendLive.turnPosition] as number);
    this.#keepFresh(all);
    let size = 0;
    for (let index = 0; index < all; index++) {
      const cell = this.#cells[index] as number;
      const weight = wanted[index] as number;
      if (weight > 0) {
        this.#place(cell, weight);
        this.#setEntry(size++, index);
      }
      // Negative: fresh, so not in the heap.
      live[cell + WEIGHT] = Math.abs(weight);
    }
    live[base + BackendLive.turnHeapSize] = size;
    for (let at = (size >> 1) - 1; at >= 0; at--) this.#sink(at, this.#entry(at), size);
  }

  /** Fresh servers that are still wanted close up at the end of the heap's cells; their weights in `#wanted` become negative. */
  #keepFresh(all: number): void {
    const live = this.#live;
    const cell = this.#base + BackendLive.turnFresh;
    const wanted = this.#wanted;
    let to = all;
    for (let at = all - 1; at >= all - (live[cell] as number); at--) {
      const index = this.#entry(at);
      const weight = wanted[index] as number;
      if (weight === 0) continue;
      wanted[index] = -weight;
      this.#setEntry(--to, index);
    }
    live[cell] = all - to;
  }

  /** Where a server goes on that has come back or has another weight. Found from recordings: see the test. */
  #place(cell: number, weight: number): void {
    const live = this.#live;
    const base = this.#base;
    const before = live[cell + WEIGHT] as number;
    if (before === weight) return;
    const now = live[base + BackendLive.turnPosition] as number;
    const total = live[base + BackendLive.turnTotal] as number;
    const passed = before === 0 ? ((now - (live[base + BackendLive.turnWindowStart] as number)) | 0) * (WEIGHT_UNIT / WINDOW_ROUNDS) : 0;
    live[cell + POSITION] = (now + Math.max(0, Math.floor((total - passed) / weight))) | 0;
    if (before !== 0) live[cell + REMAINDER] = 0;
    live[cell + SERIAL] = this.#nextSerial();
  }

  #moveWindow(now: number): void {
    const live = this.#live;
    const start = this.#base + BackendLive.turnWindowStart;
    const length = (live[this.#base + BackendLive.turnWindowWeight] as number) / (WEIGHT_UNIT / WINDOW_ROUNDS);
    if (((now - (live[start] as number)) | 0) < length) return;
    live[start] = now;
    live[this.#base + BackendLive.turnWindowWeight] = live[this.#base + BackendLive.turnTotal] as number;
  }

  #takeFresh(now: number, fresh: number): number {
    const live = this.#live;
    const index = this.#entry(this.#cells.length - fresh);
    const cell = this.#cells[index] as number;
    live[this.#base + BackendLive.turnFresh] = fresh - 1;
    live[cell + POSITION] = now;
    live[cell + REMAINDER] = 0;
    this.#advance(index, now);
    this.#aside[this.#asideCount++] = index;
    return index;
  }

  /** One turn has been used: the server's next one is W / w further on. */
  #advance(index: number, now: number): void {
    const live = this.#live;
    const cell = this.#cells[index] as number;
    const weight = live[cell + WEIGHT] as number;
    const total = live[this.#base + BackendLive.turnTotal] as number;
    const whole = Math.floor(total / weight);
    let rest = (live[cell + REMAINDER] as number) + total - whole * weight;
    let position = (live[cell + POSITION] as number) + whole;
    if (rest >= weight) {
      rest -= weight;
      position++;
    }
    live[cell + POSITION] = position | 0;
    live[cell + REMAINDER] = rest;
    live[this.#base + BackendLive.turnPosition] = (now + 1) | 0;
  }

  #nextSerial(): number {
    const cell = this.#base + BackendLive.turnSerial;
    const serial = ((this.#live[cell] as number) + 1) | 0;
    this.#live[cell] = serial;
    return serial;
  }

  // A binary heap of server indexes, least first, in one cell of each server.

  #entry(at: number): number {
    return this.#live[(this.#cells[at] as number) + HEAP] as number;
  }

  #setEntry(at: number, index: number): void {
    this.#live[(this.#cells[at] as number) + HEAP] = index;
  }

  #removeFirst(size: number): void {
    const last = size - 1;
    this.#live[this.#base + BackendLive.turnHeapSize] = last;
    if (last > 0) this.#sink(0, this.#entry(last), last);
  }

  #rise(from: number, index: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = this.#entry(above);
      if (!this.#isBefore(index, other)) break;
      this.#setEntry(at, other);
      at = above;
    }
    this.#setEntry(at, index);
  }

  #sink(from: number, index: number, size: number): void {
    let at = from;
    for (let below = 2 * at + 1; below < size; below = 2 * at + 1) {
      if (below + 1 < size && this.#isBefore(this.#entry(below + 1), this.#entry(below))) below++;
      const other = this.#entry(below);
      if (!this.#isBefore(other, index)) break;
      this.#setEntry(at, other);
      at = below;
    }
    this.#setEntry(at, index);
  }

  /** By position, then whose turn is the more overdue, then who has waited longer. */
  #isBefore(one: number, other: number): boolean {
    const live = this.#live;
    const a = this.#cells[one] as number;
    const b = this.#cells[other] as number;
    const apart = ((live[a + POSITION] as number) - (live[b + POSITION] as number)) | 0;
    if (apart !== 0) return apart < 0;
    const overdue =
      (live[a + REMAINDER] as number) - (live[a + WEIGHT] as number) - ((live[b + REMAINDER] as number) - (live[b + WEIGHT] as number));
    if (overdue !== 0) return overdue < 0;
    return (((live[a + SERIAL] as number) - (live[b + SERIAL] as number)) | 0) < 0;
  }
}

/** Control thread: frees the lock that a data thread held when it died. The state may be half changed: it is made anew. */
export function releaseTurnLock(live: Int32Array, backendLive: number, thread: number): void {
  const cell = backendLive + BackendLive.turnLock;
  if (Atomics.load(live, cell) !== thread + 1) return;
  Atomics.store(live, backendLive + BackendLive.turnVersion, 0);
  Atomics.store(live, backendLive + BackendLive.turnHeapSize, 0);
  Atomics.store(live, backendLive + BackendLive.turnFresh, 0);
  Atomics.store(live, cell, 0);
}
