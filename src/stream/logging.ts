/**
 * When a stream's line is written: at its end, earlier with option logasap, or at the steps that `log-steps` names
 * (HAProxy 3.x configuration 4.2, 8.3). It must not know what a line says.
 */
import { Ended } from '../state/end.ts';
import { LogOrigin, type LogOriginValue } from '../state/logstep.ts';
import type { LogRenderer, Stream } from '../state/records.ts';
import { BackendLive, FrontendLive, ProcessLive, ServerLive, type Shared } from '../state/shared.ts';

/** The line of the end, unless it was written before or is not wanted. `stream.endedAtMs` is set. */
export function logEnd(shared: Shared, stream: Stream): void {
  const { frontend } = stream;
  if (frontend.log === null || stream.logged) return;
  // HAProxy has no stream yet where there was no request: that is an error of the session, whatever the steps are.
  if (frontend.http && !stream.hasRequestLine && !stream.tunnel) {
    if (frontend.logsErrors) write(shared, stream, LogOrigin.error);
  } else if ((frontend.logSteps & (1 << LogOrigin.close)) !== 0) write(shared, stream, LogOrigin.close);
}

/** option logasap: the line is written when the response begins; its total time and bytes are those so far. */
export function logAsap(shared: Shared, stream: Stream, nowMs: number): void {
  if (!stream.frontend.logAsap || stream.frontend.log === null) return;
  stream.endedAtMs = nowMs;
  write(shared, stream, LogOrigin.close);
  stream.logged = true;
}

/** The line of a step on the way, if `log-steps` asks for it. */
export function logStep(shared: Shared, stream: Stream, origin: LogOriginValue, nowMs: number): void {
  const { frontend } = stream;
  if ((frontend.logSteps & (1 << origin)) === 0 || frontend.log === null) return;
  stream.endedAtMs = nowMs;
  write(shared, stream, origin);
}

/** A line now, to these targets: the action do-log. */
export function logHere(shared: Shared, stream: Stream, log: LogRenderer, origin: LogOriginValue, nowMs: number): void {
  stream.endedAtMs = nowMs;
  stream.logOrigin = origin;
  countConnections(shared, stream);
  log.stream(stream);
}

/** option dontlognull: nothing was received; option dontlog-normal: nothing went wrong (HAProxy 3.x configuration 4.2). */
function isWanted(stream: Stream): boolean {
  const { frontend } = stream;
  if (frontend.dontLogNull && stream.bytes.fromClient === 0 && stream.firstByteAtMs < 0) return false;
  if (!frontend.dontLogNormal) return true;
  return (
    (stream.cause !== Ended.normal && stream.cause !== Ended.local) || stream.retries > 0 || stream.redispatched || stream.status >= 500
  );
}

function write(shared: Shared, stream: Stream, origin: LogOriginValue): void {
  if (!isWanted(stream)) return;
  stream.logOrigin = origin;
  countConnections(shared, stream);
  stream.frontend.log?.stream(stream);
}

/** Numbers of connections as they are now: %fc %bc %sc %ac. Plain loads: calls of Atomics would cost more than all the rest. */
export function countConnections({ live }: Shared, stream: Stream): void {
  const { frontend, backend, server, logConnections } = stream;
  logConnections[0] = live[frontend.live + FrontendLive.current] as number;
  logConnections[1] = backend === null ? 0 : (live[backend.live + BackendLive.current] as number);
  logConnections[2] = server === null ? 0 : (live[server.live + ServerLive.current] as number);
  logConnections[3] = live[ProcessLive.current] as number;
}
