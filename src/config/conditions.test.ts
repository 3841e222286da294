/** Conditions of .if and -cc. What HAProxy 2.6 knows was tried there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, evaluateCondition } from './conditions.ts';

const world = { environment: new Map([['HOME', '/root']]) };

function answer(text: string): boolean | string {
  const result = evaluateCondition(text, world);
  return 'value' in result ? result.value : result.problem;
}

test('conditions are true or false', () => {
  const yes = [
    '1',
    '2',
    '-1',
    '!0',
    '!!1',
    '1 && (0 || 1)',
    '1&&1',
    '0 || 1',
    'streq(a,a)',
    '!streq(a,b)',
    'streq(a b,a b)',
    'streq("a,b",a\\,b)',
    'strneq(a,b)',
    'strstr(abc,b)',
    'defined(HOME)',
    'feature(THREAD)',
    'version_atleast(2.4)',
    'version_atleast(3.5-dev5)',
    'version_before(3.6)',
    'enabled(EPOLL)',
    'version_atleast()',
  ];
  for (const text of yes) assert.equal(answer(text), true, text);
  const no = [
    '',
    '  ',
    '0',
    '! 1',
    'streq(a, a)',
    'streq(a,b)',
    'defined(NOPE)',
    'feature(LUA)',
    'feature(FOO)',
    '1 && 0 || 0',
    'version_before(3.5)',
    'enabled(FOO)',
  ];
  for (const text of no) assert.equal(answer(text), false, text);
});

test('what is malformed is said, wherever it stands', () => {
  assert.match(String(answer('foo')), /unparsable conditional expression 'foo'/);
  assert.match(String(answer('1 || foo')), /unparsable/);
  assert.match(String(answer('0 && foo')), /unparsable/);
  assert.match(String(answer('(1')), /expected '\)' after conditional expression '\(1'/);
  assert.match(String(answer('1 0')), /unexpected character '0'/);
  assert.match(String(answer('streq(a)')), /missing arguments \(got 1\/2\)/);
  assert.match(String(answer('streq(a,b,c)')), /expected '\)' before argument 3/);
  assert.match(String(answer('streq(a,b')), /expected '\)'/);
});

test('development versions come before their release', () => {
  assert.ok(compareVersions('3.5.0', '3.5-dev5') > 0);
  assert.ok(compareVersions('3.5.0', '3.4.9') > 0);
  assert.ok(compareVersions('3.5.0', '3.10') < 0);
  assert.equal(compareVersions('3.5.0', '3.5'), 0);
});
