/**
 * The end of a stream: leaving server and backend, counters, the log line, and handing the records
 * back. Called once per stream, when nothing of it is on its way any more.
 */
import { Phase } from '../state/phase.ts';
import type { Stream } from '../state/records.ts';
import { BackendLive, Count, ProcessLive, ServerLive, Stopping } from '../state/shared.ts';
import { countBytes, releaseTracked } from '../stick/track.ts';
import { count, type StreamContext } from './context.ts';
import { endLimits } from './limiting.ts';
import { logEnd } from './logging.ts';

/** Ends the stream. `stream.cause` says why. */
export function finish(context: StreamContext, stream: Stream): void {
  if (stream.phase === Phase.done) return;
  const { mux } = context;
  stream.endedAtMs = mux.host.now();
  leaveQueue(context, stream);
  if (stream.overrides.isLimited) endLimits(stream);
  if (stream.back !== null) stream.back.release(stream, false);
  leaveServer(context, stream);
  leaveBackend(context, stream);
  countEnd(context, stream);
  countBytes(stream, stream.bytes.fromClient, stream.bytes.fromServer);
  logEnd(mux.shared, stream);
  releaseTracked(stream);
  stream.phase = Phase.done;
  const { front, frontend } = stream;
  if (front === null) return;
  // option idle-close-on-response: who was not told of the end may be sending its next request.
  const stopping = !frontend.closesOnResponse && mux.closeSpreadMs === 0 && mux.shared.live[ProcessLive.stopping] === Stopping.now;
  front.release(stream, !stream.closeClient && stream.responseDone && !stopping);
}

/** The server's part is over: its slot is free for others. */
export function leaveServer(context: StreamContext, stream: Stream): void {
  if (!stream.countedServer) return;
  stream.countedServer = false;
  const { server } = stream;
  if (server === null) return;
  const { live } = context.mux.shared;
  Atomics.sub(live, server.live + ServerLive.current, 1);
  if ((live[server.live + ServerLive.maxconn] as number) > 0) context.slotFreed(server);
}

function leaveBackend(context: StreamContext, stream: Stream): void {
  if (!stream.countedBackend) return;
  stream.countedBackend = false;
  if (stream.backend !== null) Atomics.sub(context.mux.shared.live, stream.backend.live + BackendLive.current, 1);
}

/** Takes the stream out of the queue that it waits in, if any. */
export function leaveQueue(context: StreamContext, stream: Stream): void {
  const { queue, backend, server } = stream;
  if (queue === null || backend === null) return;
  queue.remove(stream);
  const { live } = context.mux.shared;
  if (server !== null && queue === server.queue) Atomics.sub(live, server.live + ServerLive.queued, 1);
  Atomics.sub(live, backend.live + BackendLive.queued, 1);
}

function countEnd(context: StreamContext, stream: Stream): void {
  const { frontend, backend, server, status } = stream;
  countTransfer(context, stream);
  if (status > 0 && (frontend.http || !stream.tunnel)) count(context, frontend.counts + responseClass(status), 1);
  if (backend === null) return;
  if (backend.http && status > 0) count(context, backend.counts + responseClass(status), 1);
  if (server === null) return;
  if (backend.http && status > 0 && !stream.isLocalReply) count(context, server.counts + responseClass(status), 1);
}

/** Counts the bytes since it was called last: at the end, or on the way with option contstats. */
export function countTransfer(context: StreamContext, stream: Stream): void {
  const { frontend, backend, server, bytes } = stream;
  const bytesIn = bytes.fromClient - bytes.countedIn;
  const bytesOut = bytes.fromServer - bytes.countedOut;
  bytes.countedIn = bytes.fromClient;
  bytes.countedOut = bytes.fromServer;
  countSide(context, frontend.counts, bytesIn, bytesOut);
  if (backend !== null) countSide(context, backend.counts, bytesIn, bytesOut);
  if (server !== null) countSide(context, server.counts, bytesIn, bytesOut);
}

function countSide(context: StreamContext, counts: number, bytesIn: number, bytesOut: number): void {
  count(context, counts + Count.bytesIn, bytesIn);
  count(context, counts + Count.bytesOut, bytesOut);
}

function responseClass(status: number): number {
  if (status < 200) return Count.responses1xx;
  if (status < 300) return Count.responses2xx;
  if (status < 400) return Count.responses3xx;
  if (status < 500) return Count.responses4xx;
  return status < 600 ? Count.responses5xx : Count.responsesOther;
}
