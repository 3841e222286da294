/**
 * Writes text into a range of the thread's memory: header values, bodies, log lines. Past the end nothing is
 * written and `overflow` is set: a log line is cut there, a header value is a failure. It must not know
 * streams or what the text means.
 */
import type { Memory } from '../../base/memory.ts';
import { copyOutside } from '../../base/words.ts';
import { writeHexByte, writeInt } from '../value/bytes.ts';

const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const HASH = 35;
const PERCENT = 37;
const DASH = 45;
const ZERO = 48;
/** Room for any integer, so that digits need no check each. */
const INT_ROOM = 20;

/** How unsafe bytes are written. */
export const Escape = {
  none: 0,
  /** `#XX` for what a log line may not contain (HAProxy 3.x configuration 8.6). */
  log: 1,
  /** As `log`, and the separators of captures. */
  capture: 2,
  /** `%XX` for what a header value may not contain (RFC 9110 5.5). */
  header: 3,
  /** `#XX` for control characters: what would break a log line. For values of expressions. */
  line: 4,
} as const;
export type EscapeValue = (typeof Escape)[keyof typeof Escape];

const CODES = 256;
/** Per byte, a bit per Escape value: it is written escaped. */
const unsafe = new Uint8Array(CODES);
for (let code = 0; code < CODES; code++) {
  const char = String.fromCharCode(code);
  const control = code < 32 || code === 127;
  if (control || code > 127 || char === '"' || char === '#') unsafe[code] = (1 << Escape.log) | (1 << Escape.capture);
  if ('{|}'.includes(char)) unsafe[code] = 1 << Escape.capture;
  if (control && code !== 9) unsafe[code] = (unsafe[code] as number) | (1 << Escape.header);
  if (control) unsafe[code] = (unsafe[code] as number) | (1 << Escape.line);
}

/** How values are encoded. */
export const Encoding = {
  none: 0,
  /** +json: values as JSON writes them (RFC 8259). */
  json: 1,
  /** +cbor: values as data items (RFC 8949), in hexadecimal digits unless +bin is set too. */
  cbor: 2,
} as const;
export type EncodingValue = (typeof Encoding)[keyof typeof Encoding];

/** How a value is shown: the flags of `%{…}`, and what the place asks for. */
export interface TextStyle {
  /** +Q */
  readonly quote: boolean;
  /** +E: a backslash before quotes, backslashes and closing brackets. */
  readonly backslash: boolean;
  /** +X */
  readonly hex: boolean;
  /** An empty value is shown as `-`: in logs. */
  readonly dash: boolean;
  readonly escape: EscapeValue;
  readonly encoding: EncodingValue;
  /** +bin: binary samples and data items as they are, not as hexadecimal digits. */
  readonly binary: boolean;
}

export class Writer {
  readonly memory: Memory;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;
  limit = 0;
  overflow = false;
  /** Offset behind the last separator: a second one there is dropped. */
  #separated = 0;

  constructor(memory: Memory) {
    this.memory = memory;
    this.bytes = memory.bytes;
    this.#view = memory.view;
  }

  /** Starts a text at `at` that may not pass `limit`. */
  open(at: number, limit: number): void {
    this.at = at;
    this.limit = limit;
    this.overflow = false;
    this.#separated = at;
  }

  byte(value: number): void {
    if (this.at < this.limit) this.bytes[this.at++] = value;
    else this.overflow = true;
  }

  /** A space, unless the text begins here or there is one already. */
  separator(): void {
    if (this.#separated === this.at) return;
    this.byte(SPACE);
    this.#separated = this.at;
  }

  int(value: number): void {
    const { at } = this;
    if (at + INT_ROOM <= this.limit) {
      if (value >= 0 && value < 10) {
        this.bytes[at] = ZERO + value;
        this.at = at + 1;
      } else this.at = writeInt(this.bytes, at, value);
      return;
    }
    const scratch = this.memory.scratch();
    this.copy(scratch, writeInt(this.bytes, scratch, value));
  }

  /** At least four hexadecimal digits: +X of numbers. */
  hexInt(value: number): void {
    for (let shift = 24; shift >= 16; shift -= 8) if (value >>> shift !== 0) this.hexByte((value >>> shift) & 255);
    this.hexByte((value >>> 8) & 255);
    this.hexByte(value & 255);
  }

  hexByte(value: number): void {
    if (this.at + 2 <= this.limit) this.at = writeHexByte(this.bytes, this.at, value);
    else this.overflow = true;
  }

  /** Bytes of the memory, as they are. */
  copy(start: number, end: number): void {
    let stop = end;
    if (end - start > this.limit - this.at) {
      this.overflow = true;
      stop = start + this.limit - this.at;
    }
    this.at = this.memory.copy(start, stop, this.at);
  }

  /** Bytes that lie outside the memory (a session's own text). */
  foreign(source: Uint8Array, length: number): void {
    let count = length;
    if (length > this.limit - this.at) {
      this.overflow = true;
      count = this.limit - this.at;
    }
    for (let from = 0; from < count; from++) this.bytes[this.at++] = source[from] as number;
  }

  /** As `foreign`, for who has a view of them. */
  outside(source: DataView, length: number): void {
    const room = this.limit - this.at;
    if (length > room) this.overflow = true;
    this.at = copyOutside(source, length > room ? room : length, this.bytes, this.at);
  }

  /** Bytes of the memory with unsafe ones escaped; `how` is not Escape.none. */
  escaped(start: number, end: number, how: EscapeValue, backslash: boolean): void {
    const from = backslash ? start : this.#plain(start, end, 1 << how);
    if (from < end) this.#escapedSlowly(from, end, how, backslash);
  }

  /** Copies up to the first unsafe byte, or as far as there is room; where it stopped. Four bytes at once while they are ordinary. */
  #plain(start: number, end: number, bit: number): number {
    const { bytes, limit } = this;
    const view = this.#view;
    const stop = end - start > limit - this.at ? start + limit - this.at : end;
    const shift = this.at - start;
    let from = start;
    while (from < stop) {
      for (; from + 4 <= stop; from += 4) {
        const word = view.getInt32(from, true);
        if (isOdd(word)) break;
        view.setInt32(from + shift, word, true);
      }
      for (const next = Math.min(from + 4, stop); from < next; from++) {
        const byte = bytes[from] as number;
        if (((unsafe[byte] as number) & bit) !== 0) {
          this.at = from + shift;
          return from;
        }
        bytes[from + shift] = byte;
      }
    }
    this.at = from + shift;
    return from;
  }

  #escapedSlowly(start: number, end: number, how: EscapeValue, backslash: boolean): void {
    const { bytes, limit } = this;
    const bit = 1 << how;
    let to = this.at;
    for (let from = start; from < end; from++) {
      const byte = bytes[from] as number;
      const isUnsafe = ((unsafe[byte] as number) & bit) !== 0;
      const escapes = backslash && (byte === QUOTE || byte === BACKSLASH || byte === CLOSE_BRACKET);
      if (to + (isUnsafe ? 3 : escapes ? 2 : 1) > limit) {
        this.overflow = true;
        break;
      }
      if (isUnsafe) {
        bytes[to] = how === Escape.header ? PERCENT : HASH;
        to = writeHexByte(bytes, to + 1, byte);
      } else {
        if (escapes) bytes[to++] = BACKSLASH;
        bytes[to++] = byte;
      }
    }
    this.at = to;
  }

  /** A value in its style. */
  text(start: number, end: number, style: TextStyle): void {
    if (start >= end) {
      this.empty(style);
      return;
    }
    if (style.quote) this.byte(QUOTE);
    if (style.escape !== Escape.none) this.escaped(start, end, style.escape, style.backslash);
    else if (style.backslash) this.#backslashed(start, end);
    else this.copy(start, end);
    if (style.quote) this.byte(QUOTE);
  }

  /** No value: `""`, `-` or nothing. */
  empty(style: TextStyle): void {
    if (style.quote) {
      this.byte(QUOTE);
      this.byte(QUOTE);
    } else if (style.dash) this.byte(DASH);
    // An empty value stands between two spaces all the same, as in HAProxy.
    else this.#separated = -1;
  }

  #backslashed(start: number, end: number): void {
    for (let from = start; from < end; from++) {
      const byte = this.bytes[from] as number;
      if (byte === QUOTE || byte === BACKSLASH || byte === CLOSE_BRACKET) this.byte(BACKSLASH);
      this.byte(byte);
    }
  }
}

/** Whether one of four bytes may be unsafe for somebody: below a space, `"`, `#`, or from `{` on. */
function isOdd(word: number): boolean {
  const quotes = (word ^ 0x22222222) & 0xfefefefe;
  return (((word - 0x20202020) | ((quotes - 0x01010101) & ~quotes) | word | (word + 0x05050505)) & 0x80808080) !== 0;
}
