/**
 * A stick table: entries by key in memory that all threads share, at most as many as the configuration says, each with its
 * counters and its time to live. An object is one thread's view of it. It must not know samples, streams or clocks.
 *
 * A key's bucket belongs to a stripe, whose lock guards its chains, the entries in them and a list of them by age (ages.ts): it gives
 * what expires next and what is purged when the table is full, in constant time. Entries that nobody has used yet are one
 * counter, those given back a chain, both behind a lock of their own, taken inside the stripe's.
 *
 * A reference is taken with the stripe locked and given back without: so a lock tells that nobody refers to an entry, and that
 * nobody will until it is given back (docs/decisions/2026-11-20-references-without-locks.md).
 *
 * Zeroed memory is an empty table. A link holds an entry's first word, 0 none.
 */
import { type Counting, Data, type DataType, type Entry, type KeyTypeValue, NO_ENTRY, type StickTable } from '../state/tracked.ts';
import { append, isAlone, isParked, oldestAlone, park, referencesTo, renew, unlink, unpark } from './ages.ts';
import { hashKey } from './hash.ts';
import { ENTRY_WORDS, Entries, Header, IN_USE, PARKED, REFERENCE, STRIPE_WORDS, Stripe, type TableLayout } from './layout.ts';
import { giveLock, takeLock } from './lock.ts';
import { countEvents, eventsPerPeriod, RATE_WORDS, setEvents, TORN } from './rates.ts';

const WIDE_WORDS = 2;
const BYTE_TYPES = [Data.bytesInCnt, Data.bytesInRate, Data.bytesOutCnt, Data.bytesOutRate] as const;
/** Expired entries that one who adds an entry removes on the way. */
const SWEEP = 2;

export interface TableOptions {
  readonly expireMs: number;
  readonly nopurge: boolean;
  readonly bytesFactor: number;
  /** The processor does loads in order and stores in order (x86-64): figures are read without a lock then. */
  readonly inOrder: boolean;
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
  readonly countsCurrent: boolean;
  readonly #inOrder: boolean;
  readonly #tick: () => number;
  readonly #owner: number;
  readonly keyCells: Int32Array;
  /** Words of the key in the register; the entry's others are 0. */
  #keyWords = 0;
  #hash = 0;
  /** The key that `#hash` is of: the next one is often the same. */
  readonly #hashed: Int32Array;
  #hashedWords = -1;
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
    this.countsCurrent = (layout.elements[Data.connCur] as number) > 0;
    this.#inOrder = options.inOrder;
    this.expireMs = options.expireMs;
    this.nopurge = options.nopurge;
    this.cells = new Int32Array(buffer);
    this.#tick = tick;
    this.#owner = thread + 1;
    this.keyCells = new Int32Array(layout.keyWords);
    this.keyRegister = new Uint8Array(this.keyCells.buffer);
    this.#hashed = new Int32Array(layout.keyWords);
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
    this.setKeyWords(length);
  }

  setKeyWords(length: number): void {
    const { keyCells } = this;
    const hashed = this.#hashed;
    const words = (length + 3) >> 2;
    this.keyLength = length;
    this.#keyWords = words;
    let same = 0;
    if (words === this.#hashedWords) while (same < words && keyCells[same] === hashed[same]) same++;
    if (same === words && words === this.#hashedWords) return;
    for (let at = same; at < words; at++) hashed[at] = keyCells[at] as number;
    this.#hashedWords = words;
    this.#hash = hashKey(keyCells, words, this.cells[Header.secret0] as number, this.cells[Header.secret1] as number);
  }

  takeKey(other: StickTable, entry: Entry): boolean {
    if (other.keyType !== this.keyType) return false;
    const from = other as SharedTable;
    const words = Math.min(this.layout.keyWords, from.layout.keyWords);
    this.keyCells.fill(0);
    for (let at = 0; at < words; at++) this.keyCells[at] = from.cells[entry + ENTRY_WORDS + at] as number;
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
    append(cells, this.#stripe, entry);
    return entry;
  }

  openEntry(entry: Entry): boolean {
    return this.#lock(this.cells[entry + Entries.hash] as number);
  }

  openToRead(entry: Entry): boolean {
    if (!this.#inOrder) return this.openEntry(entry);
    this.#now = this.#tick();
    return true;
  }

  close(): void {
    if (this.#stripe === 0) return;
    giveLock(this.cells, this.#stripe + Stripe.lock, this.#inOrder);
    this.#stripe = 0;
  }

  #lock(hash: number): boolean {
    const stripe = this.#stripeOf(hash);
    if (!takeLock(this.cells, stripe + Stripe.lock, this.#owner)) {
      Atomics.add(this.cells, Header.timeouts, 1);
      return false;
    }
    this.#stripe = stripe;
    this.#now = this.#tick();
    return true;
  }

  #stripeOf(hash: number): number {
    return this.layout.stripesAt + (hash & (this.layout.stripes - 1)) * STRIPE_WORDS;
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
    for (let at = 0; at < words; at++) if (cells[from + at] !== this.keyCells[at]) return false;
    return words === this.layout.keyWords || cells[from + words] === 0;
  }

  #isDead(entry: Entry): boolean {
    return this.#isOver(entry) && isAlone(this.cells, entry);
  }

  #isOver(entry: Entry): boolean {
    return this.expireMs > 0 && this.leftMs(entry) <= 0;
  }

  // Life of an entry ------------------------------------------------------------------------------

  #initialize(entry: Entry): void {
    const { cells, layout } = this;
    const words = this.#keyWords;
    cells[entry + Entries.hash] = this.#hash;
    cells[entry + Entries.given] = 0;
    cells[entry + Entries.expire] = (this.#now + this.expireMs) | 0;
    for (let at = 0; at < words; at++) cells[entry + ENTRY_WORDS + at] = this.keyCells[at] as number;
    for (let at = entry + ENTRY_WORDS + words; at < entry + layout.entryWords; at++) cells[at] = 0;
    // Last: who looks without the lock reads this word first, and then the others.
    if (this.#inOrder) cells[entry + Entries.taken] = IN_USE;
    else Atomics.store(cells, entry + Entries.taken, IN_USE);
  }

  /** A free entry, or the oldest that nobody tracks: of this stripe, if it has one. */
  #allocate(): Entry {
    for (let count = 0; count < SWEEP; count++) {
      const first = this.cells[this.#stripe + Stripe.oldest] as number;
      if (first === 0 || !this.#isOver(first)) break;
      const oldest = oldestAlone(this.cells, this.#stripe);
      if (oldest === NO_ENTRY || !this.#isOver(oldest)) break;
      this.#remove(oldest);
    }
    const free = this.#takeFree();
    if (free !== NO_ENTRY || this.nopurge) return free;
    // Not by way of the free ones, where another thread could take it.
    const oldest = oldestAlone(this.cells, this.#stripe);
    if (oldest === NO_ENTRY) return this.#purgeElsewhere();
    return this.#detach(oldest) ? oldest : NO_ENTRY;
  }

  /** Takes the oldest of another stripe; those that are locked now are passed over: no two threads may wait for each other. */
  #purgeElsewhere(): Entry {
    const { cells, layout } = this;
    const own = this.#stripe;
    for (let at = 0; at < layout.stripes; at++) {
      const stripe = layout.stripesAt + at * STRIPE_WORDS;
      if (stripe === own || Atomics.compareExchange(cells, stripe + Stripe.lock, 0, this.#owner) !== 0) continue;
      const oldest = oldestAlone(cells, stripe);
      this.#stripe = stripe;
      const isTaken = oldest !== NO_ENTRY && this.#detach(oldest);
      this.#stripe = own;
      giveLock(cells, stripe + Stripe.lock, this.#inOrder);
      if (isTaken) return oldest;
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
    giveLock(cells, Header.freeLock, this.#inOrder);
    return entry;
  }

  /** Takes an entry that nobody tracks out of its bucket and its list; its stripe is locked. It still counts as used. False: its bucket has lost it. */
  #detach(entry: Entry): boolean {
    const { cells, layout } = this;
    let link = layout.bucketsAt + ((cells[entry + Entries.hash] as number) & (layout.buckets - 1));
    while (cells[link] !== entry) {
      // A chain that somebody broke: nothing of it can be trusted.
      if (cells[link] === 0) return false;
      link = (cells[link] as number) + Entries.next;
    }
    cells[link] = cells[entry + Entries.next] as number;
    if (!isParked(cells, entry)) unlink(cells, this.#stripe, entry);
    cells[entry + Entries.taken] = 0;
    cells[entry + Entries.given] = 0;
    return true;
  }

  /** False: a lock could not be had. */
  #remove(entry: Entry): boolean {
    const { cells } = this;
    if (!this.#detach(entry)) return true;
    // Lost until the next start, should the lock not be had: better than a broken list.
    if (!takeLock(cells, Header.freeLock, this.#owner)) return false;
    cells[entry + Entries.next] = cells[Header.free] as number;
    cells[Header.free] = entry;
    Atomics.sub(cells, Header.used, 1);
    giveLock(cells, Header.freeLock, this.#inOrder);
    return true;
  }

  touch(entry: Entry): void {
    this.cells[entry + Entries.expire] = (this.#now + this.expireMs) | 0;
    renew(this.cells, this.#stripe, entry);
  }

  reference(entry: Entry): void {
    const at = entry + Entries.taken;
    this.cells[at] = (this.cells[at] as number) + REFERENCE;
  }

  release(entry: Entry): void {
    const { cells } = this;
    // Without the reference the entry may be another key's.
    const hash = cells[entry + Entries.hash] as number;
    const expire = cells[entry + Entries.expire] as number;
    const given = (Atomics.add(cells, entry + Entries.given, REFERENCE) + REFERENCE) | 0;
    if (((given ^ (cells[entry + Entries.taken] as number)) & -REFERENCE) !== 0) return;
    if ((given & PARKED) !== 0 || (this.expireMs > 0 && ((expire - this.#tick()) | 0) <= 0)) this.#settle(entry, hash);
  }

  /** Nobody refers to an entry any more that is in no list, or whose time is over. False: a lock could not be had. */
  #settle(entry: Entry, hash: number): boolean {
    if (!this.#lock(hash)) {
      Atomics.store(this.cells, Header.orphans, 1);
      return false;
    }
    let isDone = true;
    // It may be in use again, or have become another key's.
    if (this.#isOpen(entry) && isAlone(this.cells, entry)) {
      if (isParked(this.cells, entry)) unpark(this.cells, this.#stripe, entry);
      if (this.#isOver(entry)) isDone = this.#remove(entry);
    }
    this.close();
    return isDone;
  }

  /** Whether it is an entry of the stripe that is locked. */
  #isOpen(entry: Entry): boolean {
    const { cells } = this;
    return Atomics.load(cells, entry + Entries.taken) !== 0 && this.#stripeOf(cells[entry + Entries.hash] as number) === this.#stripe;
  }

  references(entry: Entry): number {
    if (this.#stripe !== 0) return referencesTo(this.cells, entry);
    // Two words that others change: locked, only one of them.
    if (!this.openEntry(entry)) return 0;
    const references = referencesTo(this.cells, entry);
    this.close();
    return references;
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
    if (words === RATE_WORDS) return this.#rate(entry, at, layout.periodsMs[data] as number);
    return words === WIDE_WORDS ? this.#wide(entry, at) : (cells[at] as number) >>> 0;
  }

  #rate(entry: Entry, at: number, periodMs: number): number {
    const events = eventsPerPeriod(this.cells, at, this.#now, periodMs);
    if (events !== TORN) return events;
    // Locked, only one who has died can have left it so.
    if (this.#stripe !== 0 || !this.openEntry(entry)) return 0;
    const exact = Math.max(0, eventsPerPeriod(this.cells, at, this.#now, periodMs));
    this.close();
    return exact;
  }

  #wide(entry: Entry, at: number): number {
    const isOpen = this.#stripe !== 0;
    if (!isOpen && !this.openEntry(entry)) return 0;
    const value = ((this.cells[at + 1] as number) >>> 0) * 2 ** 32 + ((this.cells[at] as number) >>> 0);
    if (!isOpen) this.close();
    return value;
  }

  add(entry: Entry, data: DataType, element: number, amount: number): void {
    const { layout, cells } = this;
    if (element >= (layout.elements[data] as number)) return;
    const words = layout.words[data] as number;
    const at = entry + (layout.offsets[data] as number) + element * words;
    if (words === RATE_WORDS) countEvents(cells, at, this.#now, layout.periodsMs[data] as number, amount);
    else if (words === WIDE_WORDS) this.#setWide(at, this.#wide(entry, at) + amount);
    else cells[at] = (cells[at] as number) + amount;
  }

  set(entry: Entry, data: DataType, element: number, value: number): void {
    const { layout, cells } = this;
    if (element >= (layout.elements[data] as number)) return;
    const words = layout.words[data] as number;
    const at = entry + (layout.offsets[data] as number) + element * words;
    if (words === WIDE_WORDS) this.#setWide(at, value);
    else if (words === RATE_WORDS) setEvents(cells, at, this.#now, value);
    else cells[at] = value;
  }

  /** Per type: words from the entry's start, and the period of a rate in milliseconds, 0 for a counter of one word. hot-ok: at start */
  countingOf(types: readonly DataType[]): Counting {
    const { offsets, periodsMs, elements } = this.layout;
    const held = types.filter((data) => (elements[data] as number) > 0);
    return Int32Array.from(held.flatMap((data) => [offsets[data] as number, periodsMs[data] as number]));
  }

  count(entry: Entry, counting: Counting): void {
    const { cells } = this;
    for (let at = 0; at < counting.length; at += 2) {
      const word = entry + (counting[at] as number);
      const periodMs = counting[at + 1] as number;
      if (periodMs === 0) cells[word] = (cells[word] as number) + 1;
      else countEvents(cells, word, this.#now, periodMs, 1);
    }
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
      if (isAlone(this.cells, oldest) || !park(this.cells, this.#stripe, oldest)) this.#remove(oldest);
    }
    this.close();
    return leftMs;
  }

  /** Opens the entry with this number if there is one: every number below `fresh` may be asked for. */
  openNumber(number: number): Entry {
    const { layout, cells } = this;
    const entry = layout.entriesAt + number * layout.entryWords;
    if (Atomics.load(cells, entry + Entries.taken) === 0 || !this.openEntry(entry)) return NO_ENTRY;
    // It may have become another key's before its stripe was locked.
    if (this.#isOpen(entry) && !this.#isDead(entry)) return entry;
    this.close();
    return NO_ENTRY;
  }

  /** Entries whose stripe was locked for too long when they were let go: puts them where they can expire and be purged. Waits for one lock at most. */
  adopt(): void {
    const { layout, cells } = this;
    if (Atomics.load(cells, Header.orphans) === 0) return;
    Atomics.store(cells, Header.orphans, 0);
    for (let number = 0; number < this.fresh; number++) {
      const entry = layout.entriesAt + number * layout.entryWords;
      if (!isParked(cells, entry) || !isAlone(cells, entry) || this.#settle(entry, cells[entry + Entries.hash] as number)) continue;
      // The next sweep goes on.
      Atomics.store(cells, Header.orphans, 1);
      return;
    }
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

/** A clock that gives milliseconds of `now` plus an offset, cut to 32 bits. hot-ok: at start */
export function tickOf(now: () => number, offsetMs: number): () => number {
  return () => Math.floor(now() + offsetMs) | 0;
}
