/**
 * Servers and backends as the control thread knows them: names, settings of the checks, and history for the
 * statistics. What the data threads must see lies in the shared columns at `live`. Fields only.
 */
import type { Shared } from '../state/shared.ts';

/** Syslog severities used here (RFC 5424 6.2.1). */
export const Level = { emergency: 0, alert: 1, warning: 4, notice: 5 } as const;
export type LevelValue = (typeof Level)[keyof typeof Level];

export type LogChange = (backend: ControlledBackend, level: LevelValue, text: string) => void;

export class ControlledBackend {
  readonly name: string;
  /** First cell in the shared columns. */
  readonly live: number;
  readonly servers: ControlledServer[] = [];
  /** option log-health-checks: each change of a check's result gets a line. */
  logsHealthChecks = false;
  /** When it last lost its last or got its first usable server: milliseconds of the clock. */
  changedAtMs = 0;
  downtimeMs = 0;
  downs = 0;

  constructor(name: string, index: number, shared: Shared) {
    this.name = name;
    this.live = shared.backendLive(index);
  }
}

export class ControlledServer {
  readonly name: string;
  readonly backend: ControlledBackend;
  readonly live: number;
  isBackup = false;
  /** It has checks of its own. */
  isChecked = false;
  rise = 2;
  fall = 3;
  slowstartMs = 0;
  /** Follows the state of this server. */
  tracked: ControlledServer | null = null;
  /** Servers that follow this one. */
  readonly trackers: ControlledServer[] = [];
  /** Among all servers. */
  readonly index: number;
  /** on-marked-down shutdown-sessions, on-marked-up shutdown-backup-sessions. */
  shutsSessions = false;
  shutsBackupSessions = false;
  /** Configured weight, for `100%`. */
  initialWeight = 1;

  changedAtMs = 0;
  /** Sum of finished downtimes. */
  downtimeMs = 0;
  /** Transitions from UP to DOWN, and failed checks while UP. */
  downs = 0;
  failedChecks = 0;
  /** While it warms up (slowstart): when that began. */
  warmingSinceMs = 0;

  constructor(name: string, backend: ControlledBackend, index: number, shared: Shared) {
    this.name = name;
    this.backend = backend;
    this.index = index;
    this.live = shared.serverLive(index);
    backend.servers.push(this);
  }
}

/** `server` follows `tracked` from now on. */
export function track(server: ControlledServer, tracked: ControlledServer): void {
  server.tracked = tracked;
  tracked.trackers.push(server);
}
