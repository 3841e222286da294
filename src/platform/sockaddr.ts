/**
 * The kernel's form of a socket address (struct sockaddr_in, _in6, _un) to and from the proxy's own.
 * It must not know sockets or where the bytes lie.
 */
import { Family, type SocketAddress } from '../base/address.ts';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
/** Bytes that hold any of them (struct sockaddr_storage). */
export const SOCKADDR_BYTES = 128;

const UNIX_PATH = 108;

/** The kernel's number of an address family; -1 for one that has no socket of its own (`fd@N`, none). */
export function socketFamily(address: SocketAddress): number {
  if (address.family === Family.inet) return AF_INET;
  if (address.family === Family.inet6) return AF_INET6;
  return address.family === Family.unix || address.family === Family.abns ? AF_UNIX : -1;
}

/** Writes the address at `at` and returns its length in bytes; 0 if it has no such form or its path is too long. */
export function encodeSockaddr(address: SocketAddress, into: Uint8Array, at: number): number {
  const { family } = address;
  if (family === Family.inet) return encodeInet(address, into, at);
  if (family === Family.inet6) return encodeInet6(address, into, at);
  if (family === Family.unix || family === Family.abns) return encodeUnix(address, into, at);
  return 0;
}

/** Reads an address of `length` bytes at `at`. False if its family is none of ours. */
export function decodeSockaddr(from: Uint8Array, at: number, length: number, into: SocketAddress): boolean {
  into.path = '';
  into.port = 0;
  const family = (from[at] as number) | ((from[at + 1] as number) << 8);
  if (family === AF_UNIX) return decodeUnix(from, at, length, into);
  if (family !== AF_INET && family !== AF_INET6) {
    into.family = Family.none;
    return false;
  }
  into.port = ((from[at + 2] as number) << 8) | (from[at + 3] as number);
  const inet = family === AF_INET;
  into.family = inet ? Family.inet : Family.inet6;
  const source = at + (inet ? 4 : 8);
  const bytes = inet ? 4 : 16;
  for (let i = 0; i < bytes; i++) into.ip[i] = from[source + i] as number;
  return true;
}

function head(family: number, port: number, into: Uint8Array, at: number): void {
  into[at] = family;
  into[at + 1] = 0;
  into[at + 2] = port >>> 8;
  into[at + 3] = port & 255;
}

function encodeInet(address: SocketAddress, into: Uint8Array, at: number): number {
  head(AF_INET, address.port, into, at);
  for (let i = 0; i < 4; i++) into[at + 4 + i] = address.ip[i] as number;
  for (let i = 8; i < 16; i++) into[at + i] = 0;
  return 16;
}

function encodeInet6(address: SocketAddress, into: Uint8Array, at: number): number {
  head(AF_INET6, address.port, into, at);
  for (let i = 4; i < 8; i++) into[at + i] = 0;
  for (let i = 0; i < 16; i++) into[at + 8 + i] = address.ip[i] as number;
  for (let i = 24; i < 28; i++) into[at + i] = 0;
  return 28;
}

/** unix(7): a path ends with a zero byte; an abstract name starts with one and is as long as it is. */
function encodeUnix(address: SocketAddress, into: Uint8Array, at: number): number {
  const path = Buffer.from(address.path, 'utf8');
  if (path.length === 0 || path.length > UNIX_PATH - 1) return 0;
  into[at] = AF_UNIX;
  into[at + 1] = 0;
  const abstract = address.family === Family.abns;
  if (abstract) into[at + 2] = 0;
  into.set(path, at + (abstract ? 3 : 2));
  if (!abstract) into[at + 2 + path.length] = 0;
  return 3 + path.length;
}

function decodeUnix(from: Uint8Array, at: number, length: number, into: SocketAddress): boolean {
  into.family = Family.unix;
  if (length <= 2) return true;
  const abstract = from[at + 2] === 0;
  let end = at + length;
  if (!abstract) for (end = at + 2; end < at + length && from[end] !== 0; end++);
  into.path = Buffer.from(from.subarray(at + (abstract ? 3 : 2), end)).toString('utf8');
  if (abstract && length > 3) into.family = Family.abns;
  return true;
}
