/**
 * Writes distinguished names out of their DER: whole as OpenSSL does on one line, whole as RFC 2253 says, or one part of
 * them. Into the same bytes, within a limit. Values stand in the first two as they are in the certificate. It must not know who asks.
 */
import { DerElement, DerTag, writeOid } from './der.ts';
import { isSame, oidName } from './oids.ts';

/** Parts that are looked at: a name has hardly ever ten. */
const MOST_PARTS = 64;
const SLASH = 47;
const EQUALS = 61;
const COMMA = 44;
const PLUS = 43;
const BACKSLASH = 92;
const HASH = 35;
const SPACE = 32;
/** `,+"\<>;` (RFC 2253 2.4) */
const ESCAPED = new Set([44, 43, 34, 92, 60, 62, 59]);

export class NameWriter {
  readonly #set = new DerElement();
  readonly #element = new DerElement();
  #bytes: Uint8Array = new Uint8Array(0);
  /** By part, in the order of the certificate: identifier, value with its tag, number of the set. */
  readonly #oidStart = new Int32Array(MOST_PARTS);
  readonly #oidEnd = new Int32Array(MOST_PARTS);
  readonly #start = new Int32Array(MOST_PARTS);
  readonly #end = new Int32Array(MOST_PARTS);
  readonly #tag = new Int32Array(MOST_PARTS);
  readonly #group = new Int32Array(MOST_PARTS);
  #count = 0;
  #at = 0;
  #limit = 0;

  /** `/C=FR/O=Acme/CN=x` to [to, limit); the end, -1: no room or no name. */
  line(bytes: Uint8Array, start: number, end: number, to: number, limit: number): number {
    this.#parse(bytes, start, end, to, limit);
    for (let part = 0; part < this.#count; part++) {
      this.#byte(SLASH);
      this.#type(part);
      this.#byte(EQUALS);
      this.#raw(part);
    }
    return this.#done();
  }

  /** `CN=x,O=Acme,C=FR`: the last part first. */
  rfc2253(bytes: Uint8Array, start: number, end: number, to: number, limit: number): number {
    this.#parse(bytes, start, end, to, limit);
    for (let part = this.#count - 1; part >= 0; part--) {
      if (part < this.#count - 1) this.#byte(this.#group[part] === this.#group[part + 1] ? PLUS : COMMA);
      this.#type(part);
      this.#byte(EQUALS);
      this.#escaped(part);
    }
    return this.#done();
  }

  /**
   * The value of the part with this identifier: the `occurrence`-th from the start, from the end if negative, 0 as 1. -1: there is none.
   */
  part(oid: Uint8Array, occurrence: number, bytes: Uint8Array, start: number, end: number, to: number, limit: number): number {
    this.#parse(bytes, start, end, to, limit);
    let left = Math.max(1, Math.abs(occurrence));
    const step = occurrence < 0 ? -1 : 1;
    for (let part = step < 0 ? this.#count - 1 : 0; part >= 0 && part < this.#count; part += step) {
      if (!isSame(oid, bytes, this.#oidStart[part] as number, this.#oidEnd[part] as number) || --left > 0) continue;
      this.#raw(part);
      return this.#done();
    }
    return -1;
  }

  #done(): number {
    return this.#at > this.#limit ? -1 : this.#at;
  }

  /** SEQUENCE OF SET OF SEQUENCE { OBJECT IDENTIFIER, string } (RFC 5280 4.1.2.4); what is broken ends it. */
  #parse(bytes: Uint8Array, start: number, end: number, to: number, limit: number): void {
    this.#bytes = bytes;
    this.#at = to;
    this.#limit = limit;
    this.#count = 0;
    const set = this.#set;
    let at = start;
    for (let group = 0; set.readTag(bytes, at, end, DerTag.set); group++) {
      at = set.end;
      this.#parseSet(group);
    }
  }

  #parseSet(group: number): void {
    const bytes = this.#bytes;
    const element = this.#element;
    let at = this.#set.start;
    while (this.#count < MOST_PARTS && element.readTag(bytes, at, this.#set.end, DerTag.sequence)) {
      at = element.end;
      const { end } = element;
      if (!element.readTag(bytes, element.start, end, DerTag.oid)) return;
      const part = this.#count;
      this.#oidStart[part] = element.start;
      this.#oidEnd[part] = element.end;
      if (!element.read(bytes, element.end, end)) return;
      this.#start[part] = element.start;
      this.#end[part] = element.end;
      this.#tag[part] = element.tag;
      this.#group[part] = group;
      this.#count++;
    }
  }

  #byte(byte: number): void {
    if (this.#at < this.#limit) this.#bytes[this.#at] = byte;
    this.#at++;
  }

  /** The short name of a part's type, or its numbers. */
  #type(part: number): void {
    const start = this.#oidStart[part] as number;
    const end = this.#oidEnd[part] as number;
    const known = oidName(this.#bytes, start, end);
    if (known === null) {
      const stop = this.#at > this.#limit ? -1 : writeOid(this.#bytes, start, end, this.#at, this.#limit);
      this.#at = stop < 0 ? this.#limit + 1 : stop;
      return;
    }
    const { name } = known;
    for (let at = 0; at < name.length; at++) this.#byte(name[at] as number);
  }

  #raw(part: number): void {
    const end = this.#end[part] as number;
    for (let at = this.#start[part] as number; at < end; at++) this.#byte(this.#bytes[at] as number);
  }

  #escaped(part: number): void {
    const start = this.#start[part] as number;
    const end = this.#end[part] as number;
    const tag = this.#tag[part] as number;
    const width = tag === DerTag.bmp ? 2 : tag === DerTag.universal ? 4 : 1;
    if (!isText(tag)) {
      this.#dump(part);
      return;
    }
    for (let at = start; at + width <= end; at += width) {
      let code = 0;
      for (let index = 0; index < width; index++) code = code * 256 + (this.#bytes[at + index] as number);
      const isEdge = at === start || at + width === end;
      if (tag === DerTag.utf8 || code < 128) this.#character(code, at === start, isEdge);
      else this.#utf8(code);
    }
  }

  #character(code: number, isFirst: boolean, isEdge: boolean): void {
    if (ESCAPED.has(code) || (code === HASH && isFirst) || (code === SPACE && isEdge)) this.#byte(BACKSLASH);
    if (code < 32 || code > 126) this.#hexEscape(code);
    else this.#byte(code);
  }

  #utf8(code: number): void {
    if (code < 0x800) this.#hexEscape(0xc0 | (code >> 6));
    else if (code < 0x1_0000) {
      this.#hexEscape(0xe0 | (code >> 12));
      this.#hexEscape(0x80 | ((code >> 6) & 63));
    } else {
      this.#hexEscape(0xf0 | ((code >> 18) & 7));
      this.#hexEscape(0x80 | ((code >> 12) & 63));
      this.#hexEscape(0x80 | ((code >> 6) & 63));
    }
    this.#hexEscape(0x80 | (code & 63));
  }

  #hexEscape(byte: number): void {
    this.#byte(BACKSLASH);
    this.#hex(byte);
  }

  #hex(byte: number): void {
    this.#byte(digit(byte >> 4));
    this.#byte(digit(byte & 15));
  }

  /** `#` and the DER in hexadecimal: of what is no text (RFC 2253 2.4). */
  #dump(part: number): void {
    this.#byte(HASH);
    const length = (this.#end[part] as number) - (this.#start[part] as number);
    const head = length < 128 ? 2 : length < 256 ? 3 : 4;
    for (let at = (this.#start[part] as number) - head; at < (this.#end[part] as number); at++) this.#hex(this.#bytes[at] as number);
  }
}

function digit(value: number): number {
  return value < 10 ? 48 + value : 55 + value;
}

function isText(tag: number): boolean {
  return (
    tag === DerTag.utf8 ||
    tag === DerTag.printable ||
    tag === DerTag.teletex ||
    tag === DerTag.ia5 ||
    tag === DerTag.bmp ||
    tag === DerTag.universal
  );
}
