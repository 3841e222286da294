/** add-headers-bin, set-headers-bin and del-headers-bin: many fields at once, from their binary form (HAProxy 3.x configuration 4.4). */

import type { HttpMessage } from '../../http/message.ts';
import { headerIdOf } from '../../http/tokens.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome, type TextFormat } from '../../rules/define.ts';
import { block, readBlock } from '../../rules/edit/header-blocks.ts';
import { compileFailure, writeValue, written } from '../../rules/edit/rewrite.ts';
import { RuleError } from '../../rules/error.ts';
import type { Writer } from '../../rules/format/writer.ts';
import { readsResponse } from '../../rules/place.ts';
import { cast, SampleType } from '../../rules/sample.ts';
import type { Thread } from '../../rules/thread.ts';
import type { Words } from '../../rules/words.ts';
import type { Stream } from '../../state/records.ts';

const RULE_SETS = ['http-request', 'http-response', 'http-after-response'] as const;
/** Pairs in one sample: more than a head may hold. */
const MOST_FIELDS = 1024;
const token = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") token[char.charCodeAt(0)] = 1;

/** A prefix and a name in lower case, then a value, one behind the other. */
class Field implements TextFormat {
  readonly constant = null;
  readonly #prefix: string;
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get nameLength(): number {
    return this.#prefix.length + this.nameEnd - this.nameStart;
  }

  write(out: Writer): void {
    for (let at = 0; at < this.#prefix.length; at++) out.byte(this.#prefix.charCodeAt(at));
    for (let at = this.nameStart; at < this.nameEnd; at++) {
      const byte = out.bytes[at] as number;
      out.byte(byte >= 65 && byte <= 90 ? byte | 32 : byte);
    }
    out.copy(this.valueStart, this.valueEnd);
  }
}

/** Is it a name, and a value that may stand in a field (RFC 9110 5.1, 5.5)? */
function isField(bytes: Uint8Array, field: Field): boolean {
  for (let at = field.nameStart; at < field.nameEnd; at++) if (token[bytes[at] as number] === 0) return false;
  for (let at = field.valueStart; at < field.valueEnd; at++) {
    const byte = bytes[at] as number;
    if (byte === 0 || byte === 10 || byte === 13) return false;
  }
  return true;
}

/** Adds the field that was read. False: no room. */
function addField(source: Thread, stream: Stream, message: HttpMessage, field: Field): boolean {
  if (!writeValue(source, stream, message, field)) return false;
  const start = written.start;
  const nameEnd = start + field.nameLength;
  return message.headers.add(headerIdOf(source.bytes, start, field.nameLength), start, field.nameLength, nameEnd, written.end);
}

function compileFields(words: Words, replaces: boolean, context: CompileContext): ActionStep {
  const expression = context.expression(words.next('a sample'));
  const prefix = words.take('prefix') ? words.next('a prefix').toLowerCase() : '';
  if (!/^[-!#$%&'*+.^_`|~0-9a-z]*$/.test(prefix))
    throw new RuleError(`'${prefix}' can't stand in the name of a header field`, words.at - 1);
  words.end(['prefix']);
  const source = context.thread;
  const { sample, bytes } = source;
  const field = new Field(prefix);
  const fail = compileFailure(context);
  const isResponse = readsResponse(context.places);

  /** Takes the next pair to `field`; where the one behind it begins, 0 at the end of the list, -1 for what is none. */
  const next = (at: number, end: number): number => {
    const behind = readBlock(bytes, at, end);
    if (behind < 0) return -1;
    field.nameStart = block.start;
    field.nameEnd = block.end;
    if (block.start === block.end) return 0;
    const then = readBlock(bytes, behind, end);
    field.valueStart = block.start;
    field.valueEnd = block.end;
    return then < 0 || !isField(bytes, field) ? -1 : then;
  };

  return (stream) => {
    if (!expression.run(sample, stream) || !cast(sample, SampleType.bin)) return Outcome.next;
    const message = isResponse ? stream.response : stream.request;
    message.reframe = true;
    const { start, end } = sample;
    const first = message.headers.rows;
    let at = start;
    for (let count = 0; count < MOST_FIELDS && at < end; count++) {
      at = next(at, end);
      if (at === 0) break;
      if (at < 0 || !addField(source, stream, message, field)) return fail(stream);
    }
    if (replaces) removeOlder(bytes, message, first);
    return Outcome.next;
  };
}

/** Removes the rows before `first` that have a name of those behind it. */
function removeOlder(bytes: Uint8Array, { headers }: HttpMessage, first: number): void {
  const { rows } = headers;
  for (let row = first; row < rows; row++) {
    const name = headers.nameStart(row);
    const length = headers.nameLength(row);
    for (let old = headers.find(bytes, name, length, 0); old >= 0 && old < first; old = headers.find(bytes, name, length, old + 1)) {
      headers.remove(old);
    }
  }
}

const REQUEST = 'GET / HTTP/1.1\r\nX-A: 0';
/** x-a: 1, x-b: (nothing), x-a: 2 */
const THREE = 'bin(03782D61013103582D620003782D6101320000)';

export const addHeadersBin = defineAction({
  name: 'add-headers-bin',
  signature: 'add-headers-bin <expr> [ prefix <str> ]',
  ruleSets: RULE_SETS,
  doc: 'Appends the fields of a sample in the form of `req.hdrs_bin`, with a prefix before their names. What is no such list is a failed rewrite.',
  examples: [
    {
      rule: `http-request add-headers-bin ${THREE}`,
      request: REQUEST,
      head: 'GET / HTTP/1.1\nx-a: 0\nx-a: 1\nx-b: \nx-a: 2',
    },
    {
      rule: 'http-request add-headers-bin req.hdrs_bin prefix Old-',
      request: REQUEST,
      head: 'GET / HTTP/1.1\nx-a: 0\nold-x-a: 0',
    },
  ],
  compile: (words, context) => compileFields(words, false, context),
});

export const setHeadersBin = defineAction({
  name: 'set-headers-bin',
  signature: 'set-headers-bin <expr> [ prefix <str> ]',
  ruleSets: RULE_SETS,
  doc: 'As add-headers-bin, but fields of these names that were there before are removed.',
  examples: [{ rule: `http-request set-headers-bin ${THREE}`, request: REQUEST, head: 'GET / HTTP/1.1\nx-a: 1\nx-b: \nx-a: 2' }],
  compile: (words, context) => compileFields(words, true, context),
});

const METHODS = ['str', 'beg', 'end', 'sub'] as const;

/** Does the name of a row fit [start, end), by one of METHODS? Case is ignored. */
function fits(bytes: Uint8Array, name: number, length: number, start: number, end: number, method: string): boolean {
  const wanted = end - start;
  if (wanted > length || (method === 'str' && wanted !== length)) return false;
  const first = method === 'end' ? length - wanted : 0;
  const last = method === 'beg' ? 0 : length - wanted;
  for (let at = first; at <= last; at++) {
    let i = 0;
    while (i < wanted && bytes[name + at + i] === lowered(bytes[start + i] as number)) i++;
    if (i === wanted) return true;
  }
  return false;
}

/** Names in a message are in lower case. */
function lowered(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte;
}

function compileRemoval(words: Words, context: CompileContext): ActionStep {
  const expression = context.expression(words.next('a sample'));
  const method = words.take('-m') ? words.choice('a matching method', METHODS) : 'str';
  words.end(['-m']);
  const { sample, bytes } = context.thread;
  const fail = compileFailure(context);
  const isResponse = readsResponse(context.places);
  return (stream) => {
    if (!expression.run(sample, stream) || !cast(sample, SampleType.bin)) return Outcome.next;
    const message = isResponse ? stream.response : stream.request;
    const { headers } = message;
    message.reframe = true;
    let at = sample.start;
    for (let count = 0; count < MOST_FIELDS && at < sample.end; count++) {
      at = readBlock(bytes, at, sample.end);
      if (at < 0) return fail(stream);
      if (block.start === block.end) break;
      for (let row = 0; row < headers.rows; row++) {
        if (headers.isHole(row)) continue;
        if (fits(bytes, headers.nameStart(row), headers.nameLength(row), block.start, block.end, method)) headers.remove(row);
      }
    }
    return Outcome.next;
  };
}

export const delHeadersBin = defineAction({
  name: 'del-headers-bin',
  signature: 'del-headers-bin <expr> [ -m <meth> ]',
  ruleSets: RULE_SETS,
  doc: 'Removes the fields whose names are in a sample, in the binary form of `req.hdrs_bin` but names only, up to an empty one; or whose names match one of them by str, beg, end or sub. What is no such list is a failed rewrite.',
  examples: [
    {
      rule: 'http-request del-headers-bin bin(03582D6103782D6200)',
      request: 'GET / HTTP/1.1\r\nX-A: 1\r\nx-b: 2\r\nx-ab: 3\r\nX-A: 4',
      head: 'GET / HTTP/1.1\nx-ab: 3',
    },
    {
      rule: 'http-request del-headers-bin bin(02782D) -m beg',
      request: 'GET / HTTP/1.1\r\nX-A: 1\r\nHost: h\r\nax-: 2',
      head: 'GET / HTTP/1.1\nhost: h\nax-: 2',
    },
    {
      rule: 'http-request del-headers-bin bin(032D6964) -m end',
      request: 'GET / HTTP/1.1\r\nX-Id: 1\r\n-id-x: 2',
      head: 'GET / HTTP/1.1\n-id-x: 2',
    },
    {
      rule: 'http-request del-headers-bin bin(032D6964) -m sub',
      request: 'GET / HTTP/1.1\r\nX-Id-Y: 1\r\nid: 2',
      head: 'GET / HTTP/1.1\nid: 2',
    },
  ],
  compile: compileRemoval,
});
