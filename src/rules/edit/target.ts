/**
 * Parts of a request target and of lists in header values, as offsets. Nothing is decoded here. It must not
 * know samples.
 */
import type { Memory } from '../../base/memory.ts';
import type { HttpMessage } from '../../http/message.ts';

const SLASH = 47;
const QUESTION = 63;
const HASH = 35;
const COLON = 58;
const STAR = 42;
const COMMA = 44;
const QUOTE = 34;
const BACKSLASH = 92;

/** Where the path begins: 0 < result; -1: there is none (`*`, an authority). RFC 9112 3.2. */
export function pathStart(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || (bytes[start] === STAR && end === start + 1)) return -1;
  if (bytes[start] === SLASH) return start;
  for (let at = start; at + 2 < end; at++) {
    if (bytes[at] !== COLON) continue;
    if (bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) return -1;
    for (let to = at + 3; to < end; to++) if (bytes[to] === SLASH) return to;
    return -1;
  }
  return -1;
}

/** Where the authority of `scheme://authority` begins; -1: there is none. */
export function authorityStart(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === SLASH || bytes[start] === STAR) return -1;
  for (let at = start; at + 2 < end; at++) {
    if (bytes[at] === COLON) return bytes[at + 1] === SLASH && bytes[at + 2] === SLASH ? at + 3 : -1;
  }
  return -1;
}

/** Where the path ends: at `?` or `#` or at the end. */
export function pathEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== QUESTION && bytes[at] !== HASH) at++;
  return at;
}

/** As `pathEnd`, of a request's path that begins at `start`: looked for once, since many rules ask. */
export function pathEndOf(request: HttpMessage, bytes: Uint8Array, start: number): number {
  if (request.pathEnd === 0) request.pathEnd = pathEnd(bytes, start, request.targetEnd);
  return request.pathEnd;
}

/** Where the query begins, behind `?`; -1: there is none. */
export function queryStart(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === QUESTION) return at + 1;
  return -1;
}

/** Per byte: 1 where the search for the end of a list item must look closer. */
const ITEM_STOP = new Uint8Array(256);
ITEM_STOP[COMMA] = ITEM_STOP[QUOTE] = 1;

/** End of the list item that begins at `start`: the next comma outside quotes (RFC 9110 5.6.1), or `end`. */
export function itemEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && ITEM_STOP[bytes[at] as number] === 0) at++;
  return at < end && bytes[at] === QUOTE ? quotedItemEnd(bytes, at, end) : at;
}

/** As `itemEnd`, four bytes a turn: for long values. */
export function longItemEnd({ bytes, view }: Memory, start: number, end: number): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    const comma = word ^ 0x2c2c2c2c;
    const quote = word ^ 0x22222222;
    if (((((comma - 0x01010101) & ~comma) | ((quote - 0x01010101) & ~quote)) & 0x80808080) !== 0) break;
  }
  return itemEnd(bytes, at, end);
}

function quotedItemEnd(bytes: Uint8Array, start: number, end: number): number {
  let quoted = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH && quoted) at++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (byte === COMMA && !quoted) return at;
  }
  return end;
}

export function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++;
  return at;
}

export function trimBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === 32 || bytes[at - 1] === 9)) at--;
  return at;
}
