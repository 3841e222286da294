/** The catalog tool on a small tree of its own. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { updateCatalogs } from './catalog.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'catalog-'));
  mkdirSync(join(root, 'tcp-rules'));
});

afterEach(() => rmSync(root, { recursive: true }));

function put(name: string, text: string): void {
  writeFileSync(join(root, 'tcp-rules', name), text);
}

test('lists typed, generic and plain definitions of all files but tests', () => {
  put(
    'b.ts',
    'export const beta = defineAction({});\nexport const alpha: Action = defineAction<X>({});\nconst hidden = defineAction({});\n',
  );
  put('a.ts', 'export const first = define({});\nexport const other = 3;\n');
  put('a.test.ts', 'export const no = defineAction({});\n');
  assert.deepEqual(updateCatalogs(root, false), [join(root, 'tcp-rules', 'catalog.ts')]);
  const text = readFileSync(join(root, 'tcp-rules', 'catalog.ts'), 'utf8');
  assert.match(text, /^import \{ first \} from '\.\/a\.ts';\nimport \{ alpha, beta \} from '\.\/b\.ts';$/m);
  assert.match(text, /^export const tcpRules = \[\n {2}first,\n {2}beta, alpha,\n\] as const;$/m);
});

test('a second run writes nothing; a new keyword is found stale and not written by a check', () => {
  put('a.ts', 'export const first = define({});\n');
  updateCatalogs(root, false);
  assert.deepEqual(updateCatalogs(root, true), []);
  put('a.ts', 'export const first = define({});\nexport const second = define({});\n');
  assert.equal(updateCatalogs(root, true).length, 1);
  assert.equal(updateCatalogs(root, true).length, 1);
});

test('the same name in two files is refused with both files', () => {
  put('a.ts', 'export const same = define({});\n');
  put('b.ts', 'export const same = define({});\n');
  assert.throws(() => updateCatalogs(root, false), /a\.ts and b\.ts both export same/);
});
