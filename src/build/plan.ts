/**
 * Which number everything gets: the order of frontends, backends and servers in the shared columns, and
 * the listeners to open. The same model gives the same plan on every thread. It makes no records.
 */
import type { AddressRecord } from '../base/address.ts';
import { checksNeedTls } from '../check/needs.ts';
import type { BindModel, ProxyModel, ServerModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { TlsGlobalModel } from '../model/tls.ts';
import type { SharedLayout } from '../state/shared.ts';
import { planTables, type TablePlan } from './table-plan.ts';

export interface ServerPlan {
  readonly model: ServerModel;
  readonly backend: ProxyModel;
  readonly backendIndex: number;
  readonly index: number;
}

export interface ListenerPlan {
  readonly frontend: ProxyModel;
  readonly frontendIndex: number;
  readonly bind: BindModel;
  readonly address: AddressRecord;
  /** `name`, or HAProxy's form for an unnamed one: `sock-1`. */
  readonly name: string;
  /** `id`, or the next free number of the frontend. */
  readonly id: number;
}

export interface Plan {
  readonly frontends: readonly ProxyModel[];
  readonly backends: readonly ProxyModel[];
  readonly servers: readonly ServerPlan[];
  readonly listeners: readonly ListenerPlan[];
  readonly tables: readonly TablePlan[];
  readonly tls: TlsGlobalModel;
}

export function isFrontend(proxy: ProxyModel): boolean {
  return proxy.kind !== 'backend';
}

export function isBackend(proxy: ProxyModel): boolean {
  return proxy.kind !== 'frontend';
}

export function planOf(model: ConfigModel): Plan {
  const frontends = model.proxies.filter(isFrontend);
  const backends = model.proxies.filter(isBackend);
  const servers: ServerPlan[] = [];
  for (const [backendIndex, backend] of backends.entries()) {
    for (const server of backend.servers) servers.push({ model: server, backend, backendIndex, index: servers.length });
  }
  return { frontends, backends, servers, listeners: frontends.flatMap(listenersOf), tables: planTables(model), tls: model.global.tls };
}

function listenersOf(frontend: ProxyModel, frontendIndex: number): ListenerPlan[] {
  if (frontend.disabled) return [];
  const out: ListenerPlan[] = [];
  for (const bind of frontend.binds) {
    for (const address of bind.addresses) {
      const id = bind.id ?? freeId(frontend, out);
      out.push({ frontend, frontendIndex, bind, address, name: bind.name ?? `sock-${out.length + 1}`, id });
    }
  }
  return out;
}

/** The lowest number that no address of the frontend has, as HAProxy gives them. */
function freeId(frontend: ProxyModel, listeners: readonly ListenerPlan[]): number {
  const taken = new Set([...frontend.binds.map((bind) => bind.id), ...listeners.map(({ id }) => id)]);
  let id = 1;
  while (taken.has(id)) id++;
  return id;
}

/** @param sessions tune.ssl.cachesize */
export function layoutOf(plan: Plan, threads: number, sessions = 0): SharedLayout {
  const tables = plan.tables.map(({ layout }) => layout.bytes);
  const isServer = plan.listeners.some(({ bind }) => bind.tls.enabled);
  const { frontends, backends, servers } = plan;
  return {
    frontends: frontends.length,
    backends: backends.length,
    servers: servers.length,
    threads,
    tables,
    sessions: isServer ? sessions : 0,
  };
}

/** Whether anything of it speaks TLS. */
export function usesTls(plan: Plan): boolean {
  return (
    plan.listeners.some(({ bind }) => bind.tls.enabled) ||
    plan.servers.some(({ model, backend }) => model.tls.enabled || checksNeedTls(model, backend.check))
  );
}
