/**
 * Which servers may get traffic, read from the live columns: for balancing, for persistence, and
 * whether there is room below `maxconn`. It only reads; control/ and the data path change the cells.
 */
import type { Server } from '../state/records.ts';
import { BackendLive, ServerAdmin, ServerLive, ServerRunning } from '../state/shared.ts';

const MAINTENANCE = ServerAdmin.maintenance | ServerAdmin.maintenanceInherited | ServerAdmin.maintenanceDns;

/** May the server whose cells start at `at` get new load-balanced traffic? Draining, stopping and weight 0 may not. */
export function takesTraffic(live: Int32Array, at: number): boolean {
  if (live[at + ServerLive.admin] !== 0 || (live[at + ServerLive.weight] as number) <= 0) return false;
  const running = live[at + ServerLive.running] as number;
  return running === ServerRunning.running || running === ServerRunning.starting;
}

/** May a client that asks for this very server (cookie, stick entry) get it? Draining, stopping and weight 0 may. */
export function isReachable(live: Int32Array, at: number): boolean {
  return ((live[at + ServerLive.admin] as number) & MAINTENANCE) === 0 && live[at + ServerLive.running] !== ServerRunning.stopped;
}

/**
 * Sessions that the server may have now; 0: any number. With `minconn` the limit follows the backend's
 * load up to `fullconn` (HAProxy 3.x configuration 5.2, minconn).
 */
export function connectionLimit(live: Int32Array, server: Server): number {
  const maxconn = live[server.live + ServerLive.maxconn] as number;
  const { minconn, backend } = server;
  if (maxconn === 0 || minconn === 0 || minconn >= maxconn || backend.fullconn === 0) return maxconn;
  const load = live[backend.live + BackendLive.current] as number;
  if (load >= backend.fullconn) return maxconn;
  return Math.max(minconn, Math.floor((maxconn * load) / backend.fullconn));
}

/** Can the server take one more session at once? Not while others wait for it. */
export function hasRoom(live: Int32Array, server: Server): boolean {
  if (live[server.live + ServerLive.maxconn] === 0) return true;
  if ((live[server.live + ServerLive.queued] as number) > 0) return false;
  return (live[server.live + ServerLive.current] as number) < connectionLimit(live, server);
}
