/**
 * What happens to a request, in order: the list to read first. Each analyser says whether the next one
 * follows; one that ends the stream or waits says no, and `runAnalysers` is called again when it is done.
 */

import { hasRoom, isReachable } from '../balance/usable.ts';
import { Method } from '../http/message.ts';
import { RestrictNames, type RestrictNamesMode, restrictNames } from '../http/names.ts';
import { Ended } from '../state/end.ts';
import { Phase } from '../state/phase.ts';
import type { Backend, Frontend, PersistRule, RuleList, Server, StickRules, Stream, UseBackend, UseServer } from '../state/records.ts';
import { type Timeouts, Verdict, type VerdictValue } from '../state/settings.ts';
import { BackendLive, Count, FrontendLive, ServerLive } from '../state/shared.ts';
import { countRequest as trackRequest } from '../stick/track.ts';
import { endWith, sendAnswer, vanish } from './answer.ts';
import { assign, isUsable } from './assign.ts';
import { count, countRate, type StreamContext } from './context.ts';
import { assignByCookie } from './cookie.ts';
import { finish } from './finish.ts';
import { addFields } from './forwarded.ts';
import { beginWait, bufferRequest, inspectRequest, isOver } from './waiting.ts';

type Analyser = (context: StreamContext, stream: Stream) => boolean;

const REQUEST_ANALYSERS: readonly Analyser[] = [
  tcpContentRules,
  countRequest,
  answerMonitor,
  captureRequest,
  bufferForFrontend,
  frontendRules,
  earlyData,
  frontendNames,
  chooseBackend,
  bufferForBackend,
  backendContentRules,
  backendRules,
  requestCookies,
  backendNames,
  bufferPost,
  addedFields,
  persistence,
  chooseServer,
];

/** Runs the analysers from where the stream stands. */
export function runAnalysers(context: StreamContext, stream: Stream): void {
  while (stream.analyser < REQUEST_ANALYSERS.length) {
    const analyser = REQUEST_ANALYSERS[stream.analyser] as Analyser;
    if (!analyser(context, stream)) return;
    stream.analyser++;
    stream.ruleIndex = 0;
  }
}

function tcpContentRules(context: StreamContext, stream: Stream): boolean {
  const { tcpContentRules: rules, inspectDelayMs } = stream.frontend;
  if (rules === null) return true;
  const verdict = inspectRequest(context, stream, rules, inspectDelayMs);
  // As in HAProxy: what ends here has not been looked at as a request, and is logged so.
  if (verdict !== Verdict.next && verdict !== Verdict.wait) stream.hasRequestLine = false;
  if (!isThrough(context, stream, verdict)) return false;
  return !stream.overrides.switchesMode || !upgrade(stream);
}

/**
 * What a TCP frontend received is HTTP: the first request follows, and goes on behind the rules for content. False: it is already.
 */
function upgrade(stream: Stream): boolean {
  if (!stream.tunnel) return false;
  stream.overrides.switchesMode = true;
  stream.analyser = 1;
  stream.front?.upgrade(stream);
  return true;
}

function backendContentRules(context: StreamContext, stream: Stream): boolean {
  const { tcpContentRules: rules, inspectDelayMs } = stream.backend as Backend;
  return rules === null || isThrough(context, stream, inspectRequest(context, stream, rules, inspectDelayMs));
}

/** option http-buffer-request: rules see the body, as far as a buffer holds it. */
function bufferForFrontend(context: StreamContext, stream: Stream): boolean {
  return !stream.frontend.bufferRequest || bufferRequest(context, stream);
}

function bufferForBackend(context: StreamContext, stream: Stream): boolean {
  return !(stream.backend as Backend).bufferRequest || bufferRequest(context, stream);
}

function countRequest(context: StreamContext, stream: Stream): boolean {
  if (stream.tunnel) return true;
  count(context, stream.frontend.counts + Count.requestsTotal, 1);
  if (stream.frontend.countsRates) countRate(context, stream.frontend.live + FrontendLive.requestRate);
  trackRequest(stream);
  return true;
}

/** option http-restrict-req-hdr-names: behind the rules, which may have added some, as HAProxy does. */
function frontendNames(context: StreamContext, stream: Stream): boolean {
  return restrictTo(context, stream, stream.frontend.restrictHeaderNames);
}

function backendNames(context: StreamContext, stream: Stream): boolean {
  return restrictTo(context, stream, (stream.backend as Backend).restrictHeaderNames);
}

function restrictTo(context: StreamContext, stream: Stream, mode: RestrictNamesMode): boolean {
  if (mode === RestrictNames.preserve || stream.tunnel) return true;
  if (restrictNames(stream.request.headers, context.mux.memory.bytes, mode)) return true;
  endWith(context, stream, Ended.denied, 403);
  return false;
}

/** monitor-uri is answered before any rule and never logged (HAProxy 3.x configuration 4.2 monitor-uri). */
function answerMonitor(context: StreamContext, stream: Stream): boolean {
  const { monitorUri } = stream.frontend;
  if (monitorUri === null || stream.tunnel || !monitorUri.test(stream)) return true;
  stream.logLevel = 8;
  endWith(context, stream, Ended.local, monitorFails(stream) ? 503 : 200);
  return false;
}

function monitorFails(stream: Stream): boolean {
  const { monitorFails: conditions } = stream.frontend;
  for (let at = 0; at < conditions.length; at++) if (conditions[at]?.test(stream)) return true;
  return false;
}

function captureRequest(_context: StreamContext, stream: Stream): boolean {
  if (!stream.tunnel) stream.frontend.requestCaptures?.run(stream);
  return true;
}

/** capture cookie: what rules have left of the request's, unless one has answered. */
function requestCookies(_context: StreamContext, stream: Stream): boolean {
  if (!stream.tunnel) stream.frontend.requestCookies?.run(stream);
  return true;
}

/** HTTP rules of a TCP proxy are for what turned into HTTP. */
function frontendRules(context: StreamContext, stream: Stream): boolean {
  return stream.tunnel || runRules(context, stream, stream.frontend.requestRules);
}

/** Behind the rules of the frontend, which may have waited for the handshake; those of the backend see the field, as with HAProxy. */
function earlyData(context: StreamContext, stream: Stream): boolean {
  if (stream.tunnel || context.earlyData.tell(stream)) return true;
  endWith(context, stream, Ended.rewriteFailed, 500);
  return false;
}

/** use_backend in order, then default_backend. */
function chooseBackend(context: StreamContext, stream: Stream): boolean {
  const { frontend } = stream;
  const backend = (frontend.useBackends.length > 0 ? switchBackend(stream, frontend) : null) ?? frontend.defaultBackend;
  if (backend === null || (backend.disabled && !isForced(stream, frontend))) {
    stream.phase = Phase.connect;
    endWith(context, stream, Ended.noServer, 503);
    return false;
  }
  // A TCP frontend with an HTTP backend: the lines are looked at again when the request is known, as HAProxy does.
  if (backend.http && stream.tunnel && upgrade(stream)) return false;
  enterBackend(context, stream, backend);
  if (backend.http || stream.tunnel) return true;
  // HTTP has no way to a TCP server.
  endWith(context, stream, Ended.internal, 0);
  return false;
}

/** The backend of the first line that fits; null: the default one. */
function switchBackend(stream: Stream, frontend: Frontend): Backend | null {
  const { useBackends } = frontend;
  for (let at = 0; at < useBackends.length; at++) {
    const { backend, choice, condition } = useBackends[at] as UseBackend;
    if (condition !== null && !condition.test(stream)) continue;
    const chosen = choice === null ? backend : choice.find(stream);
    if (chosen === null || !chosen.disabled || isForced(stream, frontend)) return chosen;
  }
  return null;
}

/** force-be-switch. */
function isForced(stream: Stream, { forceSwitches }: Frontend): boolean {
  for (let at = 0; at < forceSwitches.length; at++) if (forceSwitches[at]?.test(stream) === true) return true;
  return false;
}

function enterBackend(context: StreamContext, stream: Stream, backend: Backend): void {
  stream.backend = backend;
  stream.retriesLeft = stream.overrides.retriesSet < 0 ? backend.retries : stream.overrides.retriesSet;
  takeTimeouts(stream, backend.timeouts);
  stream.countedBackend = true;
  const current = Atomics.add(context.mux.shared.live, backend.live + BackendLive.current, 1) + 1;
  const { counts } = context.mux.shared;
  if (current > (counts[backend.counts + Count.sessionsMax] as number)) counts[backend.counts + Count.sessionsMax] = current;
  count(context, backend.counts + Count.sessionsTotal, 1);
  if (backend.countsRates) countRate(context, backend.live + BackendLive.sessionRate);
  if (!stream.tunnel) count(context, backend.counts + Count.requestsTotal, 1);
}

/** But for those that rules of the frontend have set. */
function takeTimeouts(stream: Stream, timeouts: Timeouts): void {
  if (stream.serverTimeoutMs < 0) stream.serverTimeoutMs = timeouts.serverMs;
  if (stream.overrides.tunnelTimeoutMs < 0) stream.overrides.tunnelTimeoutMs = timeouts.tunnelMs;
  if (stream.overrides.connectTimeoutMs < 0) stream.overrides.connectTimeoutMs = timeouts.connectMs;
  if (stream.overrides.queueTimeoutMs < 0) stream.overrides.queueTimeoutMs = timeouts.queueMs || timeouts.connectMs;
}

/** balance url_param check_post. */
function bufferPost(context: StreamContext, stream: Stream): boolean {
  const isWanted = (stream.backend as Backend).bufferPost && stream.request.method === Method.post;
  return !isWanted || bufferRequest(context, stream);
}

function backendRules(context: StreamContext, stream: Stream): boolean {
  return stream.tunnel || runRules(context, stream, (stream.backend as Backend).requestRules);
}

/** After the rules, so that none of them can see or change it (trap 10). */
function addedFields(context: StreamContext, stream: Stream): boolean {
  if (stream.tunnel) return true;
  if (!addFields(context.mux.memory, stream)) {
    endWith(context, stream, Ended.rewriteFailed, 500);
    return false;
  }
  return true;
}

function persistence(context: StreamContext, stream: Stream): boolean {
  const backend = stream.backend as Backend;
  if (backend.persistRules !== null) overrulePersistence(stream, backend.persistRules);
  if (backend.useServers !== null) applyUseServers(context, stream, backend.useServers);
  if (backend.cookie !== null && !stream.tunnel) stream.server = assignByCookie(stream, context.mux.memory);
  if (backend.rdpPersistence !== null && stream.server === null && stream.tunnel) applyRdpCookie(stream, backend.rdpPersistence);
  if (backend.stickRules !== null) stickToServer(stream, backend.stickRules);
  if (stream.server === null && backend.preferLastServer) stream.server = lastServer(context, stream, backend);
  return true;
}

/** `stick match`: after the cookie; keys are noted even if a server is known already. */
function stickToServer(stream: Stream, rules: StickRules): void {
  const server = rules.match(stream);
  if (server === null) return;
  stream.server = server;
  stream.persistent = true;
}

/** persist rdp-cookie. */
function applyRdpCookie(stream: Stream, persistence: NonNullable<Backend['rdpPersistence']>): void {
  stream.server = persistence.find(stream);
  if (stream.server !== null) stream.persistent = true;
}

/** force-persist and ignore-persist: the first line that fits. */
function overrulePersistence(stream: Stream, rules: readonly PersistRule[]): void {
  for (let at = 0; at < rules.length; at++) {
    const { force, condition } = rules[at] as PersistRule;
    if (!condition.test(stream)) continue;
    if (force) stream.overrides.forcePersist = true;
    else stream.overrides.ignorePersist = true;
    return;
  }
}

/** use-server: one that is down is passed over, unless persistence holds even then. */
function applyUseServers(context: StreamContext, stream: Stream, rules: readonly UseServer[]): void {
  const { live } = context.mux.shared;
  const holds = (stream.backend as Backend).persist || stream.overrides.forcePersist;
  for (let at = 0; at < rules.length; at++) {
    const { server, choice, condition } = rules[at] as UseServer;
    if (!condition.test(stream)) continue;
    const chosen = choice === null ? server : choice.find(stream);
    if (chosen === null) return;
    if (!holds && !isReachable(live, chosen.live)) continue;
    stream.server = chosen;
    stream.persistent = true;
    return;
  }
}

/** The server that the session used last, if it can take one more. */
function lastServer(context: StreamContext, { session }: Stream, backend: Backend): Server | null {
  const { lastServer: last } = session;
  if (last === null || last.backend !== backend || !isUsable(context, last)) return null;
  const { live } = context.mux.shared;
  const most = backend.maxKeepAliveQueue;
  const takes = most < 0 ? hasRoom(live, last) : Atomics.load(live, last.live + ServerLive.queued) < most;
  return takes ? last : null;
}

/** The last one: the machine's events go on from here. */
function chooseServer(context: StreamContext, stream: Stream): boolean {
  assign(context, stream);
  return false;
}

/** True: the next analyser follows. */
function runRules(context: StreamContext, stream: Stream, rules: RuleList | null): boolean {
  if (rules === null) return true;
  let verdict = rules.run(stream);
  // What a rule waits for may be there.
  while (verdict === Verdict.wait && isOver(context, stream)) verdict = rules.run(stream);
  return isThrough(context, stream, verdict);
}

/** What follows from a verdict. True: the next analyser. */
function isThrough(context: StreamContext, stream: Stream, verdict: VerdictValue): boolean {
  if (verdict === Verdict.next) return true;
  if (verdict !== Verdict.wait) countDenial(context, stream);
  if (verdict === Verdict.answer) sendAnswer(context, stream);
  else if (verdict === Verdict.wait) beginWait(context, stream);
  else if (verdict === Verdict.vanish) vanish(context, stream);
  else drop(context, stream);
  return false;
}

/** A request that rules refuse; a redirect or another answer is none. */
function countDenial(context: StreamContext, stream: Stream): void {
  const { cause, frontend, backend } = stream;
  if (cause !== Ended.denied && cause !== Ended.tarpitted) return;
  requestCookies(context, stream);
  count(context, frontend.counts + Count.deniedRequests, 1);
  if (backend !== null) count(context, backend.counts + Count.deniedRequests, 1);
}

/** reject and silent-drop: no answer at all. */
function drop(context: StreamContext, stream: Stream): void {
  if (stream.cause === Ended.normal) stream.cause = Ended.denied;
  stream.endPhase = stream.phase;
  // A silent error page has told its own.
  if (stream.status === 0) stream.status = -1;
  stream.closeClient = true;
  finish(context, stream);
}
