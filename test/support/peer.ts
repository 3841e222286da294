/**
 * Programs that tests compare with or drive (haproxy, nginx, curl …). One that is not
 * installed skips the test loudly; `npm test` counts that as a failure if CI=true.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Debian puts daemons where a user's PATH does not look. */
const EXTRA_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The path of a program, or undefined if it is not installed. */
export function findPeer(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...EXTRA_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a program that the test has named in `needs`. Throws if it is missing. */
export function peer(name: string): string {
  const path = findPeer(name);
  if (path === undefined) throw new Error(`${name} is not installed: the test must name it in needs()`);
  return path;
}

/**
 * Options of a test (or suite) that needs these programs:
 * `test('…', needs('haproxy', 'curl'), async () => { … })`.
 */
export function needs(...names: string[]): { skip: string | false } {
  const missing = names.filter((name) => findPeer(name) === undefined);
  if (missing.length === 0) return { skip: false };
  // tools/test.ts knows a missing program by these words.
  const reason = `missing peer: ${missing.join(', ')}`;
  process.stderr.write(`\n*** SKIPPED: ${reason} ***\n\n`);
  return { skip: reason };
}
