/**
 * The Forwarded field (RFC 7239) read in place: whether it is well formed, one parameter of its first element, and nodes (name and
 * port). Names are compared without case.
 */
import { LOWER } from '../../http/tokens.ts';
import { readIpv4, readIpv6 } from '../value/bytes.ts';

export const FORWARDED_FIELDS = ['for', 'by', 'host', 'proto'] as const;
const NAMES = FORWARDED_FIELDS.map((name) => Uint8Array.from(name, (char) => char.charCodeAt(0)));

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const UNDERSCORE = 95;

/** RFC 9110 5.6.2. */
const TOKEN = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") TOKEN[char.charCodeAt(0)] = 1;

export const NodeName = { none: 0, ipv4: 4, ipv6: 6, unknown: 1, obfuscated: 2 } as const;

export class ForwardedReader {
  /** The value of the parameter that was asked for, without quotes; -1: it is not there. */
  start = -1;
  end = -1;
  /** Of `readNode`: what the name is, where it stands, and the port's text (-1: none). */
  name = 0;
  nameStart = 0;
  nameEnd = 0;
  portStart = -1;
  portEnd = -1;
  readonly ip = new Uint8Array(16);

  /** Reads all elements. @param field number of the parameter of the first element to keep; -1: none */
  read(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    this.start = this.end = -1;
    let at = start;
    for (let element = 0; ; element++) {
      let seen = 0;
      for (;;) {
        at = skipBlanks(bytes, at, end);
        const nameStart = at;
        while (at < end && TOKEN[bytes[at] as number] === 1) at++;
        const which = fieldOf(bytes, nameStart, at);
        if (which < 0 || bytes[at] !== EQUALS || at >= end || (seen & (1 << which)) !== 0) return false;
        seen |= 1 << which;
        const isQuoted = at + 1 < end && bytes[at + 1] === QUOTE;
        const valueStart = at + (isQuoted ? 2 : 1);
        at = valueEnd(bytes, valueStart, end, isQuoted);
        if (at < 0 || !this.#isValue(bytes, which, valueStart, at, isQuoted)) return false;
        if (element === 0 && which === field) {
          this.start = valueStart;
          this.end = at;
        }
        if (isQuoted) at++;
        at = skipBlanks(bytes, at, end);
        if (at >= end) return true;
        if (bytes[at] === COMMA) break;
        if (bytes[at] !== SEMICOLON) return false;
        at++;
      }
      at++;
    }
  }

  #isValue(bytes: Uint8Array, which: number, start: number, end: number, isQuoted: boolean): boolean {
    if (start === end) return false;
    if (which === 3) return isScheme(bytes, start, end);
    if (which === 2) return isHost(bytes, start, end, isQuoted);
    // A colon or a bracket needs quotes (RFC 7239 4).
    if (!isQuoted) for (let at = start; at < end; at++) if (TOKEN[bytes[at] as number] === 0) return false;
    return this.readNode(bytes, start, end);
  }

  /** Takes a node apart: `192.0.2.1:80`, `[2001:db8::1]`, `unknown`, `_hidden:_port`. */
  readNode(bytes: Uint8Array, start: number, end: number): boolean {
    this.portStart = this.portEnd = -1;
    let stop = start;
    if (bytes[start] === 91) {
      while (stop < end && bytes[stop] !== 93) stop++;
      this.#setName(NodeName.ipv6, start + 1, stop);
      if (stop >= end || !readIpv6(bytes, start + 1, stop, this.ip)) return false;
      stop++;
    } else {
      while (stop < end && bytes[stop] !== COLON) stop++;
      this.#setName(this.#nameOf(bytes, start, stop), start, stop);
      if (this.name === NodeName.none) return false;
    }
    if (stop === end) return true;
    this.portStart = stop + 1;
    this.portEnd = end;
    return bytes[stop] === COLON && isPort(bytes, stop + 1, end);
  }

  #setName(name: number, start: number, end: number): void {
    this.name = name;
    this.nameStart = start;
    this.nameEnd = end;
  }

  #nameOf(bytes: Uint8Array, start: number, end: number): number {
    if (readIpv4(bytes, start, end, this.ip)) return NodeName.ipv4;
    if (isObfuscated(bytes, start, end)) return NodeName.obfuscated;
    return isWord(bytes, start, end, UNKNOWN) ? NodeName.unknown : NodeName.none;
  }
}

const UNKNOWN = Uint8Array.from('unknown', (char) => char.charCodeAt(0));

function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (LOWER[bytes[start + i] as number] !== word[i]) return false;
  return true;
}

function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  for (let at = 0; at < NAMES.length; at++) if (isWord(bytes, start, end, NAMES[at] as Uint8Array)) return at;
  return -1;
}

function valueEnd(bytes: Uint8Array, start: number, end: number, isQuoted: boolean): number {
  let at = start;
  if (!isQuoted) while (at < end && bytes[at] !== SEMICOLON && bytes[at] !== COMMA && bytes[at] !== 32 && bytes[at] !== 9) at++;
  else {
    while (at < end && bytes[at] !== QUOTE) at++;
    if (at >= end) return -1;
  }
  return at;
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++;
  return at;
}

/** `_` and letters, digits, `.`, `_`, `-`. */
export function isObfuscated(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || bytes[start] !== UNDERSCORE) return false;
  for (let at = start + 1; at < end; at++) {
    const byte = bytes[at] as number;
    const letter = byte | 32;
    const isPart = (letter >= 97 && letter <= 122) || (byte >= 48 && byte <= 57) || byte === 46 || byte === UNDERSCORE || byte === 45;
    if (!isPart) return false;
  }
  return true;
}

/** One to five digits, or an obfuscated one. */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  return portNumber(bytes, start, end) >= 0 || isObfuscated(bytes, start, end);
}

/** -1: it is no number. */
export function portNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 1 || end - start > 5) return -1;
  let port = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    port = port * 10 + digit;
  }
  return port > 65535 ? -1 : port;
}

function isScheme(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const letter = byte | 32;
    const isLetter = letter >= 97 && letter <= 122;
    if (!isLetter && (at === start || !((byte >= 48 && byte <= 57) || byte === 43 || byte === 45 || byte === 46))) return false;
  }
  return true;
}

/** What RFC 3986 allows in a host and a port; a colon or a bracket needs quotes. */
function isHost(bytes: Uint8Array, start: number, end: number, isQuoted: boolean): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const isMark = isQuoted && (byte === COLON || byte === 91 || byte === 93);
    if (TOKEN[byte] === 0 && !isMark) return false;
  }
  return true;
}
