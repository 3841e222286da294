/**
 * Something with a name (a backend, a server) that a rule chooses by a log-format string: `use_backend %[…]`. Names are compared
 * as bytes in the thread's memory, found by a hash of them. It must not know what is chosen.
 */
import { hashCrc32 } from '../../base/hash.ts';
import type { Stream } from '../../state/records.ts';
import type { TextFormat } from '../define.ts';
import type { Thread } from '../thread.ts';

/** A name is longer than this in no configuration; a longer text names nobody. */
const MOST_NAME = 1024;

interface Named<T> {
  readonly value: T;
  readonly start: number;
  readonly length: number;
}

/** Values by name, for lookups by bytes. Made at start. */
export class NameTable<T> {
  readonly #bytes: Uint8Array;
  readonly #buckets: readonly (readonly Named<T>[])[];

  constructor(thread: Thread, values: Iterable<readonly [string, T]>) {
    this.#bytes = thread.bytes;
    const all = Array.from(values, ([name, value]) => ({ value, start: thread.memory.intern(name), length: name.length }));
    const size = 2 ** Math.ceil(Math.log2(all.length + 1));
    const buckets: Named<T>[][] = Array.from({ length: size }, () => []);
    for (const entry of all) buckets[this.#bucket(entry.start, entry.start + entry.length, size)]?.push(entry);
    this.#buckets = buckets;
  }

  /** The one whose name is the bytes [start, end), or null. */
  find(start: number, end: number): T | null {
    const bucket = this.#buckets[this.#bucket(start, end, this.#buckets.length)] as readonly Named<T>[];
    for (let at = 0; at < bucket.length; at++) {
      const { value, start: name, length } = bucket[at] as Named<T>;
      if (length === end - start && this.#isSame(start, name, length)) return value;
    }
    return null;
  }

  #bucket(start: number, end: number, size: number): number {
    return hashCrc32(this.#bytes, start, end) & (size - 1);
  }

  #isSame(one: number, other: number, length: number): boolean {
    const bytes = this.#bytes;
    let at = 0;
    while (at < length && bytes[one + at] === bytes[other + at]) at++;
    return at === length;
  }
}

/** A choice per stream. */
export class NamedChoice<T> {
  readonly #thread: Thread;
  readonly #format: TextFormat;
  readonly #table: NameTable<T>;

  constructor(thread: Thread, format: TextFormat, table: NameTable<T>) {
    this.#thread = thread;
    this.#format = format;
    this.#table = table;
  }

  /** Who has the name that the format gives for this stream; null: nobody. */
  find(stream: Stream): T | null {
    const { out, memory } = this.#thread;
    const start = memory.scratch();
    out.open(start, start + MOST_NAME);
    this.#format.write(out, stream);
    return out.overflow ? null : this.#table.find(start, out.at);
  }
}
