/**
 * Parser of an HTTP/1 head: start line and header fields (RFC 9112 2-5) with the tolerance of HAProxy 3.5.
 * Fills a neutral message with offsets into the given bytes; goes on where it stopped when more bytes
 * stand behind, so that the work is linear and the result the same for every cut. It must not know
 * sockets, bodies or what the fields mean (http/framing.ts decides that).
 */
import { viewOf } from '../../base/words.ts';
import { type HttpMessage, Method } from '../../http/message.ts';
import { methodOf, TARGET_BYTE, TOKEN_LOWER, VERSION_BYTE } from '../../http/tokens.ts';
import { FieldParser, FieldsResult } from './fields.ts';
import { SeenNames } from './seen.ts';

/** What `parse` found out. */
export const HeadResult = { more: 0, done: 1, failed: 2 } as const;

/** The HTTP status that answers a bad head: 400, 414, 431 for a request, 502 for a response; 0: none. */
export type H1Error = number;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const SLASH = 47;
const DOT = 46;
const ZERO = 48;

/** Nothing seen yet, or empty lines before the start line. */
const BEFORE = 0;
const BEFORE_LF = 1;
const METHOD = 2;
const METHOD_SPACE = 3;
const TARGET = 4;
const TARGET_SPACE = 5;
const VERSION = 6;
const STATUS_VERSION = 7;
const STATUS_SPACE = 8;
const STATUS = 9;
const REASON_SPACE = 10;
const REASON = 11;
/** Behind the CR of the start line. */
const LINE_LF = 12;
const FIELDS = 13;

/**
 * What a head costs in HAProxy's buffer beside its text: records of the start line, of each field, of the end; and what the
 * buffer's own record takes. Measured: with tune.bufsize 16384 and tune.maxrewrite 1024 the limit is 15312, where
 * `GET /` + 15245 bytes with `Host: a.test` still passes.
 */
const START_LINE_COST = 28;
const FIELD_COST = 8;
const END_COST = 9;
const BUFFER_COST = 48;
/** Bytes of a buffer that can't hold received bytes: a head of 16320 bytes passes (padded with spaces), 16321 do not. */
const RECEIVE_COST = 64;
const LONGEST_STATUS = 3;

/** What this thread has seen, of all connections. */
const REQUEST_NAMES = new SeenNames();
const RESPONSE_NAMES = new SeenNames();

export class HeadParser {
  /** Accept what option accept-unsafe-violations-in-http-request / -response accepts. */
  lenient = false;
  /** tune.http.maxhdr: one of them is HAProxy's end mark, so that 100 fields pass. */
  maxHeaders = 101;
  /** Offset behind the empty line that ends the head, once done. */
  headEnd = 0;
  error: H1Error = 0;
  /** Offset of the byte that could not be accepted. */
  errorAt = 0;
  readonly fields = new FieldParser();
  readonly #request: boolean;
  /** Received bytes within which a head must end. */
  #rawLimit = 0;
  /** Largest cost of a head: its text and HAProxy's overhead. */
  #costLimit = 0;
  #phase = BEFORE;
  #at = -1;
  /** Lenient only: a request line without a version, which has no fields. */
  #simple = false;
  /** Digits of the status so far. */
  #digits = 0;

  constructor(kind: 'request' | 'response') {
    this.#request = kind === 'request';
    this.setLimits(16384, 1024);
  }

  /** tune.bufsize and tune.maxrewrite, from which the largest head follows. */
  setLimits(bufferSize: number, maxRewrite: number): void {
    this.#rawLimit = bufferSize - RECEIVE_COST;
    this.#costLimit = bufferSize - maxRewrite - BUFFER_COST;
  }

  /** Before the first byte of a head. */
  reset(): void {
    this.#phase = BEFORE;
    this.#at = -1;
    this.#simple = false;
    this.#digits = 0;
    this.error = 0;
    this.fields.reset();
  }

  /** True while nothing but empty lines came: an idle connection that may be closed without an answer. */
  get idle(): boolean {
    return this.#phase <= BEFORE_LF;
  }

  /**
   * Parses bytes[start, end) into the message, which must be reset. After HeadResult.more call again with the same
   * start and a larger end. After failed: `error`, `errorAt`.
   */
  parse(message: HttpMessage, bytes: Uint8Array, start: number, end: number): number {
    const full = end - start >= this.#rawLimit;
    const stop = full ? start + this.#rawLimit : end;
    if (this.#at < 0) this.#begin(start);
    const result = this.#run(message, bytes, stop);
    if (result === HeadResult.more && full) return this.#fail(stop, this.#phase <= TARGET ? 414 : 431);
    if (result === HeadResult.done && !this.#fits(message, start)) return this.#fail(this.headEnd, 431);
    return result;
  }

  #begin(start: number): void {
    this.#at = start;
    this.fields.lenient = this.lenient;
    this.fields.maxFields = this.maxHeaders - 1;
  }

  #run(message: HttpMessage, bytes: Uint8Array, end: number): number {
    if (this.#phase < FIELDS) {
      const ready = this.#request ? this.#requestLine(message, bytes, end) : this.#statusLine(message, bytes, end);
      if (!ready) return this.error === 0 ? HeadResult.more : HeadResult.failed;
      if (this.#simple) {
        this.headEnd = this.#at;
        return HeadResult.done;
      }
    }
    const { fields } = this;
    const result = fields.run(message.headers, bytes, this.#at, end, this.#request ? REQUEST_NAMES : RESPONSE_NAMES);
    this.#at = fields.at;
    if (result === FieldsResult.failed) return this.#fail(fields.at, 400);
    this.headEnd = fields.at;
    return result;
  }

  #fail(at: number, status: number): number {
    this.errorAt = at;
    this.error = this.#request ? status : 502;
    return HeadResult.failed;
  }

  /** Ends a scan inside the start line: false, and an error unless the bytes simply ran out. */
  #stop(at: number, end: number): boolean {
    this.#at = at;
    if (at !== end) this.#fail(at, 400);
    return false;
  }

  /** Empty lines before a start line are skipped (RFC 9112 2.2). */
  #before(bytes: Uint8Array, start: number, end: number, firstPhase: number): boolean {
    let at = start;
    while (at < end) {
      const code = bytes[at] as number;
      if (this.#phase === BEFORE_LF && code !== LF) return this.#stop(at, end);
      if (code === CR) this.#phase = BEFORE_LF;
      else if (code === LF) this.#phase = BEFORE;
      else if (TOKEN_LOWER[code] === 0) return this.#stop(at, end);
      else {
        this.#at = at;
        this.#phase = firstPhase;
        return true;
      }
      at++;
    }
    return this.#stop(at, end);
  }

  /** True once the request line has ended. */
  #requestLine(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    for (;;) {
      switch (this.#phase) {
        case BEFORE:
        case BEFORE_LF:
          if (!this.#before(bytes, this.#at, end, METHOD)) return false;
          message.methodStart = this.#at;
          break;
        case METHOD:
          if (!this.#method(message, bytes, end)) return false;
          break;
        case METHOD_SPACE:
          if (!this.#spaces(bytes, end)) return false;
          message.targetStart = this.#at;
          this.#phase = TARGET;
          break;
        case TARGET:
          if (!this.#target(message, bytes, end)) return false;
          break;
        case TARGET_SPACE:
          if (!this.#spaces(bytes, end)) return false;
          message.versionStart = this.#at;
          this.#phase = VERSION;
          break;
        case VERSION:
          if (!this.#version(message, bytes, end)) return false;
          break;
        case FIELDS:
          return true;
        default:
          return this.#lineFeed(bytes, end);
      }
    }
  }

  #method(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    let at = this.#at;
    while (at < end && TOKEN_LOWER[bytes[at] as number] !== 0) at++;
    if (at === end || !isBlank(bytes[at] as number)) return this.#stop(at, end);
    message.methodEnd = at;
    message.method = methodOf(bytes, message.methodStart, at);
    this.#at = at + 1;
    this.#phase = METHOD_SPACE;
    return true;
  }

  /** Skips blanks; false at the end of the bytes. */
  #spaces(bytes: Uint8Array, end: number): boolean {
    let at = this.#at;
    while (at < end && isBlank(bytes[at] as number)) at++;
    this.#at = at;
    return at < end;
  }

  #target(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    let at = plainTargetEnd(viewOf(bytes), this.#at, end);
    while (at < end && (TARGET_BYTE[bytes[at] as number] === 1 || (this.lenient && isOddTargetByte(bytes[at] as number)))) at++;
    if (at === end || at === message.targetStart) return this.#stop(at, end);
    message.targetEnd = at;
    const code = bytes[at] as number;
    if (isBlank(code)) {
      this.#at = at + 1;
      this.#phase = TARGET_SPACE;
      return true;
    }
    if (code !== CR && code !== LF) return this.#stop(at, end);
    this.#at = at;
    message.versionStart = at;
    this.#phase = VERSION;
    return true;
  }

  #version(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    let at = this.#at + knownVersion(bytes, this.#at, end);
    while (at < end && VERSION_BYTE[bytes[at] as number] === 1) at++;
    if (at === end || (bytes[at] !== CR && bytes[at] !== LF)) return this.#stop(at, end);
    message.versionEnd = at;
    this.#simple = at === message.versionStart;
    if (!this.#knowVersion(message, bytes) || (this.#simple && message.method !== Method.get)) return this.#stop(at, end);
    this.#endLine(bytes, at);
    return true;
  }

  /** Sets the message's version: HTTP/x.y, or with `lenient` anything made of version bytes, which counts as 1.0. */
  #knowVersion(message: HttpMessage, bytes: Uint8Array): boolean {
    const at = message.versionStart;
    if (message.versionEnd - at === 8 && isHttp(bytes, at)) {
      const major = (bytes[at + 5] as number) - ZERO;
      message.version = major > 1 || (major === 1 && (bytes[at + 7] as number) > ZERO) ? 11 : 10;
      return true;
    }
    message.version = 10;
    return this.lenient;
  }

  /** At the CR or LF that ends the start line. */
  #endLine(bytes: Uint8Array, at: number): void {
    this.#at = at + 1;
    this.#phase = bytes[at] === CR ? LINE_LF : FIELDS;
  }

  #lineFeed(bytes: Uint8Array, end: number): boolean {
    const at = this.#at;
    if (at === end || bytes[at] !== LF) return this.#stop(at, end);
    this.#at = at + 1;
    this.#phase = FIELDS;
    return true;
  }

  /** True once the status line has ended. */
  #statusLine(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    for (;;) {
      switch (this.#phase) {
        case BEFORE:
        case BEFORE_LF:
          if (!this.#before(bytes, this.#at, end, STATUS_VERSION)) return false;
          message.versionStart = this.#at;
          break;
        case STATUS_VERSION:
          if (!this.#statusVersion(message, bytes, end)) return false;
          break;
        case STATUS_SPACE:
          if (!this.#spaces(bytes, end)) return false;
          this.#phase = STATUS;
          break;
        case STATUS:
          if (!this.#status(message, bytes, end)) return false;
          break;
        case REASON_SPACE:
          if (!this.#spaces(bytes, end)) return false;
          message.reasonStart = this.#at;
          this.#phase = REASON;
          break;
        case REASON:
          if (!this.#reason(message, bytes, end)) return false;
          break;
        case FIELDS:
          return true;
        default:
          return this.#lineFeed(bytes, end);
      }
    }
  }

  #statusVersion(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    let at = this.#at + knownVersion(bytes, this.#at, end);
    while (at < end && VERSION_BYTE[bytes[at] as number] === 1) at++;
    if (at === end || !isBlank(bytes[at] as number)) return this.#stop(at, end);
    message.versionEnd = at;
    if (!this.#knowVersion(message, bytes)) return this.#stop(at, end);
    this.#at = at + 1;
    this.#phase = STATUS_SPACE;
    return true;
  }

  #status(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    let at = this.#at;
    while (at < end && isDigit(bytes[at] as number)) {
      message.status = message.status * 10 + (bytes[at] as number) - ZERO;
      at++;
      if (++this.#digits > LONGEST_STATUS && (!this.lenient || this.#digits > 2 * LONGEST_STATUS)) return this.#stop(at - 1, end);
    }
    if (at === end || this.#digits === 0) return this.#stop(at, end);
    const code = bytes[at] as number;
    if (code === CR || code === LF) {
      message.reasonStart = message.reasonEnd = at;
      this.#endLine(bytes, at);
      return true;
    }
    if (!isBlank(code)) return this.#stop(at, end);
    this.#at = at + 1;
    this.#phase = REASON_SPACE;
    return true;
  }

  #reason(message: HttpMessage, bytes: Uint8Array, end: number): boolean {
    let at = this.#at;
    while (at < end && bytes[at] !== CR && bytes[at] !== LF) at++;
    if (at === end) return this.#stop(at, end);
    message.reasonEnd = at;
    this.#endLine(bytes, at);
    return true;
  }

  /** Whether HAProxy could keep this head in its buffer beside the reserve for rewrites (FEATURES 17: 431). */
  #fits(message: HttpMessage, start: number): boolean {
    const { headers } = message;
    const most = this.headEnd - start + headers.rows * FIELD_COST + START_LINE_COST + END_COST;
    return most <= this.#costLimit || this.#cost(message) <= this.#costLimit;
  }

  #cost(message: HttpMessage): number {
    const { headers } = message;
    let cost = START_LINE_COST + END_COST + message.versionEnd - message.versionStart;
    if (this.#request) cost += message.methodEnd - message.methodStart + message.targetEnd - message.targetStart;
    else cost += message.reasonEnd - message.reasonStart + 3;
    for (let row = 0; row < headers.rows; row++) {
      cost += FIELD_COST + headers.nameLength(row) + headers.valueEnd(row) - headers.valueStart(row);
    }
    return cost;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** A fragment or a byte beyond ASCII: refused unless the option accepts it. */
function isOddTargetByte(code: number): boolean {
  return code === 35 || code >= 0x80;
}

/** Whether the eight bytes at `at` are HTTP/digit.digit. */
function isHttp(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 72 &&
    bytes[at + 1] === 84 &&
    bytes[at + 2] === 84 &&
    bytes[at + 3] === 80 &&
    bytes[at + 4] === SLASH &&
    bytes[at + 6] === DOT &&
    isDigit(bytes[at + 5] as number) &&
    isDigit(bytes[at + 7] as number)
  );
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

/** Behind the words of four bytes that are TARGET_BYTE all: printable ASCII but `#`. */
function plainTargetEnd(view: DataView, start: number, end: number): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    const hash = word ^ 0x23232323;
    const odd = ((word - 0x21212121) & ~word) | word | (word + 0x01010101) | ((hash - 0x01010101) & ~hash);
    if ((odd & 0x80808080) !== 0) break;
  }
  return at;
}

const HTTP = 0x50545448;
const ONE_POINT_ONE = 0x312e312f;

/** 8 if HTTP/1.1 stands there, 0 otherwise. */
function knownVersion(bytes: Uint8Array, at: number, end: number): number {
  if (at + 8 > end) return 0;
  const view = viewOf(bytes);
  return view.getInt32(at, true) === HTTP && view.getInt32(at + 4, true) === ONE_POINT_ONE ? 8 : 0;
}
