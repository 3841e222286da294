/**
 * JSON read in place (RFC 8259), for single values out of a text: nothing is built. Strings are unescaped into other bytes.
 * Depth is bounded; what is malformed before the value wanted is no value.
 */
import { hexValue } from '../value/bytes.ts';
import type { Writer } from './writer.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const MOST_DEPTH = 64;

/** A step of a path: a key, or an index. */
export interface JsonStep {
  /** Where the key lies in memory; -1: it is an index. */
  readonly start: number;
  readonly length: number;
  readonly index: number;
}

export const JsonKind = { none: 0, string: 1, number: 2, true: 3, false: 4, null: 5, array: 6, object: 7 } as const;
export type JsonKindValue = (typeof JsonKind)[keyof typeof JsonKind];

/** Reads `$.a.b[0]`, with `\.` for a dot in a key, as steps; null: it is no such path. hot-ok: at start */
export function parseJsonPath(path: string): { readonly key: string; readonly index: number }[] | null {
  if (!path.startsWith('$')) return null;
  const steps: { key: string; index: number }[] = [];
  let at = 1;
  while (at < path.length) {
    const found = /^\.((?:\\.|[^.[\]\\])+)|^\[(\d+)\]/.exec(path.slice(at));
    if (found === null) return null;
    steps.push(
      found[2] === undefined ? { key: (found[1] as string).replace(/\\(.)/g, '$1'), index: -1 } : { key: '', index: Number(found[2]) },
    );
    at += found[0].length;
  }
  return steps;
}

/** Finds one value at a time: its kind is returned, where it lies is in `start` and `end`. */
export class JsonReader {
  /** A string's without its quotes. */
  start = 0;
  end = 0;
  readonly #bytes: Uint8Array;
  #at = 0;
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  find(start: number, end: number, steps: readonly JsonStep[]): JsonKindValue {
    this.#at = start;
    this.#end = end;
    for (let step = 0; step < steps.length; step++) {
      const wanted = steps[step] as JsonStep;
      if (!(wanted.start < 0 ? this.#enterItem(wanted.index) : this.#enterKey(wanted.start, wanted.length))) return JsonKind.none;
    }
    return this.#value(0);
  }

  #blanks(): number {
    const bytes = this.#bytes;
    while (this.#at < this.#end) {
      const byte = bytes[this.#at] as number;
      if (byte !== 32 && byte !== 9 && byte !== 10 && byte !== 13) return byte;
      this.#at++;
    }
    return -1;
  }

  #take(byte: number): boolean {
    if (this.#blanks() !== byte) return false;
    this.#at++;
    return true;
  }

  #enterKey(key: number, length: number): boolean {
    if (!this.#take(123)) return false;
    while (this.#blanks() === QUOTE) {
      if (!this.#string()) return false;
      const isWanted = this.#isKey(key, length);
      if (!this.#take(58)) return false;
      if (isWanted) return true;
      if (this.#value(0) === JsonKind.none || !this.#take(44)) return false;
    }
    return false;
  }

  #isKey(key: number, length: number): boolean {
    if (this.end - this.start !== length) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[this.start + i] !== this.#bytes[key + i]) return false;
    return true;
  }

  #enterItem(index: number): boolean {
    if (!this.#take(91)) return false;
    for (let item = 0; item < index; item++) if (this.#value(0) === JsonKind.none || !this.#take(44)) return false;
    return this.#blanks() !== 93;
  }

  /** Reads a value whole. */
  #value(depth: number): JsonKindValue {
    const byte = this.#blanks();
    if (byte === QUOTE) return this.#string() ? JsonKind.string : JsonKind.none;
    if (byte === 123 || byte === 91) return this.#nested(byte, depth);
    const start = this.#at;
    const bytes = this.#bytes;
    while (this.#at < this.#end && isPlain(bytes[this.#at] as number)) this.#at++;
    this.start = start;
    this.end = this.#at;
    if (byte === 45 || (byte >= 48 && byte <= 57)) return JsonKind.number;
    const size = this.end - start;
    if (byte === 116 && size === 4) return JsonKind.true;
    if (byte === 102 && size === 5) return JsonKind.false;
    return byte === 110 && size === 4 ? JsonKind.null : JsonKind.none;
  }

  #nested(open: number, depth: number): JsonKindValue {
    const start = this.#at++;
    const close = open + 2;
    if (depth > MOST_DEPTH) return JsonKind.none;
    if (this.#blanks() !== close) {
      do {
        if (open === 123 && (this.#blanks() !== QUOTE || !this.#string() || !this.#take(58))) return JsonKind.none;
        if (this.#value(depth + 1) === JsonKind.none) return JsonKind.none;
      } while (this.#take(44));
    }
    if (!this.#take(close)) return JsonKind.none;
    this.start = start;
    this.end = this.#at;
    return open === 123 ? JsonKind.object : JsonKind.array;
  }

  /** At the opening quote. */
  #string(): boolean {
    const bytes = this.#bytes;
    const start = ++this.#at;
    while (this.#at < this.#end && bytes[this.#at] !== QUOTE) this.#at += bytes[this.#at] === BACKSLASH ? 2 : 1;
    if (this.#at >= this.#end) return false;
    this.start = start;
    this.end = this.#at++;
    return true;
  }
}

/** Letters, digits, signs and the point. */
function isPlain(byte: number): boolean {
  const letter = byte | 32;
  return (byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 122) || byte === 45 || byte === 43 || byte === 46;
}

/** Writes a string's content without escapes; false: it has a bad one. */
export function writeUnescaped(bytes: Uint8Array, start: number, end: number, out: Writer): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte !== BACKSLASH) {
      out.byte(byte);
      continue;
    }
    const escaped = bytes[++at] as number;
    if (escaped === 117) {
      if (at + 5 > end) return false;
      const code = hexOf(bytes, at + 1);
      if (code < 0) return false;
      writeUtf8(code, out);
      at += 4;
    } else out.byte(unescaped(escaped));
  }
  return true;
}

function hexOf(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let i = 0; i < 4; i++) {
    const digit = hexValue(bytes[at + i] as number);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

function unescaped(byte: number): number {
  switch (byte) {
    case 98:
      return 8;
    case 102:
      return 12;
    case 110:
      return 10;
    case 114:
      return 13;
    case 116:
      return 9;
    default:
      return byte;
  }
}

function writeUtf8(code: number, out: Writer): void {
  if (code < 0x80) out.byte(code);
  else if (code < 0x800) {
    out.byte(0xc0 | (code >> 6));
    out.byte(0x80 | (code & 63));
  } else {
    out.byte(0xe0 | (code >> 12));
    out.byte(0x80 | ((code >> 6) & 63));
    out.byte(0x80 | (code & 63));
  }
}

/** A number of the text as a double; NaN: it is none. */
export function readDouble(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let mantissa = 0;
  let exponent = 0;
  const isNegative = bytes[at] === 45;
  if (isNegative) at++;
  for (; at < end && isDigit(bytes[at] as number); at++) mantissa = mantissa * 10 + ((bytes[at] as number) - 48);
  if (at < end && bytes[at] === 46) {
    for (at++; at < end && isDigit(bytes[at] as number); at++, exponent--) mantissa = mantissa * 10 + ((bytes[at] as number) - 48);
  }
  if (at < end && ((bytes[at] as number) | 32) === 101) {
    at++;
    const sign = bytes[at] === 45 ? -1 : 1;
    if (bytes[at] === 45 || bytes[at] === 43) at++;
    let power = 0;
    for (; at < end && isDigit(bytes[at] as number) && power < 400; at++) power = power * 10 + ((bytes[at] as number) - 48);
    exponent += sign * power;
  }
  if (at < end) return Number.NaN;
  const value = exponent < 0 ? mantissa / 10 ** -exponent : mantissa * 10 ** exponent;
  return isNegative ? -value : value;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** Writes a number as printf's %g does: six digits, without zeros at the end. */
export function writeGeneral(value: number, out: Writer): void {
  let size = value;
  if (value < 0) {
    out.byte(45);
    size = -value;
  }
  if (size === 0) {
    out.byte(48);
    return;
  }
  let power = Math.floor(Math.log10(size));
  let six = Math.round(power < 5 ? size * 10 ** (5 - power) : size / 10 ** (power - 5));
  if (six >= 1_000_000) {
    power++;
    six = Math.round(six / 10);
  } else if (six < 100_000) {
    power--;
    six = Math.round(power < 5 ? size * 10 ** (5 - power) : size / 10 ** (power - 5));
  }
  const isScientific = power < -4 || power >= 6;
  const whole = isScientific ? 1 : power + 1;
  if (whole <= 0) {
    out.byte(48);
    out.byte(46);
    for (let zero = whole; zero < 0; zero++) out.byte(48);
  }
  let unit = 100_000;
  for (let digit = 1; six > 0 || digit <= whole; digit++) {
    out.byte(48 + Math.floor(six / unit));
    six %= unit;
    unit /= 10;
    if (digit === whole && six > 0) out.byte(46);
  }
  if (isScientific) writeExponent(power, out);
}

function writeExponent(power: number, out: Writer): void {
  out.byte(101);
  out.byte(power < 0 ? 45 : 43);
  if (Math.abs(power) < 10) out.byte(48);
  out.int(Math.abs(power));
}
