/** Look-around, back-references and atomic groups: against V8's own as the oracle, and what hostile texts cost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex, regexCounters } from './regex.ts';

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function find(pattern: string, text: string): (string | undefined)[] | null {
  const regex = compileRegex(pattern, false);
  const bytes = bytesOf(`>${text}<`);
  if (!regex.find(bytes, 1, bytes.length - 1, 1)) return null;
  return Array.from({ length: regex.groups }, (_, at) => {
    const start = regex.match[at * 2] as number;
    return start < 0 ? undefined : text.slice(start - 1, (regex.match[at * 2 + 1] as number) - 1);
  });
}

const PATTERNS = [
  '^/(?!api|static)',
  '^(?!.*\\.png$)',
  'a(?=b)',
  'a(?!b)',
  '(?<=a)b',
  '(?<!a)b',
  '(?<=ab|c)d?',
  '(a|b)\\1',
  '(a+)b\\1',
  '(?=(a+))a*b\\1',
  '(?!a)(b|c)*',
  '(?:(?=a)a|b)*c',
  '(a*)*(?=c)',
  '(?:a|ab)(?=c)',
  '(\\w)\\w*\\1$',
  '(?=a)(?=ab)abc',
  '(?!(a)b)\\w',
];
const TEXTS = [
  '',
  'a',
  'ab',
  'abc',
  'aab',
  'ba',
  'bb',
  'aabaa',
  'aaba',
  '/api/x',
  '/index',
  '/a.png',
  'cd',
  'abd',
  'ac',
  'abcabc',
  'bcbc',
  'abac',
  'b1b',
  'caac',
];

for (const pattern of PATTERNS) {
  test(`/${pattern}/`, () => {
    for (const text of TEXTS) {
      const match = new RegExp(pattern, 's').exec(text);
      assert.equal(find(pattern, text)?.[0], match?.[0], `on '${text}'`);
    }
  });
}

test('atomic groups and possessive repetition give nothing back', () => {
  assert.equal(find('(?>a+)ab', 'aaab'), null);
  assert.equal(find('a++ab', 'aaab'), null);
  assert.equal(find('(?>a|ab)c', 'abc'), null);
  assert.deepEqual(find('"[^"]*+"', 'x "y" z'), ['"y"']);
  assert.deepEqual(find('(?>a+)b', 'aaab'), ['aaab']);
});

test('options and quoted text', () => {
  assert.deepEqual(find('a(?s).b', 'a\nb'), ['a\nb']);
  assert.equal(find('a.b', 'a\nb'), null);
  assert.deepEqual(find('(?m)^b$', 'a\nb\nc'), ['b']);
  assert.deepEqual(find('(?i)AB(?-i)c', 'abc'), ['abc']);
  assert.equal(find('(?i)AB(?-i)c', 'abC'), null);
  assert.deepEqual(find('\\Qa.b\\E+', 'a.bb'), ['a.bb']);
  assert.deepEqual(find('(?<x>a)\\k<x>', 'baa'), ['aa', 'a']);
});

for (const pattern of ['^(a+)+\\1$', '(?=(a+)+$)b', '^(?:a|aa)+(?!a)!', '(.*)(.*)(.*)(.*)\\1x']) {
  test(`/${pattern}/ on a hostile text ends soon, counted`, () => {
    const text = bytesOf(`${'a'.repeat(8000)}b`);
    const regex = compileRegex(pattern, false);
    const before = regexCounters.overBudget;
    const start = process.hrtime.bigint();
    assert.equal(regex.test(text, 0, text.length), false);
    assert.ok(Number(process.hrtime.bigint() - start) < 300e6);
    assert.equal(regexCounters.overBudget, before + 1);
  });
}
