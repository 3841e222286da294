/**
 * `npm test`: the checks, then every test file. The last line is
 * `N passed, N failed`, with `, N skipped` if any.
 *
 *     npm test                    everything
 *     npm test -- PART…           the test files whose path contains a PART, without the checks
 *
 * A test that needs a program which is not installed is skipped, and said loudly;
 * with CI=true that is a failure.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checks, runCheck } from './checks.ts';
import type { FileResult, Outcome } from './test/file.ts';
import { runFile, stopAll } from './test/file.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['src', 'tools', 'test', 'bench', 'examples'];
const UNIT_LIMIT_MS = 60_000;
const INTEGRATION_LIMIT_MS = 180_000;
const WHOLE_LIMIT_MS = 720_000;
/** How the reason of a test begins that was skipped because a program is missing (test/support/peer.ts). */
const MISSING = 'missing peer';

interface Totals {
  passed: number;
  failed: number;
  /** How many tests were skipped for each reason. */
  readonly skipped: Map<string, number>;
}

const totals: Totals = { passed: 0, failed: 0, skipped: new Map() };

function findFiles(parts: readonly string[]): string[] {
  const files: string[] = [];
  for (const folder of FOLDERS) {
    for (const name of listFolder(join(root, folder))) if (name.endsWith('.test.ts')) files.push(`${folder}/${name}`);
  }
  // The slow ones first, so that no core idles at the end.
  files.sort((a, b) => Number(b.startsWith('test/')) - Number(a.startsWith('test/')) || a.localeCompare(b));
  return parts.length === 0 ? files : files.filter((file) => parts.some((part) => file.includes(part)));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function isFailure(outcome: Outcome): boolean {
  const missing = outcome.kind === 'skip' && outcome.reason?.startsWith(MISSING) === true;
  return outcome.kind === 'fail' || (missing && process.env['CI'] === 'true');
}

function count(outcome: Outcome): void {
  if (isFailure(outcome)) totals.failed++;
  else if (outcome.kind === 'pass') totals.passed++;
  else totals.skipped.set(outcome.reason ?? '', (totals.skipped.get(outcome.reason ?? '') ?? 0) + 1);
}

function printFile({ path, outcomes, output, ms }: FileResult): void {
  const failures = outcomes.filter(isFailure);
  for (const outcome of outcomes) count(outcome);
  process.stdout.write(`${failures.length === 0 ? 'ok    ' : 'FAILED'} ${path} (${outcomes.length} tests, ${(ms / 1000).toFixed(1)} s)\n`);
  for (const { name, error, reason } of failures) process.stdout.write(indent(`× ${name}\n${error ?? reason ?? ''}`));
  if (failures.length > 0 && output !== '') process.stdout.write(indent(`it printed:\n${output}`));
}

function indent(text: string): string {
  return `${text.trimEnd().replaceAll(/^/gm, '    ')}\n`;
}

async function runChecks(): Promise<void> {
  const results = await Promise.all(checks.map(runCheck));
  for (const { name, passed, output, ms } of results) {
    count({ kind: passed ? 'pass' : 'fail', name });
    process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} check: ${name} (${(ms / 1000).toFixed(1)} s)\n`);
    if (!passed) process.stdout.write(indent(output));
  }
}

/** Runs the files on all cores, each when one is free. */
async function runFiles(files: readonly string[], scratch: string): Promise<void> {
  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const limitMs = path.startsWith('test/') ? INTEGRATION_LIMIT_MS : UNIT_LIMIT_MS;
      printFile(await runFile(root, path, scratch, limitMs));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

function printTotals(): void {
  let skipped = 0;
  for (const [reason, times] of totals.skipped) {
    skipped += times;
    process.stdout.write(`SKIPPED ${times} × ${reason}\n`);
  }
  process.stdout.write(`${totals.passed} passed, ${totals.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
}

function stop(why: string): void {
  stopAll();
  process.stdout.write(`${why}\n`);
  totals.failed++;
  printTotals();
  process.exit(1);
}

async function main(): Promise<void> {
  const parts = process.argv.slice(2);
  const files = findFiles(parts);
  const scratch = mkdtempSync(join(tmpdir(), 'hawser-test-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(`stopped by ${signal}`));
  setTimeout(() => stop(`ran longer than ${WHOLE_LIMIT_MS / 60_000} minutes`), WHOLE_LIMIT_MS).unref();
  if (parts.length === 0) await runChecks();
  else if (files.length === 0) stop(`no test file has ${parts.join(' or ')} in its path`);
  await runFiles(files, scratch);
  printTotals();
  process.exitCode = totals.failed > 0 ? 1 : 0;
}

await main();
