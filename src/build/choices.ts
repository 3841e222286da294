/**
 * Who is chosen by rules: backends by `use_backend`, servers by `use-server`, and what overrules persistence. From the model's names
 * to records, or to names that are made per request. It must not know how rules are run.
 */
import type { ConditionModel, ProxyModel, UseBackendModel, UseServerModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { Compiler } from '../rules/compiler.ts';
import { RuleError } from '../rules/error.ts';
import { Place, type Places } from '../rules/place.ts';
import { NamedChoice, NameTable } from '../rules/value/named-choice.ts';
import type { Backend, Frontend, PersistRule, UseBackend, UseServer } from '../state/records.ts';
import { ConditionFault } from './fault.ts';

type Test = NonNullable<PersistRule['condition']>;

/** A name that is made per request. */
export function isComputed(name: string): boolean {
  return name.includes('%');
}

/** One `use_backend` line. @throws RuleError */
export function useBackendOf(
  use: UseBackendModel,
  condition: Test | null,
  backends: ReadonlyMap<string, Backend>,
  compiler: Compiler,
): UseBackend {
  if (!isComputed(use.name)) {
    const backend = backends.get(use.name);
    if (backend === undefined) throw new RuleError(`unable to find required use_backend: '${use.name}'`);
    return { backend, choice: null, condition };
  }
  const format = compiler.format(use.name, 'text', Place.useBackend);
  const { http } = compiler.proxy;
  const fitting = [...backends].filter(([, backend]) => backend.http || !http);
  return { backend: null, choice: new NamedChoice(compiler.thread, format, new NameTable(compiler.thread, fitting)), condition };
}

/** One `use-server` line. @throws RuleError */
export function useServerOf(use: UseServerModel, backend: Backend, compiler: Compiler): UseServer {
  const condition = conditionOf(compiler, 'switching rule', use.condition, Place.useServer);
  if (!isComputed(use.name)) {
    const server = backend.servers.find(({ name }) => name === use.name);
    if (server === undefined) {
      const names = backend.servers.map(({ name }) => name);
      throw new RuleError(`unable to find server '${use.name}' referenced in a 'use-server' rule`, -1, use.name, names);
    }
    return { server, choice: null, condition };
  }
  const format = compiler.format(use.name, 'text', Place.useServer);
  const servers = new NameTable(
    compiler.thread,
    backend.servers.map((server) => [server.name, server] as const),
  );
  return { server: null, choice: new NamedChoice(compiler.thread, format, servers), condition };
}

/** Runs a step, and tells what is wrong with the line at this position. */
type Attempt = (at: Position, task: () => void) => void;

/** `force-persist` and `ignore-persist` lines. */
export function persistRulesOf(proxy: ProxyModel, compiler: Compiler, attempt: Attempt): readonly PersistRule[] | null {
  const rules: PersistRule[] = [];
  for (const { force, condition } of proxy.persistRules) {
    const what = `a '${force ? 'force' : 'ignore'}-persist' rule`;
    attempt(condition.at, () => rules.push({ force, condition: conditionOf(compiler, what, condition, Place.backendRequest) }));
  }
  return rules.length === 0 ? null : rules;
}

/** `force-be-switch` lines. */
export function addForceSwitches(frontend: Frontend, proxy: ProxyModel, compiler: Compiler, attempt: Attempt): void {
  for (const condition of proxy.forceSwitches) {
    attempt(condition.at, () =>
      frontend.forceSwitches.push(conditionOf(compiler, "a 'force-be-switch' rule", condition, Place.useBackend)),
    );
  }
}

/** The condition of a line that is no rule of a set. @throws ConditionFault with the place of the bad word */
export function conditionOf(compiler: Compiler, what: string, condition: ConditionModel, place: Places): Test {
  try {
    return compiler.condition(condition, place);
  } catch (error) {
    throw error instanceof RuleError ? new ConditionFault(what, condition, error) : error;
  }
}
