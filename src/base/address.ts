/**
 * Socket addresses: a mutable record that hosts fill in and rules read, and its text forms.
 * It must not know sockets: only bytes, ports and paths.
 *
 * hot-ok: these functions run at start and once per connection, never per request
 */

export const Family = { none: 0, inet: 4, inet6: 6, unix: 1, abns: 2, descriptor: 3 } as const;
export type AddressFamily = (typeof Family)[keyof typeof Family];

/** Plain data, so that a model can hold it and threads can share it by copy. */
export interface AddressRecord {
  family: AddressFamily;
  /** Network order: 4 bytes used for IPv4, 16 for IPv6. */
  readonly ip: Uint8Array;
  /** TCP or UDP port; the number N of `fd@N`; 0 else. */
  port: number;
  /** UNIX path, or abstract name without the leading zero byte. */
  path: string;
}
export type SocketAddress = AddressRecord;

export function newAddress(): SocketAddress {
  return { family: Family.none, ip: new Uint8Array(16), port: 0, path: '' };
}

export function copyAddress(from: SocketAddress, to: SocketAddress): void {
  to.family = from.family;
  to.port = from.port;
  to.path = from.path;
  for (let at = 0; at < 16; at++) to.ip[at] = from.ip[at] as number;
}

export function isIp({ family }: SocketAddress): boolean {
  return family === Family.inet || family === Family.inet6;
}

/** Of two IP addresses: also their ports are the same. */
export function isSameAddress(one: SocketAddress, other: SocketAddress): boolean {
  if (one.family !== other.family || one.port !== other.port) return false;
  const length = one.family === Family.inet ? 4 : 16;
  for (let at = 0; at < length; at++) if (one.ip[at] !== other.ip[at]) return false;
  return true;
}

/** 0.0.0.0 or ::. */
export function isAnyAddress(address: SocketAddress): boolean {
  return isIp(address) && address.ip.every((byte) => byte === 0);
}

/** An IPv4 or IPv6 literal, or null: host names are for a resolver. `[::1]` is accepted in brackets. */
export function parseIp(text: string): { family: AddressFamily; ip: Uint8Array } | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return bare.includes(':') ? parseIpv6(bare) : parseIpv4(bare);
}

/** Four decimal numbers. The short forms of ACL patterns are not for addresses. */
function parseIpv4(text: string): { family: AddressFamily; ip: Uint8Array } | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const ip = new Uint8Array(16);
  for (let at = 0; at < 4; at++) {
    const part = parts[at] as string;
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null;
    ip[at] = Number(part);
  }
  return { family: Family.inet, ip };
}

/** RFC 4291 2.2, the embedded IPv4 form too. */
function parseIpv6(text: string): { family: AddressFamily; ip: Uint8Array } | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] as string, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const ip = new Uint8Array(16);
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  for (let at = 0; at < 8; at++) {
    ip[at * 2] = (all[at] as number) >> 8;
    ip[at * 2 + 1] = (all[at] as number) & 255;
  }
  return { family: Family.inet6, ip };
}

/** @param last the text ends the address: only there an IPv4 form may stand */
function groups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const out: number[] = [];
  const parts = text.split(':');
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] as string;
    if (last && at === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 === null) return null;
      const ip = v4.ip as Uint8Array;
      out.push(((ip[0] as number) << 8) | (ip[1] as number), ((ip[2] as number) << 8) | (ip[3] as number));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) out.push(Number.parseInt(part, 16));
    else return null;
  }
  return out;
}

/** The address without its port: `127.0.0.1`, `::1`, a path. Control paths and start only. */
export function ipText(address: SocketAddress): string {
  const { family, ip } = address;
  if (family === Family.inet) return `${ip[0]}.${ip[1]}.${ip[2]}.${ip[3]}`;
  if (family === Family.inet6) return ipv6Text(ip);
  return family === Family.none ? '' : 'unix';
}

/** RFC 5952: the longest run of zero groups is shortened, hexadecimal in lower case. */
function ipv6Text(ip: Uint8Array): string {
  const words: number[] = [];
  for (let at = 0; at < 16; at += 2) words.push(((ip[at] as number) << 8) | (ip[at + 1] as number));
  if (words.slice(0, 5).every((w) => w === 0) && words[5] === 0xffff) return `::ffff:${ip[12]}.${ip[13]}.${ip[14]}.${ip[15]}`;
  let best = -1;
  let length = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && words[to] === 0) to++;
    if (to - from > length) {
      best = from;
      length = to - from;
    }
  }
  // As the C library writes it (RFC 4291 2.5.5.1).
  if (best === 0 && length === 6) return `::${ip[12]}.${ip[13]}.${ip[14]}.${ip[15]}`;
  const hex = (part: number[]): string => part.map((w) => w.toString(16)).join(':');
  return best < 0 ? hex(words) : `${hex(words.slice(0, best))}::${hex(words.slice(best + length))}`;
}
