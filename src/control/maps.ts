/**
 * Pattern files and maps while they are in use: what the runtime API says and does about them, and the memory they need. It works
 * on the same memory as the data threads, so what it changes counts at once; when a set runs full it is built anew, larger or
 * without its dead entries, and all threads are told. It must not know commands or connections.
 */
import { PatternKind } from '../rules/patterns/pattern-index.ts';
import { buildEntries, buildIndex, PatternSet, type SetBuffers } from '../rules/patterns/patterns.ts';
import { PatternEntries, SetCell } from '../rules/patterns/set.ts';
import { keyText, type PatternStore, setName, spareFor, valueText } from '../rules/patterns/store.ts';
import { forgetVersions, keptVersions, VERSION_CELLS } from '../rules/patterns/versions.ts';

export interface MapEntry {
  /** Its number: the order of the entries, and its name in `show` and `del`. */
  readonly id: number;
  readonly key: string;
  /** null: the set is a pattern file. */
  readonly value: string | null;
}

export interface MapSummary {
  readonly name: string;
  readonly isMap: boolean;
  readonly currentVersion: number;
  readonly nextVersion: number;
  readonly entries: number;
  /** Changes that found no room, since the start. */
  readonly refused: number;
}

/** A set may not grow beyond these. */
const MOST_ENTRIES = 1 << 24;
const MOST_BYTES = 1 << 30;

/** A set that has moved: what changed in the old memory meanwhile is still to be carried over. */
interface Move {
  readonly from: SetBuffers;
  readonly to: SetBuffers;
  /** Where each entry of the old memory is in the new; -1: it was dead. */
  readonly places: Int32Array;
  /** The value's place when it was copied. */
  readonly values: Int32Array;
  waiting: number;
  /** The version that was committed meanwhile: it counts once all threads see the new memory; 0: none. */
  committed: number;
}

export class MapControl {
  readonly #store: PatternStore;
  readonly #publish: (set: SetBuffers) => void;
  readonly #tellCommits: (commits: number) => void;
  readonly #threads: number;
  readonly #moves = new Map<string, Move>();
  readonly #refused = new Map<string, number>();
  /** Of all sets, since the start. */
  #commits = 0;

  /**
   * @param threads how many answer what is published with `adopted`
   * @param publish tells all threads where a set lies from now on
   * @param tellCommits tells all threads at once how many commits there were: streams that begin take it with them
   */
  constructor(store: PatternStore, threads: number, publish: (set: SetBuffers) => void, tellCommits: (commits: number) => void) {
    this.#store = store;
    this.#threads = threads;
    this.#publish = publish;
    this.#tellCommits = tellCommits;
  }

  list(): MapSummary[] {
    return Array.from(this.#store.sets.values(), (buffers) => this.#summary(buffers));
  }

  #summary(buffers: SetBuffers): MapSummary {
    const entries = new PatternEntries(buffers.entries);
    entries.seen = this.#current(buffers.name, entries);
    const refused = (entries.header[SetCell.refused] as number) + (this.#refused.get(buffers.name) ?? 0);
    let live = 0;
    for (let entry = 0; entry < entries.count; entry++) if (entries.isLive(entry)) live++;
    const next = entries.header[SetCell.prepared] as number;
    return { name: buffers.name, isMap: buffers.isMap, currentVersion: entries.seen, nextVersion: next, entries: live, refused };
  }

  /** The entries of a version (the current one), in their order; null: there is no such set. */
  show(name: string, version: number | null = null): MapEntry[] | null {
    const set = this.#open(name);
    if (set === null) return null;
    const wanted = version ?? set.entries.seen;
    const list: MapEntry[] = [];
    for (let id = 0; id < set.entries.count; id++) if (set.entries.generationOf(id) === wanted) list.push(entryOf(set, id));
    return list;
  }

  /** The live entry with exactly this key. */
  get(name: string, key: string): MapEntry | null {
    const set = this.#open(name);
    const bytes = bytesOf(key);
    const id = set === null ? -1 : set.findKey(bytes, 0, bytes.length);
    return set === null || id < 0 ? null : entryOf(set, id);
  }

  /** Null, or why it was not added. @param version of `prepare`; null: the current one */
  add(name: string, key: string, value: string | null, version: number | null = null): string | null {
    const set = this.#open(name);
    if (set === null) return unknown(name);
    if (set.isMap !== (value !== null))
      return set.isMap ? `'${name}' is a map: a value is needed` : `'${name}' is no map: it has no values`;
    const bytes = bytesOf(key + (value ?? ''));
    for (const index of set.indexes) {
      const problem = index.problem(bytes, 0, key.length);
      if (problem !== null) return `'${key}' ${problem}`;
    }
    const generation = version ?? set.entries.seen;
    if (generation > (set.entries.header[SetCell.prepared] as number) || generation < set.entries.seen) {
      return `there is no version ${generation} of '${name}'`;
    }
    const start = value === null ? -1 : key.length;
    if (set.add(bytes, 0, key.length, start, bytes.length, generation)) return null;
    this.maintain();
    return this.#open(name)?.add(bytes, 0, key.length, start, bytes.length, generation) === true
      ? null
      : `'${key}' finds no room or has a wrong value`;
  }

  /** Null, or why it was not set. */
  set(name: string, key: string, value: string): string | null {
    const set = this.#open(name);
    if (set === null) return unknown(name);
    const bytes = bytesOf(key + value);
    if (set.findKey(bytes, 0, key.length) < 0) return `there is no key '${key}' in '${name}'`;
    return set.set(bytes, 0, key.length, key.length, bytes.length) ? null : `the value '${value}' does not fit`;
  }

  /** Deletes all entries with this key. Null, or why there was nothing to delete. */
  delete(name: string, key: string): string | null {
    const set = this.#open(name);
    const bytes = bytesOf(key);
    if (set === null) return unknown(name);
    return set.delete(bytes, 0, bytes.length) > 0 ? null : `there is no key '${key}' in '${name}'`;
  }

  /** Deletes the entry with this number. */
  deleteId(name: string, id: number): string | null {
    const set = this.#open(name);
    if (set === null) return unknown(name);
    if (id < 0 || id >= set.entries.count || !set.entries.isLive(id)) return `there is no entry ${id} in '${name}'`;
    set.entries.kill(id);
    return null;
  }

  /** Deletes the entries of a version (the current one). */
  clear(name: string, version: number | null = null): string | null {
    const set = this.#open(name);
    if (set === null) return unknown(name);
    const wanted = version ?? set.entries.seen;
    for (let id = 0; id < set.entries.count; id++) if (set.entries.generationOf(id) === wanted) set.entries.kill(id);
    return null;
  }

  /** A new version to be filled; null: there is no such set. */
  prepare(name: string): number | null {
    const set = this.#open(name);
    return set === null ? null : Atomics.add(set.entries.header, SetCell.prepared, 1) + 1;
  }

  /**
   * From now on this version counts, for all streams that begin, on all threads at once; those that run go on with the one before.
   * While the set moves it is so a moment later, and only what control is asked shows it at once.
   */
  commit(name: string, version: number): string | null {
    const set = this.#open(name);
    if (set === null) return unknown(name);
    const { entries } = set;
    if (version > (entries.header[SetCell.prepared] as number) || version < entries.seen)
      return `there is no version ${version} of '${name}'`;
    const move = this.#moves.get(set.name);
    if (move === undefined) this.#commit(entries, version);
    else move.committed = version;
    return null;
  }

  #commit(entries: PatternEntries, version: number): void {
    if (version === entries.generation) return;
    entries.commit(version, ++this.#commits);
    this.#tellCommits(this.#commits);
  }

  /** The version that counts, or will as soon as the set has moved. */
  #current(name: string, entries: PatternEntries): number {
    return this.#moves.get(name)?.committed || entries.generation;
  }

  /** Listens for sets that are half full. Call it when the threads have opened all they need. */
  watch(): void {
    for (const { entries } of this.#store.sets.values()) this.#watch(entries.header);
  }

  #watch(buffer: ArrayBufferLike): void {
    const header = new Int32Array(buffer);
    const wait = Atomics.waitAsync(header, SetCell.bell, 0);
    if (wait.async) void wait.value.then(() => this.maintain());
    else this.maintain();
  }

  /** Looks for sets that are half full and builds them anew, larger or without dead entries. */
  maintain(): void {
    for (const buffers of Array.from(this.#store.sets.values())) {
      const entries = new PatternEntries(buffers.entries);
      const isRefusing = (entries.header[SetCell.refused] as number) > 0;
      if ((entries.isHalfFull || isRefusing) && !this.#moves.has(buffers.name)) this.#move(buffers);
    }
  }

  /** A thread sees this version. */
  adopted(name: string, version: number): void {
    const move = this.#moves.get(name);
    if (move === undefined || move.to.version !== version || --move.waiting > 0) return;
    this.#finish(move);
  }

  #move(from: SetBuffers): void {
    const old = new PatternEntries(from.entries);
    const refused = old.header[SetCell.refused] as number;
    const moved = rebuild(from);
    if (moved === null) return;
    this.#refused.set(from.name, (this.#refused.get(from.name) ?? 0) + refused);
    this.#store.sets.set(from.name, moved.to);
    const move: Move = { from, ...moved, waiting: this.#threads, committed: 0 };
    this.#moves.set(from.name, move);
    this.#publish(moved.to);
    if (this.#threads === 0) this.#finish(move);
  }

  #finish(move: Move): void {
    this.#moves.delete(move.to.name);
    carryOver(move);
    if (move.committed > 0) this.#commit(new PatternEntries(move.to.entries), move.committed);
    this.#watch(move.to.entries.header);
  }

  #open(name: string): PatternSet | null {
    const known = this.#store.sets.get(setName(name));
    if (known === undefined) return null;
    const set = this.#store.open({ name: known.name, isMap: known.isMap, kind: PatternKind.exact, fold: false });
    // An index that no rule needed: the threads must fill it too. They answer as if it had moved.
    if (set !== known) {
      const move = this.#moves.get(set.name);
      if (move !== undefined) move.waiting += this.#threads;
      this.#publish(set);
    }
    const open = new PatternSet(set);
    open.entries.seen = this.#current(set.name, open.entries);
    return open;
  }
}

function entryOf(set: PatternSet, id: number): MapEntry {
  return { id, key: keyText(set, id), value: set.isMap ? valueText(set, id) : null };
}

function unknown(name: string): string {
  return `there is no map or pattern file '${name}'`;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The entries of the version that counts, of those to come and of those that may still be seen, in new memory with room; null: it would be too much. */
function rebuild(from: SetBuffers): { to: SetBuffers; places: Int32Array; values: Int32Array } | null {
  const old = new PatternSet(from).entries;
  const { count } = old;
  const oldest = oldestCarried(old);
  const places = new Int32Array(count).fill(-1);
  const values = new Int32Array(count);
  const cells = new Int32Array(count * 4);
  const generations: number[] = [];
  for (let entry = 0; entry < count; entry++) {
    if (old.generationOf(entry) < oldest) continue;
    const place = generations.push(old.generationOf(entry)) - 1;
    places[entry] = place;
    values[entry] = old.valueStart(entry);
    const start = old.keyStart(entry);
    cells.set([start, start + old.keyLength(entry), old.valueStart(entry), old.valueStart(entry) + old.valueLength(entry)], place * 4);
  }
  const text = { bytes: old.arena, cells, count: generations.length };
  const spare = spareFor(text.count, old.header[SetCell.used] as number);
  if (text.count + spare.entries > MOST_ENTRIES || old.arena.length + spare.bytes > MOST_BYTES) return null;
  const entryBuffers = buildEntries(text, from.isMap, spare, true);
  const entries = new PatternEntries(entryBuffers);
  for (let place = 0; place < text.count; place++) entries.publish(place, generations[place] as number);
  copyVersions(old.header, entries.header, oldest);
  const indexes = from.indexes.map(({ kind, fold }) => buildIndex(entryBuffers, kind, fold, true));
  return { to: { ...from, version: from.version + 1, entries: entryBuffers, indexes }, places, values };
}

/** The oldest generation that is carried over: the one before that which counts, and more as long as all of them hold no more entries than that. */
function oldestCarried(entries: PatternEntries): number {
  const sizes = new Map<number, number>();
  for (let entry = 0; entry < entries.count; entry++) {
    const generation = entries.generationOf(entry);
    sizes.set(generation, (sizes.get(generation) ?? 0) + 1);
  }
  let oldest = entries.generation;
  let room = sizes.get(oldest) ?? 0;
  for (const [at, generation] of keptVersions(entries.header, SetCell.versions).entries()) {
    room -= sizes.get(generation) ?? 0;
    if (at > 0 && room < 0) break;
    oldest = generation;
  }
  return oldest;
}

function copyVersions(from: Int32Array, to: Int32Array, oldest: number): void {
  const { generation, prepared, since, versions } = SetCell;
  for (const cell of [generation, prepared, since]) to[cell] = from[cell] as number;
  to.set(from.subarray(versions, versions + VERSION_CELLS), versions);
  forgetVersions(to, versions, oldest);
  to[SetCell.oldest] = oldest;
}

/** Brings what changed in the old memory since it was copied to the new one. */
function carryOver({ from, to, places, values }: Move): void {
  const old = new PatternSet(from).entries;
  const set = new PatternSet(to);
  for (let entry = 0; entry < old.count; entry++) {
    const place = entry < places.length ? (places[entry] as number) : -1;
    const start = old.keyStart(entry);
    const end = start + old.keyLength(entry);
    const value = old.valueStart(entry);
    const valueEnd = value + old.valueLength(entry);
    const generation = old.generationOf(entry);
    if (place >= 0 && generation === 0) set.entries.kill(place);
    else if (place >= 0 && value !== values[entry]) set.setAt(place, old.arena, value, valueEnd);
    else if (entry >= places.length && generation > 0) set.add(old.arena, start, end, value === 0 ? -1 : value, valueEnd, generation);
  }
}
