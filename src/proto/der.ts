/**
 * Walks through DER (ITU-T X.690) in place: an element's tag, where its contents lie, where the next one begins. It copies nothing and
 * reads nothing beyond its bounds, whatever the bytes say.
 */

export const DerTag = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  oid: 6,
  utf8: 12,
  printable: 19,
  teletex: 20,
  ia5: 22,
  utcTime: 23,
  generalizedTime: 24,
  universal: 28,
  bmp: 30,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Lengths of more bytes are not those of a certificate. */
const MOST_LENGTH_BYTES = 3;

/** The element that was read last: [start, end) are its contents, `tagAt` its first byte. */
export class DerElement {
  tag = 0;
  tagAt = 0;
  start = 0;
  end = 0;

  /** Reads the element at `at`; false: there is none within `limit`, or it is broken. */
  read(bytes: Uint8Array, at: number, limit: number): boolean {
    if (at + 2 > limit) return false;
    this.tag = bytes[at] as number;
    this.tagAt = at;
    // Tags of more than one byte do not occur in certificates.
    if ((this.tag & 31) === 31) return false;
    let length = bytes[at + 1] as number;
    let start = at + 2;
    if (length >= 128) {
      const count = length - 128;
      if (count === 0 || count > MOST_LENGTH_BYTES || start + count > limit) return false;
      length = 0;
      for (let index = 0; index < count; index++) length = (length << 8) | (bytes[start + index] as number);
      start += count;
    }
    if (start + length > limit) return false;
    this.start = start;
    this.end = start + length;
    return true;
  }

  /** The same, of this tag only. */
  readTag(bytes: Uint8Array, at: number, limit: number, tag: number): boolean {
    return this.read(bytes, at, limit) && this.tag === tag;
  }
}

/** Writes an object identifier's contents as text, `2.5.4.3`; the end, or -1: no room, or broken. */
export function writeOid(bytes: Uint8Array, start: number, end: number, to: number, limit: number): number {
  let out = to;
  let value = 0;
  let isFirst = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (value >= 2 ** 45) return -1;
    value = value * 128 + (byte & 127);
    if (byte >= 128) {
      if (at + 1 === end) return -1;
      continue;
    }
    if (out + 20 > limit) return -1;
    if (isFirst) {
      const top = Math.min(2, Math.floor(value / 40));
      bytes[out++] = 48 + top;
      value -= top * 40;
    }
    bytes[out++] = 46;
    out = writeDecimal(bytes, out, value);
    isFirst = false;
    value = 0;
  }
  return isFirst ? -1 : out;
}

function writeDecimal(bytes: Uint8Array, to: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let at = to + digits - 1; at >= to; at--) {
    bytes[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return to + digits;
}
