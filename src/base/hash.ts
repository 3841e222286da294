/**
 * Hashes of byte ranges and numbers that decide where a client goes: the same value on every machine and release,
 * or a restart would move everybody. Well-known functions: sdbm (the ndbm clone's), djb2 (Bernstein's), CRC-32
 * (ISO 3309), wt6 (HAProxy's own, configuration manual hash-type), and a 32-bit integer hash with full avalanche (Bob Jenkins').
 * All results are unsigned 32-bit numbers.
 */

export type HashFunction = (bytes: Uint8Array, start: number, end: number) => number;

export function hashSdbm(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 65599) + (bytes[at] as number)) | 0;
  return hash >>> 0;
}

export function hashDjb2(bytes: Uint8Array, start: number, end: number): number {
  let hash = 5381;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 33) + (bytes[at] as number)) | 0;
  return hash >>> 0;
}

/** Two halves that turn each other by amounts taken from themselves. */
export function hashWt6(bytes: Uint8Array, start: number, end: number): number {
  let left = 0xa53c965a | 0;
  let right = 0x5ca6953a | 0;
  let leftTurn = 6;
  let rightTurn = 18;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const mixedLeft = ~(left ^ byte);
    const mixedRight = ~(right + byte);
    left = rotate(mixedRight, leftTurn);
    right = rotate(mixedLeft, rightTurn);
    const turns = ((left >>> 16) ^ right) & 0xffff;
    leftTurn = turns & 31;
    rightTurn = turns >>> 11;
  }
  return (left ^ right) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

const CRC_TABLE = crcTable(0xedb88320);
const CASTAGNOLI_TABLE = crcTable(0x82f63b78);

function crcTable(polynomial: number): Int32Array {
  const table = new Int32Array(256); // hot-ok: at start
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    table[byte] = value;
  }
  return table;
}

export function hashCrc32(bytes: Uint8Array, start: number, end: number): number {
  let value = -1;
  for (let at = start; at < end; at++) value = (CRC_TABLE[(value ^ (bytes[at] as number)) & 255] as number) ^ (value >>> 8);
  return ~value >>> 0;
}

/** CRC-32C (RFC 4960 appendix B), as a signed number: one above 2^31 would be boxed to be returned. */
export function hashCrc32c(bytes: Uint8Array, start: number, end: number): number {
  let value = -1;
  for (let at = start; at < end; at++) value = (CASTAGNOLI_TABLE[(value ^ (bytes[at] as number)) & 255] as number) ^ (value >>> 8);
  return ~value;
}

/** `none`: the number written in the first 4 bytes, network order. */
export function hashNone(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end && at < start + 4; at++) value = (value << 8) | (bytes[at] as number);
  return value >>> 0;
}

/**
 * Spreads small differences of a number over all its bits (burtleburtle.net/bob/hash/integer.html, 6 shifts), then
 * multiplies by a prime near three quarters of the range, as HAProxy does for `avalanche` and for its rings.
 */
export function avalanche(number: number): number {
  let a = number | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) ^ (a << 9)) | 0;
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3221225473) >>> 0;
}
