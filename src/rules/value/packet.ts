/**
 * Headers of captured packets read in place: Ethernet, IPv4 and IPv6, TCP (RFC 791, 8200, 9293). Each function narrows or answers from
 * [start, end) and says -1 where the packet is cut off. It must not know samples.
 */
const VLAN = 0x8100;
const SERVICE_VLAN = 0x88a8;

/** Where the header's type stands, behind any VLAN tags; -1: it is cut off. */
export function etherTypeAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 12;
  while (at + 2 <= end && isVlan(word16(bytes, at))) at += 4;
  return at + 2 <= end ? at : -1;
}

function isVlan(type: number): boolean {
  return type === VLAN || type === SERVICE_VLAN;
}

/** The identifier of the last VLAN tag; -1: there is none. */
export function vlanOf(bytes: Uint8Array, start: number, end: number): number {
  const at = etherTypeAt(bytes, start, end);
  return at <= start + 12 ? -1 : word16(bytes, at - 2) & 0xfff;
}

export function word16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function word32(bytes: Uint8Array, at: number): number {
  return word16(bytes, at) * 65536 + word16(bytes, at + 2);
}

/** 4 or 6; -1: it is no IP header, or is cut off. */
export function ipVersion(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  const version = (bytes[start] as number) >> 4;
  const least = version === 4 ? 20 : version === 6 ? 40 : end - start + 1;
  return end - start >= least ? version : -1;
}

/** What `ipPayload` found: the protocol behind all headers, and where it begins. */
export const payload = { protocol: -1, start: -1 };

/** Skips the IP header with its options or extension headers; false: it is cut off. */
export function ipPayload(bytes: Uint8Array, start: number, end: number): boolean {
  const version = ipVersion(bytes, start, end);
  if (version === 4) {
    payload.protocol = bytes[start + 9] as number;
    payload.start = start + ((bytes[start] as number) & 15) * 4;
    return payload.start >= start + 20 && payload.start <= end;
  }
  if (version !== 6) return false;
  let next = bytes[start + 6] as number;
  let at = start + 40;
  while (isExtension(next)) {
    if (at + 8 > end) return false;
    const size = next === 44 ? 8 : next === 51 ? ((bytes[at + 1] as number) + 2) * 4 : ((bytes[at + 1] as number) + 1) * 8;
    next = bytes[at] as number;
    at += size;
  }
  payload.protocol = next;
  payload.start = at;
  return at <= end;
}

/** Hop-by-hop, routing, fragment, authentication, destination options. */
function isExtension(next: number): boolean {
  return next === 0 || next === 43 || next === 44 || next === 51 || next === 60;
}

/** The size of a TCP header; -1: it is cut off. */
export function tcpHeaderSize(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 20) return -1;
  const size = ((bytes[start + 12] as number) >> 4) * 4;
  return size >= 20 && start + size <= end ? size : -1;
}

/** Where an option's kind stands; -1: it is not there. */
export function tcpOption(bytes: Uint8Array, start: number, end: number, kind: number): number {
  const stop = start + tcpHeaderSize(bytes, start, end);
  for (let at = start + 20; at < stop; at = nextOption(bytes, at, stop)) if (bytes[at] === kind) return at;
  return -1;
}

/** Where the next option stands: the end after the last one or a wrong one. */
export function nextOption(bytes: Uint8Array, at: number, stop: number): number {
  const kind = bytes[at] as number;
  if (kind === 0) return stop;
  if (kind === 1) return at + 1;
  const size = at + 1 < stop ? (bytes[at + 1] as number) : 0;
  return size < 2 || at + size > stop ? stop : at + size;
}
