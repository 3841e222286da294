/**
 * A set of patterns with the ways in which it is searched, built from lines, and changed while it is in use. Whoever made the
 * buffers, several threads may hold one: each has its own view over the same memory. It must not know files.
 */
import { readIpv4, readIpv6 } from '../value/bytes.ts';
import { ADDRESS_WIDTHS, AddressIndex } from './address.ts';
import type { PatternText } from './file.ts';
import { NumberIndex } from './number.ts';
import {
  INDEX_CELLS,
  type IndexBuffers,
  IndexCell,
  type PatternIndex,
  PatternKind,
  type PatternKindValue,
  TextIndex,
} from './pattern-index.ts';
import { RegexIndex } from './regex.ts';
import { type EntryBuffers, newEntryBuffers, PatternEntries, SetCell } from './set.ts';
import { SKIPS, windowOf } from './skips.ts';

/** What a thread needs to see a set: plain data. */
export interface SetBuffers {
  /** Without `file@` and `opt@`. */
  readonly name: string;
  readonly isMap: boolean;
  /** Grows when the set has moved. */
  readonly version: number;
  readonly entries: EntryBuffers;
  readonly indexes: readonly IndexBuffers[];
  readonly values: ValueKinds;
}

/** Bits: what each value must be because some map reads it so. */
export type ValueKinds = number;
export const VALUE_BITS = { int: 1, ip: 2 } as const;

/** Whether a value is what these bits demand. */
export function fitsKinds(bytes: Uint8Array, start: number, end: number, kinds: ValueKinds): boolean {
  if ((kinds & VALUE_BITS.int) !== 0 && !isInteger(bytes, start, end)) return false;
  if ((kinds & VALUE_BITS.ip) === 0) return true;
  return readIpv4(bytes, start, end, IP) || readIpv6(bytes, start, end, IP);
}

const IP = new Uint8Array(16);

function isInteger(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start];
  const from = first === 45 || first === 43 ? start + 1 : start;
  for (let at = from; at < end; at++) if ((bytes[at] as number) < 48 || (bytes[at] as number) > 57) return false;
  return end > from;
}

export interface Spare {
  readonly entries: number;
  readonly bytes: number;
}
export const NO_SPARE: Spare = { entries: 0, bytes: 0 };
/** Keys longer than this can't be added to a set that is in use. */
const LONGEST_ADDED = 32_768;

export class PatternSet {
  readonly name: string;
  readonly isMap: boolean;
  readonly entries: PatternEntries;
  readonly indexes: PatternIndex[] = [];
  version: number;
  values: ValueKinds;

  constructor(buffers: SetBuffers) {
    this.name = buffers.name;
    this.isMap = buffers.isMap;
    this.version = buffers.version;
    this.values = buffers.values;
    this.entries = new PatternEntries(buffers.entries);
    for (const index of buffers.indexes) this.indexes.push(indexOver(this.entries, index, true));
  }

  index(kind: PatternKindValue, fold: boolean): PatternIndex | null {
    for (let at = 0; at < this.indexes.length; at++) {
      const index = this.indexes[at] as PatternIndex;
      if (index.kind === kind && index.fold === fold) return index;
    }
    return null;
  }

  /** Takes over what another thread made of the same set. hot-ok: at start and when a set has grown */
  adopt(buffers: SetBuffers): void {
    this.values = buffers.values;
    if (buffers.version !== this.version) {
      this.version = buffers.version;
      this.entries.adopt(buffers.entries);
    }
    for (const one of buffers.indexes) {
      const known = this.index(one.kind, one.fold);
      if (known === null) this.indexes.push(indexOver(this.entries, one, true));
      else if (known.buffers.slots !== one.slots) known.adopt(one);
    }
  }

  /** A live entry with exactly this key; -1: none. The set must have the index of whole texts. */
  findKey(bytes: Uint8Array, start: number, end: number): number {
    const index = this.index(PatternKind.exact, false);
    return index instanceof TextIndex ? index.findExact(bytes, start, end) : -1;
  }

  /** Whether these bytes can be a key of every index. */
  accepts(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = 0; at < this.indexes.length; at++) if (this.indexes[at]?.problem(bytes, start, end) !== null) return false;
    return true;
  }

  /**
   * Adds an entry behind all others, to the generation that is seen. False: it can't be a key, or there is no room, which is counted.
   * @param value -1: it has none
   */
  add(bytes: Uint8Array, start: number, end: number, value: number, valueEnd: number, generation = this.entries.seen): boolean {
    const { entries } = this;
    if (value >= 0 && !fitsKinds(bytes, value, valueEnd, this.values)) return false;
    if (!this.accepts(bytes, start, end) || !entries.lock()) return false;
    const isDone = this.#store(bytes, start, end, value, valueEnd, generation);
    if (!isDone) Atomics.add(entries.header, SetCell.refused, 1);
    entries.unlock();
    return isDone;
  }

  #store(bytes: Uint8Array, start: number, end: number, value: number, valueEnd: number, generation: number): boolean {
    const { entries } = this;
    entries.storing = generation;
    const place = value < 0 ? 0 : entries.storeValue(bytes, value, valueEnd);
    if (place < 0) return false;
    const entry = entries.store(bytes, start, end, place);
    if (entry < 0) return false;
    for (let at = 0; at < this.indexes.length; at++) if (!(this.indexes[at] as PatternIndex).insert(entry)) return false;
    entries.publish(entry, generation);
    return true;
  }

  /** Gives the entry with this key a value (of several the first, which is the one that is found). False: there is none, or no room. */
  set(bytes: Uint8Array, start: number, end: number, value: number, valueEnd: number): boolean {
    const entry = this.findKey(bytes, start, end);
    return entry >= 0 && this.setAt(entry, bytes, value, valueEnd);
  }

  /** Gives an entry a value. False: no room, or it can't be one. */
  setAt(entry: number, bytes: Uint8Array, value: number, valueEnd: number): boolean {
    const { entries } = this;
    if (!fitsKinds(bytes, value, valueEnd, this.values)) return false;
    if (entries.hasValue(entry, bytes, value, valueEnd)) return true;
    if (!entries.lock()) return false;
    const place = entries.storeValue(bytes, value, valueEnd);
    if (place > 0) entries.setValue(entry, place);
    else Atomics.add(entries.header, SetCell.refused, 1);
    entries.unlock();
    return place > 0;
  }

  /** Deletes all entries with this key; their number. */
  delete(bytes: Uint8Array, start: number, end: number): number {
    const { entries } = this;
    let count = 0;
    if (this.findKey(bytes, start, end) < 0 || !entries.lock()) return 0;
    for (let entry = this.findKey(bytes, start, end); entry >= 0; entry = this.findKey(bytes, start, end)) {
      entries.kill(entry);
      count++;
    }
    entries.unlock();
    return count;
  }
}

/** hot-ok: at start and when a set has grown */
function indexOver(entries: PatternEntries, buffers: IndexBuffers, isSearched: boolean): PatternIndex {
  switch (buffers.kind) {
    case PatternKind.address:
      return new AddressIndex(entries, buffers);
    case PatternKind.number:
    case PatternKind.size:
      return new NumberIndex(entries, buffers);
    case PatternKind.regex:
      return new RegexIndex(entries, buffers, isSearched);
    default:
      return new TextIndex(entries, buffers);
  }
}

/** A line that can't be a pattern: its number among the lines, from 0, and why. */
export class PatternFault extends Error {
  override readonly name = 'PatternFault';
  readonly line: number;
  readonly pattern: string;

  constructor(message: string, line: number, pattern: string) {
    super(message);
    this.line = line;
    this.pattern = pattern;
  }
}

/** The columns of a set without an index. hot-ok: when a set is built */
export function buildEntries(text: PatternText, isMap: boolean, spare: Spare, isShared: boolean): EntryBuffers {
  const { bytes, cells, count } = text;
  let size = 0;
  for (let at = 0; at < count * 4; at += 4) {
    size += (cells[at + 1] as number) - (cells[at] as number);
    if (isMap) size += 4 + (cells[at + 3] as number) - (cells[at + 2] as number);
  }
  const buffers = newEntryBuffers(count + spare.entries, size + spare.bytes, isShared);
  const entries = new PatternEntries(buffers);
  for (let at = 0; at < count * 4; at += 4) {
    const value = isMap ? entries.storeValue(bytes, cells[at + 2] as number, cells[at + 3] as number) : 0;
    entries.publish(entries.store(bytes, cells[at] as number, cells[at + 1] as number, value), 1);
  }
  entries.header[SetCell.bellEntries] = count + (spare.entries >> 1);
  entries.header[SetCell.bellBytes] = (entries.header[SetCell.used] as number) + (spare.bytes >> 1);
  return buffers;
}

/** Makes a way of searching over entries. @throws PatternFault for the first key that can't be one. hot-ok: when a set is built */
export function buildIndex(entryBuffers: EntryBuffers, kind: PatternKindValue, fold: boolean, isShared: boolean): IndexBuffers {
  const make = (size: number): ArrayBufferLike => (isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
  const entries = new PatternEntries(entryBuffers);
  const { capacity, count } = entries;
  const hasSpare = capacity > count;
  const isText = kind <= PatternKind.binary;
  const isNumber = kind === PatternKind.number || kind === PatternKind.size;
  const isFiltered = kind >= PatternKind.inside && kind <= PatternKind.domain;
  const filterBytes = isFiltered ? 256 + powerOfTwo(Math.max(8, capacity * 2)) : 0;
  const buffers: IndexBuffers = {
    kind,
    fold,
    slots: make(kind === PatternKind.regex ? 0 : powerOfTwo(Math.max(2, capacity * 2)) * 16),
    lengths: make(kind === PatternKind.address ? ADDRESS_WIDTHS : isText ? lengthsFor(entries, hasSpare) : 0),
    header: make(INDEX_CELLS * 4),
    filter: make(filterBytes),
    skips: make(kind === PatternKind.inside ? SKIPS : 0),
    list: make(isNumber ? capacity * 24 : kind === PatternKind.address ? capacity * 8 : 0),
    bounds: make(0),
    owners: make(0),
    keys: make(kind === PatternKind.address ? capacity * 33 : kind === PatternKind.binary ? entries.arena.length : 0),
  };
  new Int32Array(buffers.header)[IndexCell.seed] = (Math.random() * 0x7fffffff) | 0;
  if (kind === PatternKind.inside) prepareWindow(buffers, windowOf(entries));
  const index = indexOver(entries, buffers, false);
  for (let entry = 0; entry < count; entry++) insertOrFail(index, entries, entry);
  if (index instanceof NumberIndex) index.cut(make);
  return index.buffers;
}

/** A window moves on by all but its last pair, until a key says otherwise. hot-ok: when a set is built */
function prepareWindow(buffers: IndexBuffers, window: number): void {
  new Int32Array(buffers.header)[IndexCell.window] = window;
  new Uint8Array(buffers.skips).fill(Math.max(0, window - 1));
}

/** hot-ok: when a set is built */
function insertOrFail(index: PatternIndex, entries: PatternEntries, entry: number): void {
  const start = entries.keyStart(entry);
  const end = start + entries.keyLength(entry);
  const isChecked = index.kind >= PatternKind.binary;
  const problem = isChecked ? index.problem(entries.arena, start, end) : null;
  if (problem === null && index.insert(entry)) return;
  const pattern = String.fromCharCode(...entries.arena.subarray(start, Math.min(end, start + 200)));
  throw new PatternFault(
    index.kind === PatternKind.regex ? (problem as string) : `'${pattern}' ${problem ?? 'finds no room'}`,
    entry,
    pattern,
  );
}

/** hot-ok: when a set is built */
function lengthsFor(entries: PatternEntries, hasSpare: boolean): number {
  let longest = hasSpare ? LONGEST_ADDED : 0;
  for (let entry = 0; entry < entries.count; entry++) longest = Math.max(longest, entries.keyLength(entry));
  return longest + 1;
}

/** At least this many. */
function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}
