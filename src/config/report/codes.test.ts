/** The table of codes against what the sources use and what the golden configurations say. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseFiles } from '../parse.ts';
import { CODES, codeOf, type DiagnosticCode } from './codes.ts';

const SOURCE = join(import.meta.dirname, '../..');
const GOLDEN = join(import.meta.dirname, '../../../test/golden/config');

/** All source text but the table itself and tests. */
function sources(): string {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  const own = files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('config/codes.ts'));
  return own.map((name) => readFileSync(join(SOURCE, name), 'utf8')).join('\n');
}

test('every code of the table is used', () => {
  const text = `${sources()}\n${codeOf.toString()}`;
  const unused = Object.keys(CODES).filter((code) => !text.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});

test('what complains names a code of the table', () => {
  const used = sources().matchAll(/(?:complain|warn|diagnose|#alert|#warn)\([^,'\n]*,?\s*'([a-z-]+)',/g);
  const unknown = Array.from(used, ([, code = '']) => code).filter((code) => !Object.hasOwn(CODES, code));
  assert.deepEqual(unknown, []);
});

test('golden configurations say codes with the severities that the table promises', () => {
  const seen = new Set<DiagnosticCode>();
  for (const name of readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.cfg'))) {
    const { diagnostics } = parseFiles([join(GOLDEN, name)], { environment: {}, localPeer: 'peer', diagnose: true });
    for (const { code, severity } of diagnostics) {
      seen.add(code);
      assert.ok((CODES[code].severities as readonly string[]).includes(severity), `${name}: ${code} is said as ${severity}`);
    }
  }
  assert.ok(seen.size > 25, `golden files show ${seen.size} codes`);
});

test('names that HAProxy has or had are told apart by what is said', () => {
  assert.equal(codeOf("keyword 'peers' is not supported by this version", 'bad-argument'), 'unsupported');
  assert.equal(codeOf("the 'block' directive is not supported anymore since HAProxy 2.1", 'unknown-keyword'), 'removed');
  assert.equal(codeOf('something else', 'bad-argument'), 'bad-argument');
});
