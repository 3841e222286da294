/**
 * The states of servers: the only place that changes them. Two things are independent: the running state,
 * found by checks (stopped, starting, running, stopping), and administrative bits (maintenance, drain: forced, or
 * inherited from a tracked server). Every change is written to the shared columns, counted in the backend, bumps its
 * version so that the pickers look again, passes on to servers that track this one, and gets HAProxy's log line.
 *
 * It runs on the control thread and must not know the records of the data threads, nor how checks work.
 */
import type { SocketAddress } from '../base/address.ts';
import { writeAddress } from '../state/server-address.ts';
import { BackendLive, ServerAdmin, ServerLive, ServerRunning, type Shared } from '../state/shared.ts';
import type { Clock } from './clock.ts';
import { type Cause, changeLine, noServerLine, shortLine, viaCause } from './lines.ts';
import { type ControlledBackend, type ControlledServer, Level, type LevelValue, type LogChange } from './records.ts';

const MAINTENANCE = ServerAdmin.maintenance | ServerAdmin.maintenanceInherited | ServerAdmin.maintenanceDns;
const DRAIN = ServerAdmin.drain | ServerAdmin.drainInherited;
const WEIGHT_UNIT = 256;
export const MAX_WEIGHT = 256;
/** A warming server gets its share in this many steps. */
const WARM_STEPS = 20;

/** Why sessions are cut: their server is down, or one that is better is up. */
export type EvictReason = 'down' | 'up';

/** How a server starts. */
export interface StartState {
  readonly weight: number;
  readonly maxconn: number;
  /** `disabled` on the server line. */
  readonly isDisabled: boolean;
  /** It has no address yet. */
  readonly isUnresolved?: boolean;
}

export type Evict = (server: ControlledServer, why: EvictReason) => void;

export class ServerControl {
  readonly shared: Shared;
  readonly clock: Clock;
  readonly #live: Int32Array;
  readonly log: LogChange;
  readonly #changed: (backend: ControlledBackend) => void;
  /** Cuts the sessions of a server, on all threads (on-marked-down, on-marked-up). */
  evict: Evict = () => {};

  /** @param changed called after each change of a server, logged or not: streams that wait may go on */
  constructor(shared: Shared, clock: Clock, log: LogChange, changed: (backend: ControlledBackend) => void = () => {}) {
    this.shared = shared;
    this.clock = clock;
    this.#live = shared.live;
    this.log = log;
    this.#changed = changed;
  }

  /**
   * At start, before any data thread: up at once, and one failure away from DOWN if it is checked (FEATURES 8). Servers
   * that track another come after it.
   */
  start(server: ControlledServer, state: StartState): void {
    const live = this.#live;
    const at = server.live;
    const inherited = server.tracked !== null && this.isInMaintenance(server.tracked) ? ServerAdmin.maintenanceInherited : 0;
    const unresolved = state.isUnresolved === true ? ServerAdmin.maintenanceDns : 0;
    live[at + ServerLive.admin] = (state.isDisabled ? ServerAdmin.maintenance : 0) | inherited | unresolved;
    live[at + ServerLive.running] = ServerRunning.running;
    live[at + ServerLive.health] = server.rise;
    live[at + ServerLive.weight] = state.weight * WEIGHT_UNIT;
    live[at + ServerLive.userWeight] = state.weight;
    live[at + ServerLive.maxconn] = state.maxconn;
    server.initialWeight = state.weight;
    server.changedAtMs = this.clock.now();
    if (this.isUsable(server)) this.#count(server, 1);
    this.#bump(server.backend);
  }

  isInMaintenance(server: ControlledServer): boolean {
    return (this.#admin(server) & MAINTENANCE) !== 0;
  }

  isDraining(server: ControlledServer): boolean {
    return (this.#admin(server) & DRAIN) !== 0;
  }

  running(server: ControlledServer): number {
    return this.#live[server.live + ServerLive.running] as number;
  }

  /** Does it get balanced traffic? */
  isUsable(server: ControlledServer): boolean {
    const live = this.#live;
    const running = this.running(server);
    const isOn = running === ServerRunning.running || running === ServerRunning.starting;
    return isOn && this.#admin(server) === 0 && (live[server.live + ServerLive.weight] as number) > 0;
  }

  // Running state ------------------------------------------------------------------------------------

  setDown(server: ControlledServer, cause: Cause): void {
    if (this.isInMaintenance(server) || this.running(server) === ServerRunning.stopped) return;
    const level = this.#lossLevel(server);
    const hadServers = this.#hasServers(server.backend);
    this.#live[server.live + ServerLive.health] = 0;
    server.downs++;
    this.#change(server, () => this.#setRunning(server, ServerRunning.stopped));
    this.#evictOwn(server);
    this.log(server.backend, level, changeLine(this.shared, server, `is DOWN${cause}`, true));
    this.#sayDrain(server);
    this.#sayEmpty(server, hadServers);
    for (const tracker of server.trackers) this.setDown(tracker, viaCause(server));
  }

  setUp(server: ControlledServer, cause: Cause): void {
    const running = this.running(server);
    if (this.isInMaintenance(server) || running === ServerRunning.running || running === ServerRunning.starting) return;
    this.#live[server.live + ServerLive.health] = server.rise + server.fall - 1;
    this.#change(server, () => this.#begin(server, running === ServerRunning.stopped));
    this.#evictBackups(server);
    this.log(server.backend, Level.notice, changeLine(this.shared, server, `is UP${cause}`, false));
    this.#sayDrain(server);
    for (const tracker of server.trackers) this.setUp(tracker, viaCause(server));
  }

  /** No new balanced traffic, but persistent clients may stay (disable-on-404). */
  setStopping(server: ControlledServer, cause: Cause): void {
    if (this.isInMaintenance(server) || this.running(server) === ServerRunning.stopping) return;
    const hadServers = this.#hasServers(server.backend);
    this.#change(server, () => this.#setRunning(server, ServerRunning.stopping));
    this.log(server.backend, Level.notice, changeLine(this.shared, server, `is stopping${cause}`, false));
    this.#sayDrain(server);
    this.#sayEmpty(server, hadServers);
    for (const tracker of server.trackers) this.setStopping(tracker, viaCause(server));
  }

  // Administrative state -------------------------------------------------------------------------------

  /** `set server … state maint`. @param cause behind the words, in parentheses */
  maintain(server: ControlledServer, bit: number = ServerAdmin.maintenance, cause: Cause = ''): void {
    if ((this.#admin(server) & bit) !== 0) return;
    const wasIn = this.isInMaintenance(server);
    const wasDown = this.running(server) === ServerRunning.stopped;
    const level = this.#lossLevel(server);
    const hadServers = this.#hasServers(server.backend);
    const via = (bit & ServerAdmin.maintenanceInherited) !== 0 && server.tracked !== null ? viaCause(server.tracked) : cause;
    this.#change(server, () => this.#setAdmin(server, this.#admin(server) | bit));
    if (wasIn) return;
    this.#evictOwn(server);
    if (wasDown) this.log(server.backend, Level.notice, shortLine(server, `was DOWN and now enters maintenance${via}`));
    else this.log(server.backend, level, changeLine(this.shared, server, `is going DOWN for maintenance${via}`, true));
    this.#sayEmpty(server, hadServers);
    for (const tracker of server.trackers) this.maintain(tracker, ServerAdmin.maintenanceInherited);
  }

  /** `set server … state drain`: leaves forced maintenance, if it is in it. */
  drain(server: ControlledServer, bit: number = ServerAdmin.drain): void {
    const wasDraining = this.isDraining(server);
    const wasIn = this.isInMaintenance(server);
    if ((this.#admin(server) & bit) !== 0 && !wasIn) return;
    const hadServers = this.#hasServers(server.backend);
    this.#change(server, () => this.#setAdmin(server, this.#admin(server) | bit));
    if (wasIn && bit === ServerAdmin.drain) this.#leaveMaintenance(server, ServerAdmin.maintenance);
    else if (!wasIn && !wasDraining) {
      const via = bit === ServerAdmin.drainInherited && server.tracked !== null ? viaCause(server.tracked) : '';
      const isDown = this.running(server) === ServerRunning.stopped;
      this.log(server.backend, Level.notice, changeLine(this.shared, server, `enters drain state${via}`, isDown));
      this.#sayEmpty(server, hadServers);
    }
    for (const tracker of server.trackers) this.drain(tracker, ServerAdmin.drainInherited);
  }

  /** `set server … state ready`: clears only what was forced. */
  ready(server: ControlledServer): void {
    const admin = this.#admin(server);
    if ((admin & ServerAdmin.drain) !== 0) this.#leaveDrain(server, ServerAdmin.drain, (admin & MAINTENANCE) !== 0);
    if ((admin & ServerAdmin.maintenance) !== 0) this.#leaveMaintenance(server, ServerAdmin.maintenance);
  }

  /** It is reached there from now on. Port 0: as it was. */
  move(server: ControlledServer, address: SocketAddress): void {
    writeAddress(this.#live, server.live, address);
  }

  /** Its name has no address any more: `MAINT (resolution)`. @param cause as `DNS NX status` */
  loseAddress(server: ControlledServer, cause: string): void {
    this.maintain(server, ServerAdmin.maintenanceDns, ` (${cause})`);
  }

  /** Its name has an address again. @param host that name */
  regainAddress(server: ControlledServer, host: string): void {
    if ((this.#admin(server) & ServerAdmin.maintenanceDns) !== 0) this.#leaveMaintenance(server, ServerAdmin.maintenanceDns, host);
  }

  isUnresolved(server: ControlledServer): boolean {
    return (this.#admin(server) & ServerAdmin.maintenanceDns) !== 0;
  }

  // Weight ---------------------------------------------------------------------------------------------

  /** @param weight 0 to 256 */
  setWeight(server: ControlledServer, weight: number): void {
    const live = this.#live;
    const hadServers = this.#hasServers(server.backend);
    this.#change(server, () => {
      live[server.live + ServerLive.userWeight] = weight;
      live[server.live + ServerLive.weight] = this.#effectiveWeight(server);
    });
    this.#sayEmpty(server, hadServers);
  }

  setMaxconn(server: ControlledServer, maxconn: number): void {
    Atomics.store(this.#live, server.live + ServerLive.maxconn, maxconn);
    this.#changed(server.backend);
  }

  // Inside ---------------------------------------------------------------------------------------------

  #leaveMaintenance(server: ControlledServer, bit: number, host = ''): void {
    const admin = this.#admin(server) & ~bit;
    if ((admin & MAINTENANCE) !== 0) {
      this.#setAdmin(server, admin);
      return;
    }
    const { tracked } = server;
    const isDown = tracked !== null && this.running(tracked) === ServerRunning.stopped;
    this.#change(server, () => {
      this.#setAdmin(server, admin);
      this.#live[server.live + ServerLive.health] = server.rise;
      if (isDown) this.#setRunning(server, ServerRunning.stopped);
      else this.#begin(server, true);
    });
    if (!isDown) this.#evictBackups(server);
    const state = `${isDown ? 'DOWN' : 'UP'}/${this.isDraining(server) ? 'DRAIN' : 'READY'}`;
    const forced = bit === ServerAdmin.maintenanceInherited ? '' : 'forced ';
    const text = host === '' ? `is ${state} (leaving ${forced}maintenance)` : `('${host}') is ${state} (resolves again)`;
    this.log(server.backend, Level.notice, shortLine(server, text));
    this.#sayDrain(server);
    for (const tracker of server.trackers) this.#followOut(tracker, server);
  }

  /** A tracked server has left maintenance: its trackers leave theirs, and take over its drain state. */
  #followOut(tracker: ControlledServer, tracked: ControlledServer): void {
    if (this.isDraining(tracked)) this.#setAdmin(tracker, this.#admin(tracker) | ServerAdmin.drainInherited);
    if ((this.#admin(tracker) & ServerAdmin.maintenanceInherited) !== 0) this.#leaveMaintenance(tracker, ServerAdmin.maintenanceInherited);
  }

  #leaveDrain(server: ControlledServer, bit: number, isSilent: boolean): void {
    const admin = this.#admin(server) & ~bit;
    if (admin === this.#admin(server)) return;
    this.#change(server, () => this.#setAdmin(server, admin));
    const state = this.running(server) === ServerRunning.stopped ? 'DOWN' : 'UP';
    if (!isSilent && (admin & DRAIN) === 0) this.log(server.backend, Level.notice, shortLine(server, `is ${state} (leaving forced drain)`));
    else if (!isSilent) this.#sayDrain(server);
    for (const tracker of server.trackers) this.#leaveDrain(tracker, ServerAdmin.drainInherited, this.isInMaintenance(tracker));
  }

  #evictOwn(server: ControlledServer): void {
    Atomics.sub(this.#live, server.live + ServerLive.epoch, 1);
    if (server.shutsSessions) this.evict(server, 'down');
  }

  /** The server is back, and takes traffic: sessions of the backup servers shall not stay there. */
  #evictBackups(server: ControlledServer): void {
    if (!server.shutsBackupSessions || server.isBackup || (this.#live[server.live + ServerLive.weight] as number) === 0) return;
    for (const other of server.backend.servers) if (other.isBackup) this.evict(other, 'up');
  }

  /** Runs again, warming up first if it was out. */
  #begin(server: ControlledServer, wasOut: boolean): void {
    const isWarming = wasOut && server.slowstartMs > 0;
    this.#setRunning(server, isWarming ? ServerRunning.starting : ServerRunning.running);
    server.warmingSinceMs = this.clock.now();
    this.#live[server.live + ServerLive.weight] = this.#effectiveWeight(server);
    if (isWarming) this.#warmLater(server, server.warmingSinceMs);
  }

  #warmLater(server: ControlledServer, since: number): void {
    this.clock.after(Math.max(1, server.slowstartMs / WARM_STEPS), () => {
      if (this.running(server) !== ServerRunning.starting || server.warmingSinceMs !== since) return;
      const isDone = this.clock.now() - since >= server.slowstartMs;
      this.#change(server, () => {
        if (isDone) this.#live[server.live + ServerLive.running] = ServerRunning.running;
        this.#live[server.live + ServerLive.weight] = this.#effectiveWeight(server);
      });
      if (!isDone) this.#warmLater(server, since);
    });
  }

  /** Weight × 256; a warming server has its share of the time that has passed, at least one 256th. */
  #effectiveWeight(server: ControlledServer): number {
    const full = (this.#live[server.live + ServerLive.userWeight] as number) * WEIGHT_UNIT;
    if (full === 0 || this.running(server) !== ServerRunning.starting) return full;
    const passed = (this.clock.now() - server.warmingSinceMs) / server.slowstartMs;
    return Math.max(1, Math.min(full, Math.floor(full * passed)));
  }

  /** Makes a change and keeps the backend's counts and version in step with it. */
  #change(server: ControlledServer, apply: () => void): void {
    const before = this.isUsable(server);
    apply();
    const after = this.isUsable(server);
    if (before !== after) this.#count(server, after ? 1 : -1);
    this.#bump(server.backend);
  }

  #count(server: ControlledServer, by: number): void {
    const live = this.#live;
    const { backend } = server;
    const had = this.#hasServers(backend);
    Atomics.add(live, backend.live + (server.isBackup ? BackendLive.backup : BackendLive.active), by);
    const has = this.#hasServers(backend);
    if (had === has) return;
    const now = this.clock.now();
    if (has && live[backend.live + BackendLive.downSince] !== 0) backend.downtimeMs += now - backend.changedAtMs;
    if (!has) backend.downs++;
    backend.changedAtMs = now;
    Atomics.store(live, backend.live + BackendLive.downSince, has ? 0 : Date.now() & 0x7fffffff || 1);
  }

  #bump(backend: ControlledBackend): void {
    Atomics.add(this.#live, backend.live + BackendLive.version, 1);
    this.#changed(backend);
  }

  #admin(server: ControlledServer): number {
    return this.#live[server.live + ServerLive.admin] as number;
  }

  #setAdmin(server: ControlledServer, admin: number): void {
    Atomics.store(this.#live, server.live + ServerLive.admin, admin);
  }

  #setRunning(server: ControlledServer, running: number): void {
    const now = this.clock.now();
    if (this.running(server) === ServerRunning.stopped && running !== ServerRunning.stopped) server.downtimeMs += now - server.changedAtMs;
    if (this.running(server) !== running) server.changedAtMs = now;
    Atomics.store(this.#live, server.live + ServerLive.running, running);
  }

  #hasServers(backend: ControlledBackend): boolean {
    return (this.#live[backend.live + BackendLive.active] as number) + (this.#live[backend.live + BackendLive.backup] as number) > 0;
  }

  /** Losing a server that was on its way out anyway is no alert. */
  #lossLevel(server: ControlledServer): LevelValue {
    return this.running(server) === ServerRunning.stopping || this.isDraining(server) ? Level.notice : Level.alert;
  }

  /** A change of the running state does not end a drain: HAProxy says so in a line of its own. */
  #sayDrain(server: ControlledServer): void {
    const admin = this.#admin(server);
    if ((admin & ServerAdmin.drain) !== 0) this.log(server.backend, Level.notice, shortLine(server, 'remains in forced drain mode'));
    else if ((admin & ServerAdmin.drainInherited) !== 0 && server.tracked !== null) {
      const via = viaCause(server.tracked);
      this.log(server.backend, Level.notice, shortLine(server, `is leaving forced drain but remains in drain mode${via}`));
    }
  }

  #sayEmpty(server: ControlledServer, hadServers: boolean): void {
    if (hadServers && !this.#hasServers(server.backend)) this.log(server.backend, Level.emergency, noServerLine(server));
  }
}
