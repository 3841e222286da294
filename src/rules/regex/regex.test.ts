/** The engine for regular expressions: against V8's own as the oracle, what is refused, and that it stays linear. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RuleError } from '../error.ts';
import { compileRegex, regexCounters } from './regex.ts';

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The matched text and groups, or null. */
function find(pattern: string, text: string, ignoreCase = false): (string | undefined)[] | null {
  const regex = compileRegex(pattern, ignoreCase);
  const bytes = bytesOf(`>>${text}<<`);
  const end = bytes.length - 2;
  const present = regex.test(bytes, 2, end);
  const found = regex.find(bytes, 2, end, 2);
  assert.equal(present, found);
  if (!found) return null;
  return Array.from({ length: regex.groups }, (_, at) => {
    const start = regex.match[at * 2] as number;
    return start < 0 ? undefined : text.slice(start - 2, (regex.match[at * 2 + 1] as number) - 2);
  });
}

function oracle(pattern: string, text: string): (string | undefined)[] | null {
  const match = new RegExp(pattern, 's').exec(text);
  return match === null ? null : Array.from(match);
}

const TABLE: readonly (readonly [string, string])[] = [
  ['', 'abc'],
  ['^/img/(\\d+)\\.(png|jpe?g)$', '/img/42.jpeg'],
  ['(a|ab)(c|bcd)(d*)', 'abcd'],
  ['a+?b', 'aaab'],
  ['(a*)(a*)', 'aaa'],
  ['x{2,3}', 'xxxxx'],
  ['x{2,}?y', 'xxxxy'],
  ['(?:ab|cd)+e', 'zzabcdabe'],
  ['[^/]+$', '/a/b/c'],
  ['\\bfoo\\b', 'a foo b'],
  ['\\Boo\\b', 'a foo b'],
  ['[\\w.-]+@[a-z]+', 'to me.too@host now'],
  ['[]a]+', 'xa]'],
  ['^$', ''],
  ['(a)|(b)', 'b'],
  ['(a?)*b', 'aab'],
  ['a{0}b', 'ab'],
  ['[a-c-]+', 'x-b-y'],
  ['\\x41\\t?', 'zA'],
];

for (const [pattern, text] of TABLE) {
  test(`/${pattern}/ on '${text}'`, () => {
    const expected = oracle(pattern.replace('[]a]', '[\\]a]'), text);
    // A group inside a repetition keeps its last value in PCRE, and is cleared per turn in JavaScript.
    assert.deepEqual(find(pattern, text)?.[0], expected?.[0]);
    if (!/\)[*+{]/.test(pattern)) assert.deepEqual(find(pattern, text), expected);
  });
}

test('groups in a repetition keep their last value', () => {
  assert.deepEqual(find('(?:(a)|b)*', 'ab'), ['ab', 'a']);
});

test('without case: letters, classes, options', () => {
  assert.deepEqual(find('/IMG/[a-c]+', '/img/ABC', true), ['/img/ABC']);
  assert.deepEqual(find('a(?i)b', 'aB'), ['aB']);
  assert.equal(find('a(?i)b', 'AB'), null);
  assert.deepEqual(find('(?i:a)b', 'Ab'), ['Ab']);
  assert.equal(find('(?i:a)b', 'AB'), null);
});

test('bytes, not characters: 0x80 and above, newlines, NUL', () => {
  assert.deepEqual(find('\\xe9+', 'caf\xe9\xe9'), ['\xe9\xe9']);
  assert.equal(find('a.b', 'a\nb'), null);
  assert.deepEqual(find('a$', 'a\n'), ['a']);
  assert.equal(find('a\\z', 'a\n'), null);
  assert.deepEqual(find('[[:digit:]]+[[:^alpha:]]', 'a12\0'), ['12\0']);
});

/** A small generator of patterns that mean the same to PCRE, JavaScript and us. */
function randomPattern(next: (limit: number) => number, depth: number): string {
  const atoms = ['a', 'b', 'c', '[ab]', '[^a]', '.', '\\w', '\\d'];
  const kind = depth === 0 ? 0 : next(6);
  if (kind <= 1) return atoms[next(atoms.length)] as string;
  if (kind === 2) return randomPattern(next, depth - 1) + randomPattern(next, depth - 1);
  if (kind === 3) return `(?:${randomPattern(next, depth - 1)}|${randomPattern(next, depth - 1)})`;
  if (kind === 4) return `(${randomPattern(next, depth - 1)})`;
  const repeats = ['+', '{1,2}', '{2}', '+?', '?', '*', '*?'];
  return `(?:${atoms[next(atoms.length)]}${randomPattern(next, depth - 1)})${repeats[next(repeats.length)]}`;
}

test('random patterns on random texts agree with V8', () => {
  let seed = 42;
  const next = (limit: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >>> 8) % limit;
  };
  for (let round = 0; round < 3000; round++) {
    const pattern = randomPattern(next, 4);
    const edges = ['', '^', '', ''][next(4)] as string;
    const whole = `${edges}${pattern}${['', '$', ''][next(3)]}`;
    const text = Array.from({ length: next(12) }, () => 'abc1'[next(4)]).join('');
    assert.deepEqual(find(whole, text)?.[0], oracle(whole, text)?.[0], `/${whole}/ on '${text}'`);
  }
});

test('many states: the memory runs full, the answer stays right', () => {
  // After N letters each of the 2^N histories is a state of its own.
  const regex = compileRegex('a[ab]{12}c', false);
  const oracleRegex = /a[ab]{12}c/;
  let seed = 5;
  for (let round = 0; round < 300; round++) {
    let text = '';
    for (let at = 0; at < 60; at++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      text += 'abababababc'[(seed >>> 9) % 11];
    }
    const bytes = bytesOf(text);
    assert.equal(regex.test(bytes, 0, bytes.length), oracleRegex.test(text), text);
  }
});

test('what kills a backtracker takes linear time', () => {
  const text = bytesOf(`${'a'.repeat(5000)}!`);
  const regex = compileRegex('^(a+)+$', false);
  const start = process.hrtime.bigint();
  assert.equal(regex.test(text, 0, text.length), false);
  assert.ok(Number(process.hrtime.bigint() - start) < 500e6);
});

test('a match above its budget is no match, counted', () => {
  const before = regexCounters.overBudget;
  const text = bytesOf('a'.repeat(16384));
  assert.equal(compileRegex(`(?:a?){900}b`, false).test(text, 0, text.length), false);
  assert.equal(regexCounters.overBudget, before + 1);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['(?<=a+)b', /fixed length/],
  ['(a)\\2', /no group/],
  ['(?(1)a)', /not supported/],
  ['(a', /'\)' is missing/],
  ['a)', /unmatched '\)'/],
  ['[a', /'\]' is missing/],
  ['*a', /nothing to repeat/],
  ['(?:a{1000}){1000}', /too large/],
  ['[z-a]', /wrong way round/],
  ['\\Kx', /not supported/],
];

for (const [pattern, reason] of REFUSED) {
  test(`/${pattern}/ is refused`, () => {
    assert.throws(
      () => compileRegex(pattern, false),
      (error: unknown) => error instanceof RuleError && reason.test(error.message) && error.message.includes(pattern),
    );
  });
}
