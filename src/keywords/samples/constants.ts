/** Samples that are written in the configuration, or come from the process (HAProxy 3.x configuration 7.3.2). */
import { parseIp } from '../../base/address.ts';
import { Method } from '../../http/message.ts';
import { methodOf } from '../../http/tokens.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';

/** A text of the configuration, kept in the statics. */
function compileText(text: string, context: CompileContext): FetchStep {
  const start = context.thread.memory.intern(text);
  const end = start + text.length;
  return (sample) => sample.setText(start, end);
}

function compileBool(value: boolean): FetchStep {
  return (sample) => sample.setBool(value);
}

export const alwaysTrue = defineFetch({
  name: 'always_true',
  args: [],
  type: SampleType.bool,
  valid: Valid.always,
  doc: 'Always true. For tests, and to force a result.',
  examples: [{ call: 'always_true', out: true }],
  compile: () => compileBool(true),
});

export const alwaysFalse = defineFetch({
  name: 'always_false',
  args: [],
  type: SampleType.bool,
  valid: Valid.always,
  doc: 'Always false.',
  examples: [{ call: 'always_false', out: false }],
  compile: () => compileBool(false),
});

export const bool = defineFetch({
  name: 'bool',
  args: [{ name: 'bool', kind: 'str', oneOf: ['true', 'false', '1', '0'] }],
  type: SampleType.bool,
  valid: Valid.always,
  doc: 'The boolean that is written.',
  examples: [
    { call: 'bool(true)', out: true },
    { call: 'bool(0)', out: false },
  ],
  compile: ([word]) => compileBool(word === 'true' || word === '1'),
});

export const int = defineFetch({
  name: 'int',
  args: [{ name: 'integer', kind: 'int' }],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'The integer that is written.',
  examples: [
    { call: 'int(5)', out: 5 },
    { call: 'int(-7),mul(2)', out: -14 },
  ],
  compile: ([value]) => {
    return (sample) => sample.setInt(value);
  },
});

export const str = defineFetch({
  name: 'str',
  args: [{ name: 'string', kind: 'str', default: '' }],
  type: SampleType.str,
  valid: Valid.always,
  doc: 'The text that is written.',
  examples: [
    { call: 'str(abc)', out: 'abc' },
    { call: 'str("a,b)"),length', out: 4 },
    { call: 'str()', out: '' },
  ],
  compile: ([text], context) => compileText(text, context),
});

export const bin = defineFetch({
  name: 'bin',
  args: [{ name: 'hex', kind: 'str' }],
  type: SampleType.bin,
  valid: Valid.always,
  doc: 'The bytes that are written in hexadecimal.',
  examples: [{ call: 'bin(414243)', out: 'ABC' }],
  compile: ([hex], context) => {
    if (!/^([0-9a-fA-F]{2})*$/.test(hex)) throw new RuleError(`'${hex}' is not an even number of hexadecimal digits`, -1, hex);
    const text = hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
    const start = context.thread.memory.intern(text);
    const end = start + text.length;
    return (sample) => sample.setBinary(start, end);
  },
});

function compileIp(text: string, wanted: 'ipv4' | 'ipv6'): FetchStep {
  const ip = parseIp(text);
  if (ip === null || text.includes(':') !== (wanted === 'ipv6')) throw new RuleError(`'${text}' is not an ${wanted} address`, -1, text);
  const { family } = ip;
  const bytes = ip.ip;
  return (sample) => sample.setIp(family, bytes);
}

export const ipv4 = defineFetch({
  name: 'ipv4',
  args: [{ name: 'ipv4', kind: 'str' }],
  type: SampleType.ipv4,
  valid: Valid.always,
  doc: 'The IPv4 address that is written.',
  examples: [{ call: 'ipv4(192.0.2.1)', out: '192.0.2.1' }],
  compile: ([text]) => compileIp(text, 'ipv4'),
});

export const ipv6 = defineFetch({
  name: 'ipv6',
  args: [{ name: 'ipv6', kind: 'str' }],
  type: SampleType.ipv6,
  valid: Valid.always,
  doc: 'The IPv6 address that is written.',
  examples: [{ call: 'ipv6(2001:DB8::1)', out: '2001:db8::1' }],
  compile: ([text]) => compileIp(text, 'ipv6'),
});

export const meth = defineFetch({
  name: 'meth',
  args: [{ name: 'method', kind: 'str' }],
  type: SampleType.method,
  valid: Valid.always,
  doc: 'The HTTP method that is written.',
  examples: [{ call: 'meth(GET)', out: 'GET' }],
  compile: ([text], context) => {
    const { memory } = context.thread;
    const start = memory.intern(text);
    const end = start + text.length;
    const known = methodOf(memory.bytes, start, end);
    return (sample) => sample.setMethod(known === Method.other ? Method.other : known, start, end);
  },
});

export const hostname = defineFetch({
  name: 'hostname',
  args: [],
  type: SampleType.str,
  valid: Valid.always,
  doc: 'The name of this machine.',
  examples: [{ call: 'hostname', out: 'test-host' }],
  compile: (_, context) => compileText(context.thread.process.hostname, context),
});

export const pid = defineFetch({
  name: 'pid',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'The number of the process.',
  examples: [{ call: 'pid', out: 4711 }],
  compile: (_, context) => {
    const number = context.thread.process.pid;
    return (sample) => sample.setInt(number);
  },
});

export const thread = defineFetch({
  name: 'thread',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'The number of the thread, from 0 on.',
  examples: [{ call: 'thread', out: 0 }],
  compile: (_, context) => {
    const number = context.thread.shared.thread;
    return (sample) => sample.setInt(number);
  },
});

export const rand = defineFetch({
  name: 'rand',
  args: [{ name: 'range', kind: 'int', default: 0 }],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'A random number from 0 to range - 1, or of 32 bits without a range. Not for secrets.',
  examples: [{ call: 'rand(1)', out: 0 }],
  compile: ([range], context) => {
    const source = context.thread;
    return (sample) => sample.setInt(range > 0 ? Math.floor((source.random() / 4294967296) * range) : source.random());
  },
});

const PER_SECOND = { s: 1, ms: 1000, us: 1_000_000 } as const;

export const date = defineFetch({
  name: 'date',
  args: [
    { name: 'offset', kind: 'int', default: 0 },
    { name: 'unit', kind: 'str', oneOf: ['s', 'ms', 'us'], default: 's' },
  ],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'The time since the epoch. Unit s, ms or us; the offset is added first, in seconds or in the unit that is given.',
  examples: [
    { call: 'date', out: 1_795_166_475 },
    { call: 'date(-60)', out: 1_795_166_415 },
    { call: 'date(0,ms)', out: 1_795_166_475_123 },
  ],
  compile: ([offset, unit], context) => {
    const { clock } = context.thread;
    const perMs = PER_SECOND[unit] / 1000;
    return (sample) => sample.setInt(Math.floor(clock.wallClock() * perMs) + offset);
  },
});
