/** What is parsed is looked at, or says that it has no effect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreadProblems } from './unread.ts';

test('nothing is parsed in vain', () => {
  assert.deepEqual(unreadProblems(), []);
});
