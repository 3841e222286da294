/** Every rule of tidy on a small tree: one file that keeps it, one that breaks it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { tidy } from './tidy.ts';

const CONFIG = JSON.stringify({
  compilerOptions: { noLib: true, types: [], module: 'nodenext', noEmit: true, allowImportingTsExtensions: true },
  include: ['src'],
});
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidy-'));
  writeFileSync(join(root, 'tsconfig.json'), CONFIG);
});

afterEach(() => rmSync(root, { recursive: true }));

/** Findings as `path:line: text` for a tree of files, each given an opening comment on a line of its own. */
function findings(files: Record<string, string>): string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text.startsWith('/**') ? text : `/** A file. */\n${text}\n`);
  }
  return tidy(root, join(root, 'tsconfig.json')).findings.map(({ path, line, text }) => `${path}:${line}: ${text}`);
}

function one(files: Record<string, string>): string {
  const found = findings(files);
  assert.equal(found.length, 1, found.join('\n'));
  return found[0] as string;
}

test('imports go to earlier folders only, types and lazy ones too', () => {
  assert.deepEqual(
    findings({ 'src/base/a.ts': 'export const a = 1;', 'src/mux/b.ts': "import { a } from '../base/a.ts';\nexport const b = a;" }),
    [],
  );
  for (const line of ["import type { B } from '../mux/b.ts';", "export type X = import('../mux/b.ts').B;"]) {
    const found = one({ 'src/base/a.ts': `${line}\nexport const a = 1;`, 'src/mux/b.ts': 'export type B = number;' });
    assert.match(found, /^src\/base\/a\.ts:2: imports '\.\.\/mux\/b\.ts': mux comes after base/);
  }
});

test('a lazy import counts', () => {
  const found = findings({ 'src/config/a.ts': "export const a = () => import('../cli/b.ts');", 'src/cli/b.ts': 'export const b = 1;' });
  assert.match(found.join(), /cli comes after config/);
});

test('node: is for the control side, concrete hosts for worker and main', () => {
  assert.match(one({ 'src/http/a.ts': "import 'node:fs';" }), /imports 'node:fs': src\/http may not leave the tree/);
  assert.deepEqual(findings({ 'src/http/a.ts': 'export const a = 1;', 'src/cli/a.ts': "import 'node:fs';" }), []);
  const host = { 'src/platform/uring/mod.ts': 'export const x = 1;', 'src/platform/contract.ts': 'export const y = 1;' };
  assert.match(one({ ...host, 'src/cli/a.ts': "import '../platform/uring/mod.ts';" }), /only main\.ts and worker\/ choose a host/);
  assert.deepEqual(
    findings({ ...host, 'src/cli/a.ts': "import '../platform/contract.ts';", 'src/main.ts': "import './platform/uring/mod.ts';" }),
    [],
  );
});

test('cycles are shown whole', () => {
  const found = one({ 'src/base/a.ts': "import './b.ts';", 'src/base/b.ts': "import type {} from './a.ts';" });
  assert.match(found, /import cycle: src\/base\/a\.ts -> src\/base\/b\.ts -> src\/base\/a\.ts/);
});

test('places: unknown folders, depth, vague names', () => {
  assert.match(one({ 'src/other/a.ts': 'export const a = 1;' }), /src\/other is not in LAYERS/);
  rmSync(join(root, 'src/other'), { recursive: true });
  assert.match(one({ 'src/base/x/y/a.ts': 'export const a = 1;' }), /3 folders deep, at most 2/);
  rmSync(join(root, 'src/base/x'), { recursive: true });
  assert.match(one({ 'src/base/utils.ts': 'export const a = 1;' }), /"utils\.ts" says nothing/);
});

test('what the data path may not contain', () => {
  const cases: Record<string, RegExp> = {
    'async function f(x: never) { await x; }': /:2: await/,
    'function f(x: never) { throw x; }': /:2: throw/,
    'function f(x: never) { g(...x); }': /:2: spread/,
    'function f(x: never) { for (const y of x) g(y); }': /:2: for-of/,
    'function f() { g(new Map()); }': /:2: new/,
    'function f() { return () => 1; }': /:2: closure/,
    'function f(x: string) { return `a${x}`; }': /:2: template/,
    'function f() { return {}; }': /:2: object literal/,
    'function f() { return []; }': /:2: array literal/,
    'class A { m() { return new A(); } }': /:2: new/,
  };
  for (const [text, expected] of Object.entries(cases)) assert.match(one({ 'src/mux/a.ts': text }), expected);
  for (const text of Object.keys(cases)) assert.deepEqual(findings({ 'src/mux/a.ts': '', 'src/config/a.ts': text }), []);
});

test('start-up code of the data path is free: module level, constructors, fields', () => {
  const text = 'const a = new Map();\nclass B { c = []; constructor() { g(new B()); } }\nconst d = [{}, ...e];';
  assert.deepEqual(findings({ 'src/mux/a.ts': text }), []);
  assert.match(one({ 'src/mux/a.ts': 'class B { constructor() { g(() => new B()); } }' }), /:2: new/);
});

test('hot-ok excepts a line, a function or a file, and only with a reason', () => {
  assert.deepEqual(findings({ 'src/mux/a.ts': 'function f() {\n  return {}; // hot-ok: at start\n}' }), []);
  assert.deepEqual(findings({ 'src/mux/a.ts': 'function f() {\n  // hot-ok: at start\n  return {};\n}' }), []);
  assert.deepEqual(findings({ 'src/mux/a.ts': '/** Makes it. hot-ok: at start. */\nfunction f() {\n  g([]);\n  return {};\n}' }), []);
  assert.deepEqual(findings({ 'src/mux/a.ts': '/** A file. hot-ok: at start. */\nfunction f() { return {}; }\n' }), []);
  assert.match(one({ 'src/mux/a.ts': 'function f() {\n  return {}; // hot-ok:\n}' }), /object literal/);
});

test('in rules and keywords only what compile returns is hot', () => {
  const keyword = (inner: string): string => `export const k = define({ compile(args: never) { g([]); return () => ${inner}; } });`;
  assert.deepEqual(findings({ 'src/keywords/actions/a.ts': keyword('args') }), []);
  assert.match(one({ 'src/keywords/actions/a.ts': keyword('[args]') }), /array literal/);
});

test('sizes: files, functions, opening comments', () => {
  const long = 'export const a = 1;\n'.repeat(600);
  assert.match(one({ 'src/base/a.ts': long }), /file is 602 lines long, at most 600/);
  assert.deepEqual(findings({ 'src/base/a.ts': `/** A table. size-ok: a table. */\n${long}` }), []);
  assert.match(one({ 'src/base/a.ts': `function f() {\n${'g();\n'.repeat(69)}}` }), /:2: function is 71 lines long, at most 70/);
  writeFileSync(join(root, 'src/base/a.ts'), 'export const a = 1;\n');
  assert.match(one({}), /src\/base\/a\.ts:1: must open with/);
});

test('default exports, any, barrels', () => {
  assert.match(one({ 'src/base/a.ts': 'export default 1;' }), /:2: default export/);
  assert.match(one({ 'src/base/a.ts': 'export default function f() {}' }), /:2: default export/);
  assert.match(one({ 'src/base/a.ts': 'export function f(x: any) { return x; }' }), /:2: any/);
  assert.match(one({ 'src/base/a.ts': "export { b } from './b.ts';", 'src/base/b.ts': 'export const b = 1;' }), /a barrel/);
  assert.deepEqual(findings({ 'src/base/a.ts': 'function f(x: never) { switch (x) { default: g(); } }', 'src/base/b.ts': '' }), []);
});
