/**
 * Numbers as `hdr_val`, `cook_val` and `urlp_val` read them: 32 bits, up to the first character above 9. Characters below 0 count
 * as negative digits there, and so they do here (HAProxy 2.6 to 3.x, observed).
 */
import type { FetchStep } from '../define.ts';

const MINUS = 45;
const ZERO = 48;
const NINE = 57;

export function readLooseInt(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = start < end && bytes[start] === MINUS;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > NINE && byte < 128) break;
    const digit = (byte < 128 ? byte : byte - 256) - ZERO;
    value = (Math.imul(value, 10) + (isNegative ? -digit : digit)) | 0;
  }
  return value;
}

/** A fetch of texts as one of such numbers. */
export function asLooseInt(step: FetchStep): FetchStep {
  return (sample, stream) => step(sample, stream) && sample.setInt(readLooseInt(sample.memory.bytes, sample.start, sample.end));
}
