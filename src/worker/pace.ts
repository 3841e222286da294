/**
 * How fast clients are let in: `rate-limit sessions` of a frontend, and `maxconnrate`, `maxsessrate` and `maxsslrate` of the
 * process. All threads count together; who comes too fast waits in the kernel and is never refused. It must not know connections.
 */
import { countEvent, delayToFit, rateTime } from '../state/rates.ts';
import type { Frontend } from '../state/records.ts';
import { FrontendLive, ProcessLive } from '../state/shared.ts';

/** Is there any rate to keep for a connection to this frontend? */
export function isPaced(live: Int32Array, frontend: Frontend): boolean {
  if (frontend.sessionRateLimit > 0) return true;
  return (
    ((live[ProcessLive.connectionRateLimit] as number) |
      (live[ProcessLive.sessionRateLimit] as number) |
      (live[ProcessLive.tlsRateLimit] as number)) >
    0
  );
}

/** How long until one more may come in (milliseconds, at most a second); 0: now. */
export function paceDelayMs(live: Int32Array, frontend: Frontend, isTls: boolean, wallMs: number): number {
  const now = rateTime(wallMs);
  let delayMs =
    frontend.sessionRateLimit === 0 ? 0 : delayToFit(live, frontend.live + FrontendLive.sessionRate, frontend.sessionRateLimit, now);
  delayMs = Math.max(delayMs, delayOf(live, ProcessLive.connectionRateLimit, ProcessLive.connectionRate, now));
  delayMs = Math.max(delayMs, delayOf(live, ProcessLive.sessionRateLimit, ProcessLive.sessionRate, now));
  return isTls ? Math.max(delayMs, delayOf(live, ProcessLive.tlsRateLimit, ProcessLive.tlsRate, now)) : delayMs;
}

function delayOf(live: Int32Array, limitCell: number, cell: number, now: number): number {
  const limit = live[limitCell] as number;
  return limit === 0 ? 0 : delayToFit(live, cell, limit, now);
}

/** A connection came in. */
export function countPacedConnection(live: Int32Array, wallMs: number): void {
  if ((live[ProcessLive.connectionRateLimit] as number) > 0) countEvent(live, ProcessLive.connectionRate, rateTime(wallMs));
}

/** Rules for connections let it through. */
export function countPacedSession(live: Int32Array, wallMs: number): void {
  if ((live[ProcessLive.sessionRateLimit] as number) > 0) countEvent(live, ProcessLive.sessionRate, rateTime(wallMs));
}
