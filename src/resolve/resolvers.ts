/**
 * A `resolvers` section at work: one resolution for each name, however many want it. Names of servers are asked for every `timeout
 * resolve`; names of do-resolve when they are asked for, and answers serve for `hold valid`. It must not know
 * servers or streams.
 */
import type { Clock } from '../control/clock.ts';
import type { ResolversModel } from '../model/sections.ts';
import { readName } from './message.ts';
import { type Asked, Nameserver, Status } from './nameserver.ts';
import { type Ground, Resolution, type Wanted } from './resolution.ts';

/** Names that do-resolve has asked for and that are kept. */
export const MOST_NAMES = 10_000;
/** Who may wait for names of do-resolve at once. */
export const MOST_WAITERS = 100_000;
/** So many of the oldest are looked at for one that nobody needs any more. */
const MOST_LOOKS = 16;

export type Listener = (resolution: Resolution) => void;

interface Entry {
  readonly key: string;
  readonly resolution: Resolution;
  readonly listeners: Set<Listener>;
  /** Called once, when the run has ended. */
  waiters: Listener[];
  cancelTimer: () => void;
}

export interface ResolversOptions {
  readonly model: ResolversModel;
  readonly clock: Clock;
  readonly families: readonly number[];
  /** Instead of those of the model: for tests. */
  readonly nameservers?: readonly Asked[];
}

export class Resolvers {
  readonly name: string;
  readonly nameservers: readonly Asked[];
  readonly #ground: Ground;
  /** Names that servers have. */
  readonly #followed = new Map<string, Entry>();
  /** Others; what was asked for last stands last. */
  readonly #asked = new Map<string, Entry>();
  #waiting = 0;
  #isClosed = false;

  constructor({ model, clock, families, nameservers }: ResolversOptions) {
    this.name = model.name;
    this.nameservers = nameservers ?? model.nameservers.map((server) => new Nameserver(server, model.payloadSize));
    this.#ground = { model, clock, families, nameservers: this.nameservers };
  }

  /** Names known or asked for now. */
  get size(): number {
    return this.#followed.size + this.#asked.size;
  }

  /**
   * Asks for the name again and again; `listener` hears each result, and a known good one at once.
   * @returns what ends it; null: it can't be a name
   */
  follow(text: string, wanted: Wanted, listener: Listener): (() => void) | null {
    const name = readName(text);
    if (name === null) return null;
    const entry = this.#known(name, wanted) ?? this.#newEntry(name, wanted);
    this.#asked.delete(entry.key);
    this.#followed.set(entry.key, entry);
    entry.listeners.add(listener);
    if (entry.resolution.status === Status.none) entry.resolution.start();
    else this.#again(entry);
    if (entry.resolution.status === Status.valid) listener(entry.resolution);
    return () => this.#unfollow(entry, listener);
  }

  /** Calls `done` once, perhaps at once: with an answer not older than `hold valid`, or with a new one; null: too many wait. */
  lookup(text: string, wanted: Wanted, done: (resolution: Resolution | null) => void): void {
    const name = readName(text);
    if (name === null || this.#isClosed || this.#waiting >= MOST_WAITERS) {
      done(null);
      return;
    }
    const entry = this.#askedFor(name, wanted);
    if (entry === null) {
      done(null);
      return;
    }
    const { resolution } = entry;
    const { clock, model } = this.#ground;
    if (resolution.status === Status.valid && clock.now() < resolution.lastDoneMs + model.holdMs.valid) {
      done(resolution);
      return;
    }
    entry.waiters.push(done);
    this.#waiting++;
    resolution.start();
  }

  /** Something says that the address may be another one: asks now, unless a good answer is younger than `hold valid`. */
  refresh(text: string, wanted: Wanted): void {
    const resolution = this.#followed.get(keyOf(readName(text) ?? '', wanted))?.resolution;
    const { clock, model } = this.#ground;
    if (resolution === undefined || clock.now() < resolution.lastValidMs + model.holdMs.valid) return;
    resolution.start();
  }

  close(): void {
    this.#isClosed = true;
    for (const { resolution, cancelTimer } of [...this.#followed.values(), ...this.#asked.values()]) {
      cancelTimer();
      resolution.stop();
    }
    this.#followed.clear();
    this.#asked.clear();
    for (const server of this.nameservers) server.close();
  }

  #known(name: string, wanted: Wanted): Entry | undefined {
    const key = keyOf(name, wanted);
    return this.#followed.get(key) ?? this.#asked.get(key);
  }

  /** null: there is no room for one more. */
  #askedFor(name: string, wanted: Wanted): Entry | null {
    const known = this.#known(name, wanted);
    if (known !== undefined && this.#followed.has(known.key)) return known;
    if (known !== undefined) this.#asked.delete(known.key);
    else if (this.#asked.size >= MOST_NAMES && !this.#forgetOne()) return null;
    const entry = known ?? this.#newEntry(name, wanted);
    this.#asked.set(entry.key, entry);
    return entry;
  }

  #newEntry(name: string, wanted: Wanted): Entry {
    const entry: Entry = {
      key: keyOf(name, wanted),
      resolution: new Resolution(name, wanted, this.#ground, () => this.#onDone(entry)),
      listeners: new Set(),
      waiters: [],
      cancelTimer: () => {},
    };
    return entry;
  }

  /** The one that nobody has wanted for longest. False: the oldest are still being asked for. */
  #forgetOne(): boolean {
    let looks = 0;
    for (const [key, { resolution, waiters }] of this.#asked) {
      if (!resolution.isRunning && waiters.length === 0) return this.#asked.delete(key);
      if (++looks === MOST_LOOKS) break;
    }
    return false;
  }

  #onDone(entry: Entry): void {
    const { waiters, resolution, listeners } = entry;
    entry.waiters = [];
    this.#waiting -= waiters.length;
    for (const waiter of waiters) waiter(resolution);
    for (const listener of [...listeners]) if (listeners.has(listener)) listener(resolution);
    this.#again(entry);
  }

  /** For those who follow it: in `timeout resolve` from the beginning of the last run. */
  #again(entry: Entry): void {
    entry.cancelTimer();
    if (entry.listeners.size === 0 || this.#isClosed || entry.resolution.isRunning) return;
    const { clock, model } = this.#ground;
    const dueMs = entry.resolution.startedMs + model.resolveMs;
    entry.cancelTimer = clock.after(Math.max(1, dueMs - clock.now()), () => entry.resolution.start());
  }

  #unfollow(entry: Entry, listener: Listener): void {
    entry.listeners.delete(listener);
    if (entry.listeners.size > 0) return;
    entry.cancelTimer();
    this.#followed.delete(entry.key);
    if (entry.waiters.length > 0) this.#asked.set(entry.key, entry);
    else entry.resolution.stop();
  }
}

function keyOf(name: string, wanted: Wanted): string {
  return `${wanted} ${name}`;
}
