/**
 * The one owner of framing and hop-by-hop fields (RFC 9112 6-7, RFC 9110 7.6): how a received message's body
 * ends, whether its connection can go on, which fields stay on this hop. Every protocol's codec calls it once
 * per message; nobody else decides these. It must not know any protocol's syntax, sockets or streams.
 */
import { Framing, HeaderId, type HttpMessage, Method } from './message.ts';
import { checkTarget } from './target.ts';
import { isWord } from './tokens.ts';

export interface FramingOptions {
  /** option accept-unsafe-violations-in-http-request / -response. */
  readonly lenient: boolean;
  /** global h1-accept-payload-with-any-method: HTTP/1.0 GET, HEAD and DELETE may have a body. */
  readonly bodyWithAnyMethod: boolean;
  /** global h1-do-not-close-on-insecure-transfer-encoding. */
  readonly keepInsecureTransferEncoding: boolean;
}
export const DEFAULT_FRAMING: FramingOptions = { lenient: false, bodyWithAnyMethod: false, keepInsecureTransferEncoding: false };

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const SEMICOLON = 59;
const BACKSLASH = 92;
const ZERO = 48;
const WEBSOCKET_KEY_LENGTH = 24;
const LONGEST_LENGTH = 19;

/** Bits of what the fields of a message say. */
const CLOSE = 1;
const KEEP_ALIVE = 2;
const UPGRADE = 4;
/** A token of Connection that is not one of the three above. */
const NOMINATED = 8;
const LENGTH = 16;
const CODED = 32;
const CHUNKED = 64;
/** A transfer coding other than chunked. */
const OTHER_CODING = 128;
const UPGRADE_FIELD = 256;
const WEBSOCKET = 512;
const WEBSOCKET_KEY = 1024;
const INVALID = 2048;

/** Row of the Host field and of the first Content-Length of the message that is decided. */
let hostRow = -1;
let lengthRow = -1;

/**
 * Decides a request: sets framing, contentLength, persistent, upgrade, expectContinue, mustClose; removes and
 * rewrites fields as HAProxy does.
 * @returns 0, or the status to answer (400, 413, 422)
 */
export function decideRequest(message: HttpMessage, bytes: Uint8Array, options: FramingOptions): number {
  const found = collect(message, bytes, false, options);
  if (found & INVALID) return 400;
  if (found & CODED && !(found & CHUNKED)) return 400;
  const bad = checkTarget(message, bytes, hostRow, options.lenient);
  if (bad !== 0) return bad;
  if (found & OTHER_CODING) return 422;
  const upgraded = settleUpgrade(message, found);
  if (upgraded & WEBSOCKET && !(upgraded & WEBSOCKET_KEY)) return 400;
  settleConnection(message, bytes, upgraded);
  settleBody(message, bytes, upgraded, options);
  if (message.method === Method.connect) dropBody(message);
  return hasForbiddenBody(message, options) ? 413 : 0;
}

/**
 * Decides a response.
 * @param requestMethod Method of the request that it answers
 * @returns 0, or 502
 */
export function decideResponse(message: HttpMessage, bytes: Uint8Array, requestMethod: number, options: FramingOptions): number {
  const found = collect(message, bytes, true, options);
  if (found & INVALID || found & OTHER_CODING || (found & CODED && !(found & CHUNKED))) return 502;
  const upgraded = settleUpgrade(message, found);
  if (message.status === 101 && upgraded & WEBSOCKET && !(upgraded & WEBSOCKET_KEY)) return 502;
  settleConnection(message, bytes, upgraded);
  settleBody(message, bytes, upgraded, options);
  message.mustClose = false;
  settleResponseBody(message, requestMethod);
  return 0;
}

/** Reads every field that says something about framing or this hop; removes repeated ones. */
function collect(message: HttpMessage, bytes: Uint8Array, response: boolean, options: FramingOptions): number {
  const { headers } = message;
  const { rows } = headers;
  let found = 0;
  hostRow = -1;
  lengthRow = -1;
  for (let row = 0; row < rows; row++) {
    const id = headers.id(row);
    if (id === 0 || id > HeaderId.http2Settings) continue;
    found |= note(message, bytes, row, id, response, found, options);
  }
  return found;
}

/** The bits of one known field. */
function note(
  message: HttpMessage,
  bytes: Uint8Array,
  row: number,
  id: number,
  response: boolean,
  found: number,
  options: FramingOptions,
): number {
  const { headers } = message;
  const start = headers.valueStart(row);
  const end = headers.valueEnd(row);
  switch (id) {
    case HeaderId.host:
      return response ? 0 : noteHost(message, bytes, row);
    case HeaderId.connection:
      return connectionTokens(bytes, start, end);
    case HeaderId.contentLength:
      return LENGTH | noteLength(message, bytes, row);
    case HeaderId.transferEncoding:
      return noteCoding(message, bytes, row, found, response && options.lenient);
    case HeaderId.upgrade:
      return noteUpgrade(message, bytes, row);
    case HeaderId.te:
      if (!response) settleTe(message, bytes, row);
      return 0;
    case HeaderId.expect:
      if (!response && isWord(bytes, start, end, '100-continue')) message.expectContinue = true;
      return 0;
    case HeaderId.secWebSocketKey:
      return !response && end - start === WEBSOCKET_KEY_LENGTH ? WEBSOCKET_KEY : 0;
    case HeaderId.secWebSocketAccept:
      return response ? WEBSOCKET_KEY : 0;
    default:
      return 0;
  }
}

/** A repeated Host is dropped if it says the same (RFC 9112 3.2). */
function noteHost(message: HttpMessage, bytes: Uint8Array, row: number): number {
  if (hostRow < 0) {
    hostRow = row;
    return 0;
  }
  const { headers } = message;
  const same = isSame(bytes, headers.valueStart(hostRow), headers.valueEnd(hostRow), headers.valueStart(row), headers.valueEnd(row));
  if (!same) return INVALID;
  headers.remove(row);
  return 0;
}

function isSame(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = 0; i < end - start; i++) {
    if (bytes[start + i] !== bytes[otherStart + i]) return false;
  }
  return true;
}

/** Content-Length: digits, or a list of the same number (RFC 9110 8.6); one cleaned number stays. */
function noteLength(message: HttpMessage, bytes: Uint8Array, row: number): number {
  const { headers } = message;
  const end = headers.valueEnd(row);
  let at = headers.valueStart(row);
  let kept = lengthRow;
  if (at === end) return INVALID;
  while (at < end) {
    while (at < end && isBlank(bytes[at] as number)) at++;
    if (at === end) break;
    let from = at;
    while (at < end && isDigit(bytes[at] as number)) at++;
    const to = at;
    while (at < end && isBlank(bytes[at] as number)) at++;
    if (to === from || (at < end && bytes[at] !== COMMA)) return INVALID;
    at++;
    while (from < to - 1 && bytes[from] === ZERO) from++;
    if (to - from > LONGEST_LENGTH) return INVALID;
    if (kept < 0) {
      kept = row;
      headers.setValue(row, from, to);
    } else if (!isSame(bytes, headers.valueStart(kept), headers.valueEnd(kept), from, to)) return INVALID;
  }
  if (lengthRow >= 0) headers.remove(row);
  lengthRow = kept;
  return kept < 0 ? INVALID : 0;
}

/** The number in the Content-Length field that was kept. Above 2^53 it is rounded; no body gets there. */
function lengthValue(message: HttpMessage, bytes: Uint8Array): number {
  const { headers } = message;
  let value = 0;
  for (let at = headers.valueStart(lengthRow); at < headers.valueEnd(lengthRow); at++) {
    value = value * 10 + (bytes[at] as number) - ZERO;
  }
  return value;
}

/** Transfer-Encoding: chunked once and last (RFC 9112 6.1). @param repeat chunked may be named again (lenient responses) */
function noteCoding(message: HttpMessage, bytes: Uint8Array, row: number, before: number, repeat: boolean): number {
  const { headers } = message;
  const end = headers.valueEnd(row);
  let found = CODED;
  for (let at = nextToken(bytes, headers.valueStart(row), end); at < end; at = nextToken(bytes, tokenStop, end)) {
    findTokenEnd(bytes, at, end);
    const again = (before | found) & CHUNKED;
    if (isWord(bytes, at, tokenEnd, 'chunked')) {
      if (again && !repeat) return INVALID;
      found |= CHUNKED;
    } else {
      // A coding behind chunked leaves no way to tell the end.
      if (again) return INVALID;
      found |= OTHER_CODING;
    }
  }
  if (before & CHUNKED && repeat) headers.remove(row);
  return found;
}

/** Ends of the token that `findTokenEnd` looked at: without trailing blanks, and at its comma. */
let tokenEnd = 0;
let tokenStop = 0;

/** The first byte of the next token of a comma list, or `end`. */
function nextToken(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === COMMA || isBlank(bytes[at] as number))) at++;
  return at;
}

/** Sets tokenEnd and tokenStop; commas in quoted strings do not count. */
function findTokenEnd(bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  let quoted = false;
  while (at < end && (quoted || bytes[at] !== COMMA)) {
    if (bytes[at] === QUOTE) quoted = !quoted;
    else if (quoted && bytes[at] === BACKSLASH && at + 1 < end) at++;
    at++;
  }
  tokenStop = at;
  while (at > start && isBlank(bytes[at - 1] as number)) at--;
  tokenEnd = at;
}

function connectionBit(bytes: Uint8Array, start: number, end: number): number {
  if (isWord(bytes, start, end, 'keep-alive')) return KEEP_ALIVE;
  if (isWord(bytes, start, end, 'close')) return CLOSE;
  return isWord(bytes, start, end, 'upgrade') ? UPGRADE : NOMINATED;
}

function connectionTokens(bytes: Uint8Array, start: number, end: number): number {
  let found = 0;
  for (let at = nextToken(bytes, start, end); at < end; at = nextToken(bytes, tokenStop, end)) {
    findTokenEnd(bytes, at, end);
    found |= connectionBit(bytes, at, tokenEnd);
  }
  return found;
}

/** Upgrade: h2c is taken out, because it is not served this way (RFC 9113 3.1). */
function noteUpgrade(message: HttpMessage, bytes: Uint8Array, row: number): number {
  const { headers } = message;
  const start = headers.valueStart(row);
  const end = headers.valueEnd(row);
  let found = 0;
  let to = start;
  let changed = false;
  for (let at = nextToken(bytes, start, end); at < end; at = nextToken(bytes, tokenStop, end)) {
    findTokenEnd(bytes, at, end);
    if (isWord(bytes, at, tokenEnd, 'h2c')) {
      changed = true;
      continue;
    }
    found |= isWord(bytes, at, tokenEnd, 'websocket') ? UPGRADE_FIELD | WEBSOCKET : UPGRADE_FIELD;
    to = changed ? appendToken(bytes, start, to, at) : tokenEnd;
  }
  if (to === start) headers.remove(row);
  else if (changed) headers.setValue(row, start, to);
  return found;
}

/** Moves the token [at, tokenEnd) to `to`, behind a comma unless it is the first in the list; its new end. */
function appendToken(bytes: Uint8Array, listStart: number, to: number, at: number): number {
  let end = to;
  if (end > listStart) bytes[end++] = COMMA;
  if (end !== at) bytes.copyWithin(end, at, tokenEnd);
  return end + tokenEnd - at;
}

/** TE: only `trailers` may pass (RFC 9110 10.1.4). */
function settleTe(message: HttpMessage, bytes: Uint8Array, row: number): void {
  const { headers } = message;
  const end = headers.valueEnd(row);
  for (let at = nextToken(bytes, headers.valueStart(row), end); at < end; at = nextToken(bytes, tokenStop, end)) {
    findTokenEnd(bytes, at, end);
    let to = at;
    while (to < tokenEnd && bytes[to] !== SEMICOLON && !isBlank(bytes[to] as number)) to++;
    if (isWord(bytes, at, to, 'trailers')) {
      headers.setValue(row, at, to);
      return;
    }
  }
  headers.remove(row);
}

/** Upgrade counts only together with Connection: upgrade (RFC 9110 7.8); half of it is removed. The bits that are left. */
function settleUpgrade(message: HttpMessage, found: number): number {
  if (found & UPGRADE && found & UPGRADE_FIELD) {
    message.upgrade = true;
    return found;
  }
  if (found & UPGRADE_FIELD) message.headers.removeId(HeaderId.upgrade);
  return found & ~(UPGRADE_FIELD | WEBSOCKET);
}

/** Persistence (RFC 9112 9.3), and the tokens of Connection that end here. */
function settleConnection(message: HttpMessage, bytes: Uint8Array, found: number): void {
  message.persistent = !(found & CLOSE) && (message.version !== 10 || (found & KEEP_ALIVE) !== 0);
  const drop = message.upgrade ? CLOSE | KEEP_ALIVE : CLOSE | KEEP_ALIVE | UPGRADE;
  if (!(found & drop)) return;
  const { headers } = message;
  for (let row = headers.findId(HeaderId.connection, 0); row >= 0; row = headers.findId(HeaderId.connection, row + 1)) {
    const to = withoutTokens(bytes, headers.valueStart(row), headers.valueEnd(row), drop);
    if (to === headers.valueStart(row)) headers.remove(row);
    else headers.setValue(row, headers.valueStart(row), to);
  }
}

/** Removes tokens of the list bytes[start, end) in place; the list's new end. */
function withoutTokens(bytes: Uint8Array, start: number, end: number, drop: number): number {
  let to = start;
  let changed = false;
  for (let at = nextToken(bytes, start, end); at < end; at = nextToken(bytes, tokenStop, end)) {
    findTokenEnd(bytes, at, end);
    if (connectionBit(bytes, at, tokenEnd) & drop) changed = true;
    else to = changed ? appendToken(bytes, start, to, at) : tokenEnd;
  }
  return to;
}

/** The body by Transfer-Encoding, else Content-Length, else none; both together is what smuggling looks like. */
function settleBody(message: HttpMessage, bytes: Uint8Array, found: number, options: FramingOptions): void {
  message.framing = Framing.none;
  message.contentLength = 0;
  if (found & CHUNKED) {
    message.framing = Framing.chunked;
    if (found & LENGTH) message.headers.removeId(HeaderId.contentLength);
    const insecure = found & LENGTH || message.version === 10;
    if (insecure && !options.keepInsecureTransferEncoding) {
      message.mustClose = true;
      message.persistent = false;
    }
  } else if (found & LENGTH) {
    message.framing = Framing.length;
    message.contentLength = lengthValue(message, bytes);
  }
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
  const tunnel = status === 101 || (requestMethod === Method.connect && status >= 200 && status < 300);
  const interim = status >= 100 && status < 200;
  if (tunnel || status === 204 || interim) {
    headers.removeId(HeaderId.transferEncoding);
    if (tunnel) headers.removeId(HeaderId.contentLength);
  }
  if (tunnel) message.framing = Framing.tunnel;
  else if (interim || status === 204 || status === 304 || requestMethod === Method.head) message.framing = Framing.none;
  else if (message.framing === Framing.none) message.framing = Framing.close;
  if (message.framing === Framing.close || tunnel) message.persistent = false;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}
