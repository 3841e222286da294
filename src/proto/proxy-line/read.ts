/**
 * Reads the header of the PROXY protocol (specification of 2020, chapter 2): the text line of version 1, the binary form of
 * version 2. It tells them apart by themselves, gives the same result for every cut of the input, and knows no socket.
 *
 * What HAProxy refuses is refused: version 2 for datagrams, UNIX sockets and unspecified families (the specification leaves the last
 * to the receiver). More than HAProxy takes: `UNKNOWN` followed by anything, as the specification demands. Less: addresses of three
 * numbers, and ports above 65535.
 */
import { Family, newAddress, parseIp, type SocketAddress } from '../../base/address.ts';
import { hashCrc32c } from '../../base/hash.ts';
import { LINE_MOST, SIGNATURE, TLV_HEAD, TlvType, V2_HEAD } from './shapes.ts';

export const ProxyResult = {
  /** It goes on: nothing is wrong so far. */
  more: 0,
  done: 1,
  /** It is no PROXY header. */
  strange: 2,
  invalid: 3,
  /** A transport that is not known, in version 1. */
  unhandled: 4,
  /** Longer than `most`, or a line of more than LINE_MOST bytes. */
  tooLong: 5,
} as const;
export type ProxyResultValue = (typeof ProxyResult)[keyof typeof ProxyResult];

const { more, done, strange, invalid, unhandled, tooLong } = ProxyResult;

const SPACE = 32;
const CR = 13;
const LF = 10;
const FIRST_OF_LINE = 0x50;
const PREFIX = [0x50, 0x52, 0x4f, 0x58, 0x59, SPACE] as const;
const UNKNOWN = [0x55, 0x4e, 0x4b, 0x4e, 0x4f, 0x57, 0x4e] as const;
/** The longest IPv6 address with an embedded IPv4 one. */
const ADDRESS_MOST = 45;

export class ProxyHeader {
  readonly source: SocketAddress = newAddress();
  readonly destination: SocketAddress = newAddress();
  /** False: the connection was not made for somebody else (LOCAL, UNKNOWN), its own addresses count. */
  hasAddresses = false;
  /** Bytes of the header, once it is done. */
  length = 0;
  /** TLVs of version 2, all complete: [tlvStart, tlvEnd) of what was read. */
  tlvStart = 0;
  tlvEnd = 0;
  /** The longest header that is read (bytes). */
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param start where the connection's first byte lies; everything that has come is read each time */
  read(bytes: Uint8Array, start: number, end: number): ProxyResultValue {
    this.hasAddresses = false;
    this.tlvStart = this.tlvEnd = 0;
    if (end === start) return more;
    return bytes[start] === FIRST_OF_LINE ? this.#readLine(bytes, start, end) : this.#readBinary(bytes, start, end);
  }

  // Version 1 ---------------------------------------------------------------------------------------

  #readLine(bytes: Uint8Array, start: number, end: number): ProxyResultValue {
    if (!startsLike(bytes, start, end, PREFIX)) return strange;
    const limit = Math.min(end, start + LINE_MOST);
    let at = start + PREFIX.length;
    while (at < limit && bytes[at] !== LF) at++;
    if (at >= limit) return end - start < LINE_MOST ? more : tooLong;
    if (bytes[at - 1] !== CR) return invalid;
    this.length = at + 1 - start;
    return this.#readFields(bytes, start + PREFIX.length, at - 1);
  }

  /** `TCP4`, `TCP6` or `UNKNOWN` at `at`, and what belongs to it up to `end`. */
  #readFields(bytes: Uint8Array, at: number, end: number): ProxyResultValue {
    if (end - at >= UNKNOWN.length && startsLike(bytes, at, end, UNKNOWN)) {
      const next = at + UNKNOWN.length;
      return next === end || bytes[next] === SPACE ? done : unhandled;
    }
    const isTcp = end - at >= 5 && bytes[at] === 0x54 && bytes[at + 1] === 0x43 && bytes[at + 2] === 0x50 && bytes[at + 4] === SPACE;
    const kind = isTcp ? bytes[at + 3] : 0;
    if (kind !== 0x34 && kind !== 0x36) return unhandled;
    return this.#readAddresses(bytes, at + 5, end, kind === 0x34 ? Family.inet : Family.inet6) ? done : invalid;
  }

  /** Source, destination and their ports, with one space between them. */
  #readAddresses(bytes: Uint8Array, at: number, end: number, family: typeof Family.inet | typeof Family.inet6): boolean {
    const { source, destination } = this;
    const second = wordEnd(bytes, at, end) + 1;
    const third = wordEnd(bytes, second, end) + 1;
    const fourth = wordEnd(bytes, third, end) + 1;
    if (fourth >= end) return false;
    if (!readIp(bytes, at, second - 1, family, source) || !readIp(bytes, second, third - 1, family, destination)) return false;
    const sourcePort = readPort(bytes, third, fourth - 1);
    const destinationPort = readPort(bytes, fourth, end);
    source.port = sourcePort;
    destination.port = destinationPort;
    this.hasAddresses = sourcePort >= 0 && destinationPort >= 0;
    return this.hasAddresses;
  }

  // Version 2 ---------------------------------------------------------------------------------------

  #readBinary(bytes: Uint8Array, start: number, end: number): ProxyResultValue {
    if (!startsLike(bytes, start, end, SIGNATURE)) return strange;
    if (end - start < V2_HEAD) return more;
    const version = bytes[start + 12] as number;
    if (version >>> 4 !== 2) return strange;
    const length = ((bytes[start + 14] as number) << 8) | (bytes[start + 15] as number);
    this.length = V2_HEAD + length;
    if (this.length > this.#most) return tooLong;
    if (end - start < this.length) return more;
    const isLocal = version === 0x20;
    if (isLocal) return done;
    return version === 0x21 && this.#readProxied(bytes, start, start + this.length) ? done : invalid;
  }

  #readProxied(bytes: Uint8Array, start: number, end: number): boolean {
    const kind = bytes[start + 13];
    if (kind !== 0x11 && kind !== 0x21) return false;
    const width = kind === 0x11 ? 4 : 16;
    const from = start + V2_HEAD;
    const tlvs = from + 2 * width + 4;
    if (tlvs > end || !areTlvs(bytes, start, tlvs, end)) return false;
    const { source, destination } = this;
    takeIp(bytes, from, width, source);
    takeIp(bytes, from + width, width, destination);
    source.port = portAt(bytes, tlvs - 4);
    destination.port = portAt(bytes, tlvs - 2);
    this.hasAddresses = true;
    this.tlvStart = tlvs;
    this.tlvEnd = end;
    return true;
  }
}

/** [start, end) is `like`, as far as it goes. */
function startsLike(bytes: Uint8Array, start: number, end: number, like: readonly number[]): boolean {
  const count = Math.min(end - start, like.length);
  for (let at = 0; at < count; at++) if (bytes[start + at] !== like[at]) return false;
  return true;
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SPACE) at++;
  return at;
}

function readIp(
  bytes: Uint8Array,
  start: number,
  end: number,
  family: typeof Family.inet | typeof Family.inet6,
  into: SocketAddress,
): boolean {
  into.path = '';
  into.family = family;
  return family === Family.inet ? readIpv4(bytes, start, end, into.ip) : readIpv6(bytes, start, end, into.ip);
}

/** Four decimal numbers of at most three digits. */
function readIpv4(bytes: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  let part = 0;
  let value = 0;
  let digits = 0;
  for (let at = start; at <= end; at++) {
    const digit = at === end ? -2 : (bytes[at] as number) - 48;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      if (++digits > 3) return false;
    } else {
      if ((digit !== -2 && (digit !== DOT - 48 || part === 3)) || digits === 0 || value > 255) return false;
      into[part++] = value;
      value = digits = 0;
    }
  }
  for (let at = 4; at < 16; at++) into[at] = 0;
  return part === 4;
}

const DOT = 46;

/** By way of a string: once per connection of a client with IPv6 behind a proxy that speaks version 1. */
function readIpv6(bytes: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  if (end - start > ADDRESS_MOST) return false;
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number); // hot-ok: see above
  const found = text.includes(':') && !text.includes('[') ? parseIp(text) : null;
  if (found === null) return false;
  for (let at = 0; at < 16; at++) into[at] = found.ip[at] as number;
  return true;
}

/** A decimal number up to 65535; -1: it is none. */
function readPort(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 5) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= 65535 ? value : -1;
}

function takeIp(bytes: Uint8Array, from: number, width: number, into: SocketAddress): void {
  into.family = width === 4 ? Family.inet : Family.inet6;
  into.path = '';
  for (let at = 0; at < 16; at++) into.ip[at] = at < width ? (bytes[from + at] as number) : 0;
}

function portAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Whether [at, end) is made of whole TLVs, and a checksum among them that of the header from `start` on. */
function areTlvs(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  let from = at;
  let checksums = 0;
  while (from < end) {
    if (end - from < TLV_HEAD) return false;
    const next = from + TLV_HEAD + portAt(bytes, from + 1);
    if (next > end) return false;
    // A second one would only be work.
    if (bytes[from] === TlvType.crc32c && (checksums++ > 0 || !isChecksum(bytes, start, end, from + TLV_HEAD, next))) return false;
    from = next;
  }
  return true;
}

/** Specification 2.2.3: the checksum is made with zeroes in its place. They stay there: nobody reads it again. */
function isChecksum(bytes: Uint8Array, start: number, end: number, at: number, next: number): boolean {
  if (next - at !== 4) return false;
  const high = portAt(bytes, at);
  const low = portAt(bytes, at + 2);
  bytes.fill(0, at, next);
  const found = hashCrc32c(bytes, start, end);
  return high === found >>> 16 && low === (found & 0xffff);
}
