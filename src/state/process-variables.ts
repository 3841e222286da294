/**
 * Variables of the process (`proc.`): slots in memory that all threads share. A name gets its slot while rules are
 * compiled; values change at any time, from any thread. A slot's version is odd while it is written, so a reader
 * that saw it change reads again. It must not know types.
 *
 * Limits: PROCESS_VARIABLES names of at most NAME_BYTES, values of at most VALUE_BYTES. A longer value is not stored.
 */
export const PROCESS_VARIABLES = 128;
const SLOT_BYTES = 4096;
const NAME_BYTES = 128;
const NAME_AT = 32;
const VALUE_AT = NAME_AT + NAME_BYTES;
export const VALUE_BYTES = SLOT_BYTES - VALUE_AT;
export const PROCESS_VARIABLES_BYTES = PROCESS_VARIABLES * SLOT_BYTES;

/** Words of a slot. A type of 0 is not set; the length of the name tells whether the slot is taken. */
const VERSION = 0;
const TYPE = 1;
const LENGTH = 2;
const NAME_LENGTH = 3;
/** In numbers of eight bytes. */
const NUMBER = 2;
/** A claim of a new name is a lock of its own, in a word of the first slot. */
const CLAIM = 6;
/** How often a reader or writer tries again: a writer is done in a microsecond. */
const TRIES = 10_000;

export class ProcessVariables {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  /** Of the last `read`. */
  type = 0;
  number = 0;
  length = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#numbers = new Float64Array(buffer);
  }

  /** The slot of a name, new if need be; -1: all are taken, or the name is too long. At start, or by control. */
  claim(name: string): number {
    const words = this.#words;
    if (name.length === 0 || name.length > NAME_BYTES) return -1;
    while (Atomics.compareExchange(words, CLAIM, 0, 1) !== 0);
    let slot = 0;
    while (slot < PROCESS_VARIABLES && words[this.#at(slot) + NAME_LENGTH] !== 0 && this.nameOf(slot) !== name) slot++;
    if (slot < PROCESS_VARIABLES && words[this.#at(slot) + NAME_LENGTH] === 0) {
      for (let i = 0; i < name.length; i++) this.#bytes[slot * SLOT_BYTES + NAME_AT + i] = name.charCodeAt(i);
      Atomics.store(words, this.#at(slot) + NAME_LENGTH, name.length);
    }
    Atomics.store(words, CLAIM, 0);
    return slot < PROCESS_VARIABLES ? slot : -1;
  }

  /** The slot of a name that exists; -1: none. Control only. */
  slotOf(name: string): number {
    for (let slot = 0; slot < PROCESS_VARIABLES; slot++) if (name !== '' && this.nameOf(slot) === name) return slot;
    return -1;
  }

  /** '' for a slot that nobody has claimed. Control only. */
  nameOf(slot: number): string {
    const length = Atomics.load(this.#words, this.#at(slot) + NAME_LENGTH);
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.#bytes[slot * SLOT_BYTES + NAME_AT + i] as number);
    return text;
  }

  isSet(slot: number): boolean {
    return Atomics.load(this.#words, this.#at(slot) + TYPE) !== 0;
  }

  /** Bytes of the value that is there. */
  lengthOf(slot: number): number {
    return Atomics.load(this.#words, this.#at(slot) + LENGTH);
  }

  /** Copies the value to `to[at …]`, which has room for VALUE_BYTES, and sets type, number and length. False: it is not set. */
  read(slot: number, to: Uint8Array, at: number): boolean {
    const words = this.#words;
    const base = this.#at(slot);
    for (let turn = 0; turn < TRIES; turn++) {
      const version = Atomics.load(words, base + VERSION);
      if ((version & 1) !== 0) continue;
      this.type = words[base + TYPE] as number;
      this.number = this.#numbers[(base >> 1) + NUMBER] as number;
      this.length = Math.min(words[base + LENGTH] as number, VALUE_BYTES);
      const from = slot * SLOT_BYTES + VALUE_AT;
      for (let i = 0; i < this.length; i++) to[at + i] = this.#bytes[from + i] as number;
      if (Atomics.load(words, base + VERSION) === version) return this.type !== 0;
    }
    return false;
  }

  /** Sets a variable to a number and the bytes [start, end) of `from`; type 0 unsets it. False: the value is too long. */
  write(slot: number, type: number, number: number, from: Uint8Array, start: number, end: number): boolean {
    const words = this.#words;
    const base = this.#at(slot);
    const length = end - start;
    if (length > VALUE_BYTES) return false;
    const version = this.#lock(base);
    if (version < 0) return false;
    words[base + TYPE] = type;
    words[base + LENGTH] = length;
    this.#numbers[(base >> 1) + NUMBER] = number;
    const to = slot * SLOT_BYTES + VALUE_AT;
    for (let i = 0; i < length; i++) this.#bytes[to + i] = from[start + i] as number;
    Atomics.store(words, base + VERSION, (version + 2) & 0x7fffffff);
    return true;
  }

  /** Makes the version odd; the even one it was before; -1: another writer does not come to an end. */
  #lock(base: number): number {
    for (let turn = 0; turn < TRIES; turn++) {
      const version = Atomics.load(this.#words, base + VERSION);
      if ((version & 1) !== 0) continue;
      if (Atomics.compareExchange(this.#words, base + VERSION, version, version + 1) === version) return version;
    }
    return -1;
  }

  /** First word of a slot. */
  #at(slot: number): number {
    return (slot * SLOT_BYTES) >> 2;
  }
}
