/** Base64 as bytes (RFC 4648 4), for credentials. Padding is required, as HAProxy does. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PAD = 61;
const VALUES = new Int8Array(256).fill(-1);
for (let at = 0; at < DIGITS.length; at++) VALUES[DIGITS.charCodeAt(at)] = at;

/** Decodes bytes[start, end) to `at`; the offset behind it, or -1 if it is no base64. */
export function readBase64(bytes: Uint8Array, start: number, end: number, at: number): number {
  if ((end - start) % 4 !== 0) return -1;
  const padding = end > start && bytes[end - 1] === PAD ? (bytes[end - 2] === PAD ? 2 : 1) : 0;
  let to = at;
  let bits = 0;
  for (let from = start; from < end - padding; from++) {
    const value = VALUES[bytes[from] as number] as number;
    if (value < 0) return -1;
    bits = (bits << 6) | value;
    const place = (from - start) & 3;
    if (place > 0) bytes[to++] = (bits >> (6 - place * 2)) & 255;
  }
  return to;
}
