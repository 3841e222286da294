/** Converters of texts (HAProxy 3.x configuration 7.3.1). Results are in scratch; a text that does not fit is no value. */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { copyLower } from '../../base/words.ts';
import { type ConvertStep, defineConverter } from '../../rules/define.ts';
import { Replacement } from '../../rules/edit/fieldtexts.ts';
import { RuleError } from '../../rules/error.ts';
import { Writer } from '../../rules/format/writer.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { hexValue, writeHexByte } from '../../rules/value/bytes.ts';
import { NumberOperand } from '../../rules/value/operand.ts';

/** Each byte in upper case. */
const UPPER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 97 && byte <= 122 ? byte - 32 : byte));

/** Replaces every byte by what the table has for it. */
function compileTable(table: Uint8Array): ConvertStep {
  return (sample) => {
    const { bytes } = sample.memory;
    const { start, end } = sample;
    const at = roomFor(sample, end - start);
    if (at < 0) return false;
    for (let from = start, to = at; from < end; from++, to++) bytes[to] = table[bytes[from] as number] as number;
    return sample.setText(at, at + end - start);
  };
}

/** Where a copy of the sample's size can be written; -1: it is too long. */
function roomFor(sample: Sample, size: number): number {
  return size > SCRATCH_SIZE ? -1 : sample.memory.scratch();
}

export const lower = defineConverter({
  name: 'lower',
  args: [],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Lower case. Only letters of ASCII change.',
  examples: [
    { value: 'Example.COM', call: 'lower', out: 'example.com' },
    { value: '[@Z`', call: 'lower', out: '[@z`' },
  ],
  compile: () => {
    return (sample) => {
      const { start, end } = sample;
      const at = roomFor(sample, end - start);
      return at >= 0 && sample.setText(at, copyLower(sample.memory.bytes, start, end, at));
    };
  },
});

export const upper = defineConverter({
  name: 'upper',
  args: [],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Upper case. Only letters of ASCII change.',
  examples: [{ value: 'abcZ{', call: 'upper', out: 'ABCZ{' }],
  compile: () => compileTable(UPPER),
});

export const length = defineConverter({
  name: 'length',
  args: [],
  from: SampleType.str,
  to: SampleType.int,
  doc: 'The length of the text in bytes.',
  examples: [
    { value: 'abc', call: 'length', out: 3 },
    { value: '', call: 'length', out: 0 },
  ],
  compile: () => {
    return (sample) => sample.setInt(sample.end - sample.start);
  },
});

export const bytes = defineConverter({
  name: 'bytes',
  args: [
    { name: 'offset', kind: 'str' },
    { name: 'length', kind: 'str', default: null },
  ],
  from: SampleType.bin,
  to: SampleType.bin,
  doc: 'Some of the bytes: `length` from `offset` on, or all from there. Behind the end there are none.',
  examples: [
    { value: 'abcdef', call: 'bytes(2)', out: 'cdef' },
    { value: 'abcdef', call: 'bytes(1,3)', out: 'bcd' },
    { value: 'ab', call: 'bytes(3)', out: '' },
    { value: '23', call: 'set-var(txn.n),bytes(1,txn.n)', out: '3' },
  ],
  compile: ([offset, length], context) => {
    const from = new NumberOperand(offset, context);
    const most = length === null ? null : new NumberOperand(length, context);
    if ((from.isConstant && from.value < 0) || (most?.isConstant && most.value < 0)) {
      throw new RuleError("'offset' and 'length' may not be negative", -1, from.value < 0 ? offset : length);
    }
    return (sample, stream) => {
      if (!from.read(stream) || from.value < 0 || (most !== null && (!most.read(stream) || most.value < 0))) return false;
      const start = Math.min(sample.start + from.value, sample.end);
      const left = sample.end - start;
      return sample.setBinary(start, start + (most === null || most.value > left ? left : most.value));
    };
  },
});

/** Bytes that separate, as a table; `\` sequences were resolved by the parser. */
function delimiterTable(delimiters: string): Uint8Array {
  if (delimiters === '') throw new RuleError("'delimiters' may not be empty");
  const table = new Uint8Array(256);
  for (const char of delimiters) table[char.charCodeAt(0)] = 1;
  return table;
}

/**
 * `field` counts every delimiter, `word` runs of them as one. A positive index counts from the start, a negative one from the
 * end; `count` pieces are taken, 0 means all that follow (in the direction of the count).
 */
function compilePieces(index: number, delimiters: string, count: number, merge: boolean): ConvertStep {
  const table = delimiterTable(delimiters);
  if (index === 0) throw new RuleError("'index' counts from 1 or from -1, 0 is not allowed", -1, '0');
  if (count < 0) throw new RuleError("'count' may not be negative", -1, String(count));
  return index > 0 ? (sample) => fromStart(sample, table, index, count, merge) : (sample) => fromEnd(sample, table, -index, count, merge);
}

function fromStart(sample: Sample, table: Uint8Array, index: number, count: number, merge: boolean): boolean {
  const all = sample.memory.bytes;
  const { start, end } = sample;
  let at = merge ? skip(all, start, end, table) : start;
  let number = 1;
  let from = -1;
  let stop = end;
  for (;;) {
    if (merge && at >= end) break;
    let to = at;
    while (to < end && table[all[to] as number] === 0) to++;
    if (number === index) from = at;
    if (count > 0 && number === index + count - 1) {
      stop = to;
      break;
    }
    if (to >= end) break;
    at = merge ? skip(all, to, end, table) : to + 1;
    number++;
  }
  if (from < 0) return merge && sample.setText(end, end);
  return sample.setText(from, stop);
}

function skip(all: Uint8Array, start: number, end: number, table: Uint8Array): number {
  let at = start;
  while (at < end && table[all[at] as number] === 1) at++;
  return at;
}

function fromEnd(sample: Sample, table: Uint8Array, index: number, count: number, merge: boolean): boolean {
  const all = sample.memory.bytes;
  const { start } = sample;
  let at = merge ? skipBack(all, start, sample.end, table) : sample.end;
  let number = 1;
  let stop = -1;
  let from = start;
  for (;;) {
    if (merge && at <= start) break;
    let to = at;
    while (to > start && table[all[to - 1] as number] === 0) to--;
    if (number === index) stop = at;
    if (count > 0 && number === index + count - 1) {
      from = to;
      break;
    }
    if (to <= start) break;
    at = merge ? skipBack(all, start, to, table) : to - 1;
    number++;
  }
  if (stop < 0) return merge && sample.setText(start, start);
  return sample.setText(from, stop);
}

function skipBack(all: Uint8Array, start: number, end: number, table: Uint8Array): number {
  let at = end;
  while (at > start && table[all[at - 1] as number] === 1) at--;
  return at;
}

const PIECE_ARGS = [
  { name: 'index', kind: 'int' },
  { name: 'delimiters', kind: 'str' },
  { name: 'count', kind: 'int', default: 1 },
] as const;

export const field = defineConverter({
  name: 'field',
  args: PIECE_ARGS,
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Field `index` of a text that is cut at every delimiter: empty ones count. `count` fields, 0 for all that follow.',
  examples: [
    { value: 'f1_f2_f3__f5', call: 'field(4,_)', out: '' },
    { value: 'f1_f2_f3__f5', call: 'field(5,_)', out: 'f5' },
    { value: 'f1_f2_f3__f5', call: 'field(2,_,0)', out: 'f2_f3__f5' },
    { value: 'f1_f2_f3__f5', call: 'field(2,_,2)', out: 'f2_f3' },
    { value: 'f1_f2_f3__f5', call: 'field(-2,_,3)', out: 'f2_f3_' },
    { value: 'f1_f2_f3__f5', call: 'field(-3,_,0)', out: 'f1_f2_f3' },
    { value: 'f1_f2', call: 'field(3,_)', out: null },
  ],
  compile: ([index, delimiters, count]) => compilePieces(index, delimiters, count, false),
});

export const word = defineConverter({
  name: 'word',
  args: PIECE_ARGS,
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Word `index` of a text that is cut at runs of delimiters; an empty text if there are fewer. `count` words, 0 for all that follow.',
  examples: [
    { value: 'f1_f2_f3__f5', call: 'word(4,_)', out: 'f5' },
    { value: 'f1_f2_f3__f5', call: 'word(5,_)', out: '' },
    { value: 'f1_f2_f3__f5', call: 'word(3,_,0)', out: 'f3__f5' },
    { value: 'f1_f2_f3__f5', call: 'word(3,_,2)', out: 'f3__f5' },
    { value: 'f1_f2_f3__f5', call: 'word(-2,_,3)', out: 'f1_f2_f3' },
    { value: 'f1_f2_f3__f5', call: 'word(-3,_,0)', out: 'f1_f2' },
  ],
  compile: ([index, delimiters, count]) => compilePieces(index, delimiters, count, true),
});

const PERCENT = 37;
const PLUS = 43;

export const urlDec = defineConverter({
  name: 'url_dec',
  args: [{ name: 'in_form', kind: 'int', default: 0 }],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Decodes %XX; with a first argument other than 0 also + to a space, as forms need it. A bad sequence is no value.',
  examples: [
    { value: 'a%20b%2Fc', call: 'url_dec', out: 'a b/c' },
    { value: 'a+b', call: 'url_dec(1)', out: 'a b' },
    { value: 'a+b?c+d', call: 'url_dec', out: 'a+b?c d' },
    { value: 'a%2', call: 'url_dec', out: null },
  ],
  compile: ([inForm]) => {
    return (sample) => {
      const all = sample.memory.bytes;
      const at = roomFor(sample, sample.end - sample.start);
      if (at < 0) return false;
      let to = at;
      let isForm = inForm !== 0;
      for (let from = sample.start; from < sample.end; from++, to++) {
        const byte = all[from] as number;
        if (byte === PERCENT) {
          const high = from + 2 < sample.end ? hexValue(all[from + 1] as number) : -1;
          const low = high >= 0 ? hexValue(all[from + 2] as number) : -1;
          if (low < 0) return false;
          all[to] = high * 16 + low;
          from += 2;
        } else if (byte === PLUS && isForm) all[to] = 32;
        else {
          all[to] = byte;
          if (byte === QUESTION) isForm = true;
        }
      }
      return sample.setText(at, to);
    };
  },
});
const QUESTION = 63;

/** RFC 3986 2.3. */
const UNRESERVED = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') UNRESERVED[char.charCodeAt(0)] = 1;

export const urlEnc = defineConverter({
  name: 'url_enc',
  args: [{ name: 'enc_type', kind: 'str', oneOf: ['query'], default: 'query' }],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Writes every byte that is not unreserved in URIs as %XX.',
  examples: [
    { value: 'a b/c~', call: 'url_enc', out: 'a%20b%2Fc~' },
    { value: '7', call: 'mul(-6),url_enc', out: '-42' },
  ],
  compile: () => {
    return (sample) => {
      const all = sample.memory.bytes;
      const at = roomFor(sample, (sample.end - sample.start) * 3);
      if (at < 0) return false;
      let to = at;
      for (let from = sample.start; from < sample.end; from++) {
        const byte = all[from] as number;
        if (UNRESERVED[byte] === 1) all[to++] = byte;
        else {
          all[to++] = PERCENT;
          to = writeHexByte(all, to, byte);
        }
      }
      return sample.setText(at, to);
    };
  },
});

export const regsub = defineConverter({
  name: 'regsub',
  args: [
    { name: 'regex', kind: 'str' },
    { name: 'subst', kind: 'str' },
    { name: 'flags', kind: 'str', oneOf: ['g', 'i', 'gi', 'ig'], default: null },
  ],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Replaces what the pattern matches: the first time, or with the flag g every time. The flag i ignores case.',
  examples: [
    { value: 'a--b--c', call: 'regsub(-+,+)', out: 'a+b--c' },
    { value: 'a--b--c', call: 'regsub(-+,+,g)', out: 'a+b+c' },
    { value: 'user=Joe', call: "regsub('USER=(.*)','[\\1]',i)", out: '[Joe]' },
  ],
  compile: ([pattern, subst, flags], context) => {
    if (pattern === '') throw new RuleError("converter 'regsub' expects a regular expression that is not empty");
    const regex = context.regex(pattern, flags?.includes('i') ?? false);
    const everywhere = flags?.includes('g') ?? false;
    const source = context.thread;
    const start = source.memory.intern(subst);
    const replacement = new Replacement(source, regex, { constant: subst, write: () => undefined });
    replacement.use(start, start + subst.length);
    // Not the thread's writer: a format may be writing with that one.
    const out = new Writer(source.memory);
    return (sample) => {
      const { memory } = source;
      const at = memory.scratch();
      out.open(at, at + SCRATCH_SIZE);
      let from = sample.start;
      while (from <= sample.end && regex.find(memory.bytes, sample.start, sample.end, from)) {
        const matchStart = regex.match[0] as number;
        const matchEnd = regex.match[1] as number;
        out.copy(from, matchStart);
        replacement.write(out);
        from = matchEnd;
        if (matchEnd === matchStart) {
          if (from < sample.end) out.copy(from, from + 1);
          from++;
        }
        if (!everywhere) break;
      }
      if (from < sample.end) out.copy(from, sample.end);
      return !out.overflow && sample.setText(at, out.at);
    };
  },
});
