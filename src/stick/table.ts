/**
 * A stick table: entries by key in memory that all threads share, at most as many as the configuration says, each with its
 * counters and its time to live. An object is one thread's view of it. It must not know samples, streams or clocks.
 *
 * A key's bucket belongs to a stripe, whose lock guards its chains, the entries in them and a list of those entries that nobody
 * tracks, oldest first: it gives what expires next and what is purged when the table is full, in constant time. Tracked entries
 * are in no list, so they are never purged and nobody has to step over them. Entries that nobody has taken yet are one
 * counter, those given back a chain, both behind a lock of their own, taken inside the stripe's.
 *
 * Zeroed memory is an empty table. A link holds an entry's first word, 0 none.
 */
import { Data, type DataType, type Entry, type KeyTypeValue, NO_ENTRY, type StickTable } from '../state/tracked.ts';
import { hashKey } from './hash.ts';
import { ENTRY_WORDS, Entries, Header, STRIPE_WORDS, Stripe, type TableLayout } from './layout.ts';
import { giveLock, takeLock } from './lock.ts';
import { countEvents, eventsPerPeriod, RATE_WORDS } from './rates.ts';

const WIDE_WORDS = 2;
const BYTE_TYPES = [Data.bytesInCnt, Data.bytesInRate, Data.bytesOutCnt, Data.bytesOutRate] as const;
/** Expired entries that one who adds an entry removes on the way. */
const SWEEP = 2;
/** How far an entry that is released looks for its place among the newest. */
const LOOK_BACK = 16;

export interface TableOptions {
  readonly expireMs: number;
  readonly nopurge: boolean;
  readonly bytesFactor: number;
}

export class SharedTable implements StickTable {
  readonly name: string;
  readonly size: number;
  readonly keyType: KeyTypeValue;
  readonly keyBytes: number;
  readonly keyRegister: Uint8Array;
  keyLength = 0;
  readonly countsBytes: boolean;
  readonly bytesFactor: number;
  readonly layout: TableLayout;
  /** 0: entries do not expire. */
  readonly expireMs: number;
  readonly nopurge: boolean;
  readonly cells: Int32Array;
  readonly #tick: () => number;
  readonly #owner: number;
  readonly #key: Int32Array;
  /** Words of the key in the register; the entry's others are 0. */
  #keyWords = 0;
  #hash = 0;
  /** First word of the stripe that is locked; 0: closed. */
  #stripe = 0;
  /** The tick at which it was locked: all that is asked or changed until `close` happens then. */
  #now = 0;

  /** @param tick milliseconds of the process in 32 bits, the same on every thread; `thread` tells owners of locks apart */
  constructor(name: string, layout: TableLayout, options: TableOptions, buffer: SharedArrayBuffer, thread: number, tick: () => number) {
    this.name = name;
    this.layout = layout;
    this.size = layout.size;
    this.keyType = layout.keyType;
    this.keyBytes = layout.keyBytes;
    this.bytesFactor = options.bytesFactor;
    this.countsBytes = BYTE_TYPES.some((data) => (layout.elements[data] as number) > 0);
    this.expireMs = options.expireMs;
    this.nopurge = options.nopurge;
    this.cells = new Int32Array(buffer);
    this.#tick = tick;
    this.#owner = thread + 1;
    this.#key = new Int32Array(layout.keyWords);
    this.keyRegister = new Uint8Array(this.#key.buffer);
  }

  get used(): number {
    return Atomics.load(this.cells, Header.used);
  }

  /** Now, in ticks. */
  get now(): number {
    return this.#tick();
  }

  holds(data: DataType, element: number): boolean {
    return element < (this.layout.elements[data] as number);
  }

  periodMs(rate: DataType): number {
    return this.layout.periodsMs[rate] as number;
  }

  // Keys ------------------------------------------------------------------------------------------

  setKey(length: number): void {
    const register = this.keyRegister;
    for (let at = length; (at & 3) !== 0; at++) register[at] = 0;
    this.keyLength = length;
    this.#keyWords = (length + 3) >> 2;
    this.#hash = hashKey(this.#key, this.#keyWords, this.cells[Header.secret0] as number, this.cells[Header.secret1] as number);
  }

  takeKey(other: StickTable, entry: Entry): boolean {
    if (other.keyType !== this.keyType) return false;
    const from = other as SharedTable;
    const words = Math.min(this.layout.keyWords, from.layout.keyWords);
    this.#key.fill(0);
    for (let at = 0; at < words; at++) this.#key[at] = from.cells[entry + ENTRY_WORDS + at] as number;
    this.setKey(this.#isFixed ? this.keyBytes : textLength(this.keyRegister, this.keyBytes));
    return true;
  }

  copyKey(entry: Entry, bytes: Uint8Array, at: number): number {
    const { cells } = this;
    for (let i = 0; i < this.keyBytes; i++) {
      const word = cells[entry + ENTRY_WORDS + (i >> 2)] as number;
      bytes[at + i] = word >>> ((i & 3) * 8);
    }
    if (this.#isFixed) return at + this.keyBytes;
    let end = at;
    while (end < at + this.keyBytes && bytes[end] !== 0) end++;
    return end;
  }

  get #isFixed(): boolean {
    return this.keyType !== STRING;
  }

  // Opening ---------------------------------------------------------------------------------------

  openKey(create: boolean): Entry {
    const { layout, cells } = this;
    const bucket = layout.bucketsAt + (this.#hash & (layout.buckets - 1));
    if (!this.#lock(this.#hash)) return NO_ENTRY;
    const found = this.#find(bucket);
    if (found !== NO_ENTRY) {
      if (!this.#isDead(found)) return found;
      this.#remove(found);
    }
    if (!create) return NO_ENTRY;
    const entry = this.#allocate();
    if (entry === NO_ENTRY) return NO_ENTRY;
    this.#initialize(entry);
    cells[entry + Entries.next] = cells[bucket] as number;
    cells[bucket] = entry;
    this.#append(entry);
    return entry;
  }

  openEntry(entry: Entry): boolean {
    return this.#lock(this.cells[entry + Entries.hash] as number);
  }

  close(): void {
    if (this.#stripe === 0) return;
    giveLock(this.cells, this.#stripe + Stripe.lock);
    this.#stripe = 0;
  }

  #lock(hash: number): boolean {
    const stripe = this.layout.stripesAt + (hash & (this.layout.stripes - 1)) * STRIPE_WORDS;
    if (!takeLock(this.cells, stripe + Stripe.lock, this.#owner)) {
      Atomics.add(this.cells, Header.timeouts, 1);
      return false;
    }
    this.#stripe = stripe;
    this.#now = this.#tick();
    return true;
  }

  #find(bucket: number): Entry {
    const { cells } = this;
    const hash = this.#hash;
    let entry = cells[bucket] as number;
    while (entry !== 0 && !(cells[entry + Entries.hash] === hash && this.#hasKey(entry))) entry = cells[entry + Entries.next] as number;
    return entry;
  }

  #hasKey(entry: Entry): boolean {
    const { cells } = this;
    const from = entry + ENTRY_WORDS;
    const words = this.#keyWords;
    for (let at = 0; at < words; at++) if (cells[from + at] !== this.#key[at]) return false;
    return words === this.layout.keyWords || cells[from + words] === 0;
  }

  #isDead(entry: Entry): boolean {
    return this.expireMs > 0 && this.cells[entry + Entries.references] === 0 && this.leftMs(entry) <= 0;
  }

  // Life of an entry ------------------------------------------------------------------------------

  #initialize(entry: Entry): void {
    const { cells, layout } = this;
    const words = this.#keyWords;
    cells[entry + Entries.hash] = this.#hash;
    cells[entry + Entries.references] = 0;
    cells[entry + Entries.expire] = (this.#now + this.expireMs) | 0;
    cells[entry + Entries.state] = 1;
    for (let at = 0; at < words; at++) cells[entry + ENTRY_WORDS + at] = this.#key[at] as number;
    for (let at = entry + ENTRY_WORDS + words; at < entry + layout.entryWords; at++) cells[at] = 0;
  }

  /** A free entry, or the oldest that nobody tracks: of this stripe, if it has one. */
  #allocate(): Entry {
    for (let count = 0; count < SWEEP; count++) {
      const oldest = this.cells[this.#stripe + Stripe.oldest] as number;
      if (oldest === 0 || !this.#isDead(oldest)) break;
      this.#remove(oldest);
    }
    const free = this.#takeFree();
    if (free !== NO_ENTRY || this.nopurge) return free;
    // Not by way of the free ones, where another thread could take it.
    const oldest = this.cells[this.#stripe + Stripe.oldest] as number;
    if (oldest === 0) return this.#purgeElsewhere();
    this.#detach(oldest);
    return oldest;
  }

  /** Takes the oldest of another stripe; those that are locked now are passed over: no two threads may wait for each other. */
  #purgeElsewhere(): Entry {
    const { cells, layout } = this;
    const own = this.#stripe;
    for (let at = 0; at < layout.stripes; at++) {
      const stripe = layout.stripesAt + at * STRIPE_WORDS;
      if (stripe === own || Atomics.compareExchange(cells, stripe + Stripe.lock, 0, this.#owner) !== 0) continue;
      const oldest = cells[stripe + Stripe.oldest] as number;
      this.#stripe = stripe;
      if (oldest !== 0) this.#detach(oldest);
      this.#stripe = own;
      giveLock(cells, stripe + Stripe.lock);
      if (oldest !== 0) return oldest;
    }
    return NO_ENTRY;
  }

  #takeFree(): Entry {
    const { cells, layout } = this;
    if (!takeLock(cells, Header.freeLock, this.#owner)) return NO_ENTRY;
    let entry = cells[Header.free] as number;
    const fresh = cells[Header.fresh] as number;
    if (entry !== 0) cells[Header.free] = cells[entry + Entries.next] as number;
    else if (fresh < layout.size) {
      entry = layout.entriesAt + fresh * layout.entryWords;
      cells[Header.fresh] = fresh + 1;
    }
    if (entry !== 0) Atomics.add(cells, Header.used, 1);
    giveLock(cells, Header.freeLock);
    return entry;
  }

  /** Takes an entry that nobody tracks out of its bucket and its list; its stripe is locked. It stays in use. */
  #detach(entry: Entry): void {
    const { cells, layout } = this;
    let link = layout.bucketsAt + ((cells[entry + Entries.hash] as number) & (layout.buckets - 1));
    while (cells[link] !== entry) link = (cells[link] as number) + Entries.next;
    cells[link] = cells[entry + Entries.next] as number;
    this.#unlink(entry);
    cells[entry + Entries.state] = 0;
  }

  #remove(entry: Entry): void {
    const { cells } = this;
    this.#detach(entry);
    // Lost until the next start, should the lock not be had: better than a broken list.
    if (!takeLock(cells, Header.freeLock, this.#owner)) return;
    cells[entry + Entries.next] = cells[Header.free] as number;
    cells[Header.free] = entry;
    Atomics.sub(cells, Header.used, 1);
    giveLock(cells, Header.freeLock);
  }

  #unlink(entry: Entry): void {
    const { cells } = this;
    const older = cells[entry + Entries.older] as number;
    const newer = cells[entry + Entries.newer] as number;
    if (older === 0) cells[this.#stripe + Stripe.oldest] = newer;
    else cells[older + Entries.newer] = newer;
    if (newer === 0) cells[this.#stripe + Stripe.newest] = older;
    else cells[newer + Entries.older] = older;
  }

  /** Behind the newest. One whose time began a while ago looks for its place a little further back. */
  #append(entry: Entry): void {
    const { cells } = this;
    const expire = cells[entry + Entries.expire] as number;
    let older = cells[this.#stripe + Stripe.newest] as number;
    for (let look = 0; look < LOOK_BACK && older !== 0; look++) {
      if (((expire - (cells[older + Entries.expire] as number)) | 0) >= 0) break;
      older = cells[older + Entries.older] as number;
    }
    const newer = older === 0 ? (cells[this.#stripe + Stripe.oldest] as number) : (cells[older + Entries.newer] as number);
    cells[entry + Entries.older] = older;
    cells[entry + Entries.newer] = newer;
    if (older === 0) cells[this.#stripe + Stripe.oldest] = entry;
    else cells[older + Entries.newer] = entry;
    if (newer === 0) cells[this.#stripe + Stripe.newest] = entry;
    else cells[newer + Entries.older] = entry;
  }

  touch(entry: Entry): void {
    const { cells } = this;
    cells[entry + Entries.expire] = (this.#now + this.expireMs) | 0;
    if (cells[entry + Entries.references] !== 0) return;
    this.#unlink(entry);
    this.#append(entry);
  }

  reference(entry: Entry): void {
    const { cells } = this;
    if (cells[entry + Entries.references] === 0) this.#unlink(entry);
    cells[entry + Entries.references] = (cells[entry + Entries.references] as number) + 1;
  }

  release(entry: Entry): void {
    const { cells } = this;
    const left = (cells[entry + Entries.references] as number) - 1;
    cells[entry + Entries.references] = left;
    if (left !== 0) return;
    this.#append(entry);
    if (this.#isDead(entry)) this.#remove(entry);
  }

  references(entry: Entry): number {
    return this.cells[entry + Entries.references] as number;
  }

  leftMs(entry: Entry): number {
    return ((this.cells[entry + Entries.expire] as number) - this.#now) | 0;
  }

  idleMs(entry: Entry): number {
    return Math.max(0, this.expireMs - Math.max(0, this.leftMs(entry)));
  }

  // Data ------------------------------------------------------------------------------------------

  value(entry: Entry, data: DataType, element: number): number {
    const { layout, cells } = this;
    const words = layout.words[data] as number;
    const at = entry + (layout.offsets[data] as number) + element * words;
    if (words === RATE_WORDS) return eventsPerPeriod(cells, at, this.#now, layout.periodsMs[data] as number);
    const low = (cells[at] as number) >>> 0;
    return words === WIDE_WORDS ? ((cells[at + 1] as number) >>> 0) * 2 ** 32 + low : low;
  }

  add(entry: Entry, data: DataType, element: number, amount: number): void {
    const { layout, cells } = this;
    if (element >= (layout.elements[data] as number)) return;
    const words = layout.words[data] as number;
    const at = entry + (layout.offsets[data] as number) + element * words;
    if (words === RATE_WORDS) countEvents(cells, at, this.#now, layout.periodsMs[data] as number, amount);
    else if (words === WIDE_WORDS) this.#setWide(at, this.value(entry, data, element) + amount);
    else cells[at] = (cells[at] as number) + amount;
  }

  set(entry: Entry, data: DataType, element: number, value: number): void {
    const { layout, cells } = this;
    if (element >= (layout.elements[data] as number)) return;
    const words = layout.words[data] as number;
    const at = entry + (layout.offsets[data] as number) + element * words;
    if (words === WIDE_WORDS) this.#setWide(at, value);
    else if (words === RATE_WORDS) setRate(cells, at, this.#now, value);
    else cells[at] = value;
  }

  #setWide(at: number, value: number): void {
    this.cells[at] = value % 2 ** 32;
    this.cells[at + 1] = Math.floor(value / 2 ** 32);
  }

  // For the control thread ------------------------------------------------------------------------

  /** Removes entries of one stripe whose time is over, at most `most`; milliseconds until the next one's is, -1 if there is none. */
  sweep(stripe: number, most: number): number {
    if (this.expireMs === 0 || !this.#lock(stripe)) return -1;
    let leftMs = 0;
    for (let count = 0; count <= most; count++) {
      const oldest = this.cells[this.#stripe + Stripe.oldest] as number;
      leftMs = oldest === 0 ? -1 : Math.max(0, this.leftMs(oldest));
      if (leftMs !== 0 || count === most) break;
      this.#remove(oldest);
    }
    this.close();
    return leftMs;
  }

  /** Opens the entry with this number if there is one: every number below `fresh` may be asked for. */
  openNumber(number: number): Entry {
    const { layout, cells } = this;
    const entry = layout.entriesAt + number * layout.entryWords;
    if (cells[entry + Entries.state] === 0 || !this.openEntry(entry)) return NO_ENTRY;
    // It may have become another key's before its stripe was locked.
    const stripe = layout.stripesAt + ((cells[entry + Entries.hash] as number) & (layout.stripes - 1)) * STRIPE_WORDS;
    if (cells[entry + Entries.state] === 1 && stripe === this.#stripe && !this.#isDead(entry)) return entry;
    this.close();
    return NO_ENTRY;
  }

  get fresh(): number {
    return Atomics.load(this.cells, Header.fresh);
  }

  /** Removes an open entry. False: somebody tracks it. */
  remove(entry: Entry): boolean {
    if (this.references(entry) !== 0) return false;
    this.#remove(entry);
    return true;
  }
}

const STRING = 3;

/** A text in a key ends with its first zero. */
function textLength(bytes: Uint8Array, most: number): number {
  let length = 0;
  while (length < most && bytes[length] !== 0) length++;
  return length;
}

/** `value` events in the period that begins now. */
function setRate(cells: Int32Array, at: number, nowMs: number, value: number): void {
  cells[at] = nowMs;
  cells[at + 1] = value;
  cells[at + 2] = 0;
}

/** A clock that gives milliseconds of `now` plus an offset, cut to 32 bits. hot-ok: at start */
export function tickOf(now: () => number, offsetMs: number): () => number {
  return () => Math.floor(now() + offsetMs) | 0;
}
