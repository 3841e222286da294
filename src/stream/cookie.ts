/**
 * Cookie persistence (HAProxy 3.x configuration 4.2, cookie): the request's cookie chooses the server, the response's
 * cookie tells the client which one it was. The byte-for-byte cases are recorded beside the test. It must not know how servers are
 * balanced nor sockets.
 *
 * Log letters: the client's cookie was N none, I invalid, D of a server that is down, V valid, E idle for too long, O too
 * old, U unused; the server's was N none, P passed, D deleted, R rewritten, I inserted, U updated.
 */

import { isReachable } from '../balance/usable.ts';
import type { Memory } from '../base/memory.ts';
import { HeaderId, type HttpMessage, Method } from '../http/message.ts';
import { isSame } from '../http/tokens.ts';
import type { Backend, Server, Stream } from '../state/records.ts';
import { CookieMode, type CookiePersistence } from '../state/settings.ts';
import { isCacheable } from './cacheable.ts';
import { isOutside, readDate, writeDate } from './cookie-date.ts';
import { cutBetween, found, ownValue, readCookie } from './cookie-text.ts';

const DOLLAR = 36;
const BAR = 124;
const TILDE = 126;
const NONE = 45;
const [D, E, I, N, O, P, R, U, V] = [68, 69, 73, 78, 79, 80, 82, 85, 86] as const;
/** `|` and five characters. */
const DATE_LENGTH = 6;
const SET_COOKIE = 'set-cookie';
const CACHE_CONTROL = 'cache-control';
const PRIVATE = 'private';

// Request ------------------------------------------------------------------------------------------------

/**
 * The server that the request's cookie asks for, or `stream.server` if a rule has chosen already, or null. Sets the client's
 * letter and `stream.persistent`; takes the cookie (indirect) or its prefix (prefix) out of the request.
 */
export function assignByCookie(stream: Stream, memory: Memory): Server | null {
  const backend = stream.backend as Backend;
  const cookie = backend.cookie as CookiePersistence;
  if (cookie.setCookieName < 0) prepareCookie(backend, memory);
  stream.cookieLastS = stream.cookieFirstS = 0;
  stream.clientCookie = isLogged(cookie) ? N : NONE;
  stream.serverCookie = isLogged(cookie) ? N : NONE;
  const { headers } = stream.request;
  let server: Server | null = null;
  const isAssigned = stream.server !== null || stream.overrides.ignorePersist;
  for (let row = headers.findId(HeaderId.cookie, 0); row >= 0; row = headers.findId(HeaderId.cookie, row + 1)) {
    if (ownValue(memory, stream.request, row)) server = readRow(stream, memory, cookie, row, server, isAssigned);
  }
  if (isAssigned) return stream.server;
  if (server !== null) stream.persistent = true;
  return server;
}

/** Letters are shown once the cookie does more than being looked at. */
function isLogged(cookie: CookiePersistence): boolean {
  return cookie.mode !== CookieMode.passive || cookie.indirect;
}

/**
 * A letter as logs show it: of streams that ended before their cookie was looked for, the backend tells whether there is one;
 * until it is chosen, a `listen` is its own.
 */
export function shownLetter({ hasRequestLine, backend, frontend }: Stream, letter: number): number {
  const cookie = (backend ?? frontend.ownBackend)?.cookie ?? null;
  return letter === NONE && hasRequestLine && cookie !== null && isLogged(cookie) ? N : letter;
}

/** One Cookie row: finds ours, changes the value in place. Answers the server, `before` if there was one. */
function readRow(
  stream: Stream,
  memory: Memory,
  cookie: CookiePersistence,
  row: number,
  before: Server | null,
  isAssigned: boolean,
): Server | null {
  const { bytes } = memory;
  const { headers } = stream.request;
  const start = headers.valueStart(row);
  let end = headers.valueEnd(row);
  let server = before;
  // Separator before the cookie that is read, and before those that are to be cut out.
  let previous = start - 1;
  let cutFrom = -1;
  while (previous < end && (previous < start || previous + 1 < end)) {
    readCookie(bytes, previous + 1, end);
    end = found.end;
    const isAttribute = bytes[found.nameStart] === DOLLAR && found.nameEnd > found.nameStart;
    // Cookies of ours that follow each other go in one cut.
    if (cutFrom >= 0 && !isAttribute && !isOurs(bytes, cookie)) {
      previous = cutBetween(bytes, start, cutFrom - 1, previous, end);
      end = found.end;
      cutFrom = -1;
      if (previous + 1 >= end) break;
      readCookie(bytes, previous + 1, end);
      end = found.end;
    }
    if (!isAttribute && isOurs(bytes, cookie)) {
      if (server === null) server = lookUp(stream, bytes, cookie, isAssigned);
      if (cookie.mode === CookieMode.prefix) end -= stripPrefix(bytes, end);
      else if (cookie.mode === CookieMode.insert && cookie.indirect && cutFrom < 0) cutFrom = previous + 1;
    }
    previous = found.next;
  }
  if (cutFrom >= 0) end = Math.max(start, cutFrom - 1);
  if (end <= start && headers.valueEnd(row) > start) headers.remove(row);
  else headers.setValue(row, start, end);
  return server;
}

/** Is the cookie in `found` the persistence cookie? Names of cookies are case-sensitive (RFC 6265 5.4). */
function isOurs(bytes: Uint8Array, cookie: CookiePersistence): boolean {
  const { nameStart, name } = cookie;
  return found.hasValue && isSame(bytes, found.nameStart, found.nameEnd, nameStart, nameStart + name.length);
}

/** Reads the cookie in `found`: sets the letter and the dates. */
function lookUp(stream: Stream, bytes: Uint8Array, cookie: CookiePersistence, isAssigned: boolean): Server | null {
  const { valueStart, valueEnd } = found;
  const isPrefix = cookie.mode === CookieMode.prefix;
  const stop = indexOf(bytes, isPrefix ? TILDE : BAR, valueStart, valueEnd);
  if (isAssigned) {
    setClientLetter(stream, cookie, U);
    return null;
  }
  if (stop < valueEnd && !isPrefix && !readDates(stream, bytes, cookie, stop + 1, valueEnd)) return null;
  return findServer(stream, bytes, cookie, valueStart, stop);
}

/** `last|first` behind the server's name. False: too old, the cookie is ignored. */
function readDates(stream: Stream, bytes: Uint8Array, cookie: CookiePersistence, from: number, end: number): boolean {
  const nowS = Math.floor(stream.firstByteWallMs / 1000);
  const last = readDate(bytes, from, end);
  const bar = indexOf(bytes, BAR, from, end);
  const first = last > 0 && bar < end ? readDate(bytes, bar + 1, end) : 0;
  stream.cookieLastS = last;
  stream.cookieFirstS = first;
  let letter = 0;
  if (cookie.maxidleS > 0 && last > 0 && isOutside(last, nowS, cookie.maxidleS)) letter = E;
  if (cookie.maxlifeS > 0 && first > 0 && isOutside(first, nowS, cookie.maxlifeS)) letter = O;
  if (letter === 0) return true;
  setClientLetter(stream, cookie, letter);
  stream.cookieLastS = stream.cookieFirstS = 0;
  return false;
}

/** The first usable server with this cookie value: several may share one. */
function findServer(stream: Stream, bytes: Uint8Array, cookie: CookiePersistence, start: number, end: number): Server | null {
  const { servers, persist, columns } = stream.backend as Backend;
  let isDown = false;
  for (let at = 0; at < servers.length; at++) {
    const server = servers[at] as Server;
    if (server.cookieLength === 0 || !isSame(bytes, start, end, server.cookieStart, server.cookieStart + server.cookieLength)) continue;
    if (persist || stream.overrides.forcePersist || isReachable(columns, server.live)) {
      setClientLetter(stream, cookie, V);
      return server;
    }
    isDown = true;
  }
  // An unknown value says less than an earlier one of a server that is down, or too old.
  if (isDown) setClientLetter(stream, cookie, D);
  else if (stream.clientCookie === N) setClientLetter(stream, cookie, I);
  stream.cookieLastS = stream.cookieFirstS = 0;
  return null;
}

function setClientLetter(stream: Stream, cookie: CookiePersistence, letter: number): void {
  if (isLogged(cookie)) stream.clientCookie = letter;
}

/** `B~app` becomes `app`, whoever B is; how many bytes went. */
function stripPrefix(bytes: Uint8Array, end: number): number {
  const { valueStart, valueEnd } = found;
  const stop = indexOf(bytes, TILDE, valueStart, valueEnd);
  if (stop === valueEnd) return 0;
  const length = stop + 1 - valueStart;
  bytes.copyWithin(valueStart, stop + 1, end);
  found.next -= length;
  return length;
}

function indexOf(bytes: Uint8Array, byte: number, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== byte) at++;
  return at;
}

// Response -----------------------------------------------------------------------------------------------

/** Handles the application's cookie of the same name and tells the client its server. Once per final response. */
export function applyResponseCookie(stream: Stream, memory: Memory): void {
  const { server, backend } = stream;
  if (server === null || backend === null || backend.cookie === null) return;
  const { cookie } = backend;
  // Left the server it asked for (redispatch): as if that one had been down.
  if (!stream.persistent && stream.clientCookie === V) stream.clientCookie = D;
  const hasOwn = handleSetCookies(stream, memory, cookie, server);
  if (cookie.mode !== CookieMode.insert || stream.overrides.ignorePersist || (hasOwn && cookie.preserve) || !isInsertDue(stream, cookie))
    return;
  if (!insert(stream, memory, cookie, server)) return;
  stream.serverCookie = stream.persistent ? U : I;
  const { response } = stream;
  if (!cookie.nocache || !isCacheable(memory.bytes, stream.request, response)) return;
  const { privateValue } = cookie;
  response.headers.add(HeaderId.cacheControl, cookie.cacheControlName, CACHE_CONTROL.length, privateValue, privateValue + PRIVATE.length);
}

/** The application's Set-Cookie rows of our name. True: there is one. */
function handleSetCookies(stream: Stream, memory: Memory, cookie: CookiePersistence, server: Server): boolean {
  const { headers } = stream.response;
  let hasOwn = false;
  for (let row = headers.findId(HeaderId.setCookie, 0); row >= 0; row = headers.findId(HeaderId.setCookie, row + 1)) {
    if (!ownValue(memory, stream.response, row)) continue;
    const start = headers.valueStart(row);
    readCookie(memory.bytes, start, headers.valueEnd(row));
    headers.setValue(row, start, found.end);
    if (!isOurs(memory.bytes, cookie)) continue;
    hasOwn = true;
    const letter = handleOwn(stream, memory, cookie, server, row);
    if (isLogged(cookie)) stream.serverCookie = letter;
  }
  return hasOwn;
}

/** One row, with its cookie in `found`; the server's letter. */
function handleOwn(stream: Stream, memory: Memory, cookie: CookiePersistence, server: Server, row: number): number {
  if (cookie.preserve) return P;
  // Ours replaces it; and who hides the cookie from the server (indirect) doesn't let it answer to it.
  if (cookie.mode === CookieMode.insert || (cookie.indirect && stream.persistent)) {
    stream.response.headers.remove(row);
    return D;
  }
  if (server.cookieLength === 0) return P;
  if (cookie.mode === CookieMode.rewrite) return replace(stream.response, memory.bytes, row, server, false) ? R : P;
  if (cookie.mode === CookieMode.prefix) return replace(stream.response, memory.bytes, row, server, true) ? R : P;
  return P;
}

/** Puts the server's value in the place of the cookie's, or before it with `~`. False: no room. */
function replace(response: HttpMessage, bytes: Uint8Array, row: number, server: Server, keepsValue: boolean): boolean {
  const { headers } = response;
  const start = headers.valueStart(row);
  const end = headers.valueEnd(row);
  const rest = keepsValue ? found.valueStart : found.valueEnd;
  const to = response.spare;
  if (to + (end - start) + server.cookieLength + 1 > response.spareEnd) return false;
  let at = copy(bytes, to, start, found.valueStart);
  at = copy(bytes, at, server.cookieStart, server.cookieStart + server.cookieLength);
  if (keepsValue) bytes[at++] = TILDE;
  at = copy(bytes, at, rest, end);
  headers.setValue(row, to, at);
  response.spare = at;
  return true;
}

/** Not for a client that already has it, unless its dates have to be renewed. */
function isInsertDue(stream: Stream, cookie: CookiePersistence): boolean {
  if (cookie.postonly && stream.request.method !== Method.post) return false;
  if (!stream.persistent) return true;
  const { cookieLastS, cookieFirstS } = stream;
  if ((cookie.maxidleS > 0 || cookieLastS > 0) && cookieLastS < wallSeconds(stream)) return true;
  return cookie.maxlifeS > 0 !== cookieFirstS > 0;
}

function insert(stream: Stream, memory: Memory, cookie: CookiePersistence, server: Server): boolean {
  const { response } = stream;
  let start = server.setCookieStart;
  let end = start + server.setCookieLength;
  if (server.cookieLength === 0) {
    start = cookie.forgetStart;
    end = start + cookie.forgetLength;
  } else if (cookie.maxidleS > 0 || cookie.maxlifeS > 0) {
    start = response.spare;
    end = writeDated(stream, memory.bytes, cookie, server);
    if (end < 0) return false;
    response.spare = end;
  }
  return response.headers.add(HeaderId.setCookie, cookie.setCookieName, SET_COOKIE.length, start, end);
}

/** `S=A|last|first; path=/` into the spare bytes; -1: no room. */
function writeDated(stream: Stream, bytes: Uint8Array, cookie: CookiePersistence, server: Server): number {
  const { response } = stream;
  const nowS = wallSeconds(stream);
  if (response.spare + server.setCookieLength + 2 * DATE_LENGTH > response.spareEnd) return -1;
  const head = cookie.name.length + 1 + server.cookieLength;
  let at = copy(bytes, response.spare, server.setCookieStart, server.setCookieStart + head);
  bytes[at] = BAR;
  at = writeDate(bytes, at + 1, nowS);
  if (cookie.maxlifeS > 0) {
    bytes[at] = BAR;
    at = writeDate(bytes, at + 1, stream.cookieFirstS > 0 ? stream.cookieFirstS : nowS);
  }
  return copy(bytes, at, cookie.attributesStart, cookie.attributesStart + cookie.attributesLength);
}

/** Wall clock at the response, from that at the request. */
function wallSeconds(stream: Stream): number {
  const passedMs = stream.responseAtMs > 0 && stream.firstByteAtMs >= 0 ? stream.responseAtMs - stream.firstByteAtMs : 0;
  return Math.floor((stream.firstByteWallMs + passedMs) / 1000);
}

/** Where the copy ends. */
function copy(bytes: Uint8Array, to: number, start: number, end: number): number {
  bytes.copyWithin(to, start, end);
  return to + end - start;
}

// Start --------------------------------------------------------------------------------------------------

/** Interns what responses need. build/ calls it once per backend and thread; else the first request does. */
export function prepareCookie(backend: Backend, memory: Memory): void {
  const cookie = backend.cookie as CookiePersistence;
  const { attributesStart, attributesLength } = cookie;
  const attributes = memory.text(attributesStart, attributesStart + attributesLength);
  cookie.setCookieName = memory.intern(SET_COOKIE);
  cookie.cacheControlName = memory.intern(CACHE_CONTROL);
  cookie.privateValue = memory.intern(PRIVATE);
  const forget = cookie.name + '=; Expires=Thu, 01-Jan-1970 00:00:01 GMT' + attributes;
  cookie.forgetStart = memory.intern(forget);
  cookie.forgetLength = forget.length;
  for (let at = 0; at < backend.servers.length; at++) {
    const server = backend.servers[at] as Server;
    const value = memory.text(server.cookieStart, server.cookieStart + server.cookieLength);
    const text = cookie.name + '=' + value + attributes;
    server.setCookieStart = memory.intern(text);
    server.setCookieLength = text.length;
  }
}
