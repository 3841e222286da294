/**
 * Texts that are put together while a rule runs, in the form of a log format, so that rewrite.ts can place them:
 * a regular expression's replacement, and a request target with one part exchanged. Objects are made at start
 * and filled per request.
 */
import type { Stream } from '../../state/records.ts';
import type { TextFormat } from '../define.ts';
import type { Writer } from '../format/writer.ts';
import type { Regex } from '../regex/regex.ts';
import type { Thread } from '../thread.ts';
import { itemEnd, skipBlanks, trimBlanks } from './target.ts';

const BACKSLASH = 92;
const ZERO = 48;
const LOWER_X = 120;
const COMMA = 44;

/** A template with \0 to \9 for groups, evaluated first as a log format. */
export class Replacement implements TextFormat {
  readonly constant = null;
  readonly regex: Regex;
  readonly #thread: Thread;
  readonly #format: TextFormat;
  #start = 0;
  #end = 0;

  constructor(thread: Thread, regex: Regex, format: TextFormat) {
    this.#thread = thread;
    this.regex = regex;
    this.#format = format;
  }

  /** Evaluates the template, once per rule. */
  prepare(stream: Stream): void {
    const { out, memory } = this.#thread;
    // Not scratch: a long template uses more areas of it than there are.
    out.open(memory.deskStart, memory.deskEnd);
    this.#format.write(out, stream);
    this.#start = memory.deskStart;
    this.#end = out.at;
  }

  /** Takes a template that never changes. */
  use(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
  }

  /** Whether the pattern is found in [start, end): `write` then gives the text that replaces all of it. */
  matches(start: number, end: number): boolean {
    return this.regex.find(this.#thread.bytes, start, end, start);
  }

  write(out: Writer): void {
    const { bytes } = out;
    for (let at = this.#start; at < this.#end; at++) {
      const byte = bytes[at] as number;
      const next = at + 1 < this.#end ? (bytes[at + 1] as number) : 0;
      if (byte !== BACKSLASH || next === 0) {
        out.byte(byte);
        continue;
      }
      at++;
      if (next >= ZERO && next <= ZERO + 9) this.#group(out, next - ZERO);
      else if (next === LOWER_X) at = this.#hex(out, at);
      else out.byte(next);
    }
  }

  /** \xHH */
  #hex(out: Writer, at: number): number {
    const high = digit(out.bytes[at + 1] as number);
    const low = digit(out.bytes[at + 2] as number);
    if (at + 2 >= this.#end || high < 0 || low < 0) {
      out.byte(LOWER_X);
      return at;
    }
    out.byte(high * 16 + low);
    return at + 2;
  }

  #group(out: Writer, group: number): void {
    const { match, groups } = this.regex;
    if (group < groups && (match[group * 2 + 1] as number) >= 0) out.copy(match[group * 2] as number, match[group * 2 + 1] as number);
  }
}

function digit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** A header value in which each comma-separated item that matches is replaced. */
export class ReplacedItems implements TextFormat {
  readonly constant = null;
  readonly #replacement: Replacement;
  readonly #bytes: Uint8Array;
  start = 0;
  end = 0;

  constructor(thread: Thread, replacement: Replacement) {
    this.#replacement = replacement;
    this.#bytes = thread.bytes;
  }

  /** Whether an item of [start, end) matches. */
  aim(start: number, end: number): boolean {
    this.start = start;
    this.end = end;
    const bytes = this.#bytes;
    for (let at = start; at <= end; at = itemEnd(bytes, at, end) + 1) {
      const from = skipBlanks(bytes, at, end);
      if (this.#replacement.matches(from, trimBlanks(bytes, from, itemEnd(bytes, from, end)))) return true;
    }
    return false;
  }

  write(out: Writer): void {
    const bytes = this.#bytes;
    let at = this.start;
    while (at <= this.end) {
      const from = skipBlanks(bytes, at, this.end);
      const stop = itemEnd(bytes, from, this.end);
      const to = trimBlanks(bytes, from, stop);
      // An item that is replaced loses the blanks around it, as with HAProxy.
      if (this.#replacement.matches(from, to)) {
        this.#replacement.write(out);
        if (stop < this.end) out.byte(COMMA);
      } else out.copy(at, Math.min(stop + 1, this.end));
      at = stop + 1;
    }
  }
}

/** What stands before and behind an exchanged part. */
export class Spliced implements TextFormat {
  readonly constant = null;
  readonly #middle: TextFormat;
  beforeStart = 0;
  beforeEnd = 0;
  afterStart = 0;
  afterEnd = 0;

  constructor(middle: TextFormat) {
    this.#middle = middle;
  }

  write(out: Writer, stream: Stream): void {
    out.copy(this.beforeStart, this.beforeEnd);
    this.#middle.write(out, stream);
    out.copy(this.afterStart, this.afterEnd);
  }
}
