/** The runner of one test file, on files made for it: each way to end badly must be seen. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FileResult } from './file.ts';
import { runFile } from './file.ts';

const HEAD = "import { test, describe } from 'node:test'; import { spawn } from 'node:child_process';\n";
let root = '';

before(() => {
  root = mkdtempSync(join(tmpdir(), 'runner-'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
});

after(() => rmSync(root, { recursive: true }));

function run(text: string, limitMs = 20_000): Promise<FileResult> {
  writeFileSync(join(root, 'a.test.ts'), HEAD + text);
  return runFile(root, 'a.test.ts', root, limitMs);
}

function summary({ outcomes }: FileResult): string[] {
  return outcomes.map(({ kind, name, error, reason }) => `${kind} ${name}: ${(error ?? reason ?? '').split('\n')[0]}`);
}

test('passes, failures and skips by their names; chapters and parents do not count', async () => {
  const result = await run(`
    describe('outer', () => { test('good', () => {}); test('bad', () => { throw new Error('why'); }); });
    test('parent', async (t) => { await t.test('inner', () => {}); });
    test('not here', { skip: 'missing peer: x' }, () => {});
    console.log('printed');`);
  assert.deepEqual(summary(result), [
    'pass outer > good: ',
    'fail outer > bad: Error: why',
    'pass parent > inner: ',
    'pass parent: ',
    'skip not here: missing peer: x',
  ]);
  assert.match(result.output, /printed/);
});

test('a file that hangs is ended, and says at which test', async () => {
  const result = await run(`test('slow one', () => new Promise(() => setInterval(() => {}, 1000)));`, 700);
  assert.match(summary(result).join(), /fail \(the file\): ran longer than 0\.7 s and was ended; the last test that began: slow one/);
});

test('a process that a file leaves running is a failure, and is ended', async () => {
  const result = await run(`
    test('leaves one', () => { const child = spawn('sleep', ['1000'], { stdio: 'ignore' }); child.unref(); console.log('pid', child.pid); });`);
  assert.match(summary(result).join(), /pass leaves one: ,fail \(the file\): left running: sleep \(pid \d+\)/);
  const pid = Number(/pid (\d+)/.exec(result.output)?.[1]);
  while (isAlive(pid)) await new Promise(setImmediate);
});

/** Still running? One that has ended and that nobody has collected is not. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a file that does not load, ends itself or has no test fails', async () => {
  assert.match(summary(await run('throw new Error("no");')).join(), /^fail .*/);
  assert.match(summary(await run('process.exit(3);')).join(), /fail \(the file\): exited with 3/);
  assert.match(summary(await run('process.kill(process.pid, "SIGKILL");')).join(), /fail \(the file\): ended by SIGKILL/);
  assert.match(summary(await run('')).join(), /fail \(the file\): has no test/);
});
