/** The checks of the source text: what `npm run check` runs, and `npm test` before the tests. Each is a program that exits with 0. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const CHECK_LIMIT_MS = 120_000;

export interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  /** What it printed, whole. */
  readonly output: string;
  readonly ms: number;
}

const bin = (name: string): string => `${root}node_modules/.bin/${name}`;

export const checks: readonly Check[] = [
  { name: 'types of the data path, without a host', command: bin('tsc'), args: ['-p', 'tsconfig.json'] },
  { name: 'types of everything', command: bin('tsc'), args: ['-p', 'tsconfig.node.json'] },
  { name: 'tidy', command: process.execPath, args: ['--disable-warning=ExperimentalWarning', 'tools/tidy.ts'] },
  {
    name: 'catalogs are up to date',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', 'tools/catalog.ts', '--check'],
  },
  {
    name: 'generated documents are up to date, shapes of keywords as HAProxy has them',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', 'tools/docs.ts', '--check'],
  },
  {
    name: 'format and lint',
    command: bin('biome'),
    args: ['check', '--error-on-warnings', '--no-errors-on-unmatched', '--colors=off', '.'],
  },
];

/** Runs one check to its end. Never rejects: a program that is missing is a check that failed. */
export function runCheck(check: Check): Promise<CheckResult> {
  const start = performance.now();
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(check.command, check.args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: CHECK_LIMIT_MS });
    const end = (passed: boolean): void => resolve({ name: check.name, passed, output, ms: performance.now() - start });
    const take = (text: Buffer): void => {
      output += text.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => {
      output += `${check.command}: ${error.message}\n`;
      end(false);
    });
    child.on('close', (status, signal) => {
      if (signal !== null) output += `${check.name}: ended by ${signal} after ${CHECK_LIMIT_MS / 1000} s or by hand\n`;
      end(status === 0);
    });
  });
}
