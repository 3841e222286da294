/**
 * Stick tables as records, rules and keywords know them, and what a session or a stream tracks in them. The table itself
 * is stick/table.ts; fields and shapes only.
 */

export const KeyType = { ip: 0, ipv6: 1, integer: 2, string: 3, binary: 4 } as const;
export type KeyTypeValue = (typeof KeyType)[keyof typeof KeyType];

/** An entry of a table: a place in its cells that stays valid while it is open or referenced. 0: none. */
export type Entry = number;
export const NO_ENTRY: Entry = 0;

/** Types of data that an entry may hold; names and shapes are in stick/data.ts. The order is HAProxy's. */
export const Data = {
  serverId: 0,
  gpt0: 1,
  gpc0: 2,
  gpc0Rate: 3,
  connCnt: 4,
  connRate: 5,
  connCur: 6,
  sessCnt: 7,
  sessRate: 8,
  httpReqCnt: 9,
  httpReqRate: 10,
  httpErrCnt: 11,
  httpErrRate: 12,
  bytesInCnt: 13,
  bytesInRate: 14,
  bytesOutCnt: 15,
  bytesOutRate: 16,
  gpc1: 17,
  gpc1Rate: 18,
  serverKey: 19,
  httpFailCnt: 20,
  httpFailRate: 21,
  gpt: 22,
  gpc: 23,
  gpcRate: 24,
  glitchCnt: 25,
  glitchRate: 26,
} as const;
export type DataType = (typeof Data)[keyof typeof Data];
export const DATA_TYPES = 27;

/** What is counted together in a table: only the table reads it. */
export type Counting = Int32Array;

/**
 * One table as one thread uses it. An entry is read and changed only while the table is open at it: between an `open…`
 * that did not answer NO_ENTRY (or false) and `close`, which must follow in the same event in any case. One place is open at a time,
 * and nothing is released meanwhile.
 */
export interface StickTable {
  readonly name: string;
  /** Most entries. */
  readonly size: number;
  readonly keyType: KeyTypeValue;
  /** Entries now, and entries that could still be added. */
  readonly used: number;
  /** The key register, in which the next key is written: at most `keyBytes`. */
  readonly keyRegister: Uint8Array;
  /** The same as words, for who writes whole ones: a processor stalls when it reads a word that was just written as bytes. */
  readonly keyCells: Int32Array;
  readonly keyBytes: number;
  /** Of the key that `setKey` took. */
  readonly keyLength: number;
  /** Entries count bytes, or their rates. */
  readonly countsBytes: boolean;
  /** Entries count connections that are open now. */
  readonly countsCurrent: boolean;
  /** Bytes of a rate are counted in units of this. */
  readonly bytesFactor: number;
  /** Takes the first `length` bytes of the register as the key of the next `openKey`. */
  setKey(length: number): void;
  /** The same, if the last word has zeros behind the key. */
  setKeyWords(length: number): void;
  /** Whether entries hold this type, with an element of this number. */
  holds(data: DataType, element: number): boolean;

  /** Milliseconds of a rate. */
  periodMs(rate: DataType): number;

  /** Opens the key's entry; `create` makes one, at the cost of the oldest that nobody tracks. NO_ENTRY: there is none. */
  openKey(create: boolean): Entry;
  /** Opens an entry that is referenced. False: another thread holds it too long. */
  openEntry(entry: Entry): boolean;
  /** The same for who changes nothing: other threads may, so values that are read one after the other may differ by what happened meanwhile. */
  openToRead(entry: Entry): boolean;
  close(): void;

  /** A counter's or tag's value, or how often something happened in the last period. */
  value(entry: Entry, data: DataType, element: number): number;
  /** Adds to a counter or to a rate; what the table does not hold is ignored. */
  add(entry: Entry, data: DataType, element: number, amount: number): void;
  set(entry: Entry, data: DataType, element: number, value: number): void;
  /** Those of `types` that entries hold, to be counted together. */
  countingOf(types: readonly DataType[]): Counting;
  /** Adds 1 to each. */
  count(entry: Entry, counting: Counting): void;
  /** The entry's time begins anew. */
  touch(entry: Entry): void;
  /** It can't be purged from now on, until as many `release`. */
  reference(entry: Entry): void;
  /** Of an entry that is referenced; the table is not open. */
  release(entry: Entry): void;
  references(entry: Entry): number;
  /** Milliseconds: until it expires, and since it was touched. */
  leftMs(entry: Entry): number;
  idleMs(entry: Entry): number;
  /** Copies the key into `bytes`; the offset behind it. */
  copyKey(entry: Entry, bytes: Uint8Array, at: number): number;
  /** Makes the entry's key in `other` the key of the next `openKey` here. False: the types of the keys differ. */
  takeKey(other: StickTable, entry: Entry): boolean;
}

/** Most keys that a stream stores. */
export const MOST_STORES = 8;

/** Keys of a request that wait in the stream's note for its server's number. */
export class PendingStores {
  count = 0;
  readonly tables: (StickTable | null)[] = new Array<StickTable | null>(MOST_STORES).fill(null);
  readonly starts = new Int32Array(MOST_STORES);
  readonly lengths = new Int32Array(MOST_STORES);
}

/** Most entries that a session or a stream tracks: each counter has an action of its own, track-sc0 to track-sc11. */
export const MOST_COUNTERS = 12;

/** What is tracked, by number of the counter (track-sc0 …). */
export class Tracked {
  /** Counters that track something. */
  held = 0;
  readonly tables: (StickTable | null)[];
  readonly entries: Entry[];

  constructor(counters: number) {
    this.tables = new Array<StickTable | null>(counters).fill(null);
    this.entries = new Array<Entry>(counters).fill(NO_ENTRY);
  }
}
