/**
 * Every name of HAProxy 3.5's language is answered: it works, it is refused as not supported by this version, or, if HAProxy removed
 * it, its advice is given. None is unknown, and none is ignored without saying so. The names are those of tools/compat/keywords.tsv.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseText } from '../../src/config/parse.ts';
import { registry } from '../../src/config/registry.ts';
import { diagnosticText } from '../../src/config/report/diagnostic.ts';
import { catalogs } from '../../src/keywords/catalogs.ts';
import { removedAdvice } from '../../src/keywords/known.ts';
import { RuleError } from '../../src/rules/error.ts';
import { Registry } from '../../src/rules/registry.ts';

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly info: string;
}

const ROWS: readonly Row[] = readFileSync(join(import.meta.dirname, '../../tools/compat/keywords.tsv'), 'latin1')
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))
  .filter((fields) => fields.length > 5)
  .map(([kind, name, , , , info]) => ({ kind: kind as string, name: name as string, info: info as string }));

function rows(kind: string): readonly Row[] {
  const found = ROWS.filter((row) => row.kind === kind);
  assert.ok(found.length > 0, `no ${kind} in the list`);
  return found;
}

/** What is said about a small configuration, errors only, each behind its code. */
function said(text: string): string {
  const { diagnostics } = parseText(text, 'names', { environment: {}, localPeer: 'peer' });
  return diagnostics
    .filter(({ severity }) => severity === 'alert')
    .map((diagnostic) => `${diagnostic.code}: ${diagnosticText(diagnostic)}`)
    .join('\n');
}

const UNKNOWN = /^unknown-keyword:/m;
/** Keywords of the list that name a family: alone they are incomplete, with a word behind they are others of the list. */
const FAMILIES = ['stats', 'compression', 'filter'];

test('keywords of the global section and of proxies', () => {
  const unknown: string[] = [];
  for (const { kind, name } of [...rows('global'), ...rows('proxy')]) {
    const text = kind === 'global' ? said(`global\n ${name}\n`) : said(`listen l\n ${name}\n`);
    if (UNKNOWN.test(text) && !FAMILIES.includes(name)) unknown.push(`${kind} ${name}: ${text}`);
  }
  assert.deepEqual(unknown, []);
});

test('keywords of proxies are valid where HAProxy has them, and may be negated as there', () => {
  const { proxy } = registry();
  const wrong: string[] = [];
  for (const { name, info } of rows('proxy')) {
    const keyword = proxy.get(name);
    const sections = /sections ([DFLB-]{4})/.exec(info)?.[1]?.replaceAll('-', '');
    // The manual's matrix does not have all of them.
    if (keyword === undefined || sections === undefined) continue;
    const ours = [...keyword.sections].sort().join('');
    if (ours !== [...sections].sort().join('')) wrong.push(`${name}: valid in ${ours}, HAProxy ${sections}`);
    if (keyword.negatable !== info.includes('no/default')) wrong.push(`${name}: negatable ${keyword.negatable}, HAProxy ${info}`);
    if (keyword.namedOnly !== info.includes('named')) wrong.push(`${name}: in named defaults only ${keyword.namedOnly}, HAProxy ${info}`);
  }
  assert.deepEqual(wrong, []);
});

test('options of bind and server lines', () => {
  const unknown: string[] = [];
  for (const { kind, name } of [...rows('bind-opt'), ...rows('server-opt')]) {
    const text = kind === 'bind-opt' ? said(`listen l\n bind :1 ${name}\n`) : said(`backend b\n server s 127.0.0.1:1 ${name}\n`);
    if (/unknown keyword/.test(text)) unknown.push(`${kind} ${name}: ${text}`);
  }
  assert.deepEqual(unknown, []);
});

test('sections, and the keywords of those that exist', () => {
  const { sections } = registry();
  for (const { name, info } of rows('section')) {
    const text = said(`${name} x\n`);
    assert.ok(!/^(?:unknown-keyword|out-of-section)/m.test(text), `${name} ${info}: ${text}`);
  }
  const kinds = [...new Set(ROWS.map(({ kind }) => kind).filter((kind) => kind.startsWith('kw:')))];
  assert.ok(kinds.length > 10);
  for (const kind of kinds) {
    const section = kind.slice(3);
    const known = sections.get(section);
    if (known === undefined) continue;
    for (const { name } of rows(kind)) {
      const text = said(`${section}${known.named === 'no' ? '' : ' x'}\n ${name}\n`);
      assert.ok(!UNKNOWN.test(text), `${section} ${name}: ${text}`);
    }
  }
});

test('what HAProxy removed says what takes its place', () => {
  for (const { name, info } of rows('removed')) {
    const [, word, scope = 'proxy'] = /^(.*?)(?: \((proxy|global|section)\))?$/.exec(name) as unknown as [string, string, string?];
    const lines = { proxy: `listen l\n ${word} x\n`, global: `global\n ${word}\n`, section: `${word} x\n` };
    const text = said(lines[scope as keyof typeof lines]);
    assert.match(text, /is not supported anymore (?:since HAProxy \d\.\d|by HAProxy): ./, name);
    const advice = removedAdvice(scope as 'proxy', word);
    const since = /removed in (\d\.\d)/.exec(info)?.[1] ?? '';
    assert.ok(advice !== null && text.includes(advice) && advice.includes(since), `${name}: ${text} (${info})`);
  }
});

test('words of the rule language', () => {
  const rules = new Registry(catalogs);
  const unknown: string[] = [];
  const look = (row: Row, find: (name: string) => unknown): void => {
    try {
      find(row.name.replace(/\(.*$/, ''));
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      if (!error.message.includes('not supported by this version')) unknown.push(`${row.kind} ${row.name}: ${error.message}`);
    }
  };
  for (const row of rows('fetch')) look(row, (name) => rules.fetch(name));
  for (const row of rows('converter')) look(row, (name) => rules.converter(name));
  for (const row of rows('log-alias')) look(row, (name) => rules.alias(name.replace(/^%/, '')));
  assert.deepEqual(unknown, []);
});

test('what is accepted without effect says why, and is nothing that anybody could miss in silence', () => {
  const { global, proxy, bind, server } = registry();
  const inert = [...global.values(), ...proxy.values(), ...bind.values(), ...server.values()].filter(
    ({ noEffect }) => noEffect !== undefined,
  );
  assert.ok(inert.length > 90, String(inert.length));
  for (const { name, noEffect } of inert) assert.match(noEffect as string, /^[^A-Z].{8,}\.$|^[A-Z`].{8,}\.$/, name);
});
