/**
 * Dates in persistence cookies (cookie … maxidle, maxlife; HAProxy 3.x configuration 4.2): seconds / 4 as five base64
 * characters of six bits, most significant first.
 */

const DIGITS = 5;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const ENCODE = new Uint8Array(64);
/** Value plus one; 0: no digit. */
const DECODE = new Uint8Array(256);
for (let value = 0; value < ALPHABET.length; value++) {
  ENCODE[value] = ALPHABET.charCodeAt(value);
  DECODE[ALPHABET.charCodeAt(value)] = value + 1;
}
/** A date further ahead than this can't be ours. */
const MOST_AHEAD_S = 86400;

/** Seconds of the date at [start, end); 0: there is none. More characters behind it are ignored. */
export function readDate(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < DIGITS) return 0;
  let value = 0;
  for (let at = start; at < start + DIGITS; at++) {
    const digit = DECODE[bytes[at] as number] as number;
    if (digit === 0) return 0;
    value = value * 64 + digit - 1;
  }
  return value * 4;
}

/** Writes the date, rounded up to 4 seconds; where it ends. */
export function writeDate(bytes: Uint8Array, at: number, seconds: number): number {
  let value = Math.floor((seconds + 3) / 4) % 2 ** 30;
  for (let digit = DIGITS - 1; digit >= 0; digit--) {
    bytes[at + digit] = ENCODE[value % 64] as number;
    value = Math.floor(value / 64);
  }
  return at + DIGITS;
}

/** Is a date too old, or from a future that nobody can have written? */
export function isOutside(dateS: number, nowS: number, mostAgeS: number): boolean {
  return dateS > nowS + MOST_AHEAD_S || dateS + mostAgeS < nowS;
}
