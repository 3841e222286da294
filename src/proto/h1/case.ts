/**
 * Names of header fields in another case, for peers that insist on it (h1-case-adjust): a pass over an encoded head, which
 * keeps its length. It must not know which peers these are.
 */
import type { Memory } from '../../base/memory.ts';

const CR = 13;
const LF = 10;
const COLON = 58;
const UNUSED = -1;

export class CaseMap {
  readonly #bytes: Uint8Array;
  /** Per slot: where the name in its new case stands, and its length; UNUSED: an empty slot. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** At start. @param names as they are to be written; of two that differ in case only, the last one counts */
  constructor(memory: Memory, names: readonly string[]) {
    const last = new Map<string, string>();
    for (const name of names) last.set(name.toLowerCase(), name);
    let size = 8;
    while (size < last.size * 2) size *= 2;
    this.#bytes = memory.bytes;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size * 2).fill(UNUSED);
    for (const [lower, name] of last) {
      let slot = hashOf(lower) & this.#mask;
      while (this.#slots[slot * 2] !== UNUSED) slot = (slot + 1) & this.#mask;
      this.#slots[slot * 2] = memory.intern(name);
      this.#slots[slot * 2 + 1] = name.length;
    }
  }

  /** Rewrites the names of the head bytes[start, end), which are in lower case. */
  adjust(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && bytes[at] !== LF) at++;
    for (at++; at < end && bytes[at] !== CR; at++) {
      const name = at;
      let hash = SEED;
      while (at < end && bytes[at] !== COLON) hash = step(hash, bytes[at++] as number);
      this.#rewrite(bytes, name, at, hash);
      while (at < end && bytes[at] !== LF) at++;
    }
  }

  #rewrite(bytes: Uint8Array, start: number, end: number, hash: number): void {
    const slots = this.#slots;
    for (let slot = hash & this.#mask; slots[slot * 2] !== UNUSED; slot = (slot + 1) & this.#mask) {
      const name = slots[slot * 2] as number;
      if (slots[slot * 2 + 1] !== end - start || !this.#isSame(bytes, start, end, name)) continue;
      for (let i = 0; i < end - start; i++) bytes[start + i] = this.#bytes[name + i] as number;
      return;
    }
  }

  /** The same letters but for their case? */
  #isSame(bytes: Uint8Array, start: number, end: number, name: number): boolean {
    for (let i = 0; i < end - start; i++) if (lower(this.#bytes[name + i] as number) !== bytes[start + i]) return false;
    return true;
  }
}

const SEED = 5381;

function step(hash: number, byte: number): number {
  return (Math.imul(hash, 33) ^ byte) >>> 0;
}

function hashOf(text: string): number {
  let hash = SEED;
  for (let at = 0; at < text.length; at++) hash = step(hash, text.charCodeAt(at));
  return hash;
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte;
}
