/** Signals, each in a process of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { test } from 'node:test';

const MODULE = new URL('./signals.ts', import.meta.url).href;

function run(flags: string[], code: string): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  const program = `import { dieBySignal, takeSigusr1 } from ${JSON.stringify(MODULE)};${code}`;
  return spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program], { encoding: 'utf8', timeout: 10_000 });
}

test('SIGUSR1 is taken, again and again, and the inspector stays shut', () => {
  const result = run(
    ['--disable-sigusr1'],
    `let count = 0;
    takeSigusr1(() => {
      console.log('taken', ++count);
      if (count < 3) setTimeout(() => process.kill(process.pid, 'SIGUSR1'), 1);
      else clearInterval(hold);
    });
    const hold = setInterval(() => {}, 1000);
    process.kill(process.pid, 'SIGUSR1');`,
  );
  assert.equal(result.stdout, 'taken 1\ntaken 2\ntaken 3\n');
  assert.equal(result.status, 0);
  assert.doesNotMatch(result.stderr, /Debugger listening/);
});

test('a taken signal does not keep the process alive', () => {
  const result = run(['--disable-sigusr1'], `takeSigusr1(() => {}); console.log('end');`);
  assert.equal(result.stdout, 'end\n');
  assert.equal(result.status, 0);
});

test('without the flag SIGUSR1 is refused, not shared with the inspector', () => {
  const result = run([], `takeSigusr1(() => {});`);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /start it with --disable-sigusr1/);
});

test('a process dies by the signal that it raises, although it handles it', () => {
  for (const name of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) {
    const result = run(
      ['--disable-sigusr1'],
      `process.on('SIGTERM', () => {}); dieBySignal(${constants.signals[name]}); setInterval(() => {}, 1000);`,
    );
    assert.equal(result.signal, name);
  }
});
