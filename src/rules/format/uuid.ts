/**
 * Universally unique identifiers (RFC 9562) from a generator with 128 bits of state (xoshiro128**, Blackman and Vigna) that is
 * started from the system's randomness: unique, but not for secrets.
 */
import { writeHexByte } from '../value/bytes.ts';

const DASH = 45;
export const UUID_LENGTH = 36;
const BYTES = 16;

export class UuidMaker {
  readonly #state: Uint32Array;
  readonly #bytes = new Uint8Array(BYTES);

  /** @param state four words, changed by every identifier: all makers of a thread share them */
  constructor(state: Uint32Array) {
    this.#state = state;
  }

  /** Writes one of version 4 (random) or 7 (milliseconds, then random), in lower case; the offset behind it. */
  write(to: Uint8Array, at: number, version: 4 | 7, wallMs: number): number {
    const bytes = this.#bytes;
    for (let word = 0; word < BYTES / 4; word++) {
      const random = this.#next();
      for (let i = 0; i < 4; i++) bytes[word * 4 + i] = random >>> (i * 8);
    }
    if (version === 7) for (let i = 0; i < 6; i++) bytes[i] = Math.floor(wallMs / 2 ** (40 - i * 8)) & 255;
    bytes[6] = ((bytes[6] as number) & 15) | (version << 4);
    bytes[8] = ((bytes[8] as number) & 63) | 128;
    return this.#text(to, at);
  }

  #text(to: Uint8Array, start: number): number {
    let at = start;
    for (let i = 0; i < BYTES; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) to[at++] = DASH;
      at = writeHexByte(to, at, this.#bytes[i] as number);
    }
    for (let i = start; i < at; i++) if ((to[i] as number) >= 65) to[i] = (to[i] as number) | 32;
    return at;
  }

  #next(): number {
    const state = this.#state;
    const a = state[0] as number;
    const b = state[1] as number;
    const c = state[2] as number;
    const d = state[3] as number;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const third = c ^ a;
    const fourth = d ^ b;
    state[1] = b ^ third;
    state[0] = a ^ fourth;
    state[2] = third ^ (b << 9);
    state[3] = rotate(fourth, 11);
    return result;
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
