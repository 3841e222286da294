/** Converters that put texts together, cut them and compare them (HAProxy 3.x configuration 7.3.1). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Writer } from '../../rules/format/writer.ts';
import { SampleType } from '../../rules/sample.ts';
import { VariableOperand } from '../../rules/value/operand.ts';

const TEXT = { from: SampleType.str, to: SampleType.str } as const;

/** What came in, a text, a variable that may be left out or not be set, and another text. A divider stands only between two that are there. */
function compileJoin(first: string, isDivider: boolean, name: string | null, last: string, context: CompileContext): ConvertStep {
  const { memory } = context.thread;
  const start = memory.intern(first);
  const end = memory.intern(last);
  const variable = name === null ? null : new VariableOperand(name, context);
  const out = new Writer(memory);
  return (sample, stream) => {
    const at = memory.scratch();
    out.open(at, at + SCRATCH_SIZE);
    out.copy(sample.start, sample.end);
    const value = variable?.readText(stream) === true ? variable.sample : null;
    const follows = last !== '' || (value !== null && value.end > value.start);
    if (!isDivider || (follows && sample.end > sample.start)) out.copy(start, start + first.length);
    if (value !== null) out.copy(value.start, value.end);
    out.copy(end, end + last.length);
    return !out.overflow && sample.setText(at, out.at);
  };
}

export const concat = defineConverter({
  name: 'concat',
  args: [
    { name: 'start', kind: 'str', default: '' },
    { name: 'var', kind: 'str', default: null },
    { name: 'end', kind: 'str', default: '' },
  ],
  ...TEXT,
  doc: 'Appends a text, the value of a variable (nothing if it is not set), and another text.',
  examples: [
    { value: 'a', call: 'concat(-,,+)', out: 'a-+' },
    { value: 'a', call: "set-var(txn.x),concat('(',txn.x,')')", out: 'a(a)' },
    { value: 'a', call: 'concat(<,txn.nothing,>)', out: 'a<>' },
  ],
  compile: ([before, name, after], context) => compileJoin(before, false, name, after, context),
});

export const addItem = defineConverter({
  name: 'add_item',
  args: [
    { name: 'delim', kind: 'str' },
    { name: 'var', kind: 'str', default: null },
    { name: 'suff', kind: 'str', default: '' },
  ],
  ...TEXT,
  doc: 'Appends an item to a list: a variable (nothing if it is not set) and a text, with the delimiter before it if there is something on both sides.',
  examples: [
    { value: 'a', call: "set-var(txn.x),add_item(',',txn.x,'(1)')", out: 'a,a(1)' },
    { value: '', call: "add_item(',',,last)", out: 'last' },
    { value: 'a', call: "add_item(',',txn.nothing)", out: 'a' },
  ],
  compile: ([delimiter, name, suffix], context) => {
    if (name === null && suffix === '') throw new RuleError("converter 'add_item' expects a variable or a suffix");
    return compileJoin(delimiter, true, name, suffix, context);
  },
});

export const strcmp = defineConverter({
  name: 'strcmp',
  args: [{ name: 'var', kind: 'str' }],
  from: SampleType.str,
  to: SampleType.int,
  doc: 'Compares the text with a variable: 0 if they are alike, less if the text comes first, more if the variable does. No value if it is not set.',
  examples: [
    { value: 'abc', call: 'set-var(txn.x),strcmp(txn.x)', out: 0 },
    { value: 'abc', call: 'set-var(txn.x),upper,strcmp(txn.x),bool', out: true },
    { value: 'abc', call: 'strcmp(txn.nothing)', out: null },
  ],
  compile: ([name], context) => {
    const variable = new VariableOperand(name, context);
    return (sample, stream) => {
      if (!variable.readText(stream)) return false;
      const { bytes } = sample.memory;
      const { start, end } = variable.sample;
      const most = Math.min(end - start, sample.end - sample.start);
      for (let i = 0; i < most; i++) {
        const difference = (bytes[sample.start + i] as number) - (bytes[start + i] as number);
        if (difference !== 0) return sample.setInt(difference);
      }
      return sample.setInt(Math.sign(sample.end - sample.start - (end - start)));
    };
  },
});

export const secureMemcmp = defineConverter({
  name: 'secure_memcmp',
  args: [{ name: 'var', kind: 'str' }],
  from: SampleType.bin,
  to: SampleType.bool,
  doc: 'Whether the bytes are those of a variable, in a time that does not tell where they differ. No value if it is not set.',
  examples: [
    { value: 'secret', call: 'set-var(txn.x),secure_memcmp(txn.x)', out: true },
    { value: 'secret', call: 'set-var(txn.x),upper,secure_memcmp(txn.x)', out: false },
    { value: 'secret', call: 'secure_memcmp(txn.nothing)', out: null },
  ],
  compile: ([name], context) => {
    const variable = new VariableOperand(name, context);
    return (sample, stream) => {
      if (!variable.readBytes(stream)) return false;
      const { bytes } = sample.memory;
      const { start, end } = variable.sample;
      if (end - start !== sample.end - sample.start) return sample.setBool(false);
      let difference = 0;
      for (let i = 0; i < end - start; i++) difference |= (bytes[start + i] as number) ^ (bytes[sample.start + i] as number);
      return sample.setBool(difference === 0);
    };
  },
});

/** Skips these characters at one end. */
function compileTrim(characters: string, isStart: boolean): ConvertStep {
  const set = new Uint8Array(256);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return (sample) => {
    const { bytes } = sample.memory;
    let { start, end } = sample;
    if (isStart) while (start < end && set[bytes[start] as number] === 1) start++;
    else while (end > start && set[bytes[end - 1] as number] === 1) end--;
    return sample.setText(start, end);
  };
}

const CHARS = [{ name: 'chars', kind: 'str' }] as const;

export const ltrim = defineConverter({
  name: 'ltrim',
  args: CHARS,
  ...TEXT,
  doc: 'Skips these characters at the beginning.',
  examples: [{ value: '--a-b-', call: 'ltrim(-+)', out: 'a-b-' }],
  compile: ([characters]) => compileTrim(characters, true),
});

export const rtrim = defineConverter({
  name: 'rtrim',
  args: CHARS,
  ...TEXT,
  doc: 'Skips these characters at the end.',
  examples: [{ value: '--a-b-', call: 'rtrim(-+)', out: '--a-b' }],
  compile: ([characters]) => compileTrim(characters, false),
});

const LINE_FEED = 10;
const RETURN = 13;

export const cutCrlf = defineConverter({
  name: 'cut_crlf',
  args: [],
  ...TEXT,
  doc: 'The text up to the first carriage return or line feed.',
  examples: [
    { value: 'one\r\ntwo', call: 'cut_crlf', out: 'one' },
    { value: 'one', call: 'cut_crlf', out: 'one' },
  ],
  compile: (): ConvertStep => {
    return (sample) => {
      const { bytes } = sample.memory;
      let end = sample.start;
      while (end < sample.end && bytes[end] !== RETURN && bytes[end] !== LINE_FEED) end++;
      return sample.setText(sample.start, end);
    };
  },
});

export const reverse = defineConverter({
  name: 'reverse',
  args: [],
  ...TEXT,
  doc: 'The bytes in the opposite order.',
  examples: [{ value: 'abc', call: 'reverse', out: 'cba' }],
  compile: () => {
    return (sample) => {
      const { memory, start, end } = sample;
      if (end - start > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      for (let from = end - 1, to = at; from >= start; from--, to++) memory.bytes[to] = memory.bytes[from] as number;
      return sample.setText(at, at + end - start);
    };
  },
});

export const hasCtl = defineConverter({
  name: 'has_ctl',
  args: [{ name: 'mask', kind: 'int', default: 0xffffffff }],
  from: SampleType.bin,
  to: SampleType.bool,
  doc: 'Whether there is a control character, 0 to 31; with a mask, only those whose bit is set count.',
  examples: [
    { value: 'a\tb', call: 'has_ctl', out: true },
    { value: 'a b', call: 'has_ctl', out: false },
    { value: 'a\tb', call: 'has_ctl(1024)', out: false },
  ],
  compile: ([mask]) => {
    return (sample) => {
      const { bytes } = sample.memory;
      for (let at = sample.start; at < sample.end; at++) {
        const byte = bytes[at] as number;
        if (byte < 32 && ((mask >>> byte) & 1) === 1) return sample.setBool(true);
      }
      return sample.setBool(false);
    };
  },
});
