/**
 * The normalisers of request targets (RFC 3986 6.2.2), each from bytes to a writer: `normalize-uri` (HAProxy 3.x configuration
 * 4.4). A normaliser answers false for what its strict form refuses. They must not know messages. Their work is linear in the
 * bytes; sorting takes n log n.
 */
import type { Writer } from '../format/writer.ts';

const SLASH = 47;
const DOT = 46;
const PERCENT = 37;
const HASH = 35;
const AMPERSAND = 38;
const EQUALS = 61;

export type Normalizer = (out: Writer, start: number, end: number) => boolean;

/** `//` becomes `/`. */
export function mergeSlashes(out: Writer, start: number, end: number): boolean {
  const { bytes } = out;
  for (let at = start; at < end; at++) if (bytes[at] !== SLASH || bytes[at + 1] !== SLASH || at + 1 === end) out.byte(bytes[at] as number);
  return true;
}

/** Where the segment that begins behind a slash at `at` ends. */
function segmentEnd(bytes: Uint8Array, at: number, end: number): number {
  let to = at + 1;
  while (to < end && bytes[to] !== SLASH) to++;
  return to;
}

/** Segments `.` go. */
export function stripDot(out: Writer, start: number, end: number): boolean {
  const { bytes } = out;
  for (let at = start; at < end; ) {
    const to = segmentEnd(bytes, at, end);
    if (to !== at + 2 || bytes[at + 1] !== DOT) out.copy(at, to);
    else if (to === end) out.byte(SLASH);
    at = to;
  }
  return true;
}

/** Segments `..` go together with the one before them; those at the start stay. */
export function stripDotdot(out: Writer, start: number, end: number): boolean {
  return stripParents(out, start, end, false);
}

/** As stripDotdot; those at the start go, too. */
export function stripDotdotFull(out: Writer, start: number, end: number): boolean {
  return stripParents(out, start, end, true);
}

function stripParents(out: Writer, start: number, end: number, full: boolean): boolean {
  const { bytes } = out;
  const base = out.at;
  for (let at = start; at < end; ) {
    const to = segmentEnd(bytes, at, end);
    if (!isParent(bytes, at, to)) out.copy(at, to);
    else {
      const last = lastSlash(bytes, base, out.at);
      if (last >= 0 && !isParent(bytes, last, out.at)) out.at = last;
      else if (!full) out.copy(at, to);
      if (to === end) out.byte(SLASH);
    }
    at = to;
  }
  return true;
}

/** Is [at, to) `/..`? */
function isParent(bytes: Uint8Array, at: number, to: number): boolean {
  return to === at + 3 && bytes[at + 1] === DOT && bytes[at + 2] === DOT;
}

function lastSlash(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start; at--) if (bytes[at] === SLASH) return at;
  return -1;
}

/** The value of a hexadecimal digit; -1: it is none. */
function digitOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The byte that `%XX` at `at` stands for; -1: it is no such sequence. */
function encodedByte(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 >= end) return -1;
  const high = digitOf(bytes[at + 1] as number);
  const low = digitOf(bytes[at + 2] as number);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

const unreserved = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') unreserved[char.charCodeAt(0)] = 1;

/** Percent-encoded letters, digits and `-._~` become themselves. */
export function decodeUnreserved(out: Writer, start: number, end: number): boolean {
  return decode(out, start, end, false);
}

/** As decodeUnreserved; false for a `%` without two digits. */
export function decodeUnreservedStrictly(out: Writer, start: number, end: number): boolean {
  return decode(out, start, end, true);
}

function decode(out: Writer, start: number, end: number, strict: boolean): boolean {
  const { bytes } = out;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const value = byte === PERCENT ? encodedByte(bytes, at, end) : -1;
    if (strict && byte === PERCENT && value < 0) return false;
    if (value < 0 || unreserved[value] === 0) out.byte(byte);
    else {
      out.byte(value);
      at += 2;
    }
  }
  return true;
}

/** `%6f` becomes `%6F`. */
export function upperPercent(out: Writer, start: number, end: number): boolean {
  return raise(out, start, end, false);
}

/** As upperPercent; false for a `%` without two digits. */
export function upperPercentStrictly(out: Writer, start: number, end: number): boolean {
  return raise(out, start, end, true);
}

function raise(out: Writer, start: number, end: number, strict: boolean): boolean {
  const { bytes } = out;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    out.byte(byte);
    if (byte !== PERCENT) continue;
    const value = encodedByte(bytes, at, end);
    if (value < 0) {
      if (strict) return false;
      continue;
    }
    out.hexByte(value);
    at += 2;
  }
  return true;
}

/** `#` and what follows go. */
export function stripFragment(out: Writer, start: number, end: number): boolean {
  const { bytes } = out;
  let to = start;
  while (to < end && bytes[to] !== HASH) to++;
  out.copy(start, to);
  return true;
}

/** `#` becomes `%23`. */
export function encodeFragment(out: Writer, start: number, end: number): boolean {
  const { bytes } = out;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== HASH) {
      out.byte(bytes[at] as number);
      continue;
    }
    out.byte(PERCENT);
    out.hexByte(HASH);
  }
  return true;
}

/** More parameters than fit a request head. */
const MOST_PARAMETERS = 65_536;

interface SortRoom {
  readonly starts: Int32Array;
  readonly one: Int32Array;
  readonly other: Int32Array;
}

/** Of this thread, for all its rules: 768 kB where one sorts. */
let room: SortRoom | null = null;

/** Sorts the parameters of a query (without its question mark) by name; those of one name keep their order. At start. */
export function makeQuerySort(): Normalizer {
  room ??= {
    starts: new Int32Array(MOST_PARAMETERS + 1),
    one: new Int32Array(MOST_PARAMETERS),
    other: new Int32Array(MOST_PARAMETERS),
  };
  const used = room;
  return (out, start, end) => {
    const { starts } = used;
    const count = split(out.bytes, start, end, starts);
    if (count > MOST_PARAMETERS) {
      out.overflow = true;
      return true;
    }
    const order = sorted(out.bytes, used, count);
    for (let at = 0; at < count; at++) {
      const one = order[at] as number;
      if (at > 0) out.byte(AMPERSAND);
      out.copy(starts[one] as number, (starts[one + 1] as number) - 1);
    }
    return true;
  };
}

/** Where the parameters begin, and one behind where the last ends; how many there are. */
function split(bytes: Uint8Array, start: number, end: number, starts: Int32Array): number {
  let count = 0;
  starts[count++] = start;
  for (let at = start; at < end; at++) if (bytes[at] === AMPERSAND) starts[count++] = at + 1;
  // Nothing behind the last ampersand is no parameter.
  if (starts[count - 1] === end) return count - 1;
  starts[count] = end + 1;
  return count;
}

/** Merge sort from runs of one upwards. */
function sorted(bytes: Uint8Array, { starts, one, other: second }: SortRoom, count: number): Int32Array {
  let from = one;
  let to = second;
  for (let at = 0; at < count; at++) from[at] = at;
  for (let width = 1; width < count; width *= 2) {
    for (let left = 0; left < count; left += width * 2) {
      merge(bytes, starts, from, to, left, Math.min(left + width, count), Math.min(left + width * 2, count));
    }
    const other = from;
    from = to;
    to = other;
  }
  return from;
}

function merge(bytes: Uint8Array, starts: Int32Array, from: Int32Array, to: Int32Array, left: number, middle: number, right: number): void {
  let one = left;
  let other = middle;
  for (let at = left; at < right; at++) {
    const takesOne = other >= right || (one < middle && compareNames(bytes, starts, from[one] as number, from[other] as number) <= 0);
    to[at] = (takesOne ? from[one++] : from[other++]) as number;
  }
}

function compareNames(bytes: Uint8Array, starts: Int32Array, one: number, other: number): number {
  let a = starts[one] as number;
  let b = starts[other] as number;
  const aEnd = (starts[one + 1] as number) - 1;
  const bEnd = (starts[other + 1] as number) - 1;
  for (; ; a++, b++) {
    const left = a < aEnd && bytes[a] !== EQUALS ? (bytes[a] as number) : -1;
    const right = b < bEnd && bytes[b] !== EQUALS ? (bytes[b] as number) : -1;
    if (left !== right || left < 0) return left - right;
  }
}
