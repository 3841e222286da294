/**
 * Addresses and networks as patterns: hashed by the bits of their prefix, tried from the longest prefix that exists to the
 * shortest, so at most 33 or 129 probes whatever the number of networks. Masks with holes are tried one by one.
 * Both forms of an address are looked for: an IPv4 address as ::ffff:a.b.c.d too, an IPv6 one that carries IPv4 as that
 * (HAProxy 3.x configuration 7.1.6).
 */
import { Family, parseIp } from '../../base/address.ts';
import { embeddedIpv4, type Sample, SampleType } from '../sample.ts';
import { latin1, readIpv4, readIpv6 } from '../value/bytes.ts';
import { claimKey, type IndexBuffers, IndexCell, type PatternIndex, PatternKind, putSlot, spread } from './pattern-index.ts';
import type { PatternEntries } from './set.ts';

const IPV4 = SampleType.ipv4;
const LISTED = IndexCell.listed;
const SEED = IndexCell.seed;
/** Bits: there are networks of IPv4, of IPv6. */
const FAMILIES = IndexCell.families;
/** Prefix lengths of IPv6 are numbered from here. */
const V6 = 64;
const WIDTHS = V6 + 129;
const SLASH = 47;

export interface Network {
  readonly family: number;
  /** 4 or 16 bytes, masked. */
  readonly ip: Uint8Array;
  readonly mask: Uint8Array;
  /** Length of the prefix; -1: the mask has holes. */
  readonly bits: number;
}

/** HAProxy's short forms leave out zeros in the middle: 10.12 is 10.0.0.12. hot-ok: when a pattern is read */
function completeIpv4(text: string): string | null {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return null;
  const last = parts.pop() as string;
  while (parts.length < 3) parts.push('0');
  parts.push(last);
  return parts.join('.');
}

/** Reads an address or a network; or says why it is none. hot-ok: when a pattern is read */
export function parseNetwork(pattern: string): Network | string {
  const slash = pattern.indexOf('/');
  const text = slash < 0 ? pattern : pattern.slice(0, slash);
  const full = text.includes(':') ? text : completeIpv4(text);
  const parsed = full === null ? null : parseIp(full);
  if (parsed === null) {
    if (/^[-\w.]*[a-zA-Z][-\w.]*$/.test(text)) return 'is a host name: as an address pattern that is not supported by this version';
    return 'is not an IP address or network';
  }
  const size = parsed.family === Family.inet ? 4 : 16;
  const mask = maskOf(slash < 0 ? String(size * 8) : pattern.slice(slash + 1), size);
  if (mask === null) return `is no network: a mask is 0 to ${size * 8}`;
  const ip = parsed.ip.subarray(0, size).map((byte, at) => byte & (mask[at] as number));
  return { family: parsed.family, ip, mask, bits: prefixOf(mask) };
}

/** From a prefix length or, for IPv4, a dotted mask. hot-ok: when a pattern is read */
function maskOf(text: string, size: number): Uint8Array | null {
  const dotted = size === 4 ? parseIp(text) : null;
  if (dotted !== null && dotted.family === Family.inet) return dotted.ip.subarray(0, 4);
  const bits = /^\d{1,3}$/.test(text) ? Number(text) : 1000;
  if (bits > size * 8) return null;
  return Uint8Array.from({ length: size }, (_, at) => (at * 8 >= bits ? 0 : (255 << Math.max(0, 8 - (bits - at * 8))) & 255));
}

/** What `readPrefix` read: the address, masked, and its family's size; length of the prefix. */
const read = { size: 0, bits: 0, ip: new Uint8Array(16) };

/** Reads a whole address with or without the length of a prefix, which most lines of large files are, without making texts. */
function readPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  let slash = start;
  while (slash < end && bytes[slash] !== SLASH) slash++;
  const { ip } = read;
  read.size = readIpv4(bytes, start, slash, ip) ? 4 : readIpv6(bytes, start, slash, ip) ? 16 : 0;
  read.bits = read.size * 8;
  if (read.size === 0 || slash === end) return read.size > 0;
  let bits = 0;
  for (let at = slash + 1; at < end; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9 || bits > 128) return false;
    bits = bits * 10 + digit;
  }
  if (slash + 1 === end || bits > read.bits) return false;
  read.bits = bits;
  for (let i = 0; i < read.size; i++) {
    const left = bits - i * 8;
    ip[i] = left >= 8 ? (ip[i] as number) : left <= 0 ? 0 : (ip[i] as number) & (0xff00 >> left);
  }
  return true;
}

/** hot-ok: when a pattern is read */
function prefixOf(mask: Uint8Array): number {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const end = bits.indexOf('0');
  if (end < 0) return bits.length;
  return bits.includes('1', end) ? -1 : end;
}

export class AddressIndex implements PatternIndex {
  readonly entries: PatternEntries;
  readonly kind = PatternKind.address;
  readonly fold = false;
  buffers: IndexBuffers;
  #slots: Int32Array;
  /** Prefix lengths that exist. */
  #widths: Uint8Array;
  #header: Int32Array;
  #list: Int32Array;
  #keys: Uint8Array;
  readonly #mapped = new Uint8Array(16);
  readonly #masked = new Uint8Array(16);

  constructor(entries: PatternEntries, buffers: IndexBuffers) {
    this.entries = entries;
    this.buffers = buffers;
    this.#slots = new Int32Array(buffers.slots);
    this.#widths = new Uint8Array(buffers.lengths);
    this.#header = new Int32Array(buffers.header);
    this.#list = new Int32Array(buffers.list);
    this.#keys = new Uint8Array(buffers.keys);
    this.#mapped[10] = this.#mapped[11] = 255;
  }

  /** hot-ok: when a set has grown */
  adopt(buffers: IndexBuffers): void {
    this.buffers = buffers;
    this.#slots = new Int32Array(buffers.slots);
    this.#widths = new Uint8Array(buffers.lengths);
    this.#header = new Int32Array(buffers.header);
    this.#list = new Int32Array(buffers.list);
    this.#keys = new Uint8Array(buffers.keys);
  }

  /** The longest prefix; the family of the sample first. */
  find(sample: Sample): number {
    const { ip } = sample;
    if (sample.type === IPV4) {
      const entry = this.#findIn(ip, 0, 4);
      if (entry >= 0) return entry;
      const mapped = this.#mapped;
      for (let i = 0; i < 4; i++) mapped[12 + i] = ip[i] as number;
      return this.#findIn(mapped, 0, 16);
    }
    const entry = this.#findIn(ip, 0, 16);
    if (entry >= 0) return entry;
    const embedded = embeddedIpv4(ip);
    return embedded < 0 ? -1 : this.#findIn(ip, embedded, 4);
  }

  #findIn(ip: Uint8Array, from: number, size: number): number {
    const families = this.#header[FAMILIES] as number;
    if (size === 4 && (families & 1) !== 0) {
      const entry = this.#findIpv4(ip, from);
      if (entry >= 0) return entry;
    } else if (size === 16 && (families & 2) !== 0) {
      const widths = this.#widths;
      for (let bits = 128; bits >= 0; bits--) {
        if (widths[V6 + bits] === 0) continue;
        const entry = this.#probe(ip, from, size, bits, V6 + bits);
        if (entry >= 0) return entry;
      }
    }
    return (this.#header[LISTED] as number) > 0 ? this.#findListed(ip, from, size) : -1;
  }

  /** As for IPv6, with the address as one word. */
  #findIpv4(ip: Uint8Array, from: number): number {
    const widths = this.#widths;
    const slots = this.#slots;
    const mask = slots.length / 4 - 1;
    const seed = this.#header[SEED] as number;
    const word =
      ((ip[from] as number) << 24) | ((ip[from + 1] as number) << 16) | ((ip[from + 2] as number) << 8) | (ip[from + 3] as number);
    for (let bits = 32; bits >= 0; bits--) {
      if (widths[bits] === 0) continue;
      const masked = bits === 0 ? 0 : word & (-1 << (32 - bits));
      let hash = Math.imul(seed ^ bits ^ masked, 0x85ebca6b);
      hash ^= hash >>> 13;
      for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
        const cell = slot * 4;
        const entry = (slots[cell + 3] as number) - 1;
        if (entry < 0) break;
        if (slots[cell] !== hash || slots[cell + 2] !== bits || this.#wordAt(slots[cell + 1] as number) !== masked) continue;
        if (this.entries.isLive(entry)) return entry;
      }
    }
    return -1;
  }

  #wordAt(key: number): number {
    const keys = this.#keys;
    return ((keys[key] as number) << 24) | ((keys[key + 1] as number) << 16) | ((keys[key + 2] as number) << 8) | (keys[key + 3] as number);
  }

  #probe(ip: Uint8Array, from: number, size: number, bits: number, width: number): number {
    const masked = this.#masked;
    for (let i = 0; i < size; i++) {
      const left = bits - i * 8;
      const byte = ip[from + i] as number;
      masked[i] = left >= 8 ? byte : left <= 0 ? 0 : byte & (0xff00 >> left);
    }
    const hash = this.#hash(masked, 0, size, width);
    const slots = this.#slots;
    const mask = slots.length / 4 - 1;
    const arena = this.#keys;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const cell = slot * 4;
      const entry = (slots[cell + 3] as number) - 1;
      if (entry < 0) return -1;
      if (slots[cell] !== hash || slots[cell + 2] !== width) continue;
      const key = slots[cell + 1] as number;
      let i = 0;
      while (i < size && arena[key + i] === masked[i]) i++;
      if (i === size && this.entries.isLive(entry)) return entry;
    }
  }

  #hash(bytes: Uint8Array, from: number, size: number, width: number): number {
    let hash = (this.#header[SEED] as number) ^ width;
    for (let i = 0; i < size; i += 4) {
      const word =
        ((bytes[from + i] as number) << 24) |
        ((bytes[from + i + 1] as number) << 16) |
        ((bytes[from + i + 2] as number) << 8) |
        (bytes[from + i + 3] as number);
      hash = Math.imul(hash ^ word, 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    return hash;
  }

  /** Networks whose mask has holes: size, address and mask stand where a listed entry's number is. */
  #findListed(ip: Uint8Array, from: number, size: number): number {
    const list = this.#list;
    const arena = this.#keys;
    const count = this.#header[LISTED] as number;
    for (let at = 0; at < count; at++) {
      const entry = list[at * 2] as number;
      const key = list[at * 2 + 1] as number;
      if (arena[key] !== size || !this.entries.isLive(entry)) continue;
      let i = 0;
      while (i < size && ((ip[from + i] as number) & (arena[key + 1 + size + i] as number)) === arena[key + 1 + i]) i++;
      if (i === size) return entry;
    }
    return -1;
  }

  problem(bytes: Uint8Array, start: number, end: number): string | null {
    if (readPrefix(bytes, start, end)) return null;
    const network = parseNetwork(latin1(bytes.subarray(start, end)));
    return typeof network === 'string' ? network : null;
  }

  insert(entry: number): boolean {
    const { entries } = this;
    const start = entries.keyStart(entry);
    const end = start + entries.keyLength(entry);
    if (readPrefix(entries.arena, start, end)) return this.#insertPrefix(entry, read.ip, read.size, read.bits);
    const network = parseNetwork(latin1(entries.arena.subarray(start, end)));
    if (typeof network === 'string') return false;
    if (network.bits < 0) return this.#insertListed(entry, network);
    return this.#insertPrefix(entry, network.ip, network.ip.length, network.bits);
  }

  #insertPrefix(entry: number, ip: Uint8Array, size: number, bits: number): boolean {
    const at = claimKey(this.#header, this.#keys, size);
    if (at < 0) return false;
    for (let i = 0; i < size; i++) this.#keys[at + i] = ip[i] as number;
    const width = (size === 4 ? 0 : V6) + bits;
    const hash = this.#hash(ip, 0, size, width);
    this.#widths[width] = 1;
    this.#header[FAMILIES] = (this.#header[FAMILIES] as number) | (size === 4 ? 1 : 2);
    return putSlot(this.#slots, hash, at, width, entry, this.entries);
  }

  #insertListed(entry: number, network: Network): boolean {
    const size = network.ip.length;
    const at = claimKey(this.#header, this.#keys, 1 + size * 2);
    const count = this.#header[LISTED] as number;
    if (at < 0 || count * 2 >= this.#list.length) return false;
    this.#keys[at] = size;
    this.#keys.set(network.ip, at + 1);
    this.#keys.set(network.mask, at + 1 + size);
    this.#list[count * 2] = entry;
    this.#list[count * 2 + 1] = at;
    Atomics.store(this.#header, LISTED, count + 1);
    return true;
  }
}

export const ADDRESS_WIDTHS = WIDTHS;
