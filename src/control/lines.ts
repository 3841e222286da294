/**
 * The log lines about servers, as HAProxy writes them: scrapers depend on each word (FEATURES 8). Texts only; who
 * changes what is servers.ts.
 */
import { BackendLive, ServerLive, type Shared } from '../state/shared.ts';
import type { ControlledServer } from './records.ts';

/** Why a state changed, put behind `is DOWN`: empty, `, reason: …`, `, changed from CLI`, ` via bk/s1`. */
export type Cause = string;

export const CLI_CAUSE: Cause = ', changed from CLI';

export function viaCause(tracked: ControlledServer): Cause {
  return ` via ${tracked.backend.name}/${tracked.name}`;
}

/** `Server bk/s1 is DOWN, reason: …. 1 active and 0 backup servers left. …` `what` with its cause. */
export function changeLine(shared: Shared, server: ControlledServer, what: string, isLoss: boolean): string {
  return `${subject(server)} ${what}. ${remaining(shared, server, isLoss)}`;
}

export function shortLine(server: ControlledServer, what: string): string {
  return `${subject(server)} ${what}.`;
}

export function noServerLine(server: ControlledServer): string {
  return `backend ${server.backend.name} has no server available!`;
}

function subject(server: ControlledServer): string {
  return `${server.isBackup ? 'Backup ' : ''}Server ${server.backend.name}/${server.name}`;
}

function remaining(shared: Shared, server: ControlledServer, isLoss: boolean): string {
  const { live } = shared;
  const at = server.backend.live;
  const active = live[at + BackendLive.active] as number;
  const backup = live[at + BackendLive.backup] as number;
  const onBackup = active === 0 && backup > 0 ? ' Running on backup.' : '';
  const left = `${active} active and ${backup} backup servers ${isLoss ? 'left' : 'online'}.${onBackup}`;
  const queued = live[at + BackendLive.queued] as number;
  if (!isLoss) return `${left} 0 sessions requeued, ${queued} total in queue.`;
  const current = live[server.live + ServerLive.current] as number;
  const own = live[server.live + ServerLive.queued] as number;
  return `${left} ${current} sessions active, ${own} requeued, ${queued} remaining in queue.`;
}

/** What a check found, in words. */
export interface CheckReport {
  /** `Layer4 connection problem`. */
  readonly description: string;
  /** HTTP status, else null. */
  readonly code: number | null;
  /** Reason phrase or error; empty: none. */
  readonly info: string;
  readonly durationMs: number;
}

/** `reason: Layer7 wrong status, code: 500, info: "Oops", check duration: 3ms` */
export function reportText(report: CheckReport): string {
  const code = report.code === null ? '' : `, code: ${report.code}`;
  const info = report.info === '' ? '' : `, info: "${printable(report.info)}"`;
  return `reason: ${report.description}${code}${info}, check duration: ${Math.max(0, Math.floor(report.durationMs))}ms`;
}

/** Line of option log-health-checks: `Health check for server bk/s1 succeeded, reason: …, status: 2/2 UP.` */
export function healthLine(server: ControlledServer, outcome: string, report: CheckReport, health: number): string {
  const { rise, fall } = server;
  const isUp = health >= rise;
  const status = isUp ? `${health - rise + 1}/${fall} UP` : `${health}/${rise} DOWN`;
  const kind = server.isBackup ? 'backup ' : '';
  return `Health check for ${kind}server ${server.backend.name}/${server.name} ${outcome}, ${reportText(report)}, status: ${status}.`;
}

/** A server's words must not break the line nor the quotes: in angle brackets, as HAProxy writes them. */
function printable(text: string): string {
  return text.replace(/[^ !#-;=?-~]/g, (c) => `<${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}>`);
}
