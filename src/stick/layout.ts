/**
 * Where everything of a table lies in its shared memory, in 32-bit words (docs/memory.md). Computed from the configuration, the same on
 * every thread. It must not know how a table works.
 *
 *   header   secret of the hash, entries in use, list of free ones
 *   stripes  a lock and the list of entries, oldest first; a line of the cache each
 *   buckets  first entry of each chain
 *   entries  ENTRY_WORDS, key, data
 *
 * hot-ok: all of this runs at start
 */
import type { StickTableModel } from '../model/config.ts';
import { DATA_TYPES, type DataType, KeyType, type KeyTypeValue } from '../state/tracked.ts';
import { DATA_INFOS, wordsOf } from './data.ts';

export const Header = {
  secret0: 0,
  secret1: 1,
  /** 0: free, else thread + 1. Guards the cells below. */
  freeLock: 2,
  /** First of the entries that were given back. */
  free: 3,
  /** Entries handed out for the first time so far: what lies behind them was never touched. */
  fresh: 4,
  used: 5,
  /** Times that somebody gave up waiting for a lock. */
  timeouts: 6,
  /** 1: there may be entries that nobody refers to and that are in no list (see SharedTable.adopt). */
  orphans: 7,
} as const;
const HEADER_WORDS = 16;

export const Stripe = { lock: 0, oldest: 1, newest: 2 } as const;
export const STRIPE_WORDS = 16;

export const Entries = {
  /** Next in the bucket's chain, or in the list of free entries. */
  next: 0,
  /** Neighbours in the stripe's list of entries by age. */
  older: 1,
  newer: 2,
  hash: 3,
  /** References that were ever taken, times REFERENCE, and IN_USE. Changed with the stripe locked only. */
  taken: 4,
  /** Ticks. */
  expire: 5,
  /** References that were ever given back, times REFERENCE, and PARKED. Anybody who has one gives it back at any time. */
  given: 6,
} as const;
export const ENTRY_WORDS = 7;

export const REFERENCE = 2;
/** In a bucket. */
export const IN_USE = 1;
/** In no list of purgeable entries, because somebody refers to it: who gives back the last reference puts it there again. */
export const PARKED = 1;

/** Tables with fewer entries have one stripe, and so one exact order of age. */
const ONE_STRIPE = 2048;
const STRIPES = 16;
/** What one SharedArrayBuffer may hold. */
const MOST_BYTES = 2 ** 32;

export const KEY_TYPES: Readonly<Record<StickTableModel['type'], KeyTypeValue>> = {
  ip: KeyType.ip,
  ipv6: KeyType.ipv6,
  integer: KeyType.integer,
  string: KeyType.string,
  binary: KeyType.binary,
};

/** Bytes of keys that are not as long as the configuration says. */
const FIXED_KEYS: Readonly<Record<string, number>> = { ip: 4, ipv6: 16, integer: 4 };

export interface TableLayout {
  readonly keyType: KeyTypeValue;
  /** Longest key. */
  readonly keyBytes: number;
  readonly keyWords: number;
  readonly size: number;
  readonly stripes: number;
  readonly stripesAt: number;
  readonly buckets: number;
  readonly bucketsAt: number;
  readonly entriesAt: number;
  readonly entryWords: number;
  readonly bytes: number;
  /** Per type: words from the entry's start to its first element; -1: not held. */
  readonly offsets: Int32Array;
  /** Per type: elements. */
  readonly elements: Int32Array;
  /** Per type: words of an element. */
  readonly words: Int32Array;
  readonly periodsMs: Int32Array;
}

/** @throws RangeError if the table is larger than one block of shared memory may be */
export function tableLayout(model: StickTableModel): TableLayout {
  const keyBytes = FIXED_KEYS[model.type] ?? model.length;
  const keyWords = (keyBytes + 3) >> 2;
  const data = dataLayout(model, ENTRY_WORDS + keyWords);
  const stripes = model.size < ONE_STRIPE ? 1 : STRIPES;
  const buckets = Math.max(stripes, 2 ** Math.ceil(Math.log2(model.size)));
  const bucketsAt = HEADER_WORDS + stripes * STRIPE_WORDS;
  const entriesAt = bucketsAt + buckets;
  const bytes = (entriesAt + model.size * data.entryWords) * 4;
  if (bytes > MOST_BYTES) {
    const most = Math.floor((MOST_BYTES / 4 - entriesAt) / data.entryWords);
    throw new RangeError(
      `stick-table: ${model.size} entries of ${data.entryWords * 4} bytes need ${bytes} bytes, but a table has at most ${MOST_BYTES}: size ${Math.max(0, most)} would fit`,
    );
  }
  const place = { keyType: KEY_TYPES[model.type], keyBytes, keyWords, size: model.size, stripes, stripesAt: HEADER_WORDS };
  return { ...place, buckets, bucketsAt, entriesAt, bytes, ...data };
}

function dataLayout(
  model: StickTableModel,
  firstWord: number,
): Pick<TableLayout, 'entryWords' | 'offsets' | 'elements' | 'words' | 'periodsMs'> {
  const offsets = new Int32Array(DATA_TYPES).fill(-1);
  const elements = new Int32Array(DATA_TYPES);
  const words = new Int32Array(DATA_TYPES);
  const periodsMs = new Int32Array(DATA_TYPES);
  let at = firstWord;
  for (const { type, name, shape } of DATA_INFOS) {
    const stored = model.store.find((one) => one.name === name);
    if (stored === undefined) continue;
    offsets[type] = at;
    elements[type] = stored.elements;
    words[type] = wordsOf(shape);
    periodsMs[type] = stored.periodMs;
    at += wordsOf(shape) * stored.elements;
  }
  return { entryWords: at, offsets, elements, words, periodsMs };
}

/** The types that a table of this layout holds. */
export function heldTypes(layout: TableLayout): DataType[] {
  return DATA_INFOS.filter(({ type }) => (layout.offsets[type] as number) >= 0).map(({ type }) => type);
}
