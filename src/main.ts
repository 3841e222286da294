/**
 * The program: reads the command line and loads what it asks for, nothing more. The only file that
 * chooses the mode; the host is chosen in master/start.ts, the catalogs in build/.
 */
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism, machine, release, type as systemType, version } from 'node:os';
import { parseArguments, USAGE } from './config/arguments.ts';
import { resolveOwnModules } from './platform/resolution.ts';

async function main(args: readonly string[]): Promise<number> {
  const line = parseArguments(args);
  if ('problem' in line) {
    process.stderr.write(`${line.problem === '' ? '' : `[ALERT]    (${process.pid}) : ${line.problem}\n`}${USAGE}`);
    return 1;
  }
  if (line.directory !== null) process.chdir(line.directory);
  switch (line.action) {
    case 'version':
    case 'build-options': {
      const { versionText } = await import('./config/version.ts');
      process.stdout.write(versionText(line.action === 'build-options', process.versions.node, systemName()));
      return 0;
    }
    case 'condition': {
      const { evaluateCondition } = await import('./config/conditions.ts');
      const environment = new Map(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
      const condition = evaluateCondition(line.condition, { environment });
      if ('value' in condition) return condition.value ? 0 : 1;
      process.stderr.write(`[ALERT]    (${process.pid}) : config : ${condition.problem}\n`);
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

resolveOwnModules();
const code = await main(process.argv.slice(2));
// A thread may be waiting for an order that will not come.
if (code >= 0) process.exit(code);
