/**
 * Pattern files and maps while they are in use: what the runtime API says and does about them, and the memory they need. It works
 * on the same memory as the data threads, so what it changes counts at once; when a set runs full it is built anew, larger or
 * without its dead entries, and all threads are told. It must not know commands or connections.
 */
import { PatternKind } from '../rules/patterns/pattern-index.ts';
import { buildEntries, buildIndex, PatternSet, type SetBuffers } from '../rules/patterns/patterns.ts';
import { PatternEntries, SetCell } from '../rules/patterns/set.ts';
import { keyText, type PatternStore, setName, spareFor, valueText } from '../rules/patterns/store.ts';

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
}

export class MapControl {
  readonly #store: PatternStore;
  readonly #publish: (set: SetBuffers) => void;
  readonly #threads: number;
  readonly #moves = new Map<string, Move>();
  readonly #refused = new Map<string, number>();

  /**
   * @param threads how many answer what is published with `adopted`
   * @param publish tells all threads where a set lies from now on
   */
  constructor(store: PatternStore, threads: number, publish: (set: SetBuffers) => void) {
    this.#store = store;
    this.#threads = threads;
    this.#publish = publish;
  }

  list(): MapSummary[] {
    return Array.from(this.#store.sets.values(), (buffers) => this.#summary(buffers));
  }

  #summary(buffers: SetBuffers): MapSummary {
    const entries = new PatternEntries(buffers.entries);
    const refused = (entries.header[SetCell.refused] as number) + (this.#refused.get(buffers.name) ?? 0);
    let live = 0;
    for (let entry = 0; entry < entries.count; entry++) if (entries.isLive(entry)) live++;
    const next = entries.header[SetCell.prepared] as number;
    return { name: buffers.name, isMap: buffers.isMap, currentVersion: entries.generation, nextVersion: next, entries: live, refused };
  }

  /** The entries of a version (the current one), in their order; null: there is no such set. */
  show(name: string, version: number | null = null): MapEntry[] | null {
    const set = this.#open(name);
    if (set === null) return null;
    const wanted = version ?? set.entries.generation;
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
    const generation = version ?? set.entries.generation;
    if (generation > (set.entries.header[SetCell.prepared] as number) || generation < set.entries.generation) {
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
    const wanted = version ?? set.entries.generation;
    for (let id = 0; id < set.entries.count; id++) if (set.entries.generationOf(id) === wanted) set.entries.kill(id);
    return null;
  }

  /** A new version to be filled; null: there is no such set. */
  prepare(name: string): number | null {
    const set = this.#open(name);
    return set === null ? null : Atomics.add(set.entries.header, SetCell.prepared, 1) + 1;
  }

  /** From now on this version counts, for all threads at once. */
  commit(name: string, version: number): string | null {
    const set = this.#open(name);
    if (set === null) return unknown(name);
    const { header } = set.entries;
    if (version > (header[SetCell.prepared] as number) || version < set.entries.generation)
      return `there is no version ${version} of '${name}'`;
    Atomics.store(header, SetCell.generation, version);
    return null;
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
    const move: Move = { from, ...moved, waiting: this.#threads };
    this.#moves.set(from.name, move);
    this.#publish(moved.to);
    if (this.#threads === 0) this.#finish(move);
  }

  #finish(move: Move): void {
    this.#moves.delete(move.to.name);
    carryOver(move);
    this.#watch(move.to.entries.header);
  }

  #open(name: string): PatternSet | null {
    const known = this.#store.sets.get(setName(name));
    if (known === undefined) return null;
    const set = this.#store.open({ name: known.name, isMap: known.isMap, kind: PatternKind.exact, fold: false });
    // An index that no rule needed: the threads must fill it too.
    if (set !== known) this.#publish(set);
    return new PatternSet(set);
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

/** The live entries, and those of versions to come, in new memory with room; null: it would be too much. */
function rebuild(from: SetBuffers): { to: SetBuffers; places: Int32Array; values: Int32Array } | null {
  const old = new PatternSet(from).entries;
  const { count, generation } = old;
  const places = new Int32Array(count).fill(-1);
  const values = new Int32Array(count);
  const cells = new Int32Array(count * 4);
  const generations: number[] = [];
  for (let entry = 0; entry < count; entry++) {
    if (old.generationOf(entry) < generation) continue;
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
  entries.header[SetCell.generation] = generation;
  entries.header[SetCell.prepared] = old.header[SetCell.prepared] as number;
  const indexes = from.indexes.map(({ kind, fold }) => buildIndex(entryBuffers, kind, fold, true));
  return { to: { ...from, version: from.version + 1, entries: entryBuffers, indexes }, places, values };
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
    else if (place >= 0 && value !== values[entry]) set.set(old.arena, start, end, value, valueEnd);
    else if (entry >= places.length && generation > 0) set.add(old.arena, start, end, value === 0 ? -1 : value, valueEnd, generation);
  }
}
