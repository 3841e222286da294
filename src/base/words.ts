/**
 * The bytes of a thread's memory, four at once: a loop over words costs a quarter of one over bytes, and from LONG on a call of the
 * engine costs less than either (bench/h1-head.ts). It must not know what the bytes mean.
 */

/** From this many bytes on the engine copies. */
const LONG = 200;

/** Nothing looked at yet. */
let bytesSeen: Uint8Array = new Uint8Array(0);
let view: DataView = new DataView(bytesSeen.buffer);

/** The same bytes as a DataView; a thread has one memory, so one view is kept. */
export function viewOf(bytes: Uint8Array): DataView {
  return bytes === bytesSeen ? view : look(bytes);
}

function look(bytes: Uint8Array): DataView {
  bytesSeen = bytes;
  // hot-ok: once a thread, its memory is one array
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view;
}

/** Copies [start, end) to `at`, somewhere else or further to the front; the offset behind the copy. */
export function copyBytes(bytes: Uint8Array, start: number, end: number, at: number): number {
  const size = end - start;
  if (size >= LONG) bytes.copyWithin(at, start, end);
  else if (size >= 4) copyWords(viewOf(bytes), start, end, at);
  else for (let i = 0; i < size; i++) bytes[at + i] = bytes[start + i] as number;
  return size > 0 ? at + size : at;
}

/** At least four bytes: the last four are a word of their own, which may share bytes with the one before it. */
function copyWords(words: DataView, start: number, end: number, at: number): void {
  const lastFrom = end - 4;
  const last = words.getInt32(lastFrom, true);
  let to = at;
  for (let from = start; from < lastFrom; from += 4, to += 4) words.setInt32(to, words.getInt32(from, true), true);
  words.setInt32(at + lastFrom - start, last, true);
}

/** Copies the first `size` bytes of `from`, which lie outside of the memory, to `at`; the offset behind them. */
export function copyOutside(from: DataView, size: number, bytes: Uint8Array, at: number): number {
  if (size < 4) for (let i = 0; i < size; i++) bytes[at + i] = from.getUint8(i);
  else {
    const words = viewOf(bytes);
    for (let i = 0; i + 4 < size; i += 4) words.setInt32(at + i, from.getInt32(i, true), true);
    words.setInt32(at + size - 4, from.getInt32(size - 4, true), true);
  }
  return size > 0 ? at + size : at;
}

/** Copies [start, end) to `at`, letters of ASCII in lower case; the two may not overlap. The offset behind the copy. */
export function copyLower(bytes: Uint8Array, start: number, end: number, at: number): number {
  const words = viewOf(bytes);
  let from = start;
  let to = at;
  for (; from + 4 <= end; from += 4, to += 4) words.setInt32(to, lowerWord(words.getInt32(from, true)), true);
  for (; from < end; from++, to++) {
    const byte = bytes[from] as number;
    bytes[to] = byte >= 65 && byte <= 90 ? byte | 32 : byte;
  }
  return to;
}

/** Four bytes, letters of ASCII in lower case: the upper bit of a byte tells first that it is at least `A`, then that it is behind `Z`. */
function lowerWord(word: number): number {
  const low = word & 0x7f7f7f7f;
  const isUpper = (low + 0x3f3f3f3f) & ~(low + 0x25252525) & ~word & 0x80808080;
  return word | (isUpper >>> 2);
}
