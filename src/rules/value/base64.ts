/** Base64 and its form for URLs (RFC 4648 4 and 5) between bytes in memory. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const PAD = 61;

function codesOf(last: string): Uint8Array {
  return Uint8Array.from(ALPHABET + last, (char) => char.charCodeAt(0));
}

function valuesOf(codes: Uint8Array): Int8Array {
  const values = new Int8Array(256).fill(-1);
  codes.forEach((code, value) => {
    values[code] = value;
  });
  return values;
}

const CODES = codesOf('+/');
const URL_CODES = codesOf('-_');
const VALUES = valuesOf(CODES);
const URL_VALUES = valuesOf(URL_CODES);

/** Writes [start, end) as base64 at `at`; the offset behind it. The form for URLs has no padding. */
export function encodeBase64(bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number, forUrl: boolean): number {
  const codes = forUrl ? URL_CODES : CODES;
  let out = at;
  for (let from = start; from < end; from += 3) {
    const left = end - from;
    const triple =
      ((bytes[from] as number) << 16) | (left > 1 ? (bytes[from + 1] as number) << 8 : 0) | (left > 2 ? (bytes[from + 2] as number) : 0);
    to[out++] = codes[triple >> 18] as number;
    to[out++] = codes[(triple >> 12) & 63] as number;
    if (left > 1) to[out++] = codes[(triple >> 6) & 63] as number;
    else if (!forUrl) to[out++] = PAD;
    if (left > 2) to[out++] = codes[triple & 63] as number;
    else if (!forUrl) to[out++] = PAD;
  }
  return out;
}

/** Writes the bytes of a base64 text at `at`; the offset behind them, -1: it is none. */
export function decodeBase64(bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  const size = end - start;
  if (size % 4 !== 0) return -1;
  const padding = size > 0 && bytes[end - 1] === PAD ? (bytes[end - 2] === PAD ? 2 : 1) : 0;
  return decode(bytes, start, end - padding, to, at, VALUES);
}

/** The form for URLs; padding may be there. */
export function decodeBase64Url(bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  let stop = end;
  while (stop > start && stop > end - 2 && bytes[stop - 1] === PAD) stop--;
  return (stop - start) % 4 === 1 ? -1 : decode(bytes, start, stop, to, at, URL_VALUES);
}

function decode(bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number, values: Int8Array): number {
  let out = at;
  let bits = 0;
  for (let from = start; from < end; from++) {
    const value = values[bytes[from] as number] as number;
    if (value < 0) return -1;
    bits = (bits << 6) | value;
    const place = (from - start) & 3;
    if (place > 0) to[out++] = (bits >> (6 - place * 2)) & 255;
  }
  return out;
}
