/**
 * From a request to a server connection: persistence, balancing, the queue, connecting, retrying
 * (HAProxy 3.x configuration 4.2 retries, option redispatch, maxconn). Rules and answers to the client are
 * elsewhere.
 */

import { connectionLimit } from '../balance/usable.ts';
import { Ended } from '../state/end.ts';
import { Phase } from '../state/phase.ts';
import { queueRank } from '../state/priority.ts';
import type { Backend, Server, Stream } from '../state/records.ts';
import { RetryOn } from '../state/settings.ts';
import { BackendLive, Count, ServerAdmin, ServerLive, ServerRunning } from '../state/shared.ts';
import { endWith } from './answer.ts';
import { armDeadlines, count, countRate, deadline, type StreamContext } from './context.ts';
import { leaveQueue, leaveServer } from './finish.ts';

/** Longest pause before the same server is tried again (milliseconds). */
const TURNAROUND_MS = 1000;

/** Chooses a server unless persistence did, and goes on to its queue or connection. */
export function assign(context: StreamContext, stream: Stream): void {
  const backend = stream.backend as Backend;
  if (stream.server === null) {
    stream.server = backend.picker === null ? null : backend.picker.pick(stream, null);
    if (stream.server === null) {
      noServerNow(context, stream, backend);
      return;
    }
    count(context, stream.server.counts + Count.loadBalanced, 1);
    count(context, backend.counts + Count.loadBalanced, 1);
  }
  enter(context, stream, stream.server);
}

/** None may be usable, or all may be full: then a stream waits for the first that frees a slot. */
function noServerNow(context: StreamContext, stream: Stream, backend: Backend): void {
  const { live } = context.mux.shared;
  const usable = Atomics.load(live, backend.live + BackendLive.active) + Atomics.load(live, backend.live + BackendLive.backup);
  if (usable === 0) {
    stream.phase = Phase.connect;
    endWith(context, stream, Ended.noServer, 503);
    return;
  }
  enqueue(context, stream, backend, null);
}

/** Takes a slot of the server, or waits for one. */
function enter(context: StreamContext, stream: Stream, server: Server): void {
  const { live } = context.mux.shared;
  const limit = connectionLimit(live, server);
  const before = Atomics.add(live, server.live + ServerLive.current, 1);
  if (limit > 0 && before >= limit) {
    Atomics.sub(live, server.live + ServerLive.current, 1);
    // Nobody else may serve it (persistence, a hash): it waits for this server. Otherwise the picker had said null.
    enqueue(context, stream, server.backend, server);
    return;
  }
  stream.countedServer = true;
  connect(context, stream, server);
}

function enqueue(context: StreamContext, stream: Stream, backend: Backend, server: Server | null): void {
  const { live } = context.mux.shared;
  if (server !== null && server.maxqueue > 0 && Atomics.load(live, server.live + ServerLive.queued) >= server.maxqueue) {
    queueFull(context, stream);
    return;
  }
  const queue = server === null ? backend.queue : server.queue;
  // %sq or %bq: its place in the queue it waits in, the first is 1.
  const place = Atomics.add(live, backend.live + BackendLive.queued, 1) + 1;
  if (server === null) stream.backendQueuePosition = place;
  else stream.serverQueuePosition = Atomics.add(live, server.live + ServerLive.queued, 1) + 1;
  const now = context.mux.host.now();
  if (stream.queuedAtMs < 0) stream.queuedAtMs = now;
  stream.queueRank = queueRank(stream.overrides.priorityClass, stream.queuedAtMs, stream.overrides.priorityOffsetMs);
  queue.push(stream);
  stream.phase = Phase.queue;
  stream.serverDeadlineMs = deadline(now, stream.overrides.queueTimeoutMs);
  stream.clientDeadlineMs = Number.POSITIVE_INFINITY;
  armDeadlines(context, stream);
  Atomics.or(live, backend.live + BackendLive.waiters, 1 << (context.mux.shared.thread & 31));
}

/** Persistence is given up, then another server may be free; a hash would only choose the same one again. */
function queueFull(context: StreamContext, stream: Stream): void {
  if (!stream.persistent) {
    stream.phase = Phase.queue;
    endWith(context, stream, Ended.queueFull, 503);
    return;
  }
  stream.persistent = false;
  stream.server = null;
  assign(context, stream);
}

/** Serves the queues of a server that has room: its own first, then its backend's. */
export function serveQueues(context: StreamContext, server: Server): void {
  const { live } = context.mux.shared;
  for (;;) {
    const stream = firstOf(server.queue.head, server.backend.queue.head);
    if (stream === null) return;
    const limit = connectionLimit(live, server);
    if (limit > 0 && Atomics.load(live, server.live + ServerLive.current) >= limit) return;
    if (!isUsable(context, server)) return;
    if (stream.server === null) {
      stream.server = server;
      count(context, server.counts + Count.loadBalanced, 1);
    }
    leaveQueue(context, stream);
    enter(context, stream, stream.server);
  }
}

/** Who of the two is served first. */
function firstOf(one: Stream | null, other: Stream | null): Stream | null {
  if (one === null) return other;
  return other !== null && other.queueRank < one.queueRank ? other : one;
}

/** Tells other threads whose streams wait for this backend that a slot may be free. */
export function wakeWaiters(context: StreamContext, server: Server): void {
  const { live, thread } = context.mux.shared;
  const { backend } = server;
  const own = 1 << (thread & 31);
  if (backend.queue.length === 0 && server.queue.length === 0) Atomics.and(live, backend.live + BackendLive.waiters, ~own);
  const others = Atomics.load(live, backend.live + BackendLive.waiters) & ~own;
  if (others === 0) return;
  for (let at = 0; at < context.wakeDescriptors.length; at++) {
    if ((others & (1 << at)) !== 0) context.mux.host.wake(context.wakeDescriptors[at] as number);
  }
}

/** A server that is down keeps nobody waiting: its queue goes to others, unless persistence must hold (option redispatch). */
export function redistribute(context: StreamContext, server: Server): void {
  let stream = server.queue.head;
  while (stream !== null) {
    const next = stream.queueNext;
    if (!stream.persistent || (server.backend.redispatch ?? 0) !== 0) {
      leaveQueue(context, stream);
      stream.server = null;
      stream.persistent = false;
      assign(context, stream);
    }
    stream = next;
  }
}

/** May the server be given new streams? */
export function isUsable(context: StreamContext, server: Server): boolean {
  const { live } = context.mux.shared;
  const admin = Atomics.load(live, server.live + ServerLive.admin);
  if ((admin & ~(ServerAdmin.drain | ServerAdmin.drainInherited)) !== 0) return false;
  return Atomics.load(live, server.live + ServerLive.running) !== ServerRunning.stopped;
}

/** An idle connection if one may be used, else a new one. */
function connect(context: StreamContext, stream: Stream, server: Server): void {
  const { host } = context.mux;
  const now = host.now();
  stream.phase = Phase.connect;
  stream.clientDeadlineMs = Number.POSITIVE_INFINITY;
  if (stream.connectAtMs < 0) stream.connectAtMs = now;
  count(context, server.counts + Count.sessionsTotal, stream.retries === 0 ? 1 : 0);
  if (server.backend.countsRates && stream.retries === 0) countRate(context, server.live + ServerLive.sessionRate);
  if (!stream.tunnel) {
    const back = context.backs.takeIdle(stream, server);
    if (back !== null) {
      context.mux.events.onConnected(stream);
      return;
    }
  }
  stream.serverDeadlineMs = deadline(now, stream.overrides.connectTimeoutMs);
  armDeadlines(context, stream);
  if ((server.portFromClient || server.addressFromClient) && !stream.session.hasDestination) stream.front?.findDestination();
  context.backs.connect(stream, server);
}

/** The connection failed or timed out: again, elsewhere, or an answer (trap 19 of HAProxy's retries). */
export function connectFailed(context: StreamContext, stream: Stream, timedOut: boolean): void {
  const server = stream.server as Server;
  const backend = server.backend;
  count(context, server.counts + Count.connectErrors, 1);
  count(context, backend.counts + Count.connectErrors, 1);
  if (stream.back !== null) stream.back.release(stream, false);
  leaveServer(context, stream);
  if (stream.retriesLeft === 0 || (backend.retryOn & RetryOn.connFailure) === 0) {
    endWith(context, stream, timedOut ? Ended.connectTimeout : Ended.connectFailed, 503);
    return;
  }
  stream.retriesLeft--;
  stream.retries++;
  tryElsewhere(context, stream, backend, server, timedOut);
}

/**
 * Another try: with the same server, unless it may be left. Counted as a retry of the server that is kept, or as a redispatch from
 * the one that is left, as HAProxy does.
 * @param atOnce the same server is not given a pause: it has answered, or its time was long enough
 */
export function tryElsewhere(context: StreamContext, stream: Stream, backend: Backend, failed: Server, atOnce: boolean): void {
  if (mayLeave(stream, backend)) elsewhere(context, stream, backend, failed, atOnce);
  else tryAgain(context, stream, failed, atOnce);
}

function tryAgain(context: StreamContext, stream: Stream, server: Server, atOnce: boolean): void {
  stream.server = server;
  count(context, server.counts + Count.retries, 1);
  count(context, server.backend.counts + Count.retries, 1);
  if (atOnce) enter(context, stream, server);
  else waitForTurn(context, stream);
}

/** Those that nothing binds to a server leave it at once, unless that is forbidden; others when option redispatch says so. */
function mayLeave(stream: Stream, backend: Backend): boolean {
  const isBound = stream.persistent || backend.picker?.isDeterministic === true;
  return mayRedispatch(stream, backend) || (!isBound && backend.redispatch !== 0);
}

/** The last retry, or every Nth (option redispatch). */
function mayRedispatch(stream: Stream, { redispatch: every }: Backend): boolean {
  if (every === null || every === 0) return false;
  if (every < 0) return stream.retriesLeft < -every;
  return stream.retries % every === 0;
}

function elsewhere(context: StreamContext, stream: Stream, backend: Backend, failed: Server, atOnce: boolean): void {
  const next = backend.picker === null ? null : backend.picker.pick(stream, failed);
  if (next === null) {
    stream.server = null;
    noServerNow(context, stream, backend);
    return;
  }
  if (next === failed) {
    // A hash that insists gets no pause, as long as there are others.
    const hasOthers = Atomics.load(context.mux.shared.live, backend.live + BackendLive.active) > 1;
    tryAgain(context, stream, failed, atOnce || hasOthers);
    return;
  }
  stream.persistent = false;
  stream.redispatched = true;
  count(context, failed.counts + Count.redispatches, 1);
  count(context, backend.counts + Count.redispatches, 1);
  stream.server = next;
  enter(context, stream, next);
}

/** Pauses before the same server is tried again; the stream's timer comes back to `retryNow`. */
function waitForTurn(context: StreamContext, stream: Stream): void {
  const delayMs = Math.min(stream.overrides.connectTimeoutMs || TURNAROUND_MS, TURNAROUND_MS);
  stream.phase = Phase.connect;
  stream.serverDeadlineMs = context.mux.host.now() + delayMs;
  armDeadlines(context, stream);
}

/** The pause is over. */
export function retryNow(context: StreamContext, stream: Stream): void {
  enter(context, stream, stream.server as Server);
}

/**
 * A connection that had served others ended before it answered: the server had closed it while the
 * request was on its way. The same request goes out again on a new connection (RFC 9112 9.3.1).
 */
export function retryStale(context: StreamContext, stream: Stream): void {
  const server = stream.server as Server;
  if (stream.back !== null) stream.back.release(stream, false);
  stream.response.reset();
  stream.connectAtMs = -1;
  stream.connectedAtMs = -1;
  stream.phase = Phase.connect;
  stream.serverDeadlineMs = deadline(context.mux.host.now(), stream.overrides.connectTimeoutMs);
  armDeadlines(context, stream);
  context.backs.connect(stream, server);
}
