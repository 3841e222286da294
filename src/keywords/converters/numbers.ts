/** Converters of integers, booleans and addresses (HAProxy 3.x configuration 7.3.1). */
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { cast, SampleType } from '../../rules/sample.ts';
import { highWord, lowWord } from '../../rules/value/bytes.ts';
import { NumberOperand } from '../../rules/value/operand.ts';

const OPERAND = [{ name: 'value', kind: 'str' }] as const;
const INT_TO_INT = { from: SampleType.int, to: SampleType.int } as const;

const ADD = 0;
const SUBTRACT = 1;
const MULTIPLY = 2;
const DIVIDE = 3;
const MODULO = 4;

const HALF = 2 ** 32;
/** HAProxy's largest integer, rounded. */
const LARGEST = 2 ** 63;

/** An operation on the sample and a number or variable. A switch, not a function: numbers above 2^31 would be boxed to be handed over. */
function compileOperation(value: string, context: CompileContext, operation: number): ConvertStep {
  const operand = new NumberOperand(value, context);
  return (sample, stream) => {
    if (!operand.read(stream)) return false;
    const { int } = sample;
    const by = operand.value;
    if (operation === ADD) sample.int = int + by;
    else if (operation === SUBTRACT) sample.int = int - by;
    else if (operation === MULTIPLY) sample.int = int * by;
    else if (operation === DIVIDE) sample.int = by === 0 ? Number.MAX_VALUE : Math.trunc(int / by);
    else sample.int = by === 0 ? 0 : int % by;
    return sample.settle();
  };
}

export const add = defineConverter({
  name: 'add',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'Adds the value. Results stay within 64 bits.',
  examples: [
    { value: 5, call: 'add(-7)', out: -2 },
    { value: 5, call: 'set-var(txn.n),add(txn.n)', out: 10 },
    { value: 5, call: 'add(txn.nothing)', out: null },
    { value: '', call: 'add(1)', out: null },
    { value: 'x', call: 'add(1)', out: 1 },
  ],
  compile: ([value], context) => compileOperation(value, context, ADD),
});

export const sub = defineConverter({
  name: 'sub',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'Subtracts the value.',
  examples: [{ value: 5, call: 'sub(7)', out: -2 }],
  compile: ([value], context) => compileOperation(value, context, SUBTRACT),
});

export const mul = defineConverter({
  name: 'mul',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'Multiplies by the value.',
  examples: [{ value: 5, call: 'mul(7)', out: 35 }],
  compile: ([value], context) => compileOperation(value, context, MULTIPLY),
});

export const div = defineConverter({
  name: 'div',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'Divides by the value, towards zero. By 0: the largest integer.',
  examples: [
    { value: 7, call: 'div(2)', out: 3 },
    { value: -7, call: 'div(2)', out: -3 },
  ],
  compile: ([value], context) => compileOperation(value, context, DIVIDE),
});

export const mod = defineConverter({
  name: 'mod',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'The rest of the division by the value. By 0: 0.',
  examples: [
    { value: 7, call: 'mod(4)', out: 3 },
    { value: 7, call: 'mod(0)', out: 0 },
  ],
  compile: ([value], context) => compileOperation(value, context, MODULO),
});

export const neg = defineConverter({
  name: 'neg',
  args: [],
  ...INT_TO_INT,
  doc: 'The integer with the other sign.',
  examples: [{ value: 5, call: 'neg', out: -5 }],
  compile: () => {
    // The largest is rounded, what it becomes is not.
    return (sample) => (sample.int >= LARGEST ? sample.setWide(-LARGEST / HALF, 1) : sample.setInt(0 - sample.int));
  },
});

/** A bitwise operation on both 32-bit halves of 64-bit integers. */
function compileBits(value: string, context: CompileContext, operate: (a: number, b: number) => number): ConvertStep {
  const operand = new NumberOperand(value, context);
  return (sample, stream) => operand.read(stream) && sample.setInt(onHalves(sample.int, operand.value, operate));
}

function onHalves(a: number, b: number, operate: (a: number, b: number) => number): number {
  return operate(highWord(a), highWord(b)) * HALF + (operate(lowWord(a), lowWord(b)) >>> 0);
}

export const and = defineConverter({
  name: 'and',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'Bitwise AND.',
  examples: [
    { value: 12, call: 'and(10)', out: 8 },
    { value: '9223372036854775807', call: 'and(255)', out: 255 },
  ],
  compile: ([value], context) => compileBits(value, context, (a, b) => a & b),
});

export const or = defineConverter({
  name: 'or',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'Bitwise OR.',
  examples: [
    { value: 12, call: 'or(3)', out: 15 },
    { value: '9223372036854775807', call: 'or(1),concat()', out: '9223372036854775807' },
  ],
  compile: ([value], context) => compileBits(value, context, (a, b) => a | b),
});

export const xor = defineConverter({
  name: 'xor',
  args: OPERAND,
  ...INT_TO_INT,
  doc: 'Bitwise exclusive OR.',
  examples: [{ value: 12, call: 'xor(10)', out: 6 }],
  compile: ([value], context) => compileBits(value, context, (a, b) => a ^ b),
});

export const cpl = defineConverter({
  name: 'cpl',
  args: [],
  ...INT_TO_INT,
  doc: 'All bits turned over.',
  examples: [
    { value: 5, call: 'cpl', out: -6 },
    { value: -1, call: 'cpl', out: 0 },
  ],
  compile: () => {
    return (sample) => sample.setInt(-1 - sample.int);
  },
});

export const bool = defineConverter({
  name: 'bool',
  args: [],
  from: SampleType.int,
  to: SampleType.bool,
  doc: 'False for 0, true for every other integer.',
  examples: [
    { value: 7, call: 'bool', out: true },
    { value: 0, call: 'bool', out: false },
  ],
  compile: () => {
    return (sample) => sample.setBool(sample.int !== 0);
  },
});

export const not = defineConverter({
  name: 'not',
  args: [],
  from: SampleType.int,
  to: SampleType.bool,
  doc: 'True for 0, false for every other integer.',
  examples: [
    { value: 7, call: 'not', out: false },
    { value: 0, call: 'not', out: true },
  ],
  compile: () => {
    return (sample) => sample.setBool(sample.int === 0);
  },
});

export const odd = defineConverter({
  name: 'odd',
  args: [],
  from: SampleType.int,
  to: SampleType.bool,
  doc: 'Whether the integer is odd.',
  examples: [
    { value: 7, call: 'odd', out: true },
    { value: '9223372036854775807', call: 'odd', out: true },
  ],
  compile: () => {
    return (sample) => sample.setBool(sample.isOdd);
  },
});

export const even = defineConverter({
  name: 'even',
  args: [],
  from: SampleType.int,
  to: SampleType.bool,
  doc: 'Whether the integer is even.',
  examples: [
    { value: 7, call: 'even', out: false },
    { value: '9223372036854775807', call: 'even', out: false },
  ],
  compile: () => {
    return (sample) => sample.setBool(!sample.isOdd);
  },
});

export const iif = defineConverter({
  name: 'iif',
  args: [
    { name: 'true', kind: 'str' },
    { name: 'false', kind: 'str' },
  ],
  from: SampleType.bool,
  to: SampleType.str,
  doc: 'The first text if the value is true, else the second.',
  examples: [
    { value: true, call: 'iif(yes,no)', out: 'yes' },
    { value: 0, call: 'iif(yes,no)', out: 'no' },
  ],
  compile: ([whenTrue, whenFalse], context) => {
    const { memory } = context.thread;
    const yes = memory.intern(whenTrue);
    const no = memory.intern(whenFalse);
    return (sample) => (sample.int !== 0 ? sample.setText(yes, yes + whenTrue.length) : sample.setText(no, no + whenFalse.length));
  },
});

export const ipmask = defineConverter({
  name: 'ipmask',
  args: [
    { name: 'mask4', kind: 'mask4' },
    { name: 'mask6', kind: 'mask6', default: null },
  ],
  from: SampleType.address,
  to: SampleType.address,
  doc: 'The network of the address. Without a mask for IPv6 such an address is no value; one that stands for an IPv4 address (::ffff:0:0/96) is that.',
  examples: [
    { value: '192.0.2.77', call: 'ipmask(24)', out: '192.0.2.0' },
    { value: '192.0.2.77', call: 'ipmask(255.255.0.0)', out: '192.0.0.0' },
    { value: '2001:db8::77', call: 'ipmask(24,64)', out: '2001:db8::' },
    { value: '2001:db8::77', call: 'ipmask(24)', out: null },
    { value: '::ffff:192.0.2.77', call: 'ipmask(24,64)', out: '192.0.2.0' },
  ],
  compile: ([mask4, mask6]) => {
    return (sample) => {
      const isMapped = sample.type === SampleType.ipv6 && isMappedIpv4(sample.ip);
      if (isMapped && !cast(sample, SampleType.ipv4)) return false;
      const mask = sample.type === SampleType.ipv4 ? mask4 : mask6;
      if (mask === null) return false;
      const { ip, ownIp } = sample;
      for (let at = 0; at < mask.length; at++) ownIp[at] = (ip[at] as number) & (mask[at] as number);
      sample.ip = ownIp;
      return true;
    };
  },
});

function isMappedIpv4(ip: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (ip[at] !== 0) return false;
  return ip[10] === 255 && ip[11] === 255;
}
