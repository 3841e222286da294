/** Directives that are loaded on demand are those of the catalog, each in its scope. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Directive } from '../keywords/define.ts';
import { directives } from '../keywords/directives/catalog.ts';
import { registry } from './registry.ts';
import { families } from './word-files.ts';

test('every directive is found by its name, in the order of the catalog', () => {
  const all = (directives as readonly (Directive | readonly Directive[])[]).flat() as Directive[];
  for (const scope of ['global', 'proxy'] as const) {
    const known = all.filter((one) => one.scope === scope);
    const words = registry()[scope];
    assert.deepEqual([...words.keys()], [...new Set(known.map(({ name }) => name))]);
    for (const directive of known) assert.equal(words.get(directive.name), directive, directive.name);
  }
});

test('a family announces what it has', () => {
  for (const scope of ['global', 'proxy']) {
    for (const family of families<Directive>('directives', scope)) {
      assert.deepEqual(
        family.load().map(({ name }) => name),
        family.names,
      );
    }
  }
});
