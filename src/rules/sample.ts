/**
 * The sample register. A sample is a register, not a value: fetches write it and converters rewrite it
 * in place, so nothing is allocated while a rule runs. Bytes are offsets into the thread's memory and stay
 * valid until the next event at most; who wants to keep them copies them.
 *
 * Integers are HAProxy's signed 64-bit ones in a JavaScript number: exact up to 2^53, beyond it the lowest
 * bits are lost, and results are kept within the 64-bit range.
 *
 * The switch of `cast` is here because its constants must be in the same file to be fast (DESIGN 1).
 */

import { Family } from '../base/address.ts';
import type { Memory } from '../base/memory.ts';
import { Method, type MethodValue } from '../http/message.ts';
import {
  dottedEnd,
  highWord,
  lowWord,
  readInt,
  readIpv4,
  readIpv6,
  writeHexByte,
  writeInt,
  writeIpv4,
  writeIpv6,
  writeWide,
} from './value/bytes.ts';

export const SampleType = {
  /** In declarations: whatever comes. */
  any: 0,
  bool: 1,
  int: 2,
  ipv4: 3,
  ipv6: 4,
  /** In declarations: ipv4 or ipv6. */
  address: 5,
  str: 6,
  bin: 7,
  method: 8,
} as const;
export type SampleTypeValue = (typeof SampleType)[keyof typeof SampleType];

const ANY = 0;
const BOOL = 1;
const INT = 2;
const IPV4 = 3;
const IPV6 = 4;
const ADDRESS = 5;
const STR = 6;
const BIN = 7;
const METHOD = 8;

export const TYPE_NAMES = ['any', 'boolean', 'integer', 'ipv4', 'ipv6', 'address', 'string', 'binary', 'method'] as const;

/** Range of HAProxy's integers. */
const MOST = 2 ** 63;
/** Up to here every integer has a number. */
const EXACT = 2 ** 53;

const METHOD_NAMES = ['', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

export class Sample {
  readonly memory: Memory;
  type: SampleTypeValue = SampleType.any;
  /** Of int; 0 or 1 of bool; a MethodValue of method (Method.other: the name is in the bytes). */
  int = 0;
  /** Of str, bin, method: [start, end) of memory.bytes. */
  start = 0;
  end = 0;
  /** Of ipv4 (4 bytes used) and ipv6: somebody else's record or `ownIp`. Never written through this field. */
  ip: Uint8Array;
  readonly ownIp = new Uint8Array(16);
  /** The words of an integer that `int` can't hold exactly; they count while `int` is `wide`. */
  wide = 0;
  wideHigh = 0;
  wideLow = 0;

  /** For a fetch with several values: it is asked for one value after another while `more` is true. */
  more = false;
  /** Where it goes on: for headers a row and an offset in its value. */
  row = 0;
  next = 0;

  /**
   * Set by a fetch whose value may change, or may come, with more data: `req.len`, a payload that is not complete. Cleared by
   * who can wait for that (rulelist.ts), before each test; everybody else ignores it.
   */
  mayChange = false;
  /**
   * No more data is waited for: what is there is all. False only while `tcp-request content` and `tcp-response content` rules
   * run that may wait (inspect-delay): `wait_end` is true when it is.
   */
  final = true;

  constructor(memory: Memory) {
    this.memory = memory;
    this.ip = this.ownIp;
  }

  /** Back to before the first of several values. */
  rewind(): void {
    this.row = 0;
    this.next = -1;
  }

  setBool(value: boolean): boolean {
    this.type = BOOL;
    this.int = value ? 1 : 0;
    return true;
  }

  setInt(value: number): boolean {
    this.type = INT;
    this.int = value > MOST ? MOST : value < -MOST ? -MOST : value;
    return true;
  }

  /** What was put into `int` is the value, kept within the range. For numbers above 2^31, which would be boxed to be handed over. */
  settle(): boolean {
    this.type = INT;
    if (this.int > MOST) this.int = MOST;
    else if (this.int < -MOST) this.int = -MOST;
    return true;
  }

  /** 32 bits as an unsigned integer. They come as a signed one: a number above 2^31 would be boxed to be handed over. */
  setUnsigned(bits: number): boolean {
    this.type = INT;
    this.int = bits >>> 0;
    return true;
  }

  /** All 64 bits: as text and as bytes they come out exactly, in arithmetic to 53 bits. */
  setWide(high: number, low: number): boolean {
    this.wideHigh = high | 0;
    this.wideLow = low | 0;
    this.wide = (high | 0) * 4294967296 + (low >>> 0);
    return this.setInt(this.wide);
  }

  /** Whether the words hold an integer that `int` does not. */
  get isWide(): boolean {
    return this.int === this.wide && (this.int > EXACT || this.int < -EXACT);
  }

  /** Whether the lowest bit of the integer is set. */
  get isOdd(): boolean {
    return ((this.isWide ? this.wideLow : lowWord(this.int)) & 1) === 1;
  }

  /** Borrows bytes: they stay valid until the next event. */
  setText(start: number, end: number): boolean {
    this.type = STR;
    this.start = start;
    this.end = end;
    return true;
  }

  setBinary(start: number, end: number): boolean {
    this.type = BIN;
    this.start = start;
    this.end = end;
    return true;
  }

  /** False for addresses that are not IP. */
  setIp(family: number, ip: Uint8Array): boolean {
    this.type = family === Family.inet ? IPV4 : IPV6;
    this.ip = ip;
    return family === Family.inet || family === Family.inet6;
  }

  setMethod(method: MethodValue, start: number, end: number): boolean {
    this.type = METHOD;
    this.int = method;
    this.start = start;
    this.end = end;
    return true;
  }
}

/** Whether a cast exists at all (HAProxy 3.x configuration 7.3.1), so that impossible rules fail at start. */
export function canCast(from: SampleTypeValue, to: SampleTypeValue): boolean {
  if (from === to || from === ANY || to === ANY) return true;
  const isIp = from === IPV4 || from === IPV6 || from === ADDRESS;
  if (from === IPV6 && to === INT) return false;
  if (to === BOOL) return from === INT || from === STR;
  if (to === INT) return from === BOOL || from === STR || isIp;
  if (to === IPV4 || to === IPV6 || to === ADDRESS) return isIp || from === STR || from === INT;
  if (to === METHOD) return from === STR || from === BIN;
  return true;
}

/** Makes `sample` a value of type `to`; false: it has none, the expression ends. */
export function cast(sample: Sample, to: SampleTypeValue): boolean {
  const { type } = sample;
  if (type === to) return true;
  switch (to) {
    case ANY:
      return true;
    case BOOL:
      return toBool(sample);
    case INT:
      return toInt(sample);
    // A text is one of this family, not of the other that could be turned into it.
    case IPV4:
      return type === STR ? textToIpv4(sample) : toIp(sample) && toIpv4(sample);
    case IPV6:
      return type === STR ? textToIpv6(sample) : toIp(sample) && toIpv6(sample);
    case ADDRESS:
      return toIp(sample);
    case STR:
      return toText(sample);
    case BIN:
      return toBinary(sample);
    case METHOD:
      return sample.type === STR || sample.type === BIN ? sample.setMethod(Method.other, sample.start, sample.end) : false;
  }
}

function toBool(sample: Sample): boolean {
  if (sample.type === STR) toInt(sample);
  if (sample.type !== INT) return false;
  return sample.setBool(sample.int !== 0);
}

function toInt(sample: Sample): boolean {
  switch (sample.type) {
    case BOOL:
      sample.type = INT;
      return true;
    case STR:
      // An empty text is no number, a text without digits is 0.
      return sample.end > sample.start && sample.setInt(readInt(sample.memory.bytes, sample.start, sample.end));
    case IPV4: {
      const { ip } = sample;
      return sample.setInt((((ip[0] as number) << 24) | ((ip[1] as number) << 16) | ((ip[2] as number) << 8) | (ip[3] as number)) >>> 0);
    }
    default:
      return sample.type === INT;
  }
}

function toIp(sample: Sample): boolean {
  const { type, ownIp } = sample;
  if (type === IPV4 || type === IPV6) return true;
  if (type === STR) return textToIpv4(sample) || textToIpv6(sample);
  if (type !== INT) return false;
  for (let at = 0; at < 4; at++) ownIp[at] = Math.floor(sample.int / 2 ** (24 - at * 8)) & 255;
  return sample.setIp(Family.inet, ownIp);
}

/** The address that the text begins with: as in HAProxy anything but digits and dots may follow, such as a port. */
function textToIpv4(sample: Sample): boolean {
  const { start, end, ownIp, memory } = sample;
  const { bytes } = memory;
  return readIpv4(bytes, start, dottedEnd(bytes, start, end), ownIp) && sample.setIp(Family.inet, ownIp);
}

function textToIpv6(sample: Sample): boolean {
  const { start, end, ownIp, memory } = sample;
  return readIpv6(memory.bytes, start, end, ownIp) && sample.setIp(Family.inet6, ownIp);
}

/** From ::ffff:a.b.c.d, 2002:aabb:ccdd:: and ::a.b.c.d (HAProxy's v6tov4). */
function toIpv4(sample: Sample): boolean {
  if (sample.type === IPV4) return true;
  const { ip, ownIp } = sample;
  const from = embeddedIpv4(ip);
  if (from < 0) return false;
  for (let at = 0; at < 4; at++) ownIp[at] = ip[from + at] as number;
  return sample.setIp(Family.inet, ownIp);
}

/** Offset of the IPv4 address inside a mapped or 6to4 address; -1: none. */
export function embeddedIpv4(ip: Uint8Array): number {
  if (ip[0] === 0x20 && ip[1] === 0x02) return 2;
  for (let at = 0; at < 10; at++) if (ip[at] !== 0) return -1;
  return ip[10] === ip[11] && (ip[10] === 255 || ip[10] === 0) ? 12 : -1;
}

function toIpv6(sample: Sample): boolean {
  if (sample.type === IPV6) return true;
  const { ip, ownIp } = sample;
  for (let at = 3; at >= 0; at--) ownIp[12 + at] = ip[at] as number;
  for (let at = 0; at < 10; at++) ownIp[at] = 0;
  ownIp[10] = ownIp[11] = 255;
  return sample.setIp(Family.inet6, ownIp);
}

function toText(sample: Sample): boolean {
  const { type, memory } = sample;
  if (type === BIN) return sample.setText(sample.start, textEnd(memory.bytes, sample.start, sample.end));
  if (type === METHOD) return methodText(sample);
  const at = memory.scratch();
  const { bytes } = memory;
  if (type === INT && sample.isWide) return sample.setText(at, writeWide(bytes, at, sample.wideHigh, sample.wideLow));
  // Two words: a number above 2^31 would be boxed to be handed over.
  if (type === INT && (sample.int > 0x7fffffff || sample.int < -0x80000000) && sample.int < MOST && sample.int > -MOST) {
    const high = Math.floor(sample.int / 4294967296);
    return sample.setText(at, writeWide(bytes, at, high | 0, (sample.int - high * 4294967296) | 0));
  }
  if (type === BOOL || type === INT) return sample.setText(at, writeInt(bytes, at, sample.int));
  if (type === IPV4) return sample.setText(at, writeIpv4(bytes, at, sample.ip, 0));
  if (type === IPV6) return sample.setText(at, writeIpv6(bytes, at, sample.ip));
  return type === STR;
}

/** A text ends at its first zero byte, as HAProxy's do. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at;
}

function methodText(sample: Sample): boolean {
  const name = METHOD_NAMES[sample.int] as string;
  if (sample.end > sample.start || name === '') return sample.setText(sample.start, sample.end);
  const { memory } = sample;
  const at = memory.scratch();
  for (let i = 0; i < name.length; i++) memory.bytes[at + i] = name.charCodeAt(i);
  return sample.setText(at, at + name.length);
}

function toBinary(sample: Sample): boolean {
  const { type, memory } = sample;
  if (type === STR) return sample.setBinary(sample.start, sample.end);
  if (type === METHOD) return methodText(sample) && sample.setBinary(sample.start, sample.end);
  const at = memory.scratch();
  if (type === IPV4 || type === IPV6) {
    const size = type === IPV4 ? 4 : 16;
    for (let i = 0; i < size; i++) memory.bytes[at + i] = sample.ip[i] as number;
    return sample.setBinary(at, at + size);
  }
  const isWide = type === INT && sample.isWide;
  const high = isWide ? sample.wideHigh : highWord(sample.int);
  const low = isWide ? sample.wideLow : lowWord(sample.int);
  for (let i = 0; i < 4; i++) {
    memory.bytes[at + i] = high >>> (24 - i * 8);
    memory.bytes[at + 4 + i] = low >>> (24 - i * 8);
  }
  return sample.setBinary(at, at + 8);
}

/** Hexadecimal text of [start, end) at `at`; the offset behind it. */
export function writeHex(bytes: Uint8Array, start: number, end: number, at: number): number {
  let to = at;
  for (let from = start; from < end; from++) to = writeHexByte(bytes, to, bytes[from] as number);
  return to;
}
