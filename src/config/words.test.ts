/** The tokeniser against tables of lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyWord, expandVariables, splitWords } from './words.ts';

const VARIABLES: Record<string, string> = { A: 'one', LIST: 'a b  c', EMPTY: '', '.LINE': '7' };
const lookup = (name: string): string | undefined => VARIABLES[name];

const GOOD: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['', []],
  ['   \t ', []],
  ['# comment', []],
  ['a b\tc', ['a', 'b', 'c']],
  ['  server s1 1.2.3.4:80  # main', ['server', 's1', '1.2.3.4:80']],
  ['global#x', ['global']],
  ['a\\ b c', ['a b', 'c']],
  ['a\\#b', ['a#b']],
  ['a "b c" d', ['a', 'b c', 'd']],
  ["a 'b c' d", ['a', 'b c', 'd']],
  ['a"b c"d', ['ab cd']],
  [`a'"'b`, ['a"b']],
  [`a"'"b`, ["a'b"]],
  ['a\\"b', ['a"b']],
  ["a\\'b", ["a'b"]],
  ['"a#b"', ['a#b']],
  ['\\x41\\x7a', ['Az']],
  ['"\\x41"', ['A']],
  ["'\\x41'", ['\\x41']],
  ['a\\nb "\\t" \'\\t\'', ['a\nb', '\t', '\\t']],
  ['^/a\\.b\\d$', ['^/a\\.b\\d$']],
  ['a\\\\b', ['a\\b']],
  ['a\\', ['a\\']],
  ["a 'b\\'", ['a', 'b\\']],
  ['"$A" "${A}x" $A ${A} \'$A\'', ['one', 'onex', '$A', '${A}', '$A']],
  ['"\\$A"', ['$A']],
  ['"${NONE-x y}"', ['x y']],
  ['"${A-x}"', ['one']],
  ['"${EMPTY-x}"', ['']],
  ['"$NONE"', ['']],
  ['"x${LIST[*]}y" z', ['xa', 'b', 'cy', 'z']],
  ['a "${EMPTY[*]}" b', ['a', 'b']],
  ['"${.LINE}"', ['7']],
  ['a\r', ['a']],
  ['""', ['']],
  ['caf\xe9', ['caf\xe9']],
];

test('lines become words', () => {
  for (const [line, wanted] of GOOD) {
    const { words, problem } = splitWords(line, lookup);
    assert.equal(problem, null, line);
    assert.deepEqual(
      words.map((word) => word.text),
      wanted,
      line,
    );
  }
});

test('words know their columns, and whether they were quoted', () => {
  const { words } = splitWords('  acl x "a b"c  d', lookup);
  assert.deepEqual(
    words.map(({ column, quoted }) => [column, quoted]),
    [
      [3, false],
      [7, false],
      [9, true],
      [17, false],
    ],
  );
});

const BAD: readonly (readonly [line: string, problem: string, column: number])[] = [
  ['a "b', 'unmatched quote', 3],
  ["a 'b", 'unmatched quote', 3],
  ['a \\xZZ', 'truncated or invalid hexadecimal sequence', 3],
  ['a \\x4', 'truncated or invalid hexadecimal sequence', 3],
  ['a \\x00', 'zero byte', 3],
  ['a "$-"', 'forbidden first char in environment variable name', 5],
  ['a "${-}"', 'forbidden first char in environment variable name', 6],
  ['a "${A"', 'unmatched brace in environment variable name', 5],
  ['a "${A-b"', 'unmatched brace in environment variable name', 5],
];

test('what is wrong is data with its column', () => {
  for (const [line, text, column] of BAD) {
    const { problem } = splitWords(line, lookup);
    assert.ok(problem?.text.includes(text), `${line}: ${problem?.text}`);
    assert.equal(problem?.column, column, line);
  }
});

test('an empty word is found wherever it stands', () => {
  assert.equal(emptyWord(splitWords('bind "$EMPTY"', lookup).words), 1);
  assert.equal(emptyWord(splitWords('bind :80', lookup).words), -1);
});

test('addresses take variables without quotes', () => {
  assert.equal(expandVariables('fd@${A}', lookup), 'fd@one');
  assert.equal(expandVariables('$A:80', lookup), 'one:80');
  assert.equal(expandVariables('${NONE-d}:$NONE', lookup), 'd:');
  assert.equal(expandVariables('plain', lookup), 'plain');
});
