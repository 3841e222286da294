/** Header names that may be restricted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainMemory } from '../base/memory.ts';
import { HeaderTable } from './message.ts';
import { RestrictNames, restrictNames } from './names.ts';

function tableOf(...names: string[]): { headers: HeaderTable; bytes: Uint8Array } {
  const memory = plainMemory({ blocks: 0, notes: 0, statics: 1000 });
  const headers = new HeaderTable();
  for (const name of names) headers.add(0, memory.intern(name), name.length, 0, 0);
  return { headers, bytes: memory.bytes };
}

test('a name with another character is removed', () => {
  const { headers, bytes } = tableOf('x-a', 'x_b', 'x.c', 'host9');
  assert.ok(restrictNames(headers, bytes, RestrictNames.delete));
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => headers.isHole(row)),
    [false, true, true, false],
  );
});

test('or the request is rejected', () => {
  const { headers, bytes } = tableOf('x-a', 'x_b');
  assert.equal(restrictNames(headers, bytes, RestrictNames.reject), false);
  assert.ok(restrictNames(tableOf('x-a').headers, bytes, RestrictNames.reject));
});
