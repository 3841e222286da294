/** Matchers of numbers, addresses, methods, bytes and of presence (HAProxy 3.x configuration 7.1.1 to 7.1.7). */
import { Family, parseIp } from '../../base/address.ts';
import { Method } from '../../http/message.ts';
import { methodOf } from '../../http/tokens.ts';
import { defineMatcher, type MatchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { embeddedIpv4, SampleType } from '../../rules/sample.ts';

export const found = defineMatcher({
  name: 'found',
  expects: SampleType.any,
  takesPatterns: false,
  doc: 'There is a value, even an empty one.',
  examples: [{ value: '', patterns: [], out: true }],
  compile: () => {
    return () => true;
  },
});

export const bool = defineMatcher({
  name: 'bool',
  expects: SampleType.bool,
  takesPatterns: false,
  doc: 'The value is true, or an integer other than 0.',
  examples: [
    { value: true, patterns: [], out: true },
    { value: 2, patterns: [], out: true },
    { value: 0, patterns: [], out: false },
  ],
  compile: () => {
    return (sample) => sample.int !== 0;
  },
});

const OPERATORS = ['eq', 'ge', 'gt', 'le', 'lt'] as const;
const MOST = Number.POSITIVE_INFINITY;

/** Ranges [low, high] from patterns: numbers, `a:b`, and operators that hold for the numbers behind them. */
function integerRanges(patterns: readonly string[]): Float64Array {
  const ranges: number[] = [];
  let operator = 'eq';
  for (const pattern of patterns) {
    if ((OPERATORS as readonly string[]).includes(pattern)) operator = pattern;
    else ranges.push(...integerRange(operator, pattern));
  }
  return Float64Array.from(ranges);
}

function integerRange(operator: string, pattern: string): [number, number] {
  const parts = /^(-?\d+)?(:(-?\d+)?)?$/.exec(pattern);
  if (parts === null || pattern === '' || pattern === ':') {
    throw new RuleError(`'${pattern}' is not an integer, a range as 1:10, or one of ${OPERATORS.join(', ')}`, -1, pattern, OPERATORS);
  }
  const low = parts[1] === undefined ? -MOST : Number(parts[1]);
  if (parts[2] !== undefined) {
    if (operator !== 'eq') throw new RuleError(`a range can't stand behind '${operator}'`, -1, pattern);
    return [low, parts[3] === undefined ? MOST : Number(parts[3])];
  }
  if (operator === 'gt') return [low + 1, MOST];
  if (operator === 'ge') return [low, MOST];
  if (operator === 'lt') return [-MOST, low - 1];
  return operator === 'le' ? [-MOST, low] : [low, low];
}

function isWithin(ranges: Float64Array, value: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (value >= (ranges[at] as number) && value <= (ranges[at + 1] as number)) return true;
  }
  return false;
}

export const int = defineMatcher({
  name: 'int',
  expects: SampleType.int,
  takesPatterns: true,
  doc: 'The integer is one of the numbers, in one of the ranges, or stands in the relation eq, ge, gt, le or lt to a number.',
  examples: [
    { value: 5, patterns: ['1', '5'], out: true },
    { value: 5, patterns: ['1:4'], out: false },
    { value: 1024, patterns: ['1024:'], out: true },
    { value: 5, patterns: ['gt', '4'], out: true },
    { value: 4, patterns: ['gt', '4'], out: false },
    { value: '12', patterns: ['le', '12'], out: true },
  ],
  compile: (patterns) => {
    const ranges = integerRanges(patterns);
    return (sample) => isWithin(ranges, sample.int);
  },
});

export const len = defineMatcher({
  name: 'len',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'As int, of the length of the text.',
  examples: [
    { value: 'abc', patterns: ['3'], out: true },
    { value: 'abc', patterns: ['gt', '3'], out: false },
  ],
  compile: (patterns) => {
    const ranges = integerRanges(patterns);
    return (sample) => isWithin(ranges, sample.end - sample.start);
  },
});

export const bin = defineMatcher({
  name: 'bin',
  expects: SampleType.bin,
  takesPatterns: true,
  doc: 'The bytes are those written in hexadecimal.',
  examples: [
    { value: 'AB', patterns: ['4142'], out: true },
    { value: 'AB', patterns: ['41'], out: false },
  ],
  compile: (patterns, _, context) => {
    const { memory } = context.thread;
    const list = Int32Array.from(patterns.flatMap((hex) => [memory.intern(bytesOf(hex)), hex.length / 2]));
    return (sample) => {
      const size = sample.end - sample.start;
      for (let at = 0; at < list.length; at += 2) {
        if (list[at + 1] !== size) continue;
        let i = 0;
        while (i < size && memory.bytes[sample.start + i] === memory.bytes[(list[at] as number) + i]) i++;
        if (i === size) return true;
      }
      return false;
    };
  },
});

function bytesOf(hex: string): string {
  if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw new RuleError(`'${hex}' is not an even number of hexadecimal digits`, -1, hex);
  return hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}

export const method = defineMatcher({
  name: 'meth',
  expects: SampleType.method,
  takesPatterns: true,
  doc: 'The method of the request. Names are case sensitive.',
  examples: [
    { value: 'GET', patterns: ['POST', 'GET'], out: true },
    { value: 'get', patterns: ['GET'], out: false },
    { value: 'BREW', patterns: ['BREW'], out: true },
  ],
  compile: (patterns, _, context) => {
    const { memory } = context.thread;
    const list = Int32Array.from(
      patterns.flatMap((name) => {
        const start = memory.intern(name);
        return [start, name.length, methodOf(memory.bytes, start, start + name.length)];
      }),
    );
    return (sample) => {
      const { bytes } = sample.memory;
      const size = sample.end - sample.start;
      for (let at = 0; at < list.length; at += 3) {
        if (sample.int !== Method.other && sample.int === list[at + 2]) return true;
        if (size === 0 || list[at + 1] !== size) continue;
        let i = 0;
        while (i < size && bytes[sample.start + i] === bytes[(list[at] as number) + i]) i++;
        if (i === size) return true;
      }
      return false;
    };
  },
});

const NETWORK = 33;

/** Per network: family, 16 bytes of address and 16 of mask. */
function networkOf(pattern: string): number[] {
  const slash = pattern.indexOf('/');
  const text = slash < 0 ? pattern : pattern.slice(0, slash);
  const full = text.includes(':') ? text : completeIpv4(text);
  const ip = full === null ? null : parseIp(full);
  if (ip === null) {
    if (/^[-\w.]*[a-zA-Z][-\w.]*$/.test(text)) {
      throw new RuleError(`the host name '${pattern}' as an address pattern is not supported by this version`, -1, pattern);
    }
    throw new RuleError(`'${pattern}' is not an IP address or network`, -1, pattern);
  }
  const size = ip.family === Family.inet ? 4 : 16;
  const mask = maskOf(pattern, slash < 0 ? String(size * 8) : pattern.slice(slash + 1), size);
  const address = Array.from(ip.ip, (byte, at) => byte & (mask[at] as number));
  return [ip.family, ...address, ...mask];
}

/** HAProxy's short forms leave out zeros in the middle: 10.12 is 10.0.0.12. */
function completeIpv4(text: string): string | null {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return null;
  const last = parts.pop() as string;
  while (parts.length < 3) parts.push('0');
  return [...parts, last].join('.');
}

/** 16 bytes of mask from a prefix length or, for IPv4, a dotted mask. */
function maskOf(pattern: string, text: string, size: number): number[] {
  const dotted = size === 4 ? parseIp(text) : null;
  if (dotted !== null && dotted.family === Family.inet) return Array.from(dotted.ip);
  const bits = /^\d{1,3}$/.test(text) ? Number(text) : 1000;
  if (bits > size * 8) throw new RuleError(`'${pattern}': the mask is 0 to ${size * 8}`, -1, pattern);
  return Array.from({ length: 16 }, (_, at) => (at * 8 >= bits ? 0 : (255 << Math.max(0, 8 - (bits - at * 8))) & 255));
}

/** Both forms of an address: an IPv4 address matches IPv6 networks as ::ffff:a.b.c.d, an IPv6 one that carries IPv4 matches those. */
function compileNetworks(networks: Uint8Array): MatchStep {
  const mapped = new Uint8Array(16);
  mapped[10] = mapped[11] = 255;
  return (sample) => {
    const { ip } = sample;
    const isV4 = sample.type === SampleType.ipv4;
    const embedded = isV4 ? 0 : embeddedIpv4(ip);
    if (isV4) for (let i = 0; i < 4; i++) mapped[12 + i] = ip[i] as number;
    for (let at = 0; at < networks.length; at += NETWORK) {
      const wantsV4 = networks[at] === Family.inet;
      if (wantsV4 && embedded < 0) continue;
      const from = wantsV4 ? embedded : 0;
      const bytes = isV4 && !wantsV4 ? mapped : ip;
      const size = wantsV4 ? 4 : 16;
      let i = 0;
      while (i < size && ((bytes[from + i] as number) & (networks[at + 17 + i] as number)) === networks[at + 1 + i]) i++;
      if (i === size) return true;
    }
    return false;
  };
}

export const ip = defineMatcher({
  name: 'ip',
  expects: SampleType.address,
  takesPatterns: true,
  doc: 'The address is one of these or in one of these networks. 10.12/8 is 10.0.0.12/8.',
  examples: [
    { value: '192.0.2.7', patterns: ['192.0.2.0/24'], out: true },
    { value: '192.0.3.7', patterns: ['192.0.2.0/255.255.255.0'], out: false },
    { value: '10.9.9.9', patterns: ['10/8'], out: false },
    { value: '0.0.0.10', patterns: ['10/32'], out: true },
    { value: '2001:db8::1', patterns: ['2001:db8::/32'], out: true },
    { value: '::ffff:192.0.2.7', patterns: ['192.0.2.7'], out: true },
    { value: '192.0.2.7', patterns: ['::ffff:0:0/96'], out: true },
  ],
  compile: (patterns) => compileNetworks(Uint8Array.from(patterns.flatMap(networkOf))),
});
