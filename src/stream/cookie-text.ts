/**
 * Cookies inside a Cookie or Set-Cookie value: finding them one after the other, and cutting some out in place. HAProxy's
 * reading: separated by `;` or `,`, quoted values may hold both, white space around `=` is dropped, names that begin with `$` belong
 * to the cookie before them. It must not know what the cookies are for.
 */
import type { Memory } from '../base/memory.ts';
import type { HttpMessage } from '../http/message.ts';

const SPACE = 32;
const TAB = 9;
const QUOTE = 34;
const COMMA = 44;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;

/** The cookie found last, as offsets. One object for all: it is read before the next call. */
export const found = {
  nameStart: 0,
  nameEnd: 0,
  hasValue: false,
  valueStart: 0,
  valueEnd: 0,
  /** The separator behind it, or the end. */
  next: 0,
  /** End of the whole text: white space around `=` may have been taken out. */
  end: 0,
};

/** Reads the cookie that begins at `from` into `found`; the text ends at `end` and must be writable. */
export function readCookie(bytes: Uint8Array, from: number, end: number): void {
  const nameStart = skipSpace(bytes, from, end);
  let at = nameStart;
  while (at < end && bytes[at] !== EQUALS && bytes[at] !== SEMICOLON && bytes[at] !== COMMA) at++;
  found.nameStart = nameStart;
  found.nameEnd = trimSpace(bytes, nameStart, at);
  found.hasValue = at < end && bytes[at] === EQUALS;
  found.valueStart = found.valueEnd = found.next = at;
  found.end = end;
  if (!found.hasValue) return;
  const valueStart = skipSpace(bytes, at + 1, end);
  const next = valueStop(bytes, valueStart, end);
  const gap = at - found.nameEnd + (valueStart - at - 1);
  if (gap > 0) closeGap(bytes, found.nameEnd, valueStart, end);
  found.valueStart = found.nameEnd + 1;
  found.next = next - gap;
  found.valueEnd = trimSpace(bytes, found.valueStart, found.next);
  found.end = end - gap;
}

/** `name   =   value` becomes `name=value`. */
function closeGap(bytes: Uint8Array, nameEnd: number, valueStart: number, end: number): void {
  bytes[nameEnd] = EQUALS;
  bytes.copyWithin(nameEnd + 1, valueStart, end);
}

export function skipSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

export function trimSpace(bytes: Uint8Array, start: number, from: number): number {
  let at = from;
  while (at > start && (bytes[at - 1] === SPACE || bytes[at - 1] === TAB)) at--;
  return at;
}

/** The first separator outside quotes, or the end. */
export function valueStop(bytes: Uint8Array, from: number, end: number): number {
  let isQuoted = false;
  for (let at = from; at < end; at++) {
    const byte = bytes[at];
    if (isQuoted && byte === BACKSLASH) at++;
    else if (byte === QUOTE) isQuoted = !isQuoted;
    else if (!isQuoted && (byte === SEMICOLON || byte === COMMA)) return at;
  }
  return end;
}

/**
 * Cuts out what lies between two separators: the one at `from` stays with one space behind it, what follows `to` moves up. `from` <
 * `start`: the cut begins the text. Returns where the separator is now; the new end is in `found.end`.
 */
export function cutBetween(bytes: Uint8Array, start: number, from: number, to: number, end: number): number {
  const rest = skipSpace(bytes, Math.min(end, to + 1), end);
  let at = start;
  if (from >= start) {
    at = trimSpace(bytes, start, from);
    bytes[at++] = bytes[from] as number;
    bytes[at++] = SPACE;
  }
  bytes.copyWithin(at, rest, end);
  found.end = at + end - rest;
  return from >= start ? at - 2 : start - 1;
}

/** Makes the value of a row writable: in place if it lies in the message's own block, else as a copy in its spare bytes. False: no room. */
export function ownValue(memory: Memory, message: HttpMessage, row: number): boolean {
  const { headers, block } = message;
  const start = headers.valueStart(row);
  const end = headers.valueEnd(row);
  if (block >= 0 && start >= memory.base(block) && end <= memory.end(block)) return true;
  const to = message.spare;
  if (to + end - start > message.spareEnd) return false;
  memory.bytes.copyWithin(to, start, end);
  headers.setValue(row, to, to + end - start);
  message.spare = to + end - start;
  return true;
}
