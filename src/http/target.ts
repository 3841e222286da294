/**
 * The request target and the Host field: which forms are accepted, whether both name the same place, and
 * the removal of a scheme's default port (RFC 9112 3.2, RFC 3986 6.2.3). It must not know framing,
 * connections or a protocol's syntax.
 */
import { type HttpMessage, Method } from './message.ts';
import { isWord, LOWER, sameText } from './tokens.ts';

const SLASH = 47;
const STAR = 42;
const COLON = 58;
const QUESTION = 63;
const HASH = 35;
const AT = 64;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** Per byte: 1 where it may not stand in a Host field. */
const NOT_IN_HOST = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  if (code <= 0x20 || code === 0x7f || ',/@?#'.includes(String.fromCharCode(code))) NOT_IN_HOST[code] = 1;
}

/** What `authority` found: [authorityStart, authorityEnd) without user information. */
let authorityStart = 0;
let authorityEnd = 0;

/**
 * Checks target and Host of a request and removes a default port from an absolute target.
 * @param hostRow the row of the only Host field, or -1
 * @param lenient option accept-unsafe-violations-in-http-request
 * @returns 0, or 400
 */
export function checkTarget(message: HttpMessage, bytes: Uint8Array, hostRow: number, lenient: boolean): number {
  if (hostRow >= 0 && !isHost(bytes, message.headers.valueStart(hostRow), message.headers.valueEnd(hostRow))) return 400;
  const { targetStart, targetEnd, method } = message;
  if (method === Method.connect) return checkConnect(message, bytes, hostRow, lenient);
  const first = bytes[targetStart];
  if (first === SLASH) return 0;
  if (first === STAR) return targetEnd === targetStart + 1 && method === Method.options ? 0 : 400;
  const scheme = schemeEnd(bytes, targetStart, targetEnd);
  if (scheme < 0) return 400;
  return checkAbsolute(message, bytes, scheme, hostRow, lenient);
}

/** Whether bytes[start, end) may be a Host field's value; an empty one may (RFC 9112 3.2). */
function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (NOT_IN_HOST[bytes[at] as number] === 1) return false;
  }
  if (start === end || bytes[start] !== OPEN_BRACKET) return true;
  let at = start;
  while (at < end && bytes[at] !== CLOSE_BRACKET) at++;
  return at < end && (at + 1 === end || bytes[at + 1] === COLON);
}

/** The offset of the colon of `scheme://`, or -1. */
function schemeEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSchemeByte(bytes[at] as number)) at++;
  if (at === start || at + 3 > end || bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) return -1;
  return isLetter(bytes[start] as number) ? at : -1;
}

function isLetter(code: number): boolean {
  const lower = LOWER[code] as number;
  return lower >= 97 && lower <= 122;
}

function isSchemeByte(code: number): boolean {
  return isLetter(code) || (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46;
}

/** Finds the authority in bytes[start, end), behind `scheme://`; false if it is empty. */
function authority(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  authorityStart = start;
  while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION && bytes[at] !== HASH) {
    if (bytes[at] === AT) authorityStart = at + 1;
    at++;
  }
  authorityEnd = at;
  return authorityEnd > authorityStart;
}

/** The offset of the colon before a port in bytes[start, end), or -1: no port. */
function portColon(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] as number) >= 48 && (bytes[at - 1] as number) <= 57) at--;
  return at > start && bytes[at - 1] === COLON ? at - 1 : -1;
}

function checkAbsolute(message: HttpMessage, bytes: Uint8Array, scheme: number, hostRow: number, lenient: boolean): number {
  if (!authority(bytes, scheme + 3, message.targetEnd)) return lenient ? 0 : 400;
  const defaultPort = portOfScheme(bytes, message.targetStart, scheme);
  const end = withoutPort(bytes, authorityStart, authorityEnd, defaultPort);
  if (hostRow >= 0 && !lenient) {
    const { headers } = message;
    const start = headers.valueStart(hostRow);
    const hostEnd = withoutPort(bytes, start, headers.valueEnd(hostRow), defaultPort);
    if (!sameText(bytes, authorityStart, end, start, hostEnd)) return 400;
  }
  if (end < authorityEnd) cutPort(message, bytes, end);
  if (hostRow >= 0) cutHostPort(message, bytes, hostRow, defaultPort);
  return 0;
}

/** 80 for http, 443 for https, 0 for any other scheme. */
function portOfScheme(bytes: Uint8Array, start: number, end: number): number {
  if (isWord(bytes, start, end, 'http')) return 80;
  return isWord(bytes, start, end, 'https') ? 443 : 0;
}

/** The end of bytes[start, end) without `:` and the given default port. */
function withoutPort(bytes: Uint8Array, start: number, end: number, defaultPort: number): number {
  const colon = portColon(bytes, start, end);
  if (colon < 0 || defaultPort === 0) return end;
  let port = 0;
  for (let at = colon + 1; at < end && port < 65536; at++) port = port * 10 + (bytes[at] as number) - 48;
  return port === defaultPort || colon + 1 === end ? colon : end;
}

/** Removes [end, authorityEnd) from the target: what stands before it moves right, into the gap. */
function cutPort(message: HttpMessage, bytes: Uint8Array, end: number): void {
  const gap = authorityEnd - end;
  bytes.copyWithin(message.targetStart + gap, message.targetStart, end);
  message.targetStart += gap;
}

function cutHostPort(message: HttpMessage, bytes: Uint8Array, hostRow: number, defaultPort: number): void {
  const { headers } = message;
  const start = headers.valueStart(hostRow);
  headers.setValue(hostRow, start, withoutPort(bytes, start, headers.valueEnd(hostRow), defaultPort));
}

/** CONNECT wants `host:port` (RFC 9112 3.2.3) and a Host that names it, with or without a well-known port. */
function checkConnect(message: HttpMessage, bytes: Uint8Array, hostRow: number, lenient: boolean): number {
  const { targetStart, targetEnd, headers } = message;
  if (!isHost(bytes, targetStart, targetEnd)) return 400;
  if (lenient) return 0;
  const colon = portColon(bytes, targetStart, targetEnd);
  if (colon <= targetStart || colon + 1 === targetEnd) return 400;
  if (hostRow < 0) return 0;
  const start = headers.valueStart(hostRow);
  const end = headers.valueEnd(hostRow);
  if (sameText(bytes, targetStart, targetEnd, start, end)) return 0;
  const bare = withoutPort(bytes, targetStart, targetEnd, 443) === colon || withoutPort(bytes, targetStart, targetEnd, 80) === colon;
  return bare && sameText(bytes, targetStart, colon, start, end) ? 0 : 400;
}
