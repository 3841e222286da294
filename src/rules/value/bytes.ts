/**
 * Numbers and addresses as text, and back, in a byte array: what casts, log lines and header values are
 * made of. It must not know samples or streams.
 */
const ZERO = 48;
const DIGITS = 20;
const HEX = new Uint8Array(16);
for (let at = 0; at < 16; at++) HEX[at] = '0123456789ABCDEF'.charCodeAt(at);

/** Digits in reverse, for numbers that do not fit 32 bits. */
const digits = new Uint8Array(DIGITS);

/** Writes an integer in decimal; the offset behind it. Room for 20 bytes must be there. */
export function writeInt(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value < 10) {
    bytes[at] = ZERO + value;
    return at + 1;
  }
  if (value < 0) {
    bytes[at] = 45;
    const end = writeInt(bytes, at + 1, -value);
    // The smallest has no positive twin: it ends in 8.
    if (value <= -LIMIT) bytes[end - 1] = 56;
    return end;
  }
  return value < 0x40000000 ? writeSmall(bytes, at, value | 0) : writeLarge(bytes, at, value);
}

/** Integer division by ten as a multiplication would be exact only to 2^26; V8 does it well for small integers. */
function writeSmall(bytes: Uint8Array, at: number, value: number): number {
  let size = 1;
  for (let limit = 10; limit <= value; limit *= 10) size++;
  let left = value;
  for (let to = at + size - 1; to >= at; to--) {
    const rest = (left / 10) | 0;
    bytes[to] = ZERO + (left - rest * 10);
    left = rest;
  }
  return at + size;
}

/** HAProxy's largest integer, which a JavaScript number can only come close to: it is rounded to this. */
const LIMIT = 2 ** 63;
const LARGEST = Uint8Array.from('9223372036854775807', (digit) => digit.charCodeAt(0));

function writeLarge(bytes: Uint8Array, at: number, value: number): number {
  if (value >= LIMIT) {
    for (let i = 0; i < LARGEST.length; i++) bytes[at + i] = LARGEST[i] as number;
    return at + LARGEST.length;
  }
  let count = 0;
  let left = value;
  do {
    const rest = Math.floor(left / 10);
    digits[count++] = ZERO + (left - rest * 10);
    left = rest;
  } while (left > 0 && count < DIGITS);
  for (let to = 0; to < count; to++) bytes[at + to] = digits[count - 1 - to] as number;
  return at + count;
}

/** Writes `width` decimal digits with leading zeros. */
export function writePadded(bytes: Uint8Array, at: number, value: number, width: number): number {
  let left = value;
  for (let to = at + width - 1; to >= at; to--) {
    const rest = (left / 10) | 0;
    bytes[to] = ZERO + (left - rest * 10);
    left = rest;
  }
  return at + width;
}

/** Two upper-case hexadecimal digits. */
export function writeHexByte(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = HEX[value >> 4] as number;
  bytes[at + 1] = HEX[value & 15] as number;
  return at + 2;
}

/** The text of each byte: how many digits, then the digits. */
const BYTE_TEXTS = new Uint8Array(1024);
for (let byte = 0; byte < 256; byte++) BYTE_TEXTS[byte * 4] = writeInt(BYTE_TEXTS, byte * 4 + 1, byte) - byte * 4 - 1;

/** `a.b.c.d`; the offset behind it. */
export function writeIpv4(bytes: Uint8Array, at: number, ip: Uint8Array, from: number): number {
  let to = at;
  for (let part = 0; part < 4; part++) {
    const text = (ip[from + part] as number) * 4;
    const size = BYTE_TEXTS[text] as number;
    for (let digit = 1; digit <= size; digit++) bytes[to++] = BYTE_TEXTS[text + digit] as number;
    if (part < 3) bytes[to++] = 46;
  }
  return to;
}

/** RFC 5952 text of 16 bytes; the offset behind it. */
export function writeIpv6(bytes: Uint8Array, at: number, ip: Uint8Array): number {
  if (isMapped(ip)) return writeIpv4(bytes, writeWords(bytes, at, ip, 0, 2, 3), ip, 12);
  const run = longestZeros(ip);
  // Six groups of zeros stand before an IPv4 address (RFC 4291 2.5.5.1), as the C library has it.
  if (run === 6) return writeIpv4(bytes, writeWords(bytes, at, ip, 0, 6, 6), ip, 12);
  return writeWords(bytes, at, ip, run >> 4, run & 15, 8);
}

function isMapped(ip: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (ip[at] !== 0) return false;
  return ip[10] === 255 && ip[11] === 255;
}

/** Writes the eight groups with `length` zero groups from `first` on as `::`; the mapped form is `::ffff:` alone. */
function writeWords(bytes: Uint8Array, at: number, ip: Uint8Array, first: number, length: number, groups: number): number {
  let to = at;
  if (groups === 3) {
    bytes[to++] = 58;
    bytes[to++] = 58;
    for (let i = 0; i < 4; i++) bytes[to++] = 102;
    bytes[to++] = 58;
    return to;
  }
  for (let word = 0; word < groups; word++) {
    if (word === first && length > 1) {
      bytes[to++] = 58;
      bytes[to++] = 58;
      word += length - 1;
      continue;
    }
    if (word > 0 && !(length > 1 && word === first + length)) bytes[to++] = 58;
    to = writeGroup(bytes, to, ((ip[word * 2] as number) << 8) | (ip[word * 2 + 1] as number));
  }
  return to;
}

function writeGroup(bytes: Uint8Array, at: number, value: number): number {
  let to = at;
  for (let shift = 12; shift >= 0; shift -= 4) {
    const digit = (value >> shift) & 15;
    if (to > at || digit > 0 || shift === 0) bytes[to++] = (HEX[digit] as number) | (digit > 9 ? 32 : 0);
  }
  return to;
}

/** The first longest run of zero groups: first << 4 | length. */
function longestZeros(ip: Uint8Array): number {
  let best = 0;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && ip[to * 2] === 0 && ip[to * 2 + 1] === 0) to++;
    if (to - from > (best & 15)) best = (from << 4) | (to - from);
  }
  return best;
}

/** Value of the decimal integer at the start of [start, end), with a sign, as C's strtoll: 0 without digits. */
export function readInt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const sign = at < end ? (bytes[at] as number) : 0;
  if (sign === 45 || sign === 43) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return sign === 45 ? -value : value;
}

/** Reads `a.b.c.d` that fills [start, end) into ip[0..4). False if it is not one. */
export function readIpv4(bytes: Uint8Array, start: number, end: number, ip: Uint8Array): boolean {
  let part = 0;
  let value = -1;
  for (let at = start; at <= end; at++) {
    const byte = at === end ? 46 : (bytes[at] as number);
    if (byte === 46) {
      if (value < 0 || part > 3) return false;
      ip[part++] = value;
      value = -1;
    } else {
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) return false;
      value = value < 0 ? digit : value * 10 + digit;
      if (value > 255) return false;
    }
  }
  return part === 4;
}

/** Where the digits and dots that begin at `start` end. */
export function dottedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 46 || ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= 57))) at++;
  return at;
}

const groups = new Uint16Array(8);

/** Reads an IPv6 address that fills [start, end) into ip[0..16) (RFC 4291 2.2). False if it is not one. */
export function readIpv6(bytes: Uint8Array, start: number, end: number, ip: Uint8Array): boolean {
  let count = 0;
  let gap = -1;
  let at = start;
  if (at + 1 < end && bytes[at] === 58 && bytes[at + 1] === 58) {
    gap = 0;
    at += 2;
  }
  while (at < end) {
    if (count === 8) return false;
    let stop = at;
    while (stop < end && bytes[stop] !== 58) stop++;
    if (stop === end && count <= 6 && hasDot(bytes, at, stop)) {
      if (!readIpv4(bytes, at, stop, ip)) return false;
      groups[count++] = ((ip[0] as number) << 8) | (ip[1] as number);
      groups[count++] = ((ip[2] as number) << 8) | (ip[3] as number);
      break;
    }
    const value = readHex(bytes, at, stop);
    if (value < 0) return false;
    groups[count++] = value;
    at = stop + 1;
    if (stop === end) break;
    if (at < end && bytes[at] === 58) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    } else if (at >= end) return false;
  }
  return placeGroups(ip, count, gap);
}

function placeGroups(ip: Uint8Array, count: number, gap: number): boolean {
  if (gap < 0 ? count !== 8 : count > 7) return false;
  const head = gap < 0 ? 8 : gap;
  for (let word = 0; word < 8; word++) {
    const tail = word - (8 - count);
    const value = word < head ? groups[word] : gap >= 0 && tail >= gap ? groups[tail] : 0;
    ip[word * 2] = (value as number) >> 8;
    ip[word * 2 + 1] = (value as number) & 255;
  }
  return true;
}

function hasDot(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === 46) return true;
  return false;
}

function readHex(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > 4) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = hexValue(bytes[at] as number);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** Value of a hexadecimal digit, -1 for any other byte. */
export function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Whether bytes[start, end) equals bytes[other, …) of the same length. */
export function equalBytes(bytes: Uint8Array, start: number, end: number, other: number): boolean {
  for (let at = start, to = other; at < end; at++, to++) if (bytes[at] !== bytes[to]) return false;
  return true;
}

/** One character per byte. Start only. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** Copies bytes[start, end) into another array at `at`; the offset behind them. */
export function copyForeign(bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  let target = at;
  for (let from = start; from < end; from++) to[target++] = bytes[from] as number;
  return target;
}

/** Writes a signed integer of two words in decimal; the offset behind it. */
export function writeWide(bytes: Uint8Array, at: number, high: number, low: number): number {
  const isNegative = high < 0;
  let top = isNegative ? (low === 0 ? -high : ~high) >>> 0 : high;
  let bottom = isNegative ? -low >>> 0 : low >>> 0;
  let count = 0;
  do {
    // Division of both words by ten: what is left of the upper one goes into the lower.
    const rest = top % 10;
    top = Math.floor(top / 10);
    const joined = rest * 4294967296 + bottom;
    bottom = Math.floor(joined / 10);
    digits[count++] = ZERO + (joined - bottom * 10);
  } while ((top > 0 || bottom > 0) && count < DIGITS);
  let to = at;
  if (isNegative) bytes[to++] = 45;
  while (count > 0) bytes[to++] = digits[--count] as number;
  return to;
}

/** The upper 32 bits of a 64-bit integer. The largest one, which is rounded to 2^63, has all bits but that of the sign. */
export function highWord(value: number): number {
  return value >= LIMIT ? 0x7fffffff : Math.floor(value / 4294967296) | 0;
}

/** The lower 32 bits. */
export function lowWord(value: number): number {
  return value >= LIMIT ? -1 : (value - Math.floor(value / 4294967296) * 4294967296) | 0;
}
