/**
 * The lines of a pattern file or a map (HAProxy 3.x configuration 2.7 and 7.1): leading blanks are skipped, and so are empty
 * lines and those that begin with `#`; a map's line is a key, blanks, and the value up to the last byte that is no blank.
 * A million lines become one array of numbers. Start and control only.
 */
const SPACE = 32;
const TAB = 9;
const LINE_FEED = 10;
const RETURN = 13;
const HASH = 35;

/** Lines as offsets into their bytes. */
export interface PatternText {
  readonly bytes: Uint8Array;
  /** Start and end of the key, start and end of the value; four cells per line. */
  readonly cells: Int32Array;
  readonly count: number;
}

/** hot-ok: when a file is read */
export function parsePatternText(bytes: Uint8Array, isMap: boolean): PatternText {
  let lines = 1;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === LINE_FEED) lines++;
  const cells = new Int32Array(lines * 4);
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    let end = bytes.indexOf(LINE_FEED, at);
    if (end < 0) end = bytes.length;
    if (readLine(bytes, at, end, isMap, cells, count * 4)) count++;
    at = end + 1;
  }
  return { bytes, cells, count };
}

function readLine(bytes: Uint8Array, from: number, to: number, isMap: boolean, cells: Int32Array, cell: number): boolean {
  let start = from;
  while (start < to && isBlank(bytes[start] as number)) start++;
  let end = start;
  while (end < to && bytes[end] !== RETURN) end++;
  if (start === end || bytes[start] === HASH) return false;
  cells[cell] = start;
  cells[cell + 1] = end;
  cells[cell + 2] = cells[cell + 3] = end;
  if (!isMap) return true;
  let keyEnd = start;
  while (keyEnd < end && !isBlank(bytes[keyEnd] as number)) keyEnd++;
  cells[cell + 1] = keyEnd;
  let value = keyEnd;
  while (value < end && isBlank(bytes[value] as number)) value++;
  while (end > value && isBlank(bytes[end - 1] as number)) end--;
  cells[cell + 2] = value;
  cells[cell + 3] = Math.max(value, end);
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** Patterns that stand in the configuration. hot-ok: at start */
export function patternTextOf(patterns: readonly string[]): PatternText {
  const bytes = new Uint8Array(patterns.reduce((sum, text) => sum + text.length, 0));
  const cells = new Int32Array(patterns.length * 4);
  let at = 0;
  for (const [index, text] of patterns.entries()) {
    const start = at;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    cells.set([start, at, at, at], index * 4);
  }
  return { bytes, cells, count: patterns.length };
}
