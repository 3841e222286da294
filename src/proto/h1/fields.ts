/**
 * Parser of field lines (RFC 9112 5): header fields behind a start line, trailer fields behind the last
 * chunk. Works in place: names become lower case, folded lines become spaces. It can stop at any byte and
 * go on when more bytes stand behind. It must not know what the fields mean, nor the start line.
 *
 * `#lines` is the fast form for a whole, ordinary line; whatever it does not like is left to the
 * state machine in `run`, which alone decides what is an error (bench/h1-head.ts compares both).
 */
import { viewOf } from '../../base/words.ts';
import type { HeaderTable } from '../../http/message.ts';
import { headerIdOf, TOKEN_LOWER, VALUE_STOP } from '../../http/tokens.ts';
import { SeenNames } from './seen.ts';

export const FieldsResult = { more: 0, done: 1, failed: 2 } as const;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
/** HAProxy keeps a name's length in eight bits; a longer one is a bad request. */
const LONGEST_NAME = 255;

/** First byte of a line. */
const LINE = 0;
const NAME = 1;
const VALUE = 2;
/** Behind the CR of a field line. */
const VALUE_LF = 3;
/** Behind the LF of a field line: a blank here continues the value (obs-fold). */
const VALUE_FOLD = 4;
/** Behind the CR of the empty line. */
const LAST_LF = 5;

/** Trailers are rare: none are learned. */
const NO_NAMES = new SeenNames();

export class FieldParser {
  /** Accept fields with a name that is no token (they are dropped) and NUL in values. */
  lenient = false;
  /** Most rows the table may get. */
  maxFields = 101;
  /** False: only the state machine runs, the oracle of the fast form. */
  fast = true;
  /** Where parsing goes on; once done, the offset behind the empty line; once failed, the bad byte. */
  at = 0;
  #phase = LINE;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #lineEnd = 0;
  #drop = false;

  reset(): void {
    this.#phase = LINE;
  }

  /**
   * Parses bytes[at, end) into the table. After FieldsResult.more call again with `this.at` and a larger end.
   * @param names of other heads of this kind: they only make it faster
   */
  run(table: HeaderTable, bytes: Uint8Array, at: number, end: number, names = NO_NAMES): number {
    this.at = at;
    for (;;) {
      switch (this.#phase) {
        case LINE:
          if (this.fast) this.at = this.#lines(table, bytes, this.at, end, names);
          if (this.at === end) return FieldsResult.more;
          if (bytes[this.at] === LF) return this.#done();
          this.#startLine(bytes[this.at] as number);
          break;
        case NAME:
          if (!this.#name(bytes, end)) return this.#stopped(end);
          break;
        case VALUE:
          if (!this.#value(bytes, end)) return this.#stopped(end);
          break;
        case VALUE_LF:
          if (this.at === end || bytes[this.at] !== LF) return this.#stopped(end);
          this.at++;
          this.#phase = VALUE_FOLD;
          break;
        case VALUE_FOLD:
          if (this.at === end || !this.#fold(table, bytes)) return this.#stopped(end);
          break;
        default:
          if (this.at === end || bytes[this.at] !== LF) return this.#stopped(end);
          return this.#done();
      }
    }
  }

  #done(): number {
    this.at++;
    this.#phase = LINE;
    return FieldsResult.done;
  }

  #stopped(end: number): number {
    return this.at === end ? FieldsResult.more : FieldsResult.failed;
  }

  #startLine(code: number): void {
    if (code === CR) {
      this.at++;
      this.#phase = LAST_LF;
      return;
    }
    this.#nameStart = this.at;
    this.#drop = false;
    this.#phase = NAME;
  }

  /** Scans a name up to its colon; false when it stops at the end or at a byte that is not accepted. */
  #name(bytes: Uint8Array, end: number): boolean {
    let { at } = this;
    while (at < end) {
      const code = bytes[at] as number;
      const lower = TOKEN_LOWER[code] as number;
      if (lower !== 0) bytes[at] = lower;
      else if (code === COLON || code === LF || !this.lenient) break;
      else this.#drop = true;
      at++;
    }
    this.at = at;
    if (at === end || bytes[at] !== COLON || at === this.#nameStart || at - this.#nameStart > LONGEST_NAME) return false;
    this.#nameEnd = at;
    this.#valueStart = this.at = at + 1;
    this.#phase = VALUE;
    return true;
  }

  /** Scans a value up to the end of its line. */
  #value(bytes: Uint8Array, end: number): boolean {
    let { at } = this;
    while (at < end && ((VALUE_STOP[bytes[at] as number] as number) === 0 || (this.lenient && bytes[at] === 0))) at++;
    this.at = at;
    if (at === end || bytes[at] === 0) return false;
    this.#lineEnd = at;
    this.#phase = bytes[at] === CR ? VALUE_LF : VALUE_FOLD;
    this.at = at + 1;
    return true;
  }

  /** Decides by the first byte of the next line whether the value goes on there (RFC 9112 5.2). */
  #fold(table: HeaderTable, bytes: Uint8Array): boolean {
    const code = bytes[this.at] as number;
    if (code === SPACE || code === TAB) {
      for (let at = this.#lineEnd; at < this.at; at++) bytes[at] = SPACE;
      this.#phase = VALUE;
      return true;
    }
    this.#phase = LINE;
    if (this.#drop) return true;
    let start = this.#valueStart;
    let end = this.#lineEnd;
    while (start < end && (bytes[start] === SPACE || bytes[start] === TAB)) start++;
    while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
    return this.#add(table, bytes, this.#nameStart, this.#nameEnd - this.#nameStart, start, end);
  }

  #add(table: HeaderTable, bytes: Uint8Array, nameStart: number, nameLength: number, start: number, end: number): boolean {
    if (table.rows >= this.maxFields) return false;
    return table.add(headerIdOf(bytes, nameStart, nameLength), nameStart, nameLength, start, end);
  }

  /** Whole ordinary lines; the offset of the first line that it left alone. */
  #lines(table: HeaderTable, bytes: Uint8Array, start: number, end: number, names: SeenNames): number {
    const view = viewOf(bytes);
    const learns = names !== NO_NAMES && names.begin();
    let slot = 0;
    let line = start;
    for (; ; slot++) {
      let length = 0;
      let id = -1;
      if (learns) names.copy(view, line, slot);
      else {
        length = names.take(view, line, end, slot);
        // One may be missing.
        if (length === 0) length = names.take(view, line, end, ++slot);
        if (length === 0) slot -= 2;
        else id = names.id(slot);
      }
      if (length === 0) length = lowerName(bytes, line, end);
      let at = line + length;
      if (length === 0 || length > LONGEST_NAME || at + 1 >= end || bytes[at] !== COLON) break;
      at++;
      if (bytes[at] === SPACE) at++;
      const lineEnd = lineEndAt(view, bytes, at, end);
      // The byte behind CRLF tells whether the line is folded.
      if (lineEnd + 2 >= end || bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) break;
      const next = bytes[lineEnd + 2] as number;
      if (next === SPACE || next === TAB) break;
      let to = lineEnd;
      while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
      while (to > at && (bytes[to - 1] === SPACE || bytes[to - 1] === TAB)) to--;
      if (id < 0) id = headerIdOf(bytes, line, length);
      if (table.rows >= this.maxFields || !table.add(id, line, length, at, to)) break;
      if (learns) names.learn(view, line, length, id, slot);
      line = lineEnd + 2;
      if (next === CR) break;
    }
    if (learns) names.end(slot + 1);
    return line;
  }
}

/** Makes the name at `start` lower case; its length. */
function lowerName(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const lower = TOKEN_LOWER[bytes[at] as number] as number;
    if (lower === 0) break;
    bytes[at++] = lower;
  }
  return at - start;
}

/** The first byte at or after `start` that ends a value, or `end`; eight bytes a turn while none is below a space. */
function lineEndAt(view: DataView, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + 8 <= end) {
    const word = view.getInt32(at, true);
    const next = view.getInt32(at + 4, true);
    let low = (word - 0x20202020) & ~word & 0x80808080;
    if (low === 0) {
      low = (next - 0x20202020) & ~next & 0x80808080;
      at += low === 0 ? 8 : 4;
      if (low === 0) continue;
    }
    // The lowest bit that is set tells the first byte below a space; it may be a tab.
    at += (31 - Math.clz32(low & -low)) >> 3;
    if (VALUE_STOP[bytes[at] as number] !== 0) return at;
    at++;
  }
  while (at < end && (VALUE_STOP[bytes[at] as number] as number) === 0) at++;
  return at;
}
