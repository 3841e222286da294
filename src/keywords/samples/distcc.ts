/**
 * Samples of distcc's messages: tokens of four letters, each with a number in eight hexadecimal digits, which for most tokens is the
 * length of what follows (distcc's protocol description; HAProxy 3.x configuration 7.3.5).
 */

import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { readsResponse, Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { hexValue } from '../../rules/value/bytes.ts';
import type { Stream } from '../../state/records.ts';

const TOKEN_BYTES = 4;
const HEAD_BYTES = 12;
/** Tokens whose number is one, not a length. */
const NUMBERS = ['DIST', 'ARGC', 'NFIL', 'DONE', 'STAT'];

/** Set by find: the number behind the token, and the bytes behind it. */
const found = { number: 0, start: 0 };

/** Walks the tokens to occurrence `occurrence` of the wanted one. False: it is not there, or not yet. */
class TokenSearch {
  readonly #token: number;
  readonly #numbers: readonly number[];
  readonly #occurrence: number;
  readonly #isResponse: boolean;

  constructor(token: string, occurrence: number, context: CompileContext) {
    if (!/^[A-Z]{4}$/.test(token)) throw new RuleError(`'${token}' is not a token of distcc: four capital letters`, -1, token);
    const { memory } = context.thread;
    this.#token = memory.intern(token);
    this.#numbers = NUMBERS.map((name) => memory.intern(name));
    this.#occurrence = Math.max(1, occurrence);
    this.#isResponse = readsResponse(context.places);
  }

  find(sample: Sample, stream: Stream): boolean {
    if (!stream.tunnel || stream.hasRequestLine) return false;
    const { bodyStart, bodyEnd } = this.#isResponse ? stream.response : stream.request;
    const { bytes } = sample.memory;
    let left = this.#occurrence;
    for (let at = bodyStart; at + HEAD_BYTES <= bodyEnd; ) {
      const number = readHex(bytes, at + TOKEN_BYTES, at + HEAD_BYTES);
      if (number < 0) return false;
      found.number = number;
      found.start = at + HEAD_BYTES;
      if (isToken(bytes, at, this.#token) && --left === 0) return true;
      at = found.start + (this.#isNumber(bytes, at) ? 0 : number);
    }
    sample.mayChange = true;
    return false;
  }

  /** The whole body is there. */
  hasBody(sample: Sample, { request, response }: Stream): boolean {
    if (found.start + found.number <= (this.#isResponse ? response : request).bodyEnd) return true;
    sample.mayChange = true;
    return false;
  }

  #isNumber(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < this.#numbers.length; i++) if (isToken(bytes, at, this.#numbers[i] as number)) return true;
    return false;
  }
}

function isToken(bytes: Uint8Array, at: number, token: number): boolean {
  for (let i = 0; i < TOKEN_BYTES; i++) if (bytes[at + i] !== bytes[token + i]) return false;
  return true;
}

/** -1: not hexadecimal. */
function readHex(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = hexValue(bytes[at] as number);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

const ARGS = [
  { name: 'token', kind: 'str' },
  { name: 'occ', kind: 'int', default: 1 },
] as const;
const RAW = 'DIST00000002ARGC00000002ARGV00000003gccARGV00000002-cDOTI00000004abcd';

export const distccParam = defineFetch({
  name: 'distcc_param',
  args: ARGS,
  type: SampleType.int,
  valid: Valid.message,
  doc: 'The number behind a token in a message of distcc.',
  examples: [
    { raw: RAW, call: 'distcc_param(DIST)', out: 2 },
    { raw: RAW, call: 'distcc_param(DOTI)', out: 4 },
    { raw: RAW, call: 'distcc_param(DOTO)', out: null },
  ],
  compile: ([token, occurrence], context): FetchStep => {
    const search = new TokenSearch(token, occurrence, context);
    return (sample, stream) => search.find(sample, stream) && sample.setInt(found.number);
  },
});

export const distccBody = defineFetch({
  name: 'distcc_body',
  args: ARGS,
  type: SampleType.bin,
  valid: Valid.message,
  doc: 'The bytes that a token in a message of distcc brings.',
  examples: [
    { raw: RAW, call: 'distcc_body(ARGV,2)', out: '-c' },
    { raw: RAW, call: 'distcc_body(DOTI)', out: 'abcd' },
    { raw: RAW.slice(0, -1), call: 'distcc_body(DOTI)', out: null },
  ],
  compile: ([token, occurrence], context): FetchStep => {
    const search = new TokenSearch(token, occurrence, context);
    return (sample, stream) => {
      return search.find(sample, stream) && search.hasBody(sample, stream) && sample.setBinary(found.start, found.start + found.number);
    };
  },
});
