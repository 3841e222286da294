/**
 * The one owner of framing and hop-by-hop fields (RFC 9112 6-7, RFC 9110 7.6): how a received message's body
 * ends, whether its connection can go on, which fields stay on this hop. Every protocol's codec calls it once
 * per message; nobody else decides these. It must not know any protocol's syntax, sockets or streams.
 */
import { element, isBlank, moveElement, nextElement, readElement } from './list.ts';
import { Framing, HeaderId, type HttpMessage, Method } from './message.ts';
import { checkTarget } from './target.ts';
import { isExactly, isSame, isWord, sameText } from './tokens.ts';

export interface FramingOptions {
  /** option accept-unsafe-violations-in-http-request / -response. */
  readonly lenient: boolean;
  /** global h1-accept-payload-with-any-method: HTTP/1.0 GET, HEAD and DELETE may have a body. */
  readonly bodyWithAnyMethod: boolean;
  /** global h1-do-not-close-on-insecure-transfer-encoding. */
  readonly keepInsecureTransferEncoding: boolean;
}
export const DEFAULT_FRAMING: FramingOptions = { lenient: false, bodyWithAnyMethod: false, keepInsecureTransferEncoding: false };

const COMMA = 44;
const ZERO = 48;
const WEBSOCKET_KEY_LENGTH = 24;
/** 2^63 - 1: the largest Content-Length. */
const LARGEST_LENGTH = '9223372036854775807';

/** Bits of what the fields of a message say. */
const CLOSE = 1;
const KEEP_ALIVE = 2;
const UPGRADE = 4;
/** A token of Connection that is not one of the three above. */
const NOMINATED = 8;
/** A Connection field without a token. */
const EMPTY = 16;
const LENGTH = 32;
/** A Transfer-Encoding field, whatever it says. */
const CODED = 64;
const CHUNKED = 128;
/** A transfer coding other than chunked. */
const OTHER_CODING = 256;
const UPGRADE_FIELD = 512;
const WEBSOCKET = 1024;
const WEBSOCKET_KEY = 2048;
const INVALID = 4096;

/** Rows of the Host and Content-Length fields of the message that is decided. */
let hostRow = -1;
let lengthRow = -1;

/**
 * Decides a request: sets framing, contentLength, persistent (this side's connection can go on), mustClose (the other
 * side's can't), upgrade and expectContinue; removes and rewrites fields as HAProxy does.
 * @returns 0, or the status to answer (400, 413, 422)
 */
export function decideRequest(message: HttpMessage, bytes: Uint8Array, options: FramingOptions): number {
  const found = readRequest(message, bytes);
  if (found & INVALID || (found & CODED && !(found & CHUNKED))) return 400;
  const bad = checkTarget(message, bytes, hostRow, options.lenient);
  if (bad !== 0) return bad;
  if (found & OTHER_CODING) return 422;
  settleUpgrade(message, found);
  if (message.upgrade && lacksKey(found) && !options.lenient) return 400;
  settleConnection(message, bytes, found, message.upgrade ? CLOSE | KEEP_ALIVE : CLOSE | KEEP_ALIVE | UPGRADE);
  settleBody(message, bytes, found, Framing.none);
  settleInsecure(message, found, options);
  if (message.method === Method.connect) dropBody(message);
  return hasForbiddenBody(message, options) ? 413 : 0;
}

/**
 * Decides a response as decideRequest. `mustClose`: the client's connection has to end with it, too.
 * @param requestMethod Method of the request that it answers
 * @param requestUpgrade that request asked for an upgrade: 101 is allowed
 * @returns 0, or 502
 */
export function decideResponse(
  message: HttpMessage,
  bytes: Uint8Array,
  requestMethod: number,
  options: FramingOptions,
  requestUpgrade = true,
): number {
  const found = readResponse(message, bytes, options.lenient);
  if (found & INVALID || found & OTHER_CODING) return 502;
  // The option lets an empty Transfer-Encoding pass: the body then ends with the connection.
  if (found & CODED && !(found & CHUNKED) && !options.lenient) return 502;
  message.upgrade = (found & UPGRADE) !== 0 && (found & UPGRADE_FIELD) !== 0;
  if (message.status === 101) {
    if (!message.upgrade || !requestUpgrade || (lacksKey(found) && !options.lenient)) return 502;
  }
  settleConnection(message, bytes, found, CLOSE | KEEP_ALIVE);
  settleBody(message, bytes, found, Framing.close);
  message.mustClose = message.framing === Framing.chunked && message.version === 10;
  settleResponseBody(message, requestMethod);
  return 0;
}

/** A WebSocket handshake without its key (a request) or the answer to it (a response): RFC 6455 4. */
function lacksKey(found: number): boolean {
  return (found & WEBSOCKET) !== 0 && !(found & WEBSOCKET_KEY);
}

/** The bits of all fields of a request; repeated ones are removed. */
function readRequest(message: HttpMessage, bytes: Uint8Array): number {
  const { headers } = message;
  const { rows } = headers;
  let found = 0;
  hostRow = -1;
  lengthRow = -1;
  for (let row = 0; row < rows; row++) {
    const id = headers.id(row);
    if (id === HeaderId.other || id > HeaderId.secWebSocketKey) continue;
    if (id === HeaderId.host) found |= readHost(message, bytes, row);
    else if (id === HeaderId.expect) readExpect(message, bytes, row);
    else if (id === HeaderId.upgrade) found |= readUpgrade(message, bytes, row, true);
    else if (id === HeaderId.secWebSocketKey)
      found |= headers.valueEnd(row) - headers.valueStart(row) === WEBSOCKET_KEY_LENGTH ? WEBSOCKET_KEY : 0;
    else found |= readFraming(message, bytes, row, id, found, false);
  }
  return found;
}

/** The bits of all fields of a response. */
function readResponse(message: HttpMessage, bytes: Uint8Array, lenient: boolean): number {
  const { headers } = message;
  const { rows } = headers;
  let found = 0;
  lengthRow = -1;
  for (let row = 0; row < rows; row++) {
    const id = headers.id(row);
    if (id === HeaderId.other || id > HeaderId.secWebSocketAccept) continue;
    if (id === HeaderId.upgrade) found |= readUpgrade(message, bytes, row, false);
    else if (id === HeaderId.secWebSocketAccept) found |= WEBSOCKET_KEY;
    else found |= readFraming(message, bytes, row, id, found, lenient);
  }
  return found;
}

/** Fields that both directions read alike. */
function readFraming(message: HttpMessage, bytes: Uint8Array, row: number, id: number, found: number, repeat: boolean): number {
  const { headers } = message;
  if (id === HeaderId.connection) return connectionTokens(bytes, headers.valueStart(row), headers.valueEnd(row));
  if (id === HeaderId.contentLength) return LENGTH | readLength(message, bytes, row);
  if (id === HeaderId.transferEncoding) return readCoding(message, bytes, row, found, repeat);
  if (id === HeaderId.te) settleTe(message, bytes, row);
  return 0;
}

/** A repeated Host is dropped if it says the same (RFC 9112 3.2). */
function readHost(message: HttpMessage, bytes: Uint8Array, row: number): number {
  const { headers } = message;
  if (hostRow < 0) {
    hostRow = row;
    return 0;
  }
  if (!sameText(bytes, headers.valueStart(hostRow), headers.valueEnd(hostRow), headers.valueStart(row), headers.valueEnd(row)))
    return INVALID;
  headers.remove(row);
  return 0;
}

function readExpect(message: HttpMessage, bytes: Uint8Array, row: number): void {
  const { headers } = message;
  if (isWord(bytes, headers.valueStart(row), headers.valueEnd(row), '100-continue')) message.expectContinue = true;
}

/** Content-Length: digits, or a list of the same number (RFC 9110 8.6); one cleaned number stays. */
function readLength(message: HttpMessage, bytes: Uint8Array, row: number): number {
  const { headers } = message;
  const end = headers.valueEnd(row);
  const again = lengthRow >= 0;
  let at = headers.valueStart(row);
  do {
    while (at < end && isBlank(bytes[at] as number)) at++;
    let from = at;
    while (at < end && isDigit(bytes[at] as number)) at++;
    const to = at;
    while (at < end && isBlank(bytes[at] as number)) at++;
    if (to === from || (at < end && bytes[at] !== COMMA)) return INVALID;
    while (from < to - 1 && bytes[from] === ZERO) from++;
    if (!keepLength(message, bytes, row, from, to)) return INVALID;
    // Behind a comma another number must come.
  } while (at++ < end);
  if (again) headers.remove(row);
  return 0;
}

/** Keeps the first number as the field's value; false for another number, or one that needs more than 63 bits. */
function keepLength(message: HttpMessage, bytes: Uint8Array, row: number, from: number, to: number): boolean {
  const { headers } = message;
  if (lengthRow >= 0) return isSame(bytes, headers.valueStart(lengthRow), headers.valueEnd(lengthRow), from, to);
  if (to - from > LARGEST_LENGTH.length) return false;
  lengthRow = row;
  headers.setValue(row, from, to);
  if (to - from < LARGEST_LENGTH.length) return true;
  let i = 0;
  while (i < LARGEST_LENGTH.length && bytes[from + i] === LARGEST_LENGTH.charCodeAt(i)) i++;
  return i === LARGEST_LENGTH.length || (bytes[from + i] as number) < LARGEST_LENGTH.charCodeAt(i);
}

/** The number in the Content-Length field that was kept. Above 2^53 it is rounded; no body gets there. */
function lengthValue(message: HttpMessage, bytes: Uint8Array): number {
  const { headers } = message;
  const end = headers.valueEnd(lengthRow);
  let value = 0;
  for (let at = headers.valueStart(lengthRow); at < end; at++) value = value * 10 + (bytes[at] as number) - ZERO;
  return value;
}

/**
 * Transfer-Encoding: chunked once and last (RFC 9112 6.1). An empty element counts as another coding.
 * @param repeat chunked may be named again (lenient responses)
 */
function readCoding(message: HttpMessage, bytes: Uint8Array, row: number, before: number, repeat: boolean): number {
  const { headers } = message;
  const end = headers.valueEnd(row);
  let found = CODED;
  for (let at = headers.valueStart(row); at < end; at = element.stop + 1) {
    while (at < end && isBlank(bytes[at] as number)) at++;
    if (at === end) break;
    readElement(bytes, at, end);
    const chunked = isWord(bytes, element.start, element.end, 'chunked');
    // Whatever stands behind chunked leaves no way to tell the end.
    if ((before | found) & CHUNKED && !(chunked && repeat)) return INVALID;
    found |= chunked ? CHUNKED : OTHER_CODING;
  }
  if (before & CHUNKED && repeat) headers.remove(row);
  return found;
}

function connectionBit(bytes: Uint8Array): number {
  if (isWord(bytes, element.start, element.end, 'keep-alive')) return KEEP_ALIVE;
  if (isWord(bytes, element.start, element.end, 'close')) return CLOSE;
  return isWord(bytes, element.start, element.end, 'upgrade') ? UPGRADE : NOMINATED;
}

function connectionTokens(bytes: Uint8Array, start: number, end: number): number {
  let found = 0;
  for (let at = start; nextElement(bytes, at, end); at = element.stop) found |= connectionBit(bytes);
  return found === 0 ? EMPTY : found;
}

/** Upgrade. @param request h2c is taken out, because it is not served this way (RFC 9113 3.1) */
function readUpgrade(message: HttpMessage, bytes: Uint8Array, row: number, request: boolean): number {
  const { headers } = message;
  const start = headers.valueStart(row);
  const end = headers.valueEnd(row);
  let found = 0;
  let to = start;
  let changed = false;
  for (let at = start; nextElement(bytes, at, end); at = element.stop) {
    if (request && isWord(bytes, element.start, element.end, 'h2c')) {
      changed = true;
      continue;
    }
    found |= isWord(bytes, element.start, element.end, 'websocket') ? UPGRADE_FIELD | WEBSOCKET : UPGRADE_FIELD;
    to = changed ? moveElement(bytes, start, to) : element.stop;
  }
  if (to === start && request) headers.remove(row);
  else if (changed) headers.setValue(row, start, to);
  return found;
}

/** TE: only a plain `trailers` may pass (RFC 9110 10.1.4). */
function settleTe(message: HttpMessage, bytes: Uint8Array, row: number): void {
  const { headers } = message;
  const end = headers.valueEnd(row);
  for (let at = headers.valueStart(row); nextElement(bytes, at, end); at = element.stop) {
    if (isExactly(bytes, element.start, element.end, 'trailers')) {
      headers.setValue(row, element.start, element.end);
      return;
    }
  }
  headers.remove(row);
}

/** A request's Upgrade counts only together with Connection: upgrade (RFC 9110 7.8), and not with a chunked body. */
function settleUpgrade(message: HttpMessage, found: number): void {
  message.upgrade = (found & UPGRADE) !== 0 && (found & UPGRADE_FIELD) !== 0 && !(found & CHUNKED);
  if (found & UPGRADE_FIELD && !message.upgrade) message.headers.removeId(HeaderId.upgrade);
}

/** Persistence (RFC 9112 9.3). @param drop the tokens of Connection that end here */
function settleConnection(message: HttpMessage, bytes: Uint8Array, found: number, drop: number): void {
  message.persistent = !(found & CLOSE) && (message.version !== 10 || (found & KEEP_ALIVE) !== 0);
  if (!(found & (drop | EMPTY))) return;
  const { headers } = message;
  if (!(found & (NOMINATED | (UPGRADE & ~drop)))) {
    headers.removeId(HeaderId.connection);
    return;
  }
  for (let row = headers.findId(HeaderId.connection, 0); row >= 0; row = headers.findId(HeaderId.connection, row + 1)) {
    const start = headers.valueStart(row);
    const to = dropTokens(bytes, start, headers.valueEnd(row), drop);
    if (to === start) headers.remove(row);
    else headers.setValue(row, start, to);
  }
}

/** Removes tokens of the list bytes[start, end) in place; the list's new end. */
function dropTokens(bytes: Uint8Array, start: number, end: number, drop: number): number {
  let to = start;
  let changed = false;
  for (let at = start; nextElement(bytes, at, end); at = element.stop) {
    if (connectionBit(bytes) & drop) changed = true;
    else to = changed ? moveElement(bytes, start, to) : element.stop;
  }
  return to;
}

/** The body by Transfer-Encoding, else Content-Length (which goes when both are there), else `otherwise`. */
function settleBody(message: HttpMessage, bytes: Uint8Array, found: number, otherwise: 0 | 3): void {
  message.framing = otherwise;
  message.contentLength = 0;
  if (found & CODED) {
    if (found & CHUNKED) message.framing = Framing.chunked;
    if (found & LENGTH) message.headers.removeId(HeaderId.contentLength);
  } else if (found & LENGTH) {
    message.framing = Framing.length;
    message.contentLength = lengthValue(message, bytes);
  }
}

/**
 * What request smuggling looks like (RFC 9112 6.1): both lengths, or chunks in HTTP/1.0. The client's connection ends
 * after it; chunks in HTTP/1.0 end the server's connection, too.
 */
function settleInsecure(message: HttpMessage, found: number, options: FramingOptions): void {
  message.mustClose = false;
  if (message.framing !== Framing.chunked || options.keepInsecureTransferEncoding) return;
  message.mustClose = message.version === 10;
  if (message.mustClose || found & LENGTH) message.persistent = false;
}

/** CONNECT has no body: what follows its head is for the tunnel (RFC 9110 9.3.6). */
function dropBody(message: HttpMessage): void {
  if (message.framing === Framing.chunked) {
    message.headers.removeId(HeaderId.transferEncoding);
    message.mustClose = true;
    message.persistent = false;
  }
  message.framing = Framing.none;
}

function hasForbiddenBody(message: HttpMessage, options: FramingOptions): boolean {
  if (message.version !== 10 || options.bodyWithAnyMethod || message.framing === Framing.none) return false;
  if (message.framing === Framing.length && message.contentLength === 0) return false;
  return message.method === Method.get || message.method === Method.head || message.method === Method.delete;
}

/** Which responses have no body, or no end but the close (RFC 9112 6.3). */
function settleResponseBody(message: HttpMessage, requestMethod: number): void {
  const { status, headers } = message;
  const interim = status >= 100 && status < 200;
  const tunnel = status === 101 || (requestMethod === Method.connect && status >= 200 && status < 300);
  if (tunnel || interim || status === 204) {
    headers.removeId(HeaderId.transferEncoding);
    headers.removeId(HeaderId.contentLength);
    message.mustClose = false;
  }
  if (tunnel) message.framing = Framing.tunnel;
  else if (interim || status === 204 || status === 304 || requestMethod === Method.head) message.framing = Framing.none;
  if (message.framing === Framing.close || tunnel) message.persistent = false;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}
