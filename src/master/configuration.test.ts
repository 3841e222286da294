/** All that is wrong with a configuration is told in one run, each thing once. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseArguments } from '../config/command/arguments.ts';
import { load } from './configuration.ts';

async function alertsOf(text: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-load-'));
  try {
    const file = join(folder, 'a.cfg');
    writeFileSync(file, text);
    const line = parseArguments(['-c', '-f', file]);
    assert.ok(!('problem' in line));
    const { diagnostics } = await load(line, true);
    return diagnostics
      .filter(({ severity }) => severity === 'alert')
      .map(({ position, line: shown }) => `${position?.line}:${position?.column} ${shown?.trim()}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('wrong lines, missing names and wrong rules are told together, with their lines', async () => {
  const text = 'frontend f\n mode http\n bind :1 foo\n use_backend no if nope\n http-request deny if nope\nbackend b\n balance foo\n';
  assert.deepEqual(await alertsOf(text), [
    '3:10 bind :1 foo',
    '7:10 balance foo',
    '4:14 use_backend no if nope',
    '5:23 http-request deny if nope',
    '4:20 use_backend no if nope',
  ]);
});

test('nothing further is looked for where sections are missing', async () => {
  assert.deepEqual(await alertsOf('backend b/c\nfrontend f\n bind :1\n default_backend b\n'), ['1:9 backend b/c']);
});
