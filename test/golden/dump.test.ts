/**
 * `hawser dump`: every configuration that is read without an error is written back to one of the same model, which
 * is written back to the same text; HAProxy takes the copy whenever it takes the original.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { plainModel } from '../../src/config/dump/model-json.ts';
import { printLines } from '../../src/config/dump/print.ts';
import { ruleSets } from '../../src/config/dump/rule-list.ts';
import { type ParseResult, parseFiles, parseText } from '../../src/config/parse.ts';
import { hasErrors } from '../../src/config/report/diagnostic.ts';
import { eachInParallel, haproxyCheck } from '../support/haproxy-check.ts';
import { needs } from '../support/peer.ts';
import { expectationsOf, goldenFiles } from './golden.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'dump-'));
after(() => rmSync(folder, { recursive: true }));

const OPTIONS = { environment: { HOME: '/root' }, localPeer: 'peer', keepLines: true };

function configurations(): string[] {
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return found.filter((name) => name.endsWith('.cfg') && !name.startsWith('node_modules')).map((name) => join(root, name));
}

const VALID = configurations()
  .map((file) => ({ file, result: parseFiles([file], OPTIONS) }))
  .filter(({ result }) => !hasErrors(result.diagnostics));

/** The model without where its parts stand. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([name]) => name !== 'files' && name !== 'columns');
  if (entries.some(([name]) => name === 'column') && entries.some(([name]) => name === 'line')) return 'here';
  // A scope is named after the place of its section.
  return Object.fromEntries(entries.map(([name, field]) => [name, name === 'scope' ? 'there' : bare(field)]));
}

function modelOf({ model }: ParseResult): unknown {
  return bare(plainModel(model));
}

test('there is enough to look at', () => {
  assert.ok(VALID.length > 40, `${VALID.length} configurations`);
});

test('dump, parse, dump: the same text and the same model', () => {
  for (const { file, result } of VALID) {
    const text = printLines(result.lines);
    const again = parseText(text, file, OPTIONS);
    assert.ok(!hasErrors(again.diagnostics), `${file}: ${JSON.stringify(again.diagnostics)}\n${text}`);
    assert.equal(printLines(again.lines), text, file);
    assert.deepEqual(modelOf(again), modelOf(result), file);
  }
});

test('words of every kind come back', () => {
  const words = [
    'a b',
    "it's",
    'say "x"',
    '$HOME',
    '\\',
    '#x',
    'a\tb',
    'a\nb',
    '\x01',
    '^/a\\.b$',
    "'\\$",
    '%[var(txn.a)]',
    '\xe9',
    'if',
    '{',
    '""',
    "a'b\\",
  ];
  for (const text of words) {
    const line = `frontend f\n  description ${printLines([{ file: '', line: 1, isSection: false, words: [{ text, column: 1, quoted: text === 'if' }] }]).trim()}\n`;
    const { lines, diagnostics } = parseText(line, 'x', OPTIONS);
    assert.ok(!hasErrors(diagnostics), line);
    assert.equal(lines[1]?.words[1]?.text, text, line);
  }
});

test('what is left readable of mutated texts comes back too', () => {
  let seed = 99;
  const next = (most: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >> 8) % most;
  };
  const pieces = [
    '"',
    "'",
    '\\',
    '#',
    ' ',
    '\t',
    '\\n',
    '\\x41',
    '$',
    '"${HOME}"',
    '"${NOPE-a b}"',
    '"$HOME"',
    '\xe9',
    "'if'",
    '{',
    '}',
    '"\\$"',
    '.if 1\n',
    '.endif\n',
  ];
  const texts = VALID.map(({ file }) => readFileSync(file, 'latin1'));
  let readable = 0;
  for (let round = 0; round < 800; round++) {
    let text = texts[next(texts.length)] as string;
    for (let change = 1 + next(3); change > 0; change--) {
      const at = next(text.length + 1);
      text = text.slice(0, at) + (pieces[next(pieces.length)] as string) + text.slice(at + next(3));
    }
    const result = parseText(text, 'x', OPTIONS);
    if (hasErrors(result.diagnostics)) continue;
    readable++;
    const printed = printLines(result.lines);
    const again = parseText(printed, 'x', OPTIONS);
    assert.ok(
      !hasErrors(again.diagnostics),
      `${JSON.stringify(again.diagnostics.map(({ text: said }) => said))}\n${text}\n=====\n${printed}`,
    );
    assert.equal(printLines(again.lines), printed, text);
    assert.deepEqual(modelOf(again), modelOf(result), text);
  }
  assert.ok(readable > 100, `${readable} of 800 were readable`);
});

const GOLDEN = new Set(goldenFiles().map((name) => resolve(name)));

/** Golden files without an error are taken by HAProxy unless they say otherwise: config.test.ts sees to it. */
async function isTaken(file: string): Promise<boolean> {
  if (GOLDEN.has(file)) {
    const { differs, messages, environment } = expectationsOf(file);
    if (differs || messages.some(({ severity }) => severity === 'alert')) return false;
    if (Object.keys(environment).length === 0) return true;
  }
  return (await haproxyCheck(file, { HOME: '/root' })).accepts;
}

test('HAProxy takes the copy whenever it takes the original', needs('haproxy'), async () => {
  const environment = { HOME: '/root' };
  let taken = 0;
  await eachInParallel(VALID, async ({ file, result }, index) => {
    if (!(await isTaken(file))) return;
    const copy = join(folder, `${index}.cfg`);
    writeFileSync(copy, printLines(result.lines), 'latin1');
    assert.ok((await haproxyCheck(copy, environment)).accepts, `${file}\n${printLines(result.lines)}`);
    taken++;
  });
  assert.ok(taken > 30, `HAProxy takes ${taken} of ${VALID.length}`);
});

test('the model as JSON: addresses and bytes are text, everything can be printed', () => {
  const { model } = parseText(
    'listen l\n  bind 127.0.0.1:80\n  bind [::1]:81\n  bind unix@/tmp/x\n  server s 192.0.2.1:8080\n',
    'x',
    OPTIONS,
  );
  const plain = plainModel(model) as { proxies: { binds: { addresses: string[] }[]; servers: { address: string }[] }[] };
  const [proxy] = plain.proxies;
  assert.deepEqual(
    proxy?.binds.map(({ addresses }) => addresses),
    [['127.0.0.1:80'], ['[::1]:81'], ['unix@/tmp/x']],
  );
  assert.equal(proxy?.servers[0]?.address, '192.0.2.1:8080');
  for (const { file, result } of VALID) assert.ok(JSON.stringify(plainModel(result.model)).length > 100, file);
});

test('rules are listed in the order in which they run', () => {
  const text = `listen l
  mode http
  bind :80
  redirect location /x if { path /y }
  http-request set-header A "b c" unless { src 192.0.2.0/24 }
  tcp-request connection accept
  http-response del-header B
  stick-table type ip size 1k
  stick on src if TRUE
  server s 127.0.0.1:1
  use-server s if { path /s }
  monitor fail if FALSE
`;
  const sets = ruleSets(parseText(text, 'x', OPTIONS).model);
  assert.deepEqual(
    sets.map(({ ruleSet, rules }) => [ruleSet, rules.map(({ action, condition, at }) => `${action} | ${condition} | ${at.line}`)]),
    [
      ['tcp-request connection', ['accept | null | 6']],
      ['monitor fail', ['fail | if FALSE | 12']],
      ['http-request', ["set-header A 'b c' | unless { src 192.0.2.0/24 } | 5", 'redirect location /x | if { path /y } | 4']],
      ['use-server', ['s | if { path /s } | 11']],
      ['stick', ['on src | if TRUE | 9']],
      ['http-response', ['del-header B | null | 7']],
    ],
  );
});
