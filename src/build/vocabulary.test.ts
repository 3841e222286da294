/** The words that are loaded on demand are those of the catalogs, in their order, also as ACLs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogs } from '../keywords/catalogs.ts';
import { Family, Registry } from '../rules/registry.ts';
import { vocabulary } from './vocabulary.ts';

const whole = new Registry(catalogs);
const KINDS = ['fetches', 'converters', 'matchers', 'actions', 'aliases'] as const;

test('the same words, which are the same objects', () => {
  const lazy = new Registry(vocabulary);
  for (const kind of KINDS) {
    assert.deepEqual([...lazy[kind].keys()], [...whole[kind].keys()], kind);
    for (const name of whole[kind].keys()) assert.equal(lazy[kind].get(name), whole[kind].get(name), `${kind} ${name}`);
    assert.deepEqual(lazy[kind].values(), whole[kind].values());
  }
});

test('the same derivatives, whichever is asked for first', () => {
  const lazy = new Registry(vocabulary);
  const names = catalogs.samples.flatMap(({ derivatives }) =>
    derivatives.flatMap((name) => (name.includes(':') ? [name.split(':')[0] as string] : [`${name}_beg`, name, `${name}_sub`])),
  );
  for (const name of [...names, 'path_no', '_beg', 'beg']) {
    assert.equal(lazy.criterion(name)?.fetch, whole.criterion(name)?.fetch, name);
    assert.equal(lazy.criterion(name)?.matcher, whole.criterion(name)?.matcher, name);
  }
  assert.equal(lazy.criterion('path_beg')?.matcher, 'beg');
  assert.equal(lazy.criterion('nothing'), undefined);
});

test('a family is loaded once, when one of its words is asked for', () => {
  const [one, other] = catalogs.matchers;
  let loads = 0;
  const load = (): (typeof catalogs.matchers)[number][] => {
    loads++;
    return [one, other] as never;
  };
  const names = [one?.name ?? '', other?.name ?? ''];
  const none = { samples: [], converters: [], actions: [], aliases: [], known: catalogs.known };
  const registry = new Registry({ ...none, matchers: [new Family(names, [], load)] });
  assert.deepEqual([...registry.matchers.keys()], names);
  assert.equal(loads, 0);
  for (const name of names) assert.ok(registry.matchers.get(name));
  assert.equal(loads, 1);
  const wrong = new Registry({ ...none, matchers: [new Family([...names, 'more'], [], load)] });
  assert.throws(() => wrong.matchers.get('more'), /has other words/);
});
