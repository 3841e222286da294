/**
 * Encoder of HTTP/1 heads and chunk framing into a given range of bytes (RFC 9112 2-7). Fields go out in
 * their order with lower-case names, then the framing field if the message has none, then the Connection
 * field that the mux asks for. It must not know sockets, nor decide about framing or connections.
 */
import { copyBytes } from '../../base/words.ts';
import { Framing, HeaderId, type HeaderTable, type HttpMessage } from '../../http/message.ts';

/** The Connection field that is written behind the message's own fields. */
export const ConnectionField = { none: 0, close: 1, keepAlive: 2 } as const;

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const ZERO = 48;
const ONE = 49;
const LETTER_A = 97;

const MORE_THAN_ANY = 2 ** 31;

/** At start only. */
function ascii(text: string): Uint8Array {
  // hot-ok: when the module loads
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const HTTP_11 = ascii('HTTP/1.1');
const HTTP_10 = ascii('HTTP/1.0');
const CHUNKED = ascii('transfer-encoding: chunked\r\n');
const LENGTH = ascii('content-length: ');
const CLOSE = ascii('connection: close\r\n');
const KEEP_ALIVE = ascii('connection: keep-alive\r\n');
const LAST_CHUNK = ascii('0\r\n');

/** The Connection field of a request to a server. @param close the server's connection ends with this exchange */
export function requestConnectionField(request: HttpMessage, close: boolean): number {
  if (request.upgrade) return ConnectionField.none;
  if (request.version === 10) return close ? ConnectionField.none : ConnectionField.keepAlive;
  return close ? ConnectionField.close : ConnectionField.none;
}

/**
 * The Connection field of a response to a client.
 * @param requestVersion version of the request that it answers
 * @param close the client's connection ends with this exchange
 */
export function responseConnectionField(response: HttpMessage, requestVersion: number, close: boolean): number {
  if (response.framing === Framing.tunnel || (response.status >= 100 && response.status < 200)) return ConnectionField.none;
  const old = response.version === 10;
  if (close) return old ? ConnectionField.none : ConnectionField.close;
  return old || requestVersion === 10 ? ConnectionField.keepAlive : ConnectionField.none;
}

/**
 * Writes a request's head at `at`.
 * @param connection one of ConnectionField
 * @returns the offset behind it, or -1 if it does not fit before `limit`
 */
export function encodeRequestHead(message: HttpMessage, bytes: Uint8Array, at: number, limit: number, connection: number): number {
  if (at + headSize(message) > limit) return -1;
  const { headers } = message;
  const runEnd = canonicalRequestLine(message, bytes);
  if (runEnd > 0) return tail(message, bytes, fields(headers, bytes, at, message.methodStart, runEnd), connection);
  let to = copyBytes(bytes, message.methodStart, message.methodEnd, at);
  bytes[to++] = SPACE;
  to = copyBytes(bytes, message.targetStart, message.targetEnd, to);
  bytes[to++] = SPACE;
  to = lineEnd(bytes, version(message, bytes, to));
  return tail(message, bytes, fields(headers, bytes, to, 0, 0), connection);
}

/** Writes a response's head; parameters and result as encodeRequestHead. */
export function encodeResponseHead(message: HttpMessage, bytes: Uint8Array, at: number, limit: number, connection: number): number {
  if (at + headSize(message) > limit) return -1;
  let to = version(message, bytes, at);
  bytes[to++] = SPACE;
  to = decimal(bytes, to, message.status);
  bytes[to++] = SPACE;
  to = lineEnd(bytes, copyBytes(bytes, message.reasonStart, message.reasonEnd, to));
  // An answer made here says its length first, as HAProxy's do; one that was received keeps its order.
  if (message.versionEnd !== message.versionStart) return tail(message, bytes, fields(message.headers, bytes, to, 0, 0), connection);
  return end(bytes, fields(message.headers, bytes, framingField(message, bytes, to), 0, 0), connection);
}

/** Bytes that suffice for the head: never less than it takes. */
function headSize(message: HttpMessage): number {
  const { headers } = message;
  let size = message.methodEnd - message.methodStart + message.targetEnd - message.targetStart + message.reasonEnd - message.reasonStart;
  size += message.versionEnd - message.versionStart + 128;
  return size + tableSize(headers);
}

/** Bytes that suffice for the head and what is there of the body, in chunks or not. */
export function requestSize(message: HttpMessage): number {
  return headSize(message) + message.bodyEnd - message.bodyStart + tableSize(message.trailers) + 32;
}

function tableSize(headers: HeaderTable): number {
  let size = 0;
  for (let row = 0; row < headers.rows; row++) {
    size += headers.nameLength(row) + headers.valueEnd(row) - headers.valueStart(row) + 4;
  }
  return size;
}

/** Where the request line ends if it stands in memory just as it is to be written, else 0. */
function canonicalRequestLine(message: HttpMessage, bytes: Uint8Array): number {
  const { versionEnd } = message;
  const plain =
    message.version === 11 &&
    message.targetStart === message.methodEnd + 1 &&
    message.versionStart === message.targetEnd + 1 &&
    versionEnd === message.versionStart + 8 &&
    bytes[message.methodEnd] === SPACE &&
    bytes[message.targetEnd] === SPACE &&
    bytes[versionEnd - 3] === ONE &&
    bytes[versionEnd - 1] === ONE &&
    bytes[versionEnd] === CR &&
    bytes[versionEnd + 1] === LF;
  return plain ? versionEnd + 2 : 0;
}

/** HTTP/1.1, or what the peer wrote if that was older (RFC 9110 2.5; a lenient parser lets odd names through). */
function version(message: HttpMessage, bytes: Uint8Array, at: number): number {
  if (message.version !== 10) return put(bytes, at, HTTP_11);
  if (message.versionEnd === message.versionStart) return put(bytes, at, HTTP_10);
  return copyBytes(bytes, message.versionStart, message.versionEnd, at);
}

/**
 * Writes every field. Lines that stand behind each other in memory just as they are to be written are copied
 * as one run; [runStart, runEnd) is such a run that the caller has begun.
 */
function fields(headers: HeaderTable, bytes: Uint8Array, at: number, runStart: number, runEnd: number): number {
  const { rows } = headers;
  let to = at;
  let from = runStart;
  let behind = runEnd;
  for (let row = 0; row < rows; row++) {
    const length = headers.nameLength(row);
    if (length === 0) continue;
    const name = headers.nameStart(row);
    const value = headers.valueStart(row);
    const end = headers.valueEnd(row);
    const nameEnd = name + length;
    const ready =
      value === nameEnd + 2 && bytes[nameEnd] === COLON && bytes[nameEnd + 1] === SPACE && bytes[end] === CR && bytes[end + 1] === LF;
    if (!ready || name !== behind) {
      to = copyBytes(bytes, from, behind, to);
      from = behind = name;
    }
    if (ready) behind = end + 2;
    else {
      to = field(bytes, to, name, nameEnd, value, end);
      from = behind = 0;
    }
  }
  return copyBytes(bytes, from, behind, to);
}

function field(bytes: Uint8Array, at: number, name: number, nameEnd: number, value: number, end: number): number {
  let to = copyBytes(bytes, name, nameEnd, at);
  bytes[to] = COLON;
  bytes[to + 1] = SPACE;
  to = copyBytes(bytes, value, end, to + 2);
  return lineEnd(bytes, to);
}

/** The framing field if the message has none, the Connection field, the empty line. */
function tail(message: HttpMessage, bytes: Uint8Array, at: number, connection: number): number {
  return end(bytes, framingField(message, bytes, at), connection);
}

function framingField(message: HttpMessage, bytes: Uint8Array, at: number): number {
  const { headers, framing } = message;
  if (framing === Framing.chunked && headers.findId(HeaderId.transferEncoding, 0) < 0) return put(bytes, at, CHUNKED);
  if (framing !== Framing.length || headers.findId(HeaderId.contentLength, 0) >= 0) return at;
  return lineEnd(bytes, decimal(bytes, put(bytes, at, LENGTH), message.contentLength));
}

function end(bytes: Uint8Array, at: number, connection: number): number {
  if (connection === ConnectionField.close) return lineEnd(bytes, put(bytes, at, CLOSE));
  return lineEnd(bytes, connection === ConnectionField.keepAlive ? put(bytes, at, KEEP_ALIVE) : at);
}

/** Bytes of a chunk header for `size` bytes of data: hexadecimal digits and CRLF. */
export function chunkHeaderLength(size: number): number {
  let length = 3;
  for (let rest = size >>> 4; rest > 0; rest >>>= 4) length++;
  return length;
}

/** Writes the chunk header so that it ends at `endAt` (where the data starts); the offset where it starts. */
export function writeChunkHeader(bytes: Uint8Array, endAt: number, size: number): number {
  bytes[endAt - 1] = LF;
  bytes[endAt - 2] = CR;
  let at = endAt - 2;
  let rest = size;
  do {
    const digit = rest & 15;
    bytes[--at] = digit < 10 ? ZERO + digit : LETTER_A - 10 + digit;
    rest >>>= 4;
  } while (rest > 0);
  return at;
}

/** Writes the CRLF behind a chunk's data; the offset behind it. */
export function writeChunkEnd(bytes: Uint8Array, at: number): number {
  return lineEnd(bytes, at);
}

/** Writes the last chunk, the message's trailers and the empty line; the offset behind it, or -1 if it does not fit before `limit`. */
export function encodeTrailers(message: HttpMessage, bytes: Uint8Array, at: number, limit: number): number {
  if (at + tableSize(message.trailers) + 5 > limit) return -1;
  return lineEnd(bytes, fields(message.trailers, bytes, put(bytes, at, LAST_CHUNK), 0, 0));
}

function lineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = CR;
  bytes[at + 1] = LF;
  return at + 2;
}

function put(bytes: Uint8Array, at: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text[i] as number;
  return at + text.length;
}

/** Writes a whole number of at least 0; the offset behind it. */
function decimal(bytes: Uint8Array, at: number, value: number): number {
  let length = 1;
  for (let rest = value; rest > 9; rest = Math.floor(rest / 10)) length++;
  let rest = value;
  for (let to = at + length - 1; to >= at; to--) {
    bytes[to] = ZERO + (rest % 10);
    rest = rest < MORE_THAN_ANY ? (rest / 10) | 0 : Math.floor(rest / 10);
  }
  return at + length;
}
