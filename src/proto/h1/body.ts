/**
 * Decoder of HTTP/1 bodies (RFC 9112 6-7), in place: what frames chunks is taken out and the data of all
 * chunks in a piece is moved together, so that one piece of input gives one slice of data. It goes on at
 * any cut. It must not know heads, sockets or who the data is for.
 */
import { copyBytes } from '../../base/words.ts';
import { Framing, HeaderTable } from '../../http/message.ts';
import { HEX_DIGIT } from '../../http/tokens.ts';
import { FieldParser, FieldsResult } from './fields.ts';

/**
 * more: every byte up to `next` === end is consumed and the body goes on.
 * done: the body has ended; bytes from `next` on belong to what follows.
 * failed: the framing is broken at `errorAt`.
 * keepTail: bytes from `next` on are a partial trailer section: keep them, call again with start = next and a larger end
 * (or with another start, when they were moved).
 * Under every result [dataStart, dataEnd) is the data (perhaps none) that came before.
 */
export const BodyResult = { more: 0, done: 1, failed: 2, keepTail: 3 } as const;

const MORE = 0;
const DONE = 1;
const FAILED = 2;
const KEEP_TAIL = 3;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const SEMICOLON = 59;

/** States below LENGTH are those of chunked framing. */
const SIZE_FIRST = 0;
const SIZE = 1;
/** Blanks behind the size. */
const SIZE_BLANK = 2;
const EXTENSION = 3;
const SIZE_LF = 6;
const DATA = 7;
const DATA_CR = 8;
const DATA_LF = 9;
const TRAILERS = 10;
const LENGTH = 11;
const UNTIL_CLOSE = 12;
const ENDED = 13;

/** Sizes from 2^52 on are refused: a double counts the bytes of a body exactly. */
const LARGEST_SIZE = 2 ** 52;
/** A trailer section must fit HAProxy's buffer (tune.bufsize). */
const LONGEST_TRAILERS = 16384;

/** Takes trailer fields that nobody wants: one for all, because a table of its own would cost an idle connection 3 kB. */
const DROPPED = new HeaderTable();

export class BodyDecoder {
  dataStart = 0;
  dataEnd = 0;
  next = 0;
  errorAt = 0;
  /** Bytes of data still announced: of the body (framing length) or of the current chunk. */
  remaining = 0;
  readonly fields = new FieldParser();
  #trailers: HeaderTable = DROPPED;
  #state = ENDED;
  #tailStart = -1;

  /**
   * @param framing one of Framing
   * @param contentLength bytes of the body with Framing.length
   * @param trailers where trailer fields go (message.trailers); null: they are checked and dropped
   */
  reset(framing: number, contentLength: number, trailers: HeaderTable | null = null): void {
    this.remaining = framing === Framing.length ? contentLength : 0;
    this.#trailers = trailers ?? DROPPED;
    this.#trailers.clear();
    this.#tailStart = -1;
    if (framing === Framing.chunked) this.#state = SIZE_FIRST;
    else if (framing === Framing.close || framing === Framing.tunnel) this.#state = UNTIL_CLOSE;
    else this.#state = this.remaining > 0 ? LENGTH : ENDED;
  }

  /** The body has ended (a body without bytes has ended after reset already). */
  get ended(): boolean {
    return this.#state === ENDED;
  }

  /** The body ends where its peer closes: a close is its regular end. */
  get untilClose(): boolean {
    return this.#state === UNTIL_CLOSE;
  }

  /** Decodes bytes[start, end) in place; see BodyResult. */
  decode(bytes: Uint8Array, start: number, end: number): number {
    this.dataStart = this.dataEnd = start;
    if (this.#state < LENGTH) return this.#chunks(bytes, start, end);
    if (this.#state === LENGTH) return this.#length(start, end);
    const open = this.#state === UNTIL_CLOSE;
    this.next = this.dataEnd = open ? end : start;
    return open ? MORE : DONE;
  }

  #length(start: number, end: number): number {
    const take = end - start < this.remaining ? end - start : this.remaining;
    this.remaining -= take;
    this.next = this.dataEnd = start + take;
    if (this.remaining > 0) return MORE;
    this.#state = ENDED;
    return DONE;
  }

  #chunks(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#state === DATA) at = this.#data(bytes, at, end);
      else if (this.#state === TRAILERS) return this.#trailer(bytes, at, end);
      else if (this.#frame(bytes[at] as number)) at++;
      else {
        this.next = this.errorAt = at;
        return FAILED;
      }
    }
    this.next = at;
    // Without a byte of it there is no tail to keep.
    return MORE;
  }

  /** Takes data of a chunk, moved behind the data that was found before. */
  #data(bytes: Uint8Array, at: number, end: number): number {
    const take = end - at < this.remaining ? end - at : this.remaining;
    if (this.dataEnd === this.dataStart) this.dataStart = this.dataEnd = at;
    else copyBytes(bytes, at, at + take, this.dataEnd);
    this.dataEnd += take;
    this.remaining -= take;
    if (this.remaining === 0) this.#state = DATA_CR;
    return at + take;
  }

  /** One byte of chunk framing (RFC 9112 7.1); false when it is not allowed there. */
  #frame(code: number): boolean {
    switch (this.#state) {
      case SIZE_FIRST:
        this.remaining = 0;
        this.#state = SIZE;
        return this.#digit(code);
      case SIZE:
        return this.#digit(code) || this.#behindSize(code);
      case SIZE_BLANK:
        return this.#behindSize(code);
      case EXTENSION:
        return this.#extension(code);
      case SIZE_LF:
        this.#state = this.remaining === 0 ? TRAILERS : DATA;
        return code === LF;
      case DATA_CR:
        this.#state = DATA_LF;
        return code === CR;
      default:
        this.#state = SIZE_FIRST;
        return code === LF;
    }
  }

  #digit(code: number): boolean {
    const digit = (HEX_DIGIT[code] as number) - 1;
    if (digit < 0) return false;
    this.remaining = this.remaining * 16 + digit;
    return this.remaining < LARGEST_SIZE;
  }

  #behindSize(code: number): boolean {
    if (code === CR) this.#state = SIZE_LF;
    else if (code === SEMICOLON) this.#state = EXTENSION;
    else if (code === SPACE || code === TAB) this.#state = SIZE_BLANK;
    else return false;
    return true;
  }

  /** HAProxy does not look into extensions: a quoted string does not hide the end of the line. */
  #extension(code: number): boolean {
    if (code === CR) this.#state = SIZE_LF;
    return code !== LF;
  }

  #trailer(bytes: Uint8Array, start: number, end: number): number {
    const { fields } = this;
    if (start !== this.#tailStart) {
      this.#trailers.clear();
      fields.reset();
      fields.at = start;
      this.#tailStart = start;
    }
    const result = fields.run(this.#trailers, bytes, fields.at, end);
    this.next = start;
    if (fields.at - start > LONGEST_TRAILERS) return FAILED;
    if (result === FieldsResult.more) return KEEP_TAIL;
    this.next = fields.at;
    if (result === FieldsResult.done) {
      this.#state = ENDED;
      return DONE;
    }
    this.errorAt = fields.at;
    return FAILED;
  }
}
