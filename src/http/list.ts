/**
 * Comma lists in field values (RFC 9110 5.6.1), read and shortened in place. It must not know which
 * fields are lists or what their elements mean.
 */
const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/** The element that `readElement` found: [start, end) without blanks; `stop` is its comma or the end of the list. */
export const element = { start: 0, end: 0, stop: 0 };

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Finds the first element at or after `from` that is not empty; false at the end of the list. */
export function nextElement(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end && (bytes[at] === COMMA || isBlank(bytes[at] as number))) at++;
  if (at === end) return false;
  readElement(bytes, at, end);
  return true;
}

/** Finds the end of the element that starts at `start`, which may be empty; commas in quoted strings do not end it. */
export function readElement(bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  let quoted = false;
  while (at < end && (quoted || bytes[at] !== COMMA)) {
    if (bytes[at] === QUOTE) quoted = !quoted;
    else if (quoted && bytes[at] === BACKSLASH && at + 1 < end) at++;
    at++;
  }
  element.start = start;
  element.stop = at;
  while (at > start && isBlank(bytes[at - 1] as number)) at--;
  element.end = at;
}

/** Moves the element to `to`, behind a comma unless it is the first of the list that starts at `listStart`; its new end. */
export function moveElement(bytes: Uint8Array, listStart: number, to: number): number {
  let at = to;
  if (at > listStart) bytes[at++] = COMMA;
  if (at !== element.start) bytes.copyWithin(at, element.start, element.end);
  return at + element.end - element.start;
}
