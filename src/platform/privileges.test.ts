/** Only what an ordinary user can see of it: that a refusal has its reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRoot } from './privileges.ts';

test('a root directory that does not exist is an error with its reason', () => {
  assert.throws(
    () => changeRoot('/nowhere/at/all'),
    /cannot chroot to '\/nowhere\/at\/all': (no such file \(ENOENT\)|not permitted \(EPERM\))/,
  );
});
