/**
 * The program: reads the command line and loads what it asks for, nothing more. The only file that
 * chooses the mode; the host is chosen in master/start.ts, the catalogs in build/.
 */
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism, machine, release, type as systemType, version } from 'node:os';
import { type CommandLine, commandLineWarnings, parseArguments } from './config/command/arguments.ts';
import { useCodeCache } from './platform/code-cache.ts';
import { resolveOwnModules } from './platform/resolution.ts';

async function main(args: readonly string[]): Promise<number> {
  const [command = '', ...rest] = args;
  if (command === 'dump' || command === 'fmt') {
    const { runCommand } = await import('./config/command/commands.ts');
    return runCommand(command, rest);
  }
  const line = parseArguments(args);
  if ('problem' in line) {
    const { usageText } = await import('./config/command/flags.ts');
    process.stderr.write(`[ALERT]    (${process.pid}) : ${line.problem}\n${usageText()}`);
    return 1;
  }
  if (line.directory !== null && !enter(line.directory)) return 1;
  for (const text of commandLineWarnings(line)) process.stderr.write(`[WARNING]  (${process.pid}) : config : ${text}\n`);
  if (PRINTING.some((letter) => line.switches.has(letter))) await printAsked(line);
  switch (line.action) {
    case 'version':
    case 'build-options': {
      const { versionText } = await import('./config/command/version.ts');
      process.stdout.write(versionText(line.action === 'build-options', process.versions.node, systemName()));
      return 0;
    }
    case 'condition': {
      const { evaluateCondition } = await import('./config/conditions.ts');
      const environment = new Map(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
      const condition = evaluateCondition(line.condition, { environment });
      if ('value' in condition) return condition.value ? 0 : 1;
      process.stderr.write(`[ALERT]    (${process.pid}) : config : Failed to evaluate condition: ${condition.problem}\n`);
      return 2;
    }
    case 'check': {
      const { check } = await import('./master/check.ts');
      return check(line);
    }
    case 'run': {
      const { DataThreads } = await import('./master/threads.ts');
      const threads = new DataThreads();
      // Data threads load their modules while this one loads its own and reads the configuration.
      threads.prepare(likelyThreads(line.files));
      const { run } = await import('./master/start.ts');
      return run(line, threads);
    }
  }
}

/** Switches that only print. */
const PRINTING = ['C', 'K', 'L', 'M'];

async function printAsked(line: CommandLine): Promise<void> {
  const { askedText } = await import('./config/command/asked.ts');
  process.stdout.write(Buffer.from(askedText(line), 'latin1'));
}

/** Goes to the directory of `-C`; false: it can't, and that has been said. */
function enter(directory: string): boolean {
  try {
    process.chdir(directory);
    return true;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'No such file or directory' : code === 'ENOTDIR' ? 'Not a directory' : message;
    process.stderr.write(`[ALERT]    (${process.pid}) : Could not change to directory ${directory} : ${reason}\n`);
    return false;
  }
}

/** Threads that are worth loading before it is certain that they are wanted. */
const MOST_EARLY_THREADS = 8;

/** How many data threads the files seem to ask for, before they are read in earnest: `start` mends what is wrong. */
function likelyThreads(files: readonly string[]): number {
  const most = Math.min(MOST_EARLY_THREADS, availableParallelism());
  for (const file of files) {
    try {
      // What a pipe brings can be read only once.
      if (!statSync(file).isFile()) continue;
      const written = /^\s*nbthread\s+(\d+)/m.exec(readFileSync(file, 'latin1'))?.[1];
      if (written !== undefined) return Math.min(most, Number(written));
    } catch {
      // Who reads it in earnest says what is wrong with it.
    }
  }
  return most;
}

function systemName(): string {
  return `${systemType()} ${release()} ${version()} ${machine()}`;
}

useCodeCache();
resolveOwnModules();
const code = await main(process.argv.slice(2));
// A thread may be waiting for an order that will not come.
if (code >= 0) process.exit(code);
