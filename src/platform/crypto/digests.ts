/**
 * Message digests of OpenSSL: MD5, SHA-1, SHA-2, SHA-3, BLAKE2 and what else there is, by its names. Every call has three arguments at
 * most: node:ffi allocates for those of more. It must not know what is digested.
 */
import type { Digest } from '../../base/digest.ts';
import { area } from '../ffi.ts';
import { type Functions, functions } from './functions.ts';

const NULL = 0n;
/** Bytes that are handed over at once. */
const PIECE = 4096;
/** Bytes of the longest digest. */
const MOST_SIZE = 64;

/** Where bytes of messages lie that OpenSSL reads, and results. */
class DigestAreas {
  readonly piece = area(PIECE);
  readonly result = area(MOST_SIZE);
}

let areas: DigestAreas | undefined;

/** A digest by one of OpenSSL's names, without regard to case; null: it has none of this name. At start. */
export function digestNamed(name: string): Digest | null {
  const lib = functions();
  const found = lib.digestByName(name);
  const text = found === NULL ? NULL : lib.digestName(found);
  // What is only known by name has no code in this build.
  const fetched = text === NULL ? NULL : lib.digestFetch(NULL, text, NULL);
  lib.clearErrors();
  if (fetched === NULL) return null;
  const size = lib.digestSize(fetched);
  return size > 0 && size <= MOST_SIZE ? new OpenSslDigest(lib, fetched, size) : null;
}

class OpenSslDigest implements Digest {
  readonly size: number;
  readonly blockSize: number;
  readonly #lib: Functions;
  readonly #digest: bigint;
  readonly #context: bigint;
  readonly #areas: DigestAreas;
  #isGood = false;

  constructor(lib: Functions, digest: bigint, size: number) {
    areas ??= new DigestAreas();
    this.#areas = areas;
    this.#lib = lib;
    this.#digest = digest;
    this.#context = lib.digestNew();
    this.size = size;
    this.blockSize = lib.digestBlockSize(digest);
  }

  reset(): void {
    this.#isGood = this.#lib.digestInit(this.#context, this.#digest, NULL) === 1;
  }

  update(bytes: Uint8Array, start: number, end: number): void {
    const { piece } = this.#areas;
    const to = piece.bytes;
    for (let from = start; from < end; from += PIECE) {
      const length = Math.min(PIECE, end - from);
      for (let at = 0; at < length; at++) to[at] = bytes[from + at] as number;
      if (this.#lib.digestUpdate(this.#context, piece.pointer, length) !== 1) this.#isGood = false;
    }
  }

  finish(to: Uint8Array, at: number): boolean {
    const { result } = this.#areas;
    if (!this.#isGood || this.#lib.digestFinal(this.#context, result.pointer, NULL) !== 1) return false;
    for (let index = 0; index < this.size; index++) to[at + index] = result.bytes[index] as number;
    return true;
  }
}
