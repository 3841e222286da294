/**
 * Runs one test file in a process group of its own, bounded in time, and reads
 * its results. Whatever the file started and left running is ended and counts
 * as a failure: a test cleans up.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPORTER = fileURLToPath(new URL('reporter.mjs', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', '--disable-sigusr1'];

export interface Outcome {
  readonly kind: 'pass' | 'fail' | 'skip';
  /** Names from the outermost to the test itself, joined by ` > `. */
  readonly name: string;
  readonly reason?: string;
  readonly error?: string;
}

export interface FileResult {
  readonly path: string;
  readonly outcomes: readonly Outcome[];
  /** Standard output and standard error, mixed. */
  readonly output: string;
  readonly ms: number;
}

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
}

const running = new Set<ChildProcess>();

/** Ends every test file that is under way, with all it has started. */
export function stopAll(): void {
  for (const child of running) killGroup(child);
}

/** Runs the test file at `path` (relative to `root`) for at most `limitMs`; `scratch` is a folder for its result file. */
export async function runFile(root: string, path: string, scratch: string, limitMs: number): Promise<FileResult> {
  const start = performance.now();
  const results = join(scratch, `${path.replaceAll('/', '_')}.jsonl`);
  const args = [...FLAGS, `--test-reporter=${REPORTER}`, `--test-reporter-destination=${results}`, path];
  let output = '';
  const child = spawn(process.execPath, args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  const ended = await waitForEnd(child, limitMs);
  running.delete(child);
  const left = membersOf(child.pid as number);
  killGroup(child);
  const lines = existsSync(results) ? readFileSync(results, 'utf8').split('\n') : [];
  rmSync(results, { force: true });
  return { path, outcomes: judge(lines, ended, left, limitMs), output, ms: performance.now() - start };
}

/** The end of the process itself; its output may be held open by what it left behind, so that is not waited for. */
function waitForEnd(child: ChildProcess, limitMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, limitMs);
    child.on('exit', (status, signal) => {
      clearTimeout(timer);
      // What was written before the end is still in the pipes.
      setImmediate(() => setImmediate(() => resolve({ status, signal, timedOut })));
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // Nobody is left in the group: the good case.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The command names of the processes of a group that still run; ended ones that nobody has collected do not count. */
function membersOf(group: number): string[] {
  const names: string[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const found = /\((.*)\) (\S) \d+ (\d+)/.exec(statOf(entry));
    if (found !== null && found[3] === String(group) && found[2] !== 'Z') names.push(`${found[1]} (pid ${entry})`);
  }
  return names;
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ''; // It ended while we looked.
  }
}

interface Line {
  readonly kind: 'begin' | Outcome['kind'];
  readonly name: string;
  readonly reason?: string;
  readonly error?: string;
}

function judge(lines: readonly string[], ended: Ended, left: readonly string[], limitMs: number): Outcome[] {
  const entries = lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Line);
  const outcomes = entries.filter((entry): entry is Outcome => entry.kind !== 'begin');
  const fail = (error: string): void => {
    outcomes.push({ kind: 'fail', name: '(the file)', error });
  };
  if (ended.timedOut) {
    const last = entries.findLast((entry) => entry.kind === 'begin')?.name ?? 'none';
    fail(`ran longer than ${limitMs / 1000} s and was ended; the last test that began: ${last}`);
  } else if (ended.signal !== null) fail(`ended by ${ended.signal}`);
  else if (ended.status !== 0 && !outcomes.some(({ kind }) => kind === 'fail')) fail(`exited with ${ended.status}`);
  else if (outcomes.length === 0) fail('has no test');
  if (!ended.timedOut && left.length > 0) fail(`left running: ${left.join(', ')}`);
  return outcomes;
}
