/**
 * From the files of the command line to a model that is known to build: everything that can be wrong is said
 * here, before anything is opened.
 */
import { type Plan, planOf } from '../build/plan.ts';
import type { CommandLine } from '../config/command/arguments.ts';
import { parseFiles } from '../config/parse.ts';
import { type Diagnostic, furtherErrors, hasErrors, hasShape, hasWarnings } from '../config/report/diagnostic.ts';
import { resolveServers } from '../config/resolve.ts';
import type { ConfigModel } from '../model/configuration.ts';

export interface Loaded {
  readonly model: ConfigModel;
  readonly plan: Plan;
  readonly diagnostics: readonly Diagnostic[];
  readonly isValid: boolean;
  readonly hasWarnings: boolean;
}

/** Reads, resolves and, with `dryBuild`, builds: a process that starts lets its first data thread find what can't be built. */
export async function load(line: CommandLine, dryBuild: boolean): Promise<Loaded> {
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
  if (hasErrors(diagnostics)) diagnostics.push(...(await moreErrors(model, plan, diagnostics)));
  else if (dryBuild) {
    const { tryToBuild, tryTls } = await import('./dry-build.ts');
    diagnostics.push(...tryToBuild(model, plan), ...(await tryTls(plan)));
  }
  return { model, plan, diagnostics, isValid: !hasErrors(diagnostics), hasWarnings: hasWarnings(diagnostics) };
}

/** What else is wrong in a configuration that will not start anyway: all in one run, as far as it can be told. */
async function moreErrors(model: ConfigModel, plan: Plan, told: readonly Diagnostic[]): Promise<Diagnostic[]> {
  if (!hasShape(told)) return [];
  const { tryToBuild } = await import('./dry-build.ts');
  try {
    return furtherErrors(tryToBuild(model, plan), told);
  } catch {
    // A model with holes may not build at all: what was told is enough then.
    return [];
  }
}
