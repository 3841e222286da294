/**
 * Bytes by key, shared by threads: a ring in which the newest overwrites the oldest, and an index of where each is. Bounded work and
 * memory; an entry may be lost at any time. It must not know what it keeps.
 *
 * Layout: words of a header, the index with four places a bucket, the ring. Positions count all bytes ever written, modulo 2^32, so that
 * what was overwritten can be told from what was not; 0 stands for none.
 */

/** Longer keys and values are not kept. */
export const LONGEST_KEY = 32;
export const LONGEST_VALUE = 4096;

/** Words of the header. */
const LOCK = 0;
const WRITTEN = 1;
const LOOKUPS = 2;
const MISSES = 3;
const PLACES = 4;
const HEADER = 5;
const WAYS = 4;
const SMALLEST_RING = 1 << 14;
const LARGEST_RING = 1 << 30;
/** An entry of the ring: the value's length, the key and its zeros, the value. */
const KEY_AT = 4;
const VALUE_AT = KEY_AT + LONGEST_KEY;
/** Who holds the lock copies 4 kB at most. Whoever still finds it held does without. */
const MOST_TRIES = 20_000;

/** @param entries how many are expected @param entryBytes the usual size of one. hot-ok: at start */
export function newByteCache(entries: number, entryBytes: number): SharedArrayBuffer {
  const places = powerOf(Math.max(entries, WAYS), 1 << 26);
  const ring = powerOf(Math.max(entries * entryBytes, SMALLEST_RING), LARGEST_RING);
  const buffer = new SharedArrayBuffer((HEADER + places) * 4 + ring);
  const words = new Int32Array(buffer, 0, HEADER);
  words[PLACES] = places;
  words[WRITTEN] = 4;
  return buffer;
}

/** The smallest power of two that is not below `least`, at most `most`. */
function powerOf(least: number, most: number): number {
  let power = 1;
  while (power < least && power < most) power *= 2;
  return power;
}

export class ByteCache {
  readonly #words: Int32Array;
  readonly #index: Int32Array;
  readonly #ring: Uint8Array;
  readonly #mask: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, HEADER);
    const places = this.#words[PLACES] as number;
    this.#index = new Int32Array(buffer, HEADER * 4, places);
    this.#ring = new Uint8Array(buffer, (HEADER + places) * 4);
    this.#mask = this.#ring.length - 1;
  }

  /** How often something was looked for, and not found. */
  get lookups(): number {
    return Atomics.load(this.#words, LOOKUPS) >>> 0;
  }

  get misses(): number {
    return Atomics.load(this.#words, MISSES) >>> 0;
  }

  /** Keeps [start, end) of `bytes` under the key [keyStart, keyEnd). Keys should differ in their first bytes. */
  put(bytes: Uint8Array, keyStart: number, keyEnd: number, start: number, end: number): void {
    if (!isKey(keyStart, keyEnd) || end - start > LONGEST_VALUE || !this.#lock()) return;
    const place = this.#placeFor(bytes, keyStart, keyEnd);
    this.#index[place] = this.#write(bytes, keyStart, keyEnd, start, end);
    this.#unlock();
  }

  /** Writes the value of a key to [to, to + LONGEST_VALUE) of `bytes`; its end, or -1: there is none. */
  get(bytes: Uint8Array, keyStart: number, keyEnd: number, to: number): number {
    Atomics.add(this.#words, LOOKUPS, 1);
    let end = -1;
    if (isKey(keyStart, keyEnd) && this.#lock()) {
      const place = this.#find(bytes, keyStart, keyEnd);
      if (place >= 0) end = this.#read(this.#index[place] as number, bytes, to);
      this.#unlock();
    }
    if (end < 0) Atomics.add(this.#words, MISSES, 1);
    return end;
  }

  remove(bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    if (!isKey(keyStart, keyEnd) || !this.#lock()) return;
    const place = this.#find(bytes, keyStart, keyEnd);
    if (place >= 0) this.#index[place] = 0;
    this.#unlock();
  }

  #lock(): boolean {
    for (let tries = 0; tries < MOST_TRIES; tries++) if (Atomics.compareExchange(this.#words, LOCK, 0, 1) === 0) return true;
    return false;
  }

  #unlock(): void {
    Atomics.store(this.#words, LOCK, 0);
  }

  /** First place of the key's bucket. */
  #bucket(bytes: Uint8Array, keyStart: number): number {
    const word = (bytes[keyStart] as number) | ((bytes[keyStart + 1] as number) << 8) | ((bytes[keyStart + 2] as number) << 16);
    const mixed = Math.imul(word ^ ((bytes[keyStart + 3] as number) << 24), 0x9e3779b1) >>> 0;
    return (mixed % (this.#index.length / WAYS)) * WAYS;
  }

  #find(bytes: Uint8Array, keyStart: number, keyEnd: number): number {
    const first = this.#bucket(bytes, keyStart);
    for (let place = first; place < first + WAYS; place++) if (this.#holds(place, bytes, keyStart, keyEnd)) return place;
    return -1;
  }

  /** The key's own place, or that of the oldest entry of its bucket. */
  #placeFor(bytes: Uint8Array, keyStart: number, keyEnd: number): number {
    const own = this.#find(bytes, keyStart, keyEnd);
    if (own >= 0) return own;
    let oldest = this.#bucket(bytes, keyStart);
    for (let place = oldest + 1; place % WAYS !== 0; place++) if (this.#age(place) > this.#age(oldest)) oldest = place;
    return oldest;
  }

  /** Bytes written since the entry was begun; one that is empty is the oldest. */
  #age(place: number): number {
    const position = this.#index[place] as number;
    return position === 0 ? Number.POSITIVE_INFINITY : ((this.#words[WRITTEN] as number) - position) >>> 0;
  }

  #holds(place: number, bytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    if (this.#age(place) > this.#ring.length) return false;
    const at = (this.#index[place] as number) + KEY_AT;
    for (let offset = 0; offset < LONGEST_KEY; offset++) {
      const byte = keyStart + offset < keyEnd ? (bytes[keyStart + offset] as number) : 0;
      if (this.#ring[(at + offset) & this.#mask] !== byte) return false;
    }
    return true;
  }

  #write(bytes: Uint8Array, keyStart: number, keyEnd: number, start: number, end: number): number {
    const position = this.#words[WRITTEN] as number;
    const size = end - start;
    this.#byte(position, size);
    this.#byte(position + 1, size >> 8);
    for (let offset = 0; offset < LONGEST_KEY; offset++)
      this.#byte(position + KEY_AT + offset, keyStart + offset < keyEnd ? (bytes[keyStart + offset] as number) : 0);
    for (let at = start; at < end; at++) this.#byte(position + VALUE_AT + at - start, bytes[at] as number);
    // A multiple of four: a position is never 0 but after 2^32 bytes, where one entry is lost.
    this.#words[WRITTEN] = position + ((VALUE_AT + size + 3) & ~3);
    return position;
  }

  #byte(at: number, value: number): void {
    this.#ring[at & this.#mask] = value;
  }

  #read(position: number, bytes: Uint8Array, to: number): number {
    const size = (this.#ring[position & this.#mask] as number) | ((this.#ring[(position + 1) & this.#mask] as number) << 8);
    for (let at = 0; at < size; at++) bytes[to + at] = this.#ring[(position + VALUE_AT + at) & this.#mask] as number;
    return to + size;
  }
}

function isKey(start: number, end: number): boolean {
  return end > start && end - start <= LONGEST_KEY;
}
