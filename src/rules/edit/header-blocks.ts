/**
 * Header fields in HAProxy's binary form: pairs of texts, each with its length before it, up to a pair without a name (what
 * `req.hdrs_bin` gives). Lengths are in the varints of the peers protocol. It must not know messages.
 */

/** The last text that was read: [start, end). */
export const block = { start: 0, end: 0 };

const ONE_BYTE = 240;
const MOST_BYTES = 5;

/** Reads a length and the text behind it; where the next one begins, or -1 if the bytes end before. */
export function readBlock(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  let from = at;
  let length = bytes[from++] as number;
  if (length >= ONE_BYTE) {
    let factor = 16;
    for (let count = 0; ; count++) {
      if (from >= end || count === MOST_BYTES) return -1;
      const byte = bytes[from++] as number;
      length += byte * factor;
      if (byte < 128) break;
      factor *= 128;
    }
  }
  if (length > end - from) return -1;
  block.start = from;
  block.end = from + length;
  return block.end;
}
