/**
 * How a key is found among many: open hashing over flat columns, with the lengths that keys have. A prefix, a suffix or a part
 * of a text is looked for at the lengths that exist, so the cost of a lookup grows with the text and the longest key, not with
 * the number of keys. Slots are filled and never emptied: a dead entry is skipped (patternset.ts), and where keys are
 * alike the one that was there first is found first. Only where an entry stood that nobody will see again, one with the same key may.
 */
import { LOWER } from '../../http/tokens.ts';
import type { Sample } from '../sample.ts';
import type { PatternEntries } from './set.ts';
import { lowerSkips, pairAt } from './skips.ts';

export const PatternKind = {
  /** The whole text. */
  exact: 0,
  prefix: 1,
  suffix: 2,
  inside: 3,
  /** Whole parts of a path, anywhere. */
  parts: 4,
  /** Whole parts of a domain name, anywhere. */
  domain: 5,
  /** Bytes written in hexadecimal. */
  binary: 6,
  address: 7,
  number: 8,
  /** A number that is the length of the text. */
  size: 9,
  regex: 10,
} as const;
export type PatternKindValue = (typeof PatternKind)[keyof typeof PatternKind];

/** Whether `-i` means something: bytes, numbers and addresses have no case. */
export function hasCase(kind: PatternKindValue): boolean {
  return kind < PatternKind.binary || kind === PatternKind.regex;
}

const EXACT = 0;
const PREFIX = 1;
const SUFFIX = 2;
const INSIDE = 3;
const PARTS = 4;
const BINARY = 6;

/** A pattern among those of a set. */
export interface PatternIndex {
  readonly entries: PatternEntries;
  readonly kind: PatternKindValue;
  /** Letters of ASCII are compared without case. */
  readonly fold: boolean;
  /** The live entry that the register, of the type that the kind wants, matches; -1: none. Which of several: as HAProxy's. */
  find(sample: Sample): number;
  /** Why these bytes can't be a key, as what is said of them; null: they can. Not per request, except for the one that a rule adds. */
  problem(bytes: Uint8Array, start: number, end: number): string | null;
  /** Takes in an entry that was just stored; false: there is no room. Under the set's lock. */
  insert(entry: number): boolean;
  readonly buffers: IndexBuffers;
  adopt(buffers: IndexBuffers): void;
}

export interface IndexBuffers {
  readonly kind: PatternKindValue;
  readonly fold: boolean;
  /** hash, start in the arena, length, entry + 1. */
  readonly slots: ArrayBufferLike;
  /** 1 for each length that a key has. */
  readonly lengths: ArrayBufferLike;
  /** longest, entries in the list, seed of the hash. */
  readonly header: ArrayBufferLike;
  /** Which first bytes keys have: bits by hash of four bytes; and a byte for each first byte of shorter keys. */
  readonly filter: ArrayBufferLike;
  /** How far a search may move on: patternskips.ts. */
  readonly skips: ArrayBufferLike;
  /** Entries that are tried one by one: ranges, odd masks, regular expressions. */
  readonly list: ArrayBufferLike;
  /** Ranges cut into pieces that do not overlap: where each begins, and its first entry (or -1). */
  readonly bounds: ArrayBufferLike;
  readonly owners: ArrayBufferLike;
  /** Keys in the form in which they are compared, where that is not how they are written. */
  readonly keys: ArrayBufferLike;
}

export const IndexCell = { longest: 0, listed: 1, seed: 2, pieces: 3, keysUsed: 4, families: 5, window: 6 } as const;
export const INDEX_CELLS = 8;

/** Where `size` bytes of keys can be written; -1: there is no room. Under the set's lock. */
export function claimKey(header: Int32Array, keys: Uint8Array, size: number): number {
  const at = header[KEYS_USED] as number;
  if (at + size > keys.length) return -1;
  header[KEYS_USED] = at + size;
  return at;
}

const LONGEST = IndexCell.longest;
const SEED = IndexCell.seed;
const KEYS_USED = IndexCell.keysUsed;
/** Bytes of the window that moves over a text (patternskips.ts); 0: none does, every byte is looked at. */
const WINDOW = IndexCell.window;
const SHORT = 4;
/** Up to this many keys are compared one by one: less than a hash costs. */
const FEW = 8;
/** Entries with the same key that are kept apart: when the first is deleted the next counts. */
const MOST_ALIKE = 64;

const IDENTITY = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const PART_DELIMITERS = delimiterTable('/?');
const DOMAIN_DELIMITERS = delimiterTable('/?.:');

/** hot-ok: at start */
function delimiterTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Spreads a hash over its low bits. */
export function spread(hash: number): number {
  const value = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return value ^ (value >>> 13);
}

/** A constant that fits 31 bits: with a larger one V8 adds as floating point. */
const STEP = 0x1e3779b9;

function step(hash: number, byte: number): number {
  return (Math.imul(hash ^ byte, 0x01000193) + STEP) | 0;
}

export class TextIndex implements PatternIndex {
  readonly entries: PatternEntries;
  readonly kind: PatternKindValue;
  readonly fold: boolean;
  buffers: IndexBuffers;
  #slots: Int32Array;
  #lengths: Uint8Array;
  #header: Int32Array;
  #filter: Uint8Array;
  #skips: Uint8Array;
  #keys: Uint8Array;
  #mask: number;
  readonly #case: Uint8Array;
  readonly #delimiters: Uint8Array;

  constructor(entries: PatternEntries, buffers: IndexBuffers) {
    this.entries = entries;
    this.kind = buffers.kind;
    this.fold = buffers.fold;
    this.#case = buffers.fold ? LOWER : IDENTITY;
    this.#delimiters = buffers.kind === PARTS ? PART_DELIMITERS : DOMAIN_DELIMITERS;
    this.buffers = buffers;
    this.#slots = new Int32Array(buffers.slots);
    this.#lengths = new Uint8Array(buffers.lengths);
    this.#header = new Int32Array(buffers.header);
    this.#filter = new Uint8Array(buffers.filter);
    this.#skips = new Uint8Array(buffers.skips);
    this.#keys = new Uint8Array(buffers.keys);
    this.#mask = this.#slots.length / 4 - 1;
  }

  /** hot-ok: when a set has grown */
  adopt(buffers: IndexBuffers): void {
    this.buffers = buffers;
    this.#slots = new Int32Array(buffers.slots);
    this.#lengths = new Uint8Array(buffers.lengths);
    this.#header = new Int32Array(buffers.header);
    this.#filter = new Uint8Array(buffers.filter);
    this.#skips = new Uint8Array(buffers.skips);
    this.#keys = new Uint8Array(buffers.keys);
    this.#mask = this.#slots.length / 4 - 1;
  }

  find(sample: Sample): number {
    const { bytes } = sample.memory;
    const { start, end } = sample;
    const { count } = this.entries;
    if (count <= FEW && this.kind <= SUFFIX) return this.#findFew(bytes, start, end, count);
    switch (this.kind) {
      case EXACT:
      case BINARY:
        return this.findExact(bytes, start, end);
      case PREFIX:
        return this.#findPrefix(bytes, start, end);
      case SUFFIX:
        return this.#findSuffix(bytes, start, end);
      case INSIDE:
        return this.#findInside(bytes, start, end);
      default:
        return this.#findParts(bytes, start, end);
    }
  }

  /** Each key is compared: for most the first byte decides. */
  #findFew(bytes: Uint8Array, start: number, end: number, count: number): number {
    const { entries, kind } = this;
    let best = -1;
    let longest = -1;
    for (let entry = 0; entry < count; entry++) {
      const size = entries.keyLength(entry);
      if (size > end - start || (kind === EXACT && size < end - start) || (kind === PREFIX && size <= longest)) continue;
      if (!this.#same(entries.keyStart(entry), bytes, kind === SUFFIX ? end - size : start, size) || !entries.isLive(entry)) continue;
      if (kind !== PREFIX) return entry;
      best = entry;
      longest = size;
    }
    return best;
  }

  findExact(bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    if (size >= this.#lengths.length || this.#lengths[size] === 0) return -1;
    const fold = this.#case;
    let hash = this.#header[SEED] as number;
    for (let at = start; at < end; at++) hash = step(hash, fold[bytes[at] as number] as number);
    return this.#probe(hash, bytes, start, size);
  }

  /** The longest. */
  #findPrefix(bytes: Uint8Array, start: number, end: number): number {
    const lengths = this.#lengths;
    const fold = this.#case;
    const most = Math.min(end, start + (this.#header[LONGEST] as number));
    let hash = this.#header[SEED] as number;
    let best = lengths[0] === 1 ? this.#probe(hash, bytes, start, 0) : -1;
    for (let at = start; at < most; at++) {
      hash = step(hash, fold[bytes[at] as number] as number);
      const size = at + 1 - start;
      if (lengths[size] === 0) continue;
      const entry = this.#probe(hash, bytes, start, size);
      if (entry >= 0) best = entry;
    }
    return best;
  }

  /** The first of the file. */
  #findSuffix(bytes: Uint8Array, start: number, end: number): number {
    const lengths = this.#lengths;
    const fold = this.#case;
    const most = Math.max(start, end - (this.#header[LONGEST] as number));
    let hash = this.#header[SEED] as number;
    let best = lengths[0] === 1 ? this.#probe(hash, bytes, end, 0) : -1;
    for (let at = end - 1; at >= most; at--) {
      hash = step(hash, fold[bytes[at] as number] as number);
      const size = end - at;
      if (lengths[size] === 0) continue;
      best = earlier(best, this.#probe(hash, bytes, at, size));
    }
    return best;
  }

  /** The first of the file. */
  #findInside(bytes: Uint8Array, start: number, end: number): number {
    const window = this.#header[WINDOW] as number;
    return window === 0 ? this.#findAnywhere(bytes, start, end) : this.#findInWindow(bytes, start, end, window);
  }

  /** As #findAnywhere, where the window can end. */
  #findInWindow(bytes: Uint8Array, start: number, end: number, window: number): number {
    const skips = this.#skips;
    let best = -1;
    let at = start + window - 2;
    while (at + 1 < end) {
      const skip = skips[pairAt(bytes, at)] as number;
      at += skip;
      if (skip > 0) continue;
      const from = at - window + 2;
      if (this.#mayBeginAt(bytes, from, end)) best = earlier(best, this.#findFrom(bytes, from, end, null));
      at++;
    }
    return best;
  }

  #findAnywhere(bytes: Uint8Array, start: number, end: number): number {
    let best = this.#lengths[0] === 1 ? this.#probe(this.#header[SEED] as number, bytes, start, 0) : -1;
    for (let at = start; at < end; at++) {
      if (this.#mayBeginAt(bytes, at, end)) best = earlier(best, this.#findFrom(bytes, at, end, null));
    }
    return best;
  }

  /** The first of the file that stands between delimiters or ends. */
  #findParts(bytes: Uint8Array, start: number, end: number): number {
    const delimiters = this.#delimiters;
    let best = -1;
    for (let at = start; at < end; at++) {
      if (delimiters[bytes[at] as number] === 1) continue;
      if (at > start && delimiters[bytes[at - 1] as number] === 0) continue;
      if (this.#mayBeginAt(bytes, at, end)) best = earlier(best, this.#findFrom(bytes, at, end, delimiters));
    }
    return best;
  }

  /** The first of the file among the keys that stand at `from`, before one of `delimiters` if there are any. */
  #findFrom(bytes: Uint8Array, from: number, end: number, delimiters: Uint8Array | null): number {
    const lengths = this.#lengths;
    const fold = this.#case;
    const most = Math.min(end, from + (this.#header[LONGEST] as number));
    let hash = this.#header[SEED] as number;
    let best = -1;
    for (let at = from; at < most; at++) {
      hash = step(hash, fold[bytes[at] as number] as number);
      const size = at + 1 - from;
      if (lengths[size] === 0) continue;
      if (delimiters !== null && at + 1 < end && delimiters[bytes[at + 1] as number] === 0) continue;
      best = earlier(best, this.#probe(hash, bytes, from, size));
    }
    return best;
  }

  /** False: no key begins with these bytes. */
  #mayBeginAt(bytes: Uint8Array, at: number, end: number): boolean {
    const filter = this.#filter;
    const fold = this.#case;
    if (filter[fold[bytes[at] as number] as number] === 1) return true;
    if (at + SHORT > end) return false;
    const bit = this.#filterBit(bytes, at);
    return ((filter[256 + (bit >>> 3)] as number) & (1 << (bit & 7))) !== 0;
  }

  #filterBit(bytes: Uint8Array, at: number): number {
    const fold = this.#case;
    const word =
      (fold[bytes[at] as number] as number) |
      ((fold[bytes[at + 1] as number] as number) << 8) |
      ((fold[bytes[at + 2] as number] as number) << 16) |
      ((fold[bytes[at + 3] as number] as number) << 24);
    return (Math.imul(word, 0x9e3779b1) >>> 4) & ((this.#filter.length - 256) * 8 - 1);
  }

  /** The first live entry with this key. */
  #probe(hash: number, bytes: Uint8Array, start: number, size: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const cell = slot * 4;
      // A plain load: a call of Atomics would cost more than the rest, and a slot that is being filled may as well be seen a moment later.
      const entry = (slots[cell + 3] as number) - 1;
      if (entry < 0) return -1;
      if (slots[cell] !== hash || slots[cell + 2] !== size) continue;
      if (this.entries.isLive(entry) && this.#same(slots[cell + 1] as number, bytes, start, size)) return entry;
    }
  }

  #same(key: number, bytes: Uint8Array, start: number, size: number): boolean {
    const arena = this.kind === BINARY ? this.#keys : this.entries.arena;
    const fold = this.#case;
    for (let i = 0; i < size; i++) if (fold[arena[key + i] as number] !== fold[bytes[start + i] as number]) return false;
    return true;
  }

  problem(bytes: Uint8Array, start: number, end: number): string | null {
    if (this.kind !== BINARY) return end - start < this.#lengths.length ? null : 'is too long';
    if ((end - start) % 2 !== 0 || end === start) return 'is not an even number of hexadecimal digits';
    for (let at = start; at < end; at++) if (nibble(bytes[at] as number) < 0) return 'is not an even number of hexadecimal digits';
    return null;
  }

  insert(entry: number): boolean {
    const { entries } = this;
    let start = entries.keyStart(entry);
    let end = start + entries.keyLength(entry);
    if (this.kind >= PARTS && this.kind < BINARY) {
      const delimiters = this.#delimiters;
      while (start < end && delimiters[entries.arena[start] as number] === 1) start++;
      while (end > start && delimiters[entries.arena[end - 1] as number] === 1) end--;
      // Nothing is left of it: it matches nothing.
      if (start === end) return true;
    }
    if (this.kind === BINARY) {
      const size = (end - start) / 2;
      const at = claimKey(this.#header, this.#keys, size);
      if (at < 0) return false;
      for (let i = 0; i < size; i++) {
        this.#keys[at + i] = nibble(entries.arena[start + i * 2] as number) * 16 + nibble(entries.arena[start + i * 2 + 1] as number);
      }
      start = at;
      end = at + size;
    }
    return this.#insertKey(entry, start, end - start);
  }

  #insertKey(entry: number, start: number, size: number): boolean {
    const arena = this.kind === BINARY ? this.#keys : this.entries.arena;
    const fold = this.#case;
    if (size >= this.#lengths.length) return false;
    let hash = this.#header[SEED] as number;
    for (let i = 0; i < size; i++) {
      const at = this.kind === SUFFIX ? start + size - 1 - i : start + i;
      hash = step(hash, fold[arena[at] as number] as number);
    }
    if (this.kind >= INSIDE && this.kind <= PARTS + 1) this.#addToFilter(arena, start, size);
    if (this.kind === INSIDE) this.#addToSkips(arena, start, size);
    this.#lengths[size] = 1;
    if (size > (this.#header[LONGEST] as number)) this.#header[LONGEST] = size;
    return putSlot(this.#slots, hash, start, size, entry, this.entries);
  }

  /** A key shorter than the window ends it. */
  #addToSkips(arena: Uint8Array, start: number, size: number): void {
    const window = this.#header[WINDOW] as number;
    if (size < window) Atomics.store(this.#header, WINDOW, 0);
    else lowerSkips(this.#skips, window, arena, start);
  }

  #addToFilter(arena: Uint8Array, start: number, size: number): void {
    if (size === 0) return;
    if (size < SHORT) {
      this.#filter[this.#case[arena[start] as number] as number] = 1;
      return;
    }
    const bit = this.#filterBit(arena, start);
    const cell = 256 + (bit >>> 3);
    this.#filter[cell] = (this.#filter[cell] as number) | (1 << (bit & 7));
  }
}

/**
 * Fills the first free slot, or one of an entry with the same key that nobody will see again, if no other of its generation stands
 * behind it; false: there is none. Who reads meanwhile reads a slot's entry first, and so never takes the new one for the old key.
 */
export function putSlot(slots: Int32Array, hash: number, start: number, size: number, entry: number, entries: PatternEntries): boolean {
  const mask = slots.length / 4 - 1;
  const generation = entries.generationOf(entry) || entries.storing;
  let slot = spread(hash) & mask;
  let reused = -1;
  let alike = 0;
  for (let turns = 0; slots[slot * 4 + 3] !== 0; turns++) {
    if (turns > mask) return false;
    if (slots[slot * 4] === hash && slots[slot * 4 + 2] === size) {
      const other = (slots[slot * 4 + 3] as number) - 1;
      if (entries.isGone(other)) reused = reused < 0 ? slot : reused;
      else if (entries.generationOf(other) === generation) {
        reused = -1;
        // Of keys that are alike only the first counts; a file full of them must not take forever.
        if (++alike > MOST_ALIKE) return true;
      }
    }
    slot = (slot + 1) & mask;
  }
  const cell = (reused < 0 ? slot : reused) * 4;
  slots[cell + 1] = start;
  slots[cell + 2] = size;
  slots[cell] = hash;
  Atomics.store(slots, cell + 3, entry + 1);
  return true;
}

function earlier(best: number, entry: number): number {
  return entry >= 0 && (best < 0 || entry < best) ? entry : best;
}

function nibble(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
