/**
 * Tokens of the compact form, parts of base64url with dots between them (RFC 7515 3.1, RFC 7516 3.1), and names in them. It must not
 * know keys.
 */
import type { Memory } from '../../base/memory.ts';

/** Parts of an encrypted token; a signed one has three. */
export const MOST_PARTS = 5;

export class CompactToken {
  readonly starts = new Int32Array(MOST_PARTS);
  readonly ends = new Int32Array(MOST_PARTS);
  count = 0;

  /** Finds the first `most` parts; false: there are more. */
  split(bytes: Uint8Array, start: number, end: number, most: number): boolean {
    let part = 0;
    this.starts[0] = start;
    for (let at = start; at < end; at++) {
      if (bytes[at] !== DOT) continue;
      this.ends[part++] = at;
      if (part === most) {
        this.count = most;
        return false;
      }
      this.starts[part] = at + 1;
    }
    this.ends[part] = end;
    this.count = part + 1;
    return true;
  }
}

const DOT = 46;

/** A few names, found in bytes by their number. */
export class NameList {
  readonly names: readonly string[];
  readonly #memory: Memory;
  readonly #starts: readonly number[];

  constructor(memory: Memory, names: readonly string[]) {
    this.names = names;
    this.#memory = memory;
    this.#starts = names.map((name) => memory.intern(name));
  }

  /** The number of the name that [start, end) is, with regard to case; -1: none of them. */
  find(start: number, end: number): number {
    const { names } = this;
    for (let index = 0; index < names.length; index++) {
      if ((names[index] as string).length === end - start && this.#equal(this.#starts[index] as number, start, end)) return index;
    }
    return -1;
  }

  startOf(number: number): number {
    return this.#starts[number] as number;
  }

  lengthOf(number: number): number {
    return (this.names[number] as string).length;
  }

  #equal(name: number, start: number, end: number): boolean {
    const { bytes } = this.#memory;
    for (let at = start; at < end; at++) if (bytes[at] !== bytes[name + at - start]) return false;
    return true;
  }
}
