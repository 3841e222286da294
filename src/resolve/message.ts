/**
 * DNS messages (RFC 1035 4.1, EDNS: RFC 6891): a question into bytes, an answer into records. Whatever the bytes are, reading
 * ends: names have at most 255 bytes, pointers only lead back. It must not know sockets, clocks or who asks.
 */
import { randomInt } from 'node:crypto';
import { ipText, newAddress } from '../base/address.ts';

export const RecordType = { a: 1, cname: 5, aaaa: 28, srv: 33, option: 41 } as const;
export type QuestionType = typeof RecordType.a | typeof RecordType.aaaa | typeof RecordType.srv;

/** RFC 1035 4.1.1. */
export const ResponseCode = { ok: 0, nameUnknown: 3, refused: 5 } as const;

export interface Question {
  /** In lower case, without a dot at its end. */
  readonly name: string;
  readonly type: QuestionType;
}

export interface AddressAnswer {
  readonly kind: 'address';
  readonly name: string;
  /** A literal. */
  readonly address: string;
  readonly family: 4 | 6;
}

export interface ServiceAnswer {
  readonly kind: 'service';
  readonly name: string;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export interface AliasAnswer {
  readonly kind: 'alias';
  readonly name: string;
  readonly target: string;
}

export type AnswerRecord = AddressAnswer | ServiceAnswer | AliasAnswer;

export interface Answer {
  readonly id: number;
  readonly code: number;
  readonly isTruncated: boolean;
  /** null: the message does not repeat the question. */
  readonly question: { readonly name: string; readonly type: number } | null;
  readonly answers: readonly AnswerRecord[];
  readonly additional: readonly AnswerRecord[];
}

const HEAD = 12;
const MOST_NAME = 255;
const MOST_LABEL = 63;
/** Records of one message that are looked at. */
const MOST_RECORDS = 4096;
/** More pointers than labels fit into a name. */
const MOST_JUMPS = 128;
const FLAG_ANSWER = 0x8000;
const FLAG_TRUNCATED = 0x200;
const FLAG_RECURSE = 0x100;
const INTERNET = 1;

/** A name as a question may ask for it; null: it can't be one. `a.b.` is `a.b`. */
export function readName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  const isGood = name.length > 0 && name.length < MOST_NAME && /^[!-~]+$/.test(name);
  return isGood && name.split('.').every((label) => label.length > 0 && label.length <= MOST_LABEL) ? name : null;
}

/** A question with a number that nobody can guess. @param payloadSize how long an answer over UDP may be */
export function writeQuestion({ name, type }: Question, payloadSize: number): { readonly id: number; readonly bytes: Uint8Array } {
  const id = randomInt(0x10000);
  const labels = name.split('.');
  const bytes = Buffer.alloc(HEAD + name.length + 2 + 4 + 11);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(FLAG_RECURSE, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(1, 10);
  let at = HEAD;
  for (const label of labels) {
    at = bytes.writeUInt8(label.length, at);
    at += bytes.write(label, at, 'latin1');
  }
  at = bytes.writeUInt8(0, at);
  at = bytes.writeUInt16BE(type, at);
  at = bytes.writeUInt16BE(INTERNET, at);
  at = bytes.writeUInt8(0, at);
  at = bytes.writeUInt16BE(RecordType.option, at);
  bytes.writeUInt16BE(payloadSize, at);
  return { id, bytes };
}

/** An answer; null: these bytes are none. Records of other types are left out. */
export function readAnswer(bytes: Uint8Array): Answer | null {
  const reader = new Reader(bytes);
  const id = reader.number(2);
  const flags = reader.number(2);
  const questions = reader.number(2);
  const answers = reader.number(2);
  const authorities = reader.number(2);
  const additional = reader.number(2);
  if (reader.failed || (flags & FLAG_ANSWER) === 0 || questions > 1 || answers + authorities + additional > MOST_RECORDS) return null;
  const question = questions === 0 ? null : { name: reader.name(), type: reader.number(2) };
  if (question !== null) reader.number(2);
  const isTruncated = (flags & FLAG_TRUNCATED) !== 0;
  const head = { id, code: flags & 15, isTruncated, question };
  // What was cut will be asked for again.
  if (isTruncated && !reader.failed) return { ...head, answers: [], additional: [] };
  const found = readRecords(reader, answers);
  readRecords(reader, authorities);
  const more = readRecords(reader, additional);
  return reader.failed ? null : { ...head, answers: found, additional: more };
}

function readRecords(reader: Reader, count: number): AnswerRecord[] {
  const records: AnswerRecord[] = [];
  for (let at = 0; at < count && !reader.failed; at++) {
    const record = readRecord(reader);
    if (record !== null) records.push(record);
  }
  return records;
}

function readRecord(reader: Reader): AnswerRecord | null {
  const name = reader.name();
  const type = reader.number(2);
  const isInternet = reader.number(2) === INTERNET;
  reader.number(4);
  const length = reader.number(2);
  const end = reader.at + length;
  if (reader.failed || end > reader.bytes.length) {
    reader.failed = true;
    return null;
  }
  const record = isInternet ? readData(reader, name, type, length) : null;
  if (reader.at > end) reader.failed = true;
  reader.at = end;
  return record;
}

function readData(reader: Reader, name: string, type: number, length: number): AnswerRecord | null {
  if (type === RecordType.a && length === 4) return { kind: 'address', name, address: reader.literal(4), family: 4 };
  if (type === RecordType.aaaa && length === 16) return { kind: 'address', name, address: reader.literal(16), family: 6 };
  if (type === RecordType.cname) return { kind: 'alias', name, target: reader.name() };
  if (type !== RecordType.srv || length < 7) return null;
  // The priority is ignored, as HAProxy does.
  reader.number(2);
  return { kind: 'service', name, weight: reader.number(2), port: reader.number(2), target: reader.name() };
}

/** Reads forward; past the end it fails and gives nothing more. */
class Reader {
  readonly bytes: Uint8Array;
  at = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  number(length: number): number {
    if (this.at + length > this.bytes.length) {
      this.failed = true;
      return 0;
    }
    let value = 0;
    for (let count = 0; count < length; count++) value = value * 256 + (this.bytes[this.at++] as number);
    return value;
  }

  literal(length: 4 | 16): string {
    const address = newAddress();
    address.family = length === 4 ? 4 : 6;
    address.ip.set(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return ipText(address);
  }

  /** With pointers (RFC 1035 4.1.4), each to a place before the one that it stands at. */
  name(): string {
    const { bytes } = this;
    const labels: string[] = [];
    let at = this.at;
    let end = -1;
    let lowest = at;
    let length = 0;
    for (let jumps = 0; ; ) {
      const size = bytes[at];
      if (size === undefined || (size & 0xc0) === 0x40 || (size & 0xc0) === 0x80) return this.#fail();
      if (size >= 0xc0) {
        const target = ((size & 0x3f) << 8) | (bytes[at + 1] ?? 0xff);
        if (end < 0) end = at + 2;
        if (target >= lowest || ++jumps > MOST_JUMPS) return this.#fail();
        at = lowest = target;
        continue;
      }
      if (size === 0) break;
      length += size + 1;
      if (length > MOST_NAME || at + 1 + size > bytes.length) return this.#fail();
      labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + size)));
      at += size + 1;
    }
    this.at = end < 0 ? at + 1 : end;
    return labels.join('.').toLowerCase();
  }

  #fail(): string {
    this.failed = true;
    return '';
  }
}
