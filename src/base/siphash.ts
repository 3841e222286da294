/**
 * HalfSipHash-2-4 with 64 bits of result: a keyed hash of bytes that nobody can steer without the key. For caches whose
 * keys a peer chooses. It must not know what is hashed.
 */

/** The last result. */
export const sip = { low: 0, high: 0 };

const state = new Int32Array(4);
const V0 = 0;
const V1 = 1;
const V2 = 2;
const V3 = 3;

/** Hashes bytes[start, end) with a key of two words into `sip`. */
export function halfSipHash(bytes: Uint8Array, start: number, end: number, key: Int32Array): void {
  const k0 = key[0] as number;
  const k1 = key[1] as number;
  state[V0] = k0;
  state[V1] = k1 ^ 0xee;
  state[V2] = 0x6c796765 ^ k0;
  state[V3] = 0x74656462 ^ k1;
  let at = start;
  for (; at + 4 <= end; at += 4) mix(word(bytes, at, 4));
  mix(word(bytes, at, end - at) | ((end - start) << 24));
  state[V2] = (state[V2] as number) ^ 0xee;
  rounds(4);
  sip.low = (state[V1] as number) ^ (state[V3] as number);
  state[V1] = (state[V1] as number) ^ 0xdd;
  rounds(4);
  sip.high = (state[V1] as number) ^ (state[V3] as number);
}

/** `count` bytes, the lowest first. */
function word(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value |= (bytes[at + i] as number) << (i * 8);
  return value;
}

function mix(value: number): void {
  state[V3] = (state[V3] as number) ^ value;
  rounds(2);
  state[V0] = (state[V0] as number) ^ value;
}

function rounds(count: number): void {
  let v0 = state[V0] as number;
  let v1 = state[V1] as number;
  let v2 = state[V2] as number;
  let v3 = state[V3] as number;
  for (let i = 0; i < count; i++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  state[V0] = v0;
  state[V1] = v1;
  state[V2] = v2;
  state[V3] = v3;
}
