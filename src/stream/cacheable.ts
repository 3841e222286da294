/**
 * May a cache keep this response? Asked before `cookie … nocache` adds cache-control: private (HAProxy 3.x configuration 4.2; the cases are
 * recorded beside cookie.test.ts). RFC 9111 3, seen from a proxy that must not let somebody else's persistence cookie be stored.
 */

import { HeaderId, type HttpMessage, Method } from '../http/message.ts';
import { LOWER } from '../http/tokens.ts';

const COMMA = 44;
const QUOTE = 34;

const forbidding = ['private', 'no-cache', 'no-store', 'max-age=0', 's-maxage=0'].map(codesOf);
const freshening = ['max-age=', 's-maxage='].map(codesOf);
const PUBLIC = codesOf('public');
const NO_CACHE = codesOf('no-cache');
/** Statuses that may be stored without being told so. */
const STORABLE = new Uint8Array(600);
for (const status of [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501]) STORABLE[status] = 1;

function codesOf(text: string): Uint8Array {
  const codes = new Uint8Array(text.length); // hot-ok: when the module loads
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  return codes;
}

/** What the cache-control rows said, read by `isCacheable` right after. */
let isForbidden = false;
let isPublic = false;
let isFresh = false;

export function isCacheable(bytes: Uint8Array, request: HttpMessage, response: HttpMessage): boolean {
  const { method } = request;
  if (method !== Method.get && method !== Method.head && method !== Method.options) return false;
  const { headers } = response;
  isForbidden = isPublic = false;
  isFresh = headers.findId(HeaderId.expires, 0) >= 0;
  for (let row = headers.findId(HeaderId.cacheControl, 0); row >= 0; row = headers.findId(HeaderId.cacheControl, row + 1)) {
    readDirectives(bytes, headers.valueStart(row), headers.valueEnd(row));
  }
  if (isForbidden || !(isPublic || STORABLE[response.status] === 1)) return false;
  const pragma = headers.findId(HeaderId.pragma, 0);
  if (pragma >= 0 && startsWith(bytes, headers.valueStart(pragma), headers.valueEnd(pragma), NO_CACHE)) return false;
  return isFresh || headers.findId(HeaderId.etag, 0) >= 0 || headers.findId(HeaderId.lastModified, 0) >= 0;
}

function readDirectives(bytes: Uint8Array, from: number, end: number): void {
  let start = from;
  let isQuoted = false;
  for (let at = from; at <= end; at++) {
    if (at < end && bytes[at] === QUOTE) isQuoted = !isQuoted;
    if (at < end && (isQuoted || bytes[at] !== COMMA)) continue;
    readDirective(bytes, start, at);
    start = at + 1;
  }
}

function readDirective(bytes: Uint8Array, from: number, to: number): void {
  let start = from;
  let end = to;
  while (start < end && (bytes[start] as number) <= 32) start++;
  while (end > start && (bytes[end - 1] as number) <= 32) end--;
  for (let at = 0; at < forbidding.length; at++) {
    const word = forbidding[at] as Uint8Array;
    if (end - start === word.length && startsWith(bytes, start, end, word)) isForbidden = true;
  }
  if (end - start === PUBLIC.length && startsWith(bytes, start, end, PUBLIC)) isPublic = true;
  for (let at = 0; at < freshening.length; at++) if (startsWith(bytes, start, end, freshening[at] as Uint8Array)) isFresh = true;
}

/** Does [start, end) begin with `word`, in any case? */
function startsWith(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start < word.length) return false;
  for (let at = 0; at < word.length; at++) if (LOWER[bytes[start + at] as number] !== word[at]) return false;
  return true;
}
