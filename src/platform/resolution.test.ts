/** Resolution of our own modules: the short way and the standard's agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besides } from './resolution.ts';

test('a relative specifier is found where URL finds it', () => {
  const parent = 'file:///opt/with%20blank/src/worker/entry.ts';
  for (const specifier of ['./messages.ts', '../main.ts', '../build/build.ts', '../../bench/start.ts', './deep/er.ts'])
    assert.equal(besides(specifier, parent), new URL(specifier, parent).href);
});
