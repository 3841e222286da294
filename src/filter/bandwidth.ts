/**
 * Bandwidth limits of streams: `filter bwlim-in` and `bwlim-out` (HAProxy 3.x configuration 9.7). Body data of one direction goes
 * through a limit that lets so many bytes pass in a period: the first ones at once, later ones in slices as the time goes by; of a
 * limit that streams share, a part (stick/shares.ts). What waits is held in the blocks it came in, and its sender is told to wait. It must not know protocols or rules.
 */
import { BLOCK_SIZE, type Block, HEADROOM, type Memory, NO_BLOCK, TAILROOM } from '../base/memory.ts';
import { Timer, type TimerOwner } from '../base/timers.ts';
import type { Host } from '../platform/contract.ts';
import type { DataLimit, LimitSettings } from '../state/overrides.ts';
import type { Stream } from '../state/records.ts';
import { allowance, countPassed, slice } from '../stick/shares.ts';
import type { DataLimits } from '../stream/context.ts';

/** Data is passed at most so often (milliseconds): a slice is what this time brings, at least a byte. */
const SLICE_MS = 20;
/** However slow it is, something is looked at so often. */
const LOOK_MS = 500;
/** Blocks that one direction holds at most: its sender is told to wait with the first one. */
const MOST_HELD = 8;
const ROOM = BLOCK_SIZE - HEADROOM - TAILROOM;

/** Who data is passed to: the machine. `toClient`: it is the response's. */
export interface DataPasser {
  pass(stream: Stream, toClient: boolean, block: Block, start: number, end: number, last: boolean): void;
  /** The receiver takes more. */
  hasRoom(stream: Stream, toClient: boolean): boolean;
  /** Tells the sender to wait, or to go on. */
  pause(stream: Stream, toClient: boolean): void;
  resume(stream: Stream, toClient: boolean): void;
  /** More came than can be held. */
  overflow(stream: Stream): void;
}

class Limit implements DataLimit, TimerOwner {
  readonly #home: BandwidthLimits;
  readonly #timer = new Timer(this);
  #stream!: Stream;
  #toClient = false;
  #settings!: LimitSettings;
  /** Bytes that may pass in a period, as they were when counting began; 0: only shared limits count. */
  #bytes = 0;
  #periodMs = 1;
  #sinceMs = 0;
  /** Passed since then. */
  #passed = 0;
  /** Of the shared limits: what is worth a slice, and how long it takes to come. */
  #commonSlice = ROOM;
  #commonWaitMs = 0;
  readonly #blocks = new Int32Array(MOST_HELD).fill(NO_BLOCK);
  readonly #starts = new Int32Array(MOST_HELD);
  readonly #ends = new Int32Array(MOST_HELD);
  #first = 0;
  #held = 0;
  /** The message ends behind what is held. */
  #last = false;

  constructor(home: BandwidthLimits) {
    this.#home = home;
  }

  begin(stream: Stream, toClient: boolean, settings: LimitSettings): void {
    this.#stream = stream;
    this.#toClient = toClient;
    this.#settings = settings;
    this.#first = this.#held = 0;
    this.#last = false;
    this.#restart();
  }

  /** Counts from now on. */
  #restart(): void {
    this.#bytes = this.#settings.bytes;
    this.#periodMs = this.#settings.periodMs;
    this.#sinceMs = this.#home.host.now();
    this.#passed = 0;
  }

  get holds(): boolean {
    return this.#held > 0;
  }

  take(block: Block, start: number, end: number, last: boolean): void {
    if (this.#held === MOST_HELD) {
      // Nobody sends on after so many calls to wait; nothing may be lost in silence.
      this.#home.memory.give(block);
      this.#home.passer.overflow(this.#stream);
      return;
    }
    const at = (this.#first + this.#held++) % MOST_HELD;
    this.#blocks[at] = block;
    this.#starts[at] = start;
    this.#ends[at] = end;
    if (last) this.#last = true;
    if (this.#held === 1) this.#pass();
  }

  end(): void {
    this.#last = true;
  }

  /** Gives back what it holds, and itself. */
  release(): void {
    while (this.#held > 0) {
      this.#home.memory.give(this.#blocks[this.#first] as number);
      this.#drop();
    }
    this.#home.host.timers.drop(this.#timer);
    this.#home.recycle(this);
  }

  onTimer(): void {
    this.#pass();
  }

  /** Passes what may pass now; the timer goes on with the rest. */
  #pass(): void {
    const { host, passer } = this.#home;
    const stream = this.#stream;
    const { shared } = this.#settings;
    let allowed = this.#allowance(host.now());
    while (this.#held > 0 && allowed > 0 && passer.hasRoom(stream, this.#toClient)) {
      const size = (this.#ends[this.#first] as number) - (this.#starts[this.#first] as number);
      if (allowed < size && allowed < this.#sliceBytes) break;
      const count = Math.min(size, allowed);
      if (count < size && this.#home.memory.blocks.free === 0) break;
      // Before it passes, which may end the stream.
      if (shared !== null) countPassed(shared, count);
      this.#passed += count;
      if (count === size) this.#passBlock();
      else if (!this.#passSlice(count)) break;
      allowed -= count;
      if (this.#stream !== stream || stream.front === null) return;
    }
    if (this.#held > 0) this.#wait(host.now());
    else if (!this.#last) passer.resume(stream, this.#toClient);
  }

  /** Bytes that may pass: so many a period, the first period's at once; what was not used is not kept for later. */
  #allowance(now: number): number {
    const { bytes, periodMs, shared } = this.#settings;
    if (bytes !== this.#bytes || periodMs !== this.#periodMs) this.#restart();
    this.#commonSlice = ROOM;
    this.#commonWaitMs = 0;
    if (shared === null || shared.count === 0) return this.#own(now);
    const common = allowance(shared, SLICE_MS);
    this.#commonSlice = Math.min(ROOM, slice.bytes);
    this.#commonWaitMs = slice.waitMs;
    return this.#bytes === 0 ? common : Math.min(common, this.#own(now));
  }

  #own(now: number): number {
    const due = this.#bytes * Math.max(1, (now - this.#sinceMs) / this.#periodMs);
    if (due - this.#passed > this.#bytes) this.#passed = due - this.#bytes;
    return Math.floor(due - this.#passed);
  }

  /** What is worth a slice: never more than a period brings, which is all that is ever allowed at once. */
  get #sliceBytes(): number {
    return this.#bytes === 0 ? this.#commonSlice : Math.min(this.#commonSlice, this.#ownSlice);
  }

  get #ownSlice(): number {
    const brought = Math.floor((this.#bytes * SLICE_MS) / this.#periodMs);
    return Math.max(1, Math.min(ROOM, this.#bytes, Math.max(this.#settings.leastBytes, brought)));
  }

  /** Until a slice may pass, or a little while if the receiver is slow. */
  #wait(now: number): void {
    const due = this.#bytes === 0 ? 0 : (this.#passed + this.#ownSlice) / this.#bytes;
    const atMs = Math.max(now + this.#commonWaitMs, this.#sinceMs + (due <= 1 ? 0 : due * this.#periodMs));
    const { host, passer } = this.#home;
    host.timers.set(this.#timer, Math.min(now + LOOK_MS, Math.max(now + SLICE_MS / 2, atMs)));
    if (!this.#last) passer.pause(this.#stream, this.#toClient);
  }

  #passBlock(): void {
    const at = this.#first;
    const block = this.#blocks[at] as number;
    const start = this.#starts[at] as number;
    const end = this.#ends[at] as number;
    this.#drop();
    this.#home.passer.pass(this.#stream, this.#toClient, block, start, end, this.#last && this.#held === 0);
  }

  /** A copy of the first bytes goes ahead. False: no block is left now. */
  #passSlice(count: number): boolean {
    const { memory, passer } = this.#home;
    const block = memory.take();
    if (block === NO_BLOCK) return false;
    const from = this.#starts[this.#first] as number;
    const to = memory.dataStart(block);
    memory.bytes.copyWithin(to, from, from + count);
    this.#starts[this.#first] = from + count;
    passer.pass(this.#stream, this.#toClient, block, to, to + count, false);
    return true;
  }

  #drop(): void {
    this.#blocks[this.#first] = NO_BLOCK;
    this.#first = (this.#first + 1) % MOST_HELD;
    this.#held--;
  }
}

/** The limits of a thread: records from a pool. */
export class BandwidthLimits implements DataLimits {
  readonly host: Host;
  readonly memory: Memory;
  readonly passer: DataPasser;
  readonly #free: Limit[] = [];

  /** @param passer takes what a limit lets pass */
  constructor(host: Host, passer: DataPasser) {
    this.host = host;
    this.memory = host.memory;
    this.passer = passer;
  }

  begin(stream: Stream, toClient: boolean, settings: LimitSettings): DataLimit {
    const limit = this.#free.pop() ?? new Limit(this); // hot-ok: once per concurrent limited stream, then pooled
    limit.begin(stream, toClient, settings);
    return limit;
  }

  recycle(limit: DataLimit): void {
    this.#free.push(limit as Limit);
  }
}
