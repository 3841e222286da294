/** Every configuration of examples/ is listed in its README and in canonical layout; every one of real-world/ is started. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatText } from '../../src/config/dump/layout.ts';
import { FOLDER } from './stage.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.cfg'))
  .sort();

test('README.md has a line for each, and for nothing else', () => {
  const listed = [...readFileSync(join(EXAMPLES, 'README.md'), 'utf8').matchAll(/^\| \[[^\]]+\.cfg\]\(([^)]+)\)/gm)].map(
    ([, path]) => path,
  );
  const there = readdirSync(EXAMPLES).filter((name) => name.endsWith('.cfg'));
  assert.deepEqual(listed.sort(), [...there, ...names.map((name) => `real-world/${name}`)].sort());
});

test('each is started by a test', () => {
  const tests = readdirSync(here).map((name) => readFileSync(join(here, name), 'utf8'));
  const started = tests.flatMap((text) => [...text.matchAll(/^example\(\s*'([^']+)'/gm)].map(([, name]) => name));
  assert.deepEqual(started.sort(), names);
});

test('each is in canonical layout', () => {
  for (const name of names) {
    const text = readFileSync(join(FOLDER, name), 'latin1');
    assert.equal(formatText(text), text, `${name}: bin/hawser fmt --write`);
  }
});
