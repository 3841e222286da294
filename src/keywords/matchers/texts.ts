/**
 * Matchers of texts (HAProxy 3.x configuration 7.1.3). All patterns of an ACL are in one step; a pattern is its
 * offset and length in the statics. With `-i` letters of ASCII are compared without case.
 */
import { LOWER } from '../../http/tokens.ts';
import { type CompileContext, defineMatcher, type MatchStep } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';

/** Offset and length of each pattern; lower-cased if case does not count. */
function internPatterns(patterns: readonly string[], ignoreCase: boolean, context: CompileContext): Int32Array {
  const { memory } = context.thread;
  return Int32Array.from(patterns.flatMap((text) => [memory.intern(ignoreCase ? asciiLower(text) : text), text.length]));
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether bytes at `at` are the `length` bytes of a pattern. */
function same(bytes: Uint8Array, at: number, pattern: number, length: number, ignoreCase: boolean): boolean {
  if (ignoreCase) {
    for (let i = 0; i < length; i++) if (LOWER[bytes[at + i] as number] !== bytes[pattern + i]) return false;
    return true;
  }
  for (let i = 0; i < length; i++) if (bytes[at + i] !== bytes[pattern + i]) return false;
  return true;
}

export const str = defineMatcher({
  name: 'str',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'The whole text is the pattern.',
  examples: [
    { value: 'abc', patterns: ['x', 'abc'], out: true },
    { value: 'ABC', patterns: ['abc'], out: false },
    { value: 'ABC', patterns: ['aBc'], ignoreCase: true, out: true },
  ],
  compile: (patterns, ignoreCase, context) => {
    const list = internPatterns(patterns, ignoreCase, context);
    return (sample) => {
      const size = sample.end - sample.start;
      for (let at = 0; at < list.length; at += 2) {
        if (list[at + 1] === size && same(sample.memory.bytes, sample.start, list[at] as number, size, ignoreCase)) return true;
      }
      return false;
    };
  },
});

export const beg = defineMatcher({
  name: 'beg',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'The text begins with the pattern.',
  examples: [
    { value: '/api/x', patterns: ['/api'], out: true },
    { value: '/apis', patterns: ['/api'], out: true },
    { value: '/ap', patterns: ['/api'], out: false },
  ],
  compile: (patterns, ignoreCase, context) => {
    const list = internPatterns(patterns, ignoreCase, context);
    return (sample) => {
      const size = sample.end - sample.start;
      for (let at = 0; at < list.length; at += 2) {
        const length = list[at + 1] as number;
        if (length <= size && same(sample.memory.bytes, sample.start, list[at] as number, length, ignoreCase)) return true;
      }
      return false;
    };
  },
});

export const end = defineMatcher({
  name: 'end',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'The text ends with the pattern.',
  examples: [
    { value: '/a.png', patterns: ['.jpg', '.png'], out: true },
    { value: 'png', patterns: ['.png'], out: false },
  ],
  compile: (patterns, ignoreCase, context) => {
    const list = internPatterns(patterns, ignoreCase, context);
    return (sample) => {
      const size = sample.end - sample.start;
      for (let at = 0; at < list.length; at += 2) {
        const length = list[at + 1] as number;
        if (length <= size && same(sample.memory.bytes, sample.end - length, list[at] as number, length, ignoreCase)) return true;
      }
      return false;
    };
  },
});

export const sub = defineMatcher({
  name: 'sub',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'The text contains the pattern.',
  examples: [
    { value: 'a-needle-b', patterns: ['needle'], out: true },
    { value: 'a-NEEDLE-b', patterns: ['needle'], ignoreCase: true, out: true },
    { value: 'need', patterns: ['needle'], out: false },
  ],
  compile: (patterns, ignoreCase, context) => {
    const list = internPatterns(patterns, ignoreCase, context);
    return (sample) => {
      for (let at = 0; at < list.length; at += 2) {
        const length = list[at + 1] as number;
        const last = sample.end - length;
        for (let from = sample.start; from <= last; from++) {
          if (same(sample.memory.bytes, from, list[at] as number, length, ignoreCase)) return true;
        }
      }
      return false;
    };
  },
});

/** A set of bytes as a table. */
function delimiterTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** The pattern stands between delimiters, or between one and an end of the text; its own delimiters at the ends are dropped. */
function compileDelimited(patterns: readonly string[], ignoreCase: boolean, characters: string, context: CompileContext): MatchStep {
  const table = delimiterTable(characters);
  const list = internPatterns(
    patterns.map((pattern) => trimDelimiters(pattern, characters)),
    ignoreCase,
    context,
  );
  return (sample) => {
    const { bytes } = sample.memory;
    for (let at = 0; at < list.length; at += 2) {
      const length = list[at + 1] as number;
      const last = sample.end - length;
      for (let from = sample.start; from <= last; from++) {
        if (from > sample.start && table[bytes[from - 1] as number] === 0) continue;
        if (from < last && table[bytes[from + length] as number] === 0) continue;
        if (same(bytes, from, list[at] as number, length, ignoreCase)) return true;
      }
    }
    return false;
  };
}

function trimDelimiters(pattern: string, characters: string): string {
  let start = 0;
  let end = pattern.length;
  while (start < end && characters.includes(pattern[start] as string)) start++;
  while (end > start && characters.includes(pattern[end - 1] as string)) end--;
  return pattern.slice(start, end);
}

export const dir = defineMatcher({
  name: 'dir',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'The pattern is one or more whole parts of a path, anywhere in it.',
  examples: [
    { value: '/a/img/b', patterns: ['img'], out: true },
    { value: '/a/img/b', patterns: ['/img/b/'], out: true },
    { value: '/a/images', patterns: ['img'], out: false },
  ],
  compile: (patterns, ignoreCase, context) => compileDelimited(patterns, ignoreCase, '/?', context),
});

export const dom = defineMatcher({
  name: 'dom',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'The pattern is one or more whole parts of a domain name, anywhere in it: not a suffix match.',
  examples: [
    { value: 'www.example.com', patterns: ['example.com'], out: true },
    { value: 'www.example.com.evil.test:80', patterns: ['example.com'], out: true },
    { value: 'www.badexample.com', patterns: ['example.com'], out: false },
  ],
  compile: (patterns, ignoreCase, context) => compileDelimited(patterns, ignoreCase, '/?.:', context),
});

export const reg = defineMatcher({
  name: 'reg',
  expects: SampleType.str,
  takesPatterns: true,
  doc: 'The regular expression is found in the text. It runs in linear time; look-around and back-references are refused.',
  examples: [
    { value: '/img/42.png', patterns: ['\\d+\\.png$'], out: true },
    { value: '/IMG', patterns: ['^/img'], out: false },
    { value: '/IMG', patterns: ['^/img'], ignoreCase: true, out: true },
  ],
  compile: (patterns, ignoreCase, context) => {
    const list = patterns.map((pattern) => context.regex(pattern, ignoreCase));
    return (sample) => {
      for (let at = 0; at < list.length; at++) {
        if ((list[at] as (typeof list)[number]).test(sample.memory.bytes, sample.start, sample.end)) return true;
      }
      return false;
    };
  },
});
