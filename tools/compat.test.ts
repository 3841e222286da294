/** The comparison with HAProxy's names: what counts, and what it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOf } from './compat/evidence.ts';
import { unexplained } from './compat/page.ts';
import { argumentRange } from './compat/signatures.ts';
import { type Row, readTable } from './compat/table.ts';

const rows = readTable();

function row(kind: string, name: string, fields: Partial<Row> = {}): Row {
  return { kind, name, tier: 1, section: '', signature: name, info: '', status: '', ...fields };
}

test('the table is whole: kinds, tiers, no name twice', () => {
  const keys = new Set(rows.map(({ kind, name }) => `${kind} ${name}`));
  assert.equal(rows.length, 3101);
  assert.equal(keys.size, rows.length);
  assert.ok(rows.every(({ kind, name, tier }) => kind !== '' && name !== '' && tier >= 1 && tier <= 3));
});

test('arguments are counted from signatures', () => {
  const cases: [string, number, number][] = [
    ['date', 0, 0],
    ['add(value)', 1, 1],
    ['word(index,delimiters[,count])', 2, 3],
    ['be2hex([separator[,chunk_size[,truncate]]])', 0, 3],
    ['hdr([<name>[,<occ>]])', 0, 2],
  ];
  for (const [signature, least, most] of cases) assert.deepEqual(argumentRange(signature), [least, most], signature);
});

test('what has an object works, what has none does not, what HAProxy removed has a hint', () => {
  assert.equal(statusOf(row('proxy', 'default_backend')), 'works');
  assert.equal(statusOf(row('converter', 'lower')), 'works');
  assert.equal(statusOf(row('balance', 'roundrobin')), 'works');
  assert.equal(statusOf(row('global', 'tune.maxpollevents')), 'inert');
  assert.equal(statusOf(row('removed', 'reqrep')), 'hint');
  for (const kind of [
    'proxy',
    'global',
    'fetch',
    'converter',
    'bind-opt',
    'server-opt',
    'balance',
    'mode',
    'kw:peers',
    'section',
    'cmdline',
  ])
    assert.equal(statusOf(row(kind, 'no-such-name')), 'missing', kind);
});

test('a shape that differs is said, unless a reason stands in the list', () => {
  const lower = row('converter', 'lower', { signature: 'lower(a,b)', info: 'integer -> string' });
  const said = unexplained([...rows.filter(({ name }) => name !== 'lower'), lower]);
  assert.equal(said.length, 2, said.join('\n'));
  assert.match(said.join('\n'), /converter lower: arguments of HAProxy 3\.5: 2, here: 0/);
  assert.match(said.join('\n'), /converter lower: input type of HAProxy 3\.5: integer, here: string/);
  assert.deepEqual(unexplained(rows), []);
});
