/** Every server's first state, and who follows whom: before any data thread starts. */
import { Family } from '../base/address.ts';
import type { Plan } from '../build/plan.ts';
import { type ControlledServer, track } from '../control/records.ts';
import type { ServerControl } from '../control/servers.ts';
import type { ServerModel } from '../model/config.ts';
import { TrackIndex } from '../model/tracking.ts';

/** @param servers in the order of the plan */
export function startServers(control: ServerControl, plan: Plan, servers: readonly ControlledServer[]): void {
  const models = new Map<ControlledServer, ServerModel>();
  for (const { model, index } of plan.servers) models.set(servers[index] as ControlledServer, model);
  for (const [server, { shutsSessions, shutsBackupSessions }] of models) Object.assign(server, { shutsSessions, shutsBackupSessions });
  linkTrackers(plan, servers);
  // Who tracks another takes over its state: that one has to have one.
  const started = new Set<ControlledServer>();
  const begin = (server: ControlledServer): void => {
    const model = models.get(server);
    if (model !== undefined) control.start(server, startState(model));
    started.add(server);
  };
  for (const server of servers) for (const each of chainOf(server, started)) begin(each);
}

function startState(model: ServerModel): Parameters<ServerControl['start']>[1] {
  const { weight, maxconn, disabled, address } = model;
  return { weight, maxconn, isDisabled: disabled, isUnresolved: address.family === Family.none };
}

function linkTrackers({ backends, servers: planned }: Plan, servers: readonly ControlledServer[]): void {
  if (!planned.some(({ model }) => model.track !== null)) return;
  const index = new TrackIndex(backends);
  const places = new Map(planned.map(({ model, index: at }) => [model, at]));
  for (const { model, backend, index: at } of planned) {
    const tracked = index.trackedBy(backend, model);
    if (tracked !== null) track(servers[at] as ControlledServer, servers[places.get(tracked.server) as number] as ControlledServer);
  }
}

/** The server behind all that it tracks, those left out that have been started. */
function chainOf(server: ControlledServer, started: ReadonlySet<ControlledServer>): ControlledServer[] {
  const chain: ControlledServer[] = [];
  for (let at: ControlledServer | null = server; at !== null && !started.has(at); at = at.tracked) chain.push(at);
  return chain.reverse();
}
