/**
 * A name server: questions go out over UDP, and again over TCP if their answer was cut; what comes back is told apart. It knows
 * neither names that are waited for nor retries: who asks gives up when he has waited long enough.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { Family, ipText } from '../base/address.ts';
import type { NameserverModel } from '../model/sections.ts';
import { type Answer, type AnswerRecord, type Question, RecordType, ResponseCode, readAnswer, writeQuestion } from './message.ts';

/** What a question came to. */
export const Status = { none: 0, valid: 1, nx: 2, refused: 3, timeout: 4, other: 5 } as const;
export type StatusValue = (typeof Status)[keyof typeof Status];

export interface Reply {
  readonly status: StatusValue;
  /** Of a valid one: those for the name asked for, also by way of its aliases. */
  readonly records: readonly AnswerRecord[];
  readonly additional: readonly AnswerRecord[];
}

/** HAProxy's counters of `show resolvers`. */
export interface NameserverCounts {
  sent: number;
  sendErrors: number;
  valid: number;
  update: number;
  cname: number;
  cnameErrors: number;
  anyErrors: number;
  nx: number;
  timeout: number;
  refused: number;
  other: number;
  invalid: number;
  tooBig: number;
  truncated: number;
  outdated: number;
}

/** One that can be asked. Tests have their own. */
export interface Asked {
  readonly name: string;
  readonly counts: NameserverCounts;
  /** Calls `done` at most once; never after the result was called. */
  ask(question: Question, done: (reply: Reply) => void): () => void;
  close(): void;
}

export function newCounts(): NameserverCounts {
  const nothing = { sent: 0, sendErrors: 0, valid: 0, update: 0, cname: 0, cnameErrors: 0, anyErrors: 0, nx: 0 };
  return { ...nothing, timeout: 0, refused: 0, other: 0, invalid: 0, tooBig: 0, truncated: 0, outdated: 0 };
}

interface Pending {
  readonly question: Question;
  readonly bytes: Uint8Array;
  readonly done: (reply: Reply) => void;
  /** While it is asked over TCP. */
  stream: Socket | null;
}

/** Questions that wait for one name server at most; further ones fail at once. */
const MOST_PENDING = 8192;
/** Connections over TCP to one name server. */
const MOST_STREAMS = 64;
/** A socket is changed after so many questions, so that its port can't be learnt. */
const QUESTIONS_PER_PORT = 256;

/** Longest chain of aliases that is followed. */
const MOST_ALIASES = 16;

const FAILED: Reply = { status: Status.other, records: [], additional: [] };

export class Nameserver implements Asked {
  readonly name: string;
  readonly counts = newCounts();
  readonly #model: NameserverModel;
  readonly #payloadSize: number;
  readonly #pending = new Map<number, Pending>();
  #socket: DatagramSocket | null = null;
  #asked = 0;
  #streams = 0;

  constructor(model: NameserverModel, payloadSize: number) {
    this.name = model.name;
    this.#model = model;
    this.#payloadSize = payloadSize;
  }

  ask(question: Question, done: (reply: Reply) => void): () => void {
    const { id, bytes } = this.#numbered(question);
    if (id < 0) {
      this.counts.sendErrors++;
      const failure = setImmediate(done, FAILED);
      return () => clearImmediate(failure);
    }
    const pending: Pending = { question, bytes, done, stream: null };
    this.#pending.set(id, pending);
    this.counts.sent++;
    if (this.#model.isStream) this.#askStream(id, pending);
    else this.#askDatagram(id, bytes);
    return () => {
      if (this.#pending.get(id) !== pending) return;
      this.#forget(id, pending);
    };
  }

  close(): void {
    for (const [id, pending] of this.#pending) this.#forget(id, pending);
    this.#socket?.close();
    this.#socket = null;
  }

  /** id -1: too many wait. */
  #numbered(question: Question): { readonly id: number; readonly bytes: Uint8Array } {
    if (this.#pending.size >= MOST_PENDING) return { id: -1, bytes: new Uint8Array() };
    for (;;) {
      const written = writeQuestion(question, this.#payloadSize);
      if (!this.#pending.has(written.id)) return written;
    }
  }

  #forget(id: number, pending: Pending): void {
    this.#pending.delete(id);
    pending.stream?.destroy();
  }

  #settle(id: number, pending: Pending, reply: Reply): void {
    this.#forget(id, pending);
    pending.done(reply);
  }

  // UDP ----------------------------------------------------------------------------------------------

  #askDatagram(id: number, bytes: Uint8Array): void {
    if (this.#asked >= QUESTIONS_PER_PORT && this.#pending.size === 1) {
      this.#socket?.close();
      this.#socket = null;
    }
    const socket = this.#socket ?? this.#open();
    this.#asked++;
    // Until the answer, or the end of patience, nothing else will be heard of an error.
    socket.send(bytes, this.#model.address.port, ipText(this.#model.address), (error) => {
      if (error === null || error === undefined) return;
      this.counts.sendErrors++;
      const pending = this.#pending.get(id);
      if (pending !== undefined) this.#settle(id, pending, FAILED);
    });
  }

  #open(): DatagramSocket {
    const socket = createSocket(this.#model.address.family === Family.inet ? 'udp4' : 'udp6');
    const { address } = this.#model;
    socket.on('message', (bytes, from) => {
      // Only who was asked is heard.
      if (from.port === address.port && from.address === ipText(address)) this.#hear(bytes);
    });
    socket.on('error', () => {});
    socket.unref();
    this.#socket = socket;
    this.#asked = 0;
    return socket;
  }

  #hear(bytes: Uint8Array): void {
    const { counts } = this;
    if (bytes.length > this.#payloadSize) {
      counts.tooBig++;
      return;
    }
    const answer = readAnswer(bytes);
    const pending = answer === null ? undefined : this.#pending.get(answer.id);
    if (answer === null) counts.invalid++;
    else if (pending === undefined) counts.outdated++;
    else if (!isFor(answer, pending.question)) counts.invalid++;
    else if (answer.isTruncated && pending.stream === null) {
      counts.truncated++;
      this.#askStream(answer.id, pending);
    } else this.#settle(answer.id, pending, this.#judge(answer, pending.question));
  }

  // TCP ----------------------------------------------------------------------------------------------

  /** A connection for each question (RFC 1035 4.2.2). */
  #askStream(id: number, pending: Pending): void {
    if (this.#streams >= MOST_STREAMS) {
      this.counts.sendErrors++;
      setImmediate(() => this.#pending.get(id) === pending && this.#settle(id, pending, FAILED));
      return;
    }
    this.#streams++;
    const socket = connect({ host: ipText(this.#model.address), port: this.#model.address.port });
    const parts: Buffer[] = [];
    let size = 0;
    pending.stream = socket;
    socket.unref();
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(pending.bytes.length);
      socket.write(Buffer.concat([length, pending.bytes]));
    });
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      size += part.length;
      const whole = size < 2 ? null : Buffer.concat(parts);
      // Its length has two bytes: this is the most that is kept.
      if (whole !== null && size >= 2 + whole.readUInt16BE(0)) this.#hearStream(id, pending, whole.subarray(2, 2 + whole.readUInt16BE(0)));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#streams--;
      if (this.#pending.get(id) === pending) this.#settle(id, pending, FAILED);
    });
  }

  #hearStream(id: number, pending: Pending, bytes: Uint8Array): void {
    if (this.#pending.get(id) !== pending) return;
    const answer = readAnswer(bytes);
    const isGood = answer !== null && answer.id === (id & 0xffff) && isFor(answer, pending.question) && !answer.isTruncated;
    if (!isGood) this.counts.invalid++;
    this.#settle(id, pending, isGood ? this.#judge(answer, pending.question) : FAILED);
  }

  #judge(answer: Answer, question: Question): Reply {
    const { counts } = this;
    if (answer.code === ResponseCode.ok) {
      const records = recordsFor(answer.answers, question);
      if (records.length > 0) {
        counts.valid++;
        return { status: Status.valid, records, additional: answer.additional };
      }
      if (answer.answers.length > 0) counts.cnameErrors++;
    }
    if (answer.code === ResponseCode.nameUnknown) counts.nx++;
    else if (answer.code === ResponseCode.refused) counts.refused++;
    else counts.other++;
    const status =
      answer.code === ResponseCode.nameUnknown ? Status.nx : answer.code === ResponseCode.refused ? Status.refused : Status.other;
    return { status, records: [], additional: [] };
  }
}

/** Does it answer this very question? */
function isFor({ question }: Answer, { name, type }: Question): boolean {
  return question !== null && question.name === name && question.type === type;
}

/** Those of the wanted type for the name or what its aliases lead to. */
function recordsFor(records: readonly AnswerRecord[], { name, type }: Question): AnswerRecord[] {
  const names = new Set([name]);
  // Aliases may come in any order: each turn follows at least one, or it is the last.
  for (let before = 0, turns = 0; before < names.size && turns < MOST_ALIASES; turns++) {
    before = names.size;
    for (const record of records) if (record.kind === 'alias' && names.has(record.name)) names.add(record.target);
  }
  return records.filter((record) => names.has(record.name) && isOfType(record, type));
}

function isOfType(record: AnswerRecord, type: number): boolean {
  if (record.kind === 'service') return type === RecordType.srv;
  return record.kind === 'address' && (record.family === 4 ? RecordType.a : RecordType.aaaa) === type;
}
