/**
 * From the files of the command line to a model that is known to build: everything that can be wrong is said
 * here, before anything is opened.
 */
import { hostname } from 'node:os';
import { plainMemory } from '../base/memory.ts';
import { buildState } from '../build/build.ts';
import { memoryLayout } from '../build/limits.ts';
import { layoutOf, type Plan, planOf } from '../build/plan.ts';
import type { CommandLine } from '../config/arguments.ts';
import { type Diagnostic, hasErrors, hasWarnings } from '../config/diagnostic.ts';
import { parseFiles } from '../config/parse.ts';
import { resolveServers } from '../config/resolve.ts';
import type { ConfigModel } from '../model/config.ts';
import { allocateShared, Shared } from '../state/shared.ts';

export interface Loaded {
  readonly model: ConfigModel;
  readonly plan: Plan;
  readonly diagnostics: readonly Diagnostic[];
  readonly isValid: boolean;
  readonly hasWarnings: boolean;
}

export async function load(line: CommandLine): Promise<Loaded> {
  const parsed = parseFiles(line.files, {
    ...(line.localPeer === null ? {} : { localPeer: line.localPeer }),
    diagnose: line.switches.has('D'),
  });
  const diagnostics = [...parsed.diagnostics];
  const { model } = parsed;
  const plan = planOf(model);
  if (!hasErrors(diagnostics)) {
    for (const [name, value] of parsed.environment) process.env[name] = value;
    diagnostics.push(...(await resolveServers(model, { ignoreFailures: line.switches.has('r') })));
  }
  if (!hasErrors(diagnostics)) diagnostics.push(...tryToBuild(model, plan));
  return { model, plan, diagnostics, isValid: !hasErrors(diagnostics), hasWarnings: hasWarnings(diagnostics) };
}

/** Compiles everything once in memory of its own, only to hear what is wrong. */
function tryToBuild(model: ConfigModel, plan: Plan): Diagnostic[] {
  const shared = new Shared(allocateShared(layoutOf(plan, 1)), 0);
  const memory = plainMemory({ blocks: 1, notes: 1, statics: memoryLayout(0).statics });
  const built = buildState({ model, plan, shared, host: null, memory, pid: process.pid, hostname: hostname() });
  return built.problems.map(({ severity, at, text }) => ({ severity, code: 'build', position: at, text }));
}
