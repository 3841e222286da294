/** Which host is chosen, in processes of their own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const CHOOSE = new URL('./choose.ts', import.meta.url).href;
const FFI = new URL('./ffi.ts', import.meta.url).href;

function choice(code: string, env: Record<string, string> = {}): { name: string; reason: string } {
  const program = `const { chooseHost } = await import(${JSON.stringify(CHOOSE)}); const { area, setrlimit } = await import(${JSON.stringify(FFI)}); ${code}`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env: { ...process.env, ...env } });
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout);
}

const ASK = 'console.log(JSON.stringify(chooseHost(undefined)))';

test('HAWSER_HOST and the command line force epoll', () => {
  assert.deepEqual(choice(ASK, { HAWSER_HOST: 'epoll' }), { name: 'epoll', reason: 'asked for by HAWSER_HOST' });
  assert.deepEqual(choice(`console.log(JSON.stringify(chooseHost('epoll')))`), { name: 'epoll', reason: 'asked for' });
});

test('where io_uring is refused epoll is chosen and the reason told, although io_uring was asked for', () => {
  // The cheapest refusal at hand: no descriptor is left for a ring.
  const starve = 'const none = area(16); setrlimit(7, none.pointer);';
  const { name, reason } = choice(`${starve} console.log(JSON.stringify(chooseHost('uring')))`);
  assert.equal(name, 'epoll');
  assert.equal(reason, 'io_uring_setup: the process is out of descriptors (EMFILE)');
});

test('the probe leaves nothing open', () => {
  const count = `(await import('node:fs')).readdirSync('/proc/self/fd').length`;
  const leaked = choice(`chooseHost(undefined); const before = ${count}; for (let at = 0; at < 5; at++) chooseHost(undefined);
    console.log(JSON.stringify({ name: '', reason: String(${count} - before) }))`);
  assert.equal(leaked.reason, '0');
});
