/**
 * The request target and the Host field: which forms are accepted, whether both name the same place, and
 * the removal of a scheme's default port (RFC 9112 3.2, RFC 3986 6.2.3). It must not know framing,
 * connections or a protocol's syntax.
 */
import { type HttpMessage, Method } from './message.ts';
import { isExactly, isWord, LOWER, sameText } from './tokens.ts';

const SLASH = 47;
const STAR = 42;
const COLON = 58;
const AT = 64;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** Per byte: 1 where it may not stand in a Host field. */
const NOT_IN_HOST = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  if (code <= 0x20 || code === 0x7f || ',/@?#'.includes(String.fromCharCode(code))) NOT_IN_HOST[code] = 1;
}

/** The authority of a target without user information, see findAuthority. */
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

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isSchemeByte(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === 43 || code === 45 || code === 46;
}

/** Finds the authority in bytes[start, end), behind `scheme://`. HAProxy ends it at a slash only. */
function findAuthority(bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  authorityStart = start;
  while (at < end && bytes[at] !== SLASH) {
    if (bytes[at] === AT) authorityStart = at + 1;
    at++;
  }
  authorityEnd = at;
}

/** The offset of the colon before a port in bytes[start, end), or -1: no port. */
function portColon(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isDigit(bytes[at - 1] as number)) at--;
  return at > start && bytes[at - 1] === COLON ? at - 1 : -1;
}

/** An absolute target must name the place that Host names (RFC 9112 3.2.2); a default port is cut off both. */
function checkAbsolute(message: HttpMessage, bytes: Uint8Array, scheme: number, hostRow: number, lenient: boolean): number {
  findAuthority(bytes, scheme + 3, message.targetEnd);
  if (authorityStart === authorityEnd) return 0;
  const port = portOfScheme(bytes, message.targetStart, scheme);
  const end = withoutPort(bytes, authorityStart, authorityEnd, port);
  if (!lenient && !namesHost(message, bytes, hostRow, end, port)) return 400;
  if (end === authorityEnd) return 0;
  const gap = cutPort(message, bytes, end);
  // HAProxy rewrites Host together with the target.
  if (hostRow >= 0) message.headers.setValue(hostRow, authorityStart + gap, end + gap);
  return 0;
}

/** Whether [authorityStart, end) is the Host, or there is none. */
function namesHost(message: HttpMessage, bytes: Uint8Array, hostRow: number, end: number, port: string): boolean {
  if (hostRow < 0) return true;
  const start = message.headers.valueStart(hostRow);
  return sameText(bytes, authorityStart, end, start, withoutPort(bytes, start, message.headers.valueEnd(hostRow), port));
}

/** The default port of http and https; no port of any other scheme is known. */
function portOfScheme(bytes: Uint8Array, start: number, end: number): string {
  if (isWord(bytes, start, end, 'http')) return '80';
  return isWord(bytes, start, end, 'https') ? '443' : '';
}

/** The end of bytes[start, end) without a colon and the given default port, or a colon alone. */
function withoutPort(bytes: Uint8Array, start: number, end: number, port: string): number {
  const colon = portColon(bytes, start, end);
  if (colon < 0 || port === '') return end;
  return colon + 1 === end || isExactly(bytes, colon + 1, end, port) ? colon : end;
}

/** Removes [end, authorityEnd) from the target: what stands before it moves right, into the gap, whose length is returned. */
function cutPort(message: HttpMessage, bytes: Uint8Array, end: number): number {
  const gap = authorityEnd - end;
  bytes.copyWithin(message.targetStart + gap, message.targetStart, end);
  message.targetStart += gap;
  return gap;
}

/**
 * CONNECT wants `host:port` (RFC 9112 3.2.3) and a Host that names it, which may leave out port 80 or 443
 * and is forwarded without it.
 */
function checkConnect(message: HttpMessage, bytes: Uint8Array, hostRow: number, lenient: boolean): number {
  const { targetStart, targetEnd, headers } = message;
  authorityStart = targetStart;
  for (let at = targetStart; at < targetEnd; at++) {
    if (bytes[at] === AT) authorityStart = at + 1;
  }
  if (!isHost(bytes, authorityStart, targetEnd)) return 400;
  const colon = portColon(bytes, authorityStart, targetEnd);
  const known = colon >= 0 && (isExactly(bytes, colon + 1, targetEnd, '443') || isExactly(bytes, colon + 1, targetEnd, '80'));
  if (!lenient && (colon < 0 || colon + 1 === targetEnd)) return 400;
  if (hostRow < 0) return 0;
  const start = headers.valueStart(hostRow);
  const end = headers.valueEnd(hostRow);
  if (sameText(bytes, authorityStart, targetEnd, start, end)) {
    if (known) headers.setValue(hostRow, start, end - (targetEnd - colon));
    return 0;
  }
  const bare = portColon(bytes, start, end) === end - 1 ? end - 1 : end;
  return lenient || (known && sameText(bytes, authorityStart, colon, start, bare)) ? 0 : 400;
}
