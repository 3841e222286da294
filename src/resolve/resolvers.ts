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
/** Who may wait for one name at once, and all together. */
export const MOST_WAITERS = 100_000;

export type Listener = (resolution: Resolution) => void;

interface Entry {
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
  readonly #entries = new Map<string, Entry>();
  #waiting = 0;
  #isClosed = false;

  constructor({ model, clock, families, nameservers }: ResolversOptions) {
    this.name = model.name;
    this.nameservers = nameservers ?? model.nameservers.map((server) => new Nameserver(server, model.payloadSize));
    this.#ground = { model, clock, families, nameservers: this.nameservers };
  }

  /** Names known or asked for now. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Asks for the name again and again; `listener` hears each result, and a known good one at once.
   * @returns what ends it; null: it can't be a name
   */
  follow(text: string, wanted: Wanted, listener: Listener): (() => void) | null {
    const name = readName(text);
    if (name === null) return null;
    const entry = this.#entry(name, wanted);
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
    const entry = this.#entry(name, wanted);
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
    const resolution = this.#entries.get(`${wanted} ${readName(text)}`)?.resolution;
    const { clock, model } = this.#ground;
    if (resolution === undefined || clock.now() < resolution.lastValidMs + model.holdMs.valid) return;
    resolution.start();
  }

  close(): void {
    this.#isClosed = true;
    for (const { resolution, cancelTimer } of this.#entries.values()) {
      cancelTimer();
      resolution.stop();
    }
    this.#entries.clear();
    for (const server of this.nameservers) server.close();
  }

  #entry(name: string, wanted: Wanted): Entry {
    const key = `${wanted} ${name}`;
    const known = this.#entries.get(key);
    // What was used last stands last.
    if (known !== undefined) this.#entries.delete(key);
    else if (this.#entries.size >= MOST_NAMES) this.#forgetOne();
    const entry = known ?? this.#newEntry(name, wanted);
    this.#entries.set(key, entry);
    return entry;
  }

  #newEntry(name: string, wanted: Wanted): Entry {
    const entry: Entry = {
      resolution: new Resolution(name, wanted, this.#ground, () => this.#onDone(entry)),
      listeners: new Set(),
      waiters: [],
      cancelTimer: () => {},
    };
    return entry;
  }

  /** The one that nobody has wanted for longest. Those that somebody waits for stay: the waiters bound them. */
  #forgetOne(): void {
    for (const [key, { resolution, listeners, waiters }] of this.#entries) {
      if (resolution.isRunning || listeners.size > 0 || waiters.length > 0) continue;
      this.#entries.delete(key);
      return;
    }
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
    if (entry.listeners.size === 0) entry.cancelTimer();
  }
}
