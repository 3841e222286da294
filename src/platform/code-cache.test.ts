/** Where compiled code may be kept: nowhere that somebody else can write to, and without a place all goes on. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../../test/support/program.ts';
import { codeCacheFolder } from './code-cache.ts';

let top = '';
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'hawser-cache-'));
});
afterEach(() => rmSync(top, { recursive: true }));

function folder(path: string, mode = 0o700): string {
  mkdirSync(join(top, path));
  chmodSync(join(top, path), mode);
  return join(top, path);
}

test('XDG_CACHE_HOME first, then HOME; folders are made, and private', () => {
  const [xdg, home] = [folder('xdg'), folder('home')];
  assert.equal(codeCacheFolder({ XDG_CACHE_HOME: xdg, HOME: home }), join(xdg, 'hawser'));
  assert.equal(codeCacheFolder({ HOME: home }), join(home, '.cache/hawser'));
  assert.equal(statSync(join(home, '.cache/hawser')).mode & 0o777, 0o700);
});

test('links, folders that others may write to, files and relative paths are passed over', () => {
  const [xdg, home] = [folder('xdg'), folder('home')];
  const expected = join(home, '.cache/hawser');
  const choice = (): string | null => codeCacheFolder({ XDG_CACHE_HOME: xdg, HOME: home });
  symlinkSync(folder('elsewhere'), join(xdg, 'hawser'));
  assert.equal(choice(), expected);
  rmSync(join(xdg, 'hawser'));
  folder('xdg/hawser', 0o777);
  assert.equal(choice(), expected);
  rmSync(join(xdg, 'hawser'), { recursive: true });
  writeFileSync(join(xdg, 'hawser'), '');
  assert.equal(choice(), expected);
  assert.equal(codeCacheFolder({ XDG_CACHE_HOME: 'xdg', HOME: home }), expected);
  assert.equal(codeCacheFolder({ XDG_CACHE_HOME: '/proc/self', HOME: home }), expected);
});

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

async function version(env: Record<string, string | undefined>): Promise<string> {
  const clean = { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: undefined };
  const { status, stdout } = await run({ command: process.execPath, args: [MAIN, '-v'], env: { ...clean, ...env } });
  assert.equal(status, 0);
  return stdout;
}

test('main.ts fills the cache, uses it again, and does without', async () => {
  const home = folder('home');
  const first = await version({ HOME: home });
  assert.match(first, /Hawser/);
  assert.ok(readdirSync(join(home, '.cache/hawser')).length > 0);
  assert.equal(await version({ HOME: home }), first);
  assert.equal(await version({ NODE_COMPILE_CACHE: '/dev/null/cache' }), first);
  assert.equal(await version({ HOME: folder('other'), NODE_DISABLE_COMPILE_CACHE: '1' }), first);
  assert.ok(!existsSync(join(top, 'other/.cache')));
});
