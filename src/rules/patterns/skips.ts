/**
 * Where keys may lie in a text without looking at every byte of it: the first bytes of all keys, as many as the shortest has, are
 * a window, and for each pair of bytes a table tells how far the window may move when it ends in that pair (Wu and Manber, A fast
 * algorithm for multi-pattern searching, 1994). Ten words in a User-Agent of a hundred bytes are thirty looks. Pairs are told
 * apart by five bits a byte, which makes both cases of a letter the same. It must not know how keys are compared.
 */
import type { PatternEntries } from './set.ts';

/** Cells of a table. */
export const SKIPS = 1024;
const PAIR = 2;
/** A longer window moves further, but fills the table sooner. */
const MOST_WINDOW = 16;
/** Pairs of which a table may be full: beyond that hardly any pair moves the window. */
const MOST_PAIRS = 256;

/** How long the window over these keys is; 0: it is not worth it. hot-ok: when a set is built */
export function windowOf(entries: PatternEntries): number {
  const { count } = entries;
  let window = Math.min(MOST_WINDOW, 1 + Math.floor(MOST_PAIRS / count));
  for (let entry = 0; entry < count; entry++) window = Math.min(window, entries.keyLength(entry));
  return count === 0 || window < PAIR ? 0 : window;
}

/** The cell of the pair at `at`. */
export function pairAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) & 31) << 5) | ((bytes[at + 1] as number) & 31);
}

/** Takes in a key that has the window's length at least. Cells only ever become smaller, so who reads meanwhile misses none. */
export function lowerSkips(skips: Uint8Array, window: number, bytes: Uint8Array, start: number): void {
  for (let at = 0; at + PAIR <= window; at++) {
    const cell = pairAt(bytes, start + at);
    skips[cell] = Math.min(skips[cell] as number, window - PAIR - at);
  }
}
