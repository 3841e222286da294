/** Matchers of texts (HAProxy 3.x configuration 7.1.3). With `-i` letters of ASCII are compared without case. */
import { defineMatcher } from '../../rules/define.ts';
import { PatternKind } from '../../rules/patterns/pattern-index.ts';
import { SampleType } from '../../rules/sample.ts';

export const str = defineMatcher({
  name: 'str',
  expects: SampleType.str,
  kind: PatternKind.exact,
  test: null,
  doc: 'The whole text is the pattern.',
  examples: [
    { value: 'abc', patterns: ['x', 'abc'], out: true },
    { value: 'ABC', patterns: ['abc'], out: false },
    { value: 'ABC', patterns: ['aBc'], ignoreCase: true, out: true },
    { value: '', patterns: [''], out: true },
  ],
});

export const beg = defineMatcher({
  name: 'beg',
  expects: SampleType.str,
  kind: PatternKind.prefix,
  test: null,
  doc: 'The text begins with the pattern.',
  examples: [
    { value: '/api/x', patterns: ['/api'], out: true },
    { value: '/apis', patterns: ['/api'], out: true },
    { value: '/ap', patterns: ['/api'], out: false },
    { value: '/API', patterns: ['/x', '/api'], ignoreCase: true, out: true },
  ],
});

export const end = defineMatcher({
  name: 'end',
  expects: SampleType.str,
  kind: PatternKind.suffix,
  test: null,
  doc: 'The text ends with the pattern.',
  examples: [
    { value: '/a.png', patterns: ['.jpg', '.png'], out: true },
    { value: 'png', patterns: ['.png'], out: false },
    { value: '/a.PNG', patterns: ['.png'], ignoreCase: true, out: true },
  ],
});

export const sub = defineMatcher({
  name: 'sub',
  expects: SampleType.str,
  kind: PatternKind.inside,
  test: null,
  doc: 'The text contains the pattern.',
  examples: [
    { value: 'a-needle-b', patterns: ['needle'], out: true },
    { value: 'a-NEEDLE-b', patterns: ['needle'], ignoreCase: true, out: true },
    { value: 'need', patterns: ['needle'], out: false },
    { value: 'abc', patterns: ['x', 'c'], out: true },
  ],
});

export const dir = defineMatcher({
  name: 'dir',
  expects: SampleType.str,
  kind: PatternKind.parts,
  test: null,
  doc: 'The pattern is one or more whole parts of a path, anywhere in it.',
  examples: [
    { value: '/a/img/b', patterns: ['img'], out: true },
    { value: '/a/img/b', patterns: ['/img/b/'], out: true },
    { value: '/a/images', patterns: ['img'], out: false },
  ],
});

export const dom = defineMatcher({
  name: 'dom',
  expects: SampleType.str,
  kind: PatternKind.domain,
  test: null,
  doc: 'The pattern is one or more whole parts of a domain name, anywhere in it: not a suffix match.',
  examples: [
    { value: 'www.example.com', patterns: ['example.com'], out: true },
    { value: 'www.example.com.evil.test:80', patterns: ['example.com'], out: true },
    { value: 'www.badexample.com', patterns: ['example.com'], out: false },
  ],
});

export const reg = defineMatcher({
  name: 'reg',
  expects: SampleType.str,
  kind: PatternKind.regex,
  test: null,
  doc: 'The regular expression is found in the text.',
  examples: [
    { value: '/img/42.png', patterns: ['\\d+\\.png$'], out: true },
    { value: '/IMG', patterns: ['^/img'], out: false },
    { value: '/IMG', patterns: ['^/img'], ignoreCase: true, out: true },
  ],
});
