/**
 * Who is chosen by rules: backends by `use_backend`, servers by `use-server`, and what overrules persistence. From the model's names
 * to records, or to names that are made per request. It must not know how rules are run.
 */
import type { ProxyModel, UseBackendModel, UseServerModel } from '../model/config.ts';
import type { Compiler } from '../rules/compiler.ts';
import { RuleError } from '../rules/error.ts';
import { NamedChoice, NameTable } from '../rules/named-choice.ts';
import { Place } from '../rules/place.ts';
import type { Backend, Frontend, PersistRule, UseBackend, UseServer } from '../state/records.ts';

type Test = PersistRule['condition'];

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
  const fitting = [...backends].filter(([, backend]) => backend.http === http);
  return { backend: null, choice: new NamedChoice(compiler.thread, format, new NameTable(compiler.thread, fitting)), condition };
}

/** One `use-server` line. @throws RuleError */
export function useServerOf(use: UseServerModel, backend: Backend, compiler: Compiler): UseServer {
  const condition = compiler.condition(use.condition, Place.useServer);
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

/** `force-persist` and `ignore-persist` lines. @throws RuleError */
export function persistRulesOf(proxy: ProxyModel, compiler: Compiler): readonly PersistRule[] | null {
  const rules = proxy.persistRules.map(({ force, condition }) => ({
    force,
    condition: compiler.condition(condition, Place.backendRequest),
  }));
  return rules.length === 0 ? null : rules;
}

/** `force-be-switch` lines. @throws RuleError */
export function addForceSwitches(frontend: Frontend, proxy: ProxyModel, compiler: Compiler): void {
  for (const condition of proxy.forceSwitches) frontend.forceSwitches.push(compiler.condition(condition, Place.useBackend));
}
