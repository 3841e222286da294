/** Matchers of numbers, addresses, methods, bytes and of presence (HAProxy 3.x configuration 7.1.1 to 7.1.7). */
import { defineMatcher } from '../../rules/define.ts';
import { PatternKind } from '../../rules/patterns/pattern-index.ts';
import { SampleType } from '../../rules/sample.ts';

export const found = defineMatcher({
  name: 'found',
  expects: SampleType.any,
  kind: null,
  test: () => true,
  doc: 'There is a value, even an empty one.',
  examples: [{ value: '', patterns: [], out: true }],
});

export const bool = defineMatcher({
  name: 'bool',
  expects: SampleType.bool,
  kind: null,
  test: (sample) => sample.int !== 0,
  doc: 'The value is true, or an integer other than 0.',
  examples: [
    { value: true, patterns: [], out: true },
    { value: 2, patterns: [], out: true },
    { value: 0, patterns: [], out: false },
  ],
});

export const int = defineMatcher({
  name: 'int',
  expects: SampleType.int,
  kind: PatternKind.number,
  test: null,
  doc: 'The integer is one of the numbers, in one of the ranges, or stands in the relation eq, ge, gt, le or lt to a number.',
  examples: [
    { value: 5, patterns: ['1', '5'], out: true },
    { value: 5, patterns: ['1:4'], out: false },
    { value: 1024, patterns: ['1024:'], out: true },
    { value: 5, patterns: ['gt', '4'], out: true },
    { value: 4, patterns: ['gt', '4'], out: false },
    { value: '12', patterns: ['le', '12'], out: true },
    { value: 5, patterns: ['5'], ignoreCase: true, out: true },
  ],
});

export const len = defineMatcher({
  name: 'len',
  expects: SampleType.str,
  kind: PatternKind.size,
  test: null,
  doc: 'As int, of the length of the text.',
  examples: [
    { value: 'abc', patterns: ['3'], out: true },
    { value: 'abc', patterns: ['gt', '3'], out: false },
    { value: 'abc', patterns: ['3'], ignoreCase: true, out: true },
  ],
});

export const bin = defineMatcher({
  name: 'bin',
  expects: SampleType.bin,
  kind: PatternKind.binary,
  test: null,
  doc: 'The bytes are those written in hexadecimal.',
  examples: [
    { value: 'AB', patterns: ['4142'], out: true },
    { value: 'AB', patterns: ['41'], out: false },
    { value: 'ab', patterns: ['4142'], ignoreCase: true, out: false },
  ],
});

export const method = defineMatcher({
  name: 'meth',
  expects: SampleType.str,
  kind: PatternKind.exact,
  test: null,
  doc: 'The method of the request. Names are case sensitive.',
  examples: [
    { value: 'GET', patterns: ['POST', 'GET'], out: true },
    { value: 'get', patterns: ['GET'], out: false },
    { value: 'BREW', patterns: ['BREW'], out: true },
  ],
});

export const ip = defineMatcher({
  name: 'ip',
  expects: SampleType.address,
  kind: PatternKind.address,
  test: null,
  doc: 'The address is one of these or in one of these networks. 10.12/8 is 10.0.0.12/8.',
  examples: [
    { value: '192.0.2.7', patterns: ['192.0.2.0/24'], out: true },
    { value: '192.0.3.7', patterns: ['192.0.2.0/255.255.255.0'], out: false },
    { value: '10.9.9.9', patterns: ['10/8'], out: false },
    { value: '0.0.0.10', patterns: ['10/32'], out: true },
    { value: '2001:db8::1', patterns: ['2001:db8::/32'], out: true },
    { value: '::ffff:192.0.2.7', patterns: ['192.0.2.7'], out: true },
    { value: '192.0.2.7', patterns: ['::ffff:0:0/96'], out: true },
    { value: '192.0.2.7', patterns: ['192.0.2.0/24'], ignoreCase: true, out: true },
  ],
});
