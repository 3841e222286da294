/**
 * Writes headers of the PROXY protocol (specification of 2020, chapter 2) in the form that HAProxy gives them, byte for byte. It
 * knows no socket; whoever calls it has seen to the room: LINE_MOST for version 1, V2_MOST for version 2 without TLVs.
 */
import { Family, ipText, type SocketAddress } from '../../base/address.ts';
import { hashCrc32c } from '../../base/hash.ts';
import { SIGNATURE, TLV_HEAD, V2_HEAD } from './shapes.ts';

/** Version 2 with two IPv6 addresses. */
export const V2_MOST = V2_HEAD + 36;

const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

const UNKNOWN = 'PROXY UNKNOWN\r\n';

/** The line of version 1; its end. @param addresses false: they are not known */
export function writeLine(to: Uint8Array, at: number, addresses: boolean, source: SocketAddress, destination: SocketAddress): number {
  if (!addresses || !isIp(source) || !isIp(destination)) return writeText(to, at, UNKNOWN);
  const isInet = source.family === Family.inet && destination.family === Family.inet;
  let end = writeText(to, at, isInet ? 'PROXY TCP4 ' : 'PROXY TCP6 ');
  end = writeAddress(to, end, source, isInet);
  to[end++] = 32;
  end = writeAddress(to, end, destination, isInet);
  to[end++] = 32;
  end = writeNumber(to, end, source.port);
  to[end++] = 32;
  end = writeNumber(to, end, destination.port);
  return writeText(to, end, '\r\n');
}

/** Version 2 up to its TLVs; where they start. `finish` sets its length. @param addresses false: LOCAL, without addresses */
export function writeBinary(to: Uint8Array, at: number, addresses: boolean, source: SocketAddress, destination: SocketAddress): number {
  for (let index = 0; index < SIGNATURE.length; index++) to[at + index] = SIGNATURE[index] as number;
  const isKnown = addresses && isIp(source) && isIp(destination);
  const isInet = isKnown && source.family === Family.inet && destination.family === Family.inet;
  to[at + 12] = isKnown ? PROXY : LOCAL;
  to[at + 13] = isInet ? TCP4 : isKnown ? TCP6 : 0;
  let end = at + V2_HEAD;
  if (!isKnown) return end;
  end = putIp(to, end, source, isInet);
  end = putIp(to, end, destination, isInet);
  return putShort(to, putShort(to, end, source.port), destination.port);
}

/** The head of a TLV whose value follows; where the value starts. */
export function openTlv(to: Uint8Array, at: number, type: number): number {
  to[at] = type;
  return at + TLV_HEAD;
}

/** Sets the length of the TLV at `at`, whose value ends at `end`; returns `end`. */
export function closeTlv(to: Uint8Array, at: number, end: number): number {
  putShort(to, at + 1, end - at - TLV_HEAD);
  return end;
}

/** Sets the length of the header at `at` and its checksum. @param checksum offset of the 4 bytes, which are zero; -1: there is none */
export function finish(to: Uint8Array, at: number, end: number, checksum: number): void {
  putShort(to, at + 14, end - at - V2_HEAD);
  if (checksum < 0) return;
  const value = hashCrc32c(to, at, end);
  putShort(to, putShort(to, checksum, (value >>> 16) & 0xffff), value & 0xffff);
}

function isIp({ family }: SocketAddress): boolean {
  return family === Family.inet || family === Family.inet6;
}

function putShort(to: Uint8Array, at: number, value: number): number {
  to[at] = value >>> 8;
  to[at + 1] = value & 255;
  return at + 2;
}

/** @param isInet both are IPv4; else an IPv4 address is mapped into IPv6 (RFC 4291 2.5.5.2) */
function putIp(to: Uint8Array, at: number, address: SocketAddress, isInet: boolean): number {
  const mapped = !isInet && address.family === Family.inet;
  const width = address.family === Family.inet ? 4 : 16;
  let end = at;
  if (mapped) {
    to.fill(0, end, end + 10);
    to.fill(255, end + 10, end + 12);
    end += 12;
  }
  for (let index = 0; index < width; index++) to[end + index] = address.ip[index] as number;
  return end + width;
}

function writeText(to: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) to[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** IPv6 by way of a string: once per connection to a server that wants version 1. */
function writeAddress(to: Uint8Array, at: number, address: SocketAddress, isInet: boolean): number {
  if (address.family === Family.inet6) return writeText(to, at, ipText(address)); // hot-ok: see above
  let end = isInet ? at : writeText(to, at, '::ffff:');
  for (let part = 0; part < 4; part++) {
    if (part > 0) to[end++] = 46;
    end = writeNumber(to, end, address.ip[part] as number);
  }
  return end;
}

function writeNumber(to: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
  let rest = value;
  for (let index = digits - 1; index >= 0; index--) {
    to[at + index] = 48 + (rest % 10);
    rest = (rest / 10) | 0;
  }
  return at + digits;
}
