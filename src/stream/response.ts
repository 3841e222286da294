/**
 * What happens to a response between its head and the client, in order: rules of the connection, of the backend, of the frontend,
 * the persistence cookie, http-after-response, then it goes out. A rule may wait; `goOn` is called again then. It must not know how
 * responses come.
 */
import type { Block } from '../base/memory.ts';
import { NEVER } from '../base/timers.ts';
import { Ended } from '../state/end.ts';
import { LogOrigin } from '../state/logstep.ts';
import { Phase } from '../state/phase.ts';
import type { Backend, RuleList, Stream } from '../state/records.ts';
import { Verdict, type VerdictValue, Wait } from '../state/settings.ts';
import { Count } from '../state/shared.ts';
import { countStatus } from '../stick/track.ts';
import { endWith, runAfterResponse, sendAnswer, vanish } from './answer.ts';
import { leaksCookie } from './checkcache.ts';
import { armDeadlines, count, deadline, type StreamContext } from './context.ts';
import { applyResponseCookie } from './cookie.ts';
import { leaveServer } from './finish.ts';
import { heldBytes, holdData, isHeldWhole } from './hold.ts';
import { dropEarly, limitResponse } from './limiting.ts';
import { logAsap, logStep } from './logging.ts';

const CONTENT = 0;
const BACKEND = 1;
const FRONTEND = 2;

/** Response rules from where they stand, and the head to the client. False: the stream waits, or has ended. */
export function respond(context: StreamContext, stream: Stream): boolean {
  if (!runResponseRules(context, stream)) return false;
  const backend = stream.backend as Backend;
  stream.frontend.responseCookies?.run(stream);
  if (backend.checksCache && leaksCookie(context.mux.memory, stream)) return refuse(context, stream);
  if (backend.cookie !== null) applyResponseCookie(stream, context.mux.memory);
  runAfterResponse(stream);
  logAsap(context.mux.shared, stream, stream.responseAtMs);
  logStep(context.mux.shared, stream, LogOrigin.response, stream.responseAtMs);
  stream.session.lastServer = stream.server;
  const { front, overrides } = stream;
  const detached = overrides.isLimited && limitResponse(context, stream);
  if (front === null || !front.sendResponse(stream)) {
    if (detached) dropEarly(context.mux.memory);
    endWith(context, stream, Ended.resources, 503);
    return false;
  }
  stream.responseStarted = true;
  return true;
}

/** A response that nobody may see: denied, as if by a rule. */
function refuse(context: StreamContext, stream: Stream): boolean {
  stream.phase = Phase.headers;
  endWith(context, stream, Ended.denied, 502);
  return false;
}

function runResponseRules(context: StreamContext, stream: Stream): boolean {
  const backend = stream.backend as Backend;
  const { frontend } = stream;
  if (stream.responseStep === CONTENT) {
    context.mux.variables.turn(stream.messageVariables);
    if (backend.tcpResponseRules !== null && !verdictOf(context, stream, inspectResponse(context, stream))) return false;
    frontend.responseCaptures?.run(stream);
    countStatus(stream);
    backend.stickRules?.store(stream);
    stream.responseStep = BACKEND;
  }
  if (stream.responseStep === BACKEND) {
    if (backend.responseRules !== null && !verdictOf(context, stream, runList(context, stream, backend.responseRules))) return false;
    stream.responseStep = FRONTEND;
  }
  return frontend.responseRules === null || verdictOf(context, stream, runList(context, stream, frontend.responseRules));
}

/** A list that waited goes on; one that begins has index 0, which the list before has left. */
function runList(context: StreamContext, stream: Stream, rules: RuleList): VerdictValue {
  let verdict = rules.run(stream);
  // What a rule waits for may be there.
  while (verdict === Verdict.wait && stream.wait === Wait.responseBody && hasEnoughResponse(context, stream)) {
    stream.wait = Wait.none;
    stream.ruleDeadlineMs = NEVER;
    verdict = rules.run(stream);
  }
  return verdict;
}

/** Runs `tcp-response content` rules on what is there. */
export function inspectResponse(context: StreamContext, stream: Stream): VerdictValue {
  const backend = stream.backend as Backend;
  const rules = backend.tcpResponseRules;
  if (rules === null) return Verdict.next;
  const delayMs = backend.responseInspectDelayMs;
  const now = context.mux.host.now();
  if (delayMs > 0 && stream.ruleDeadlineMs === NEVER) stream.ruleDeadlineMs = now + delayMs;
  const { response } = stream;
  const final = delayMs === 0 || stream.responseDone || now >= stream.ruleDeadlineMs || isHeldWhole(response, context.holdBytes);
  stream.wait = Wait.none;
  const verdict = rules.inspect(stream, final);
  if (verdict !== Verdict.wait) stream.ruleDeadlineMs = NEVER;
  return verdict;
}

/** True: the response goes on. */
export function verdictOf(context: StreamContext, stream: Stream, verdict: VerdictValue): boolean {
  if (verdict === Verdict.next) return true;
  if (verdict === Verdict.wait) {
    beginResponseWait(context, stream);
    return false;
  }
  if (verdict === Verdict.close) return closeServer(context, stream);
  stream.endPhase = stream.tunnel ? Phase.data : Phase.headers;
  // What nobody gets was no response: %Tr and %Td are -1.
  stream.responseAtMs = -1;
  if (verdict !== Verdict.answer || stream.cause === Ended.denied) countDenial(context, stream);
  if (stream.back !== null) stream.back.release(stream, false);
  leaveServer(context, stream);
  if (verdict === Verdict.answer) sendAnswer(context, stream);
  else if (verdict === Verdict.vanish) vanish(context, stream);
  else endWith(context, stream, Ended.denied, 0);
  return false;
}

/** A response that rules refuse. */
function countDenial(context: StreamContext, { frontend, backend, server }: Stream): void {
  count(context, frontend.counts + Count.deniedResponses, 1);
  if (backend !== null) count(context, backend.counts + Count.deniedResponses, 1);
  if (server !== null) count(context, server.counts + Count.deniedResponses, 1);
}

/** The server's part is over: true if what it has said is whole. */
function closeServer(context: StreamContext, stream: Stream): boolean {
  const { response } = stream;
  if (!stream.tunnel && !response.complete) {
    endWith(context, stream, Ended.serverAbort, 502);
    return false;
  }
  stream.back?.release(stream, false);
  leaveServer(context, stream);
  if (stream.tunnel) response.complete = stream.requestDone = true;
  return true;
}

function beginResponseWait(context: StreamContext, stream: Stream): void {
  const { back } = stream;
  if (stream.wait === Wait.responsePause) {
    back?.pauseResponse(stream);
    stream.serverDeadlineMs = NEVER;
  } else if (!stream.tunnel) {
    back?.resumeResponse(stream);
    stream.serverDeadlineMs = deadline(context.mux.host.now(), stream.serverTimeoutMs);
  }
  armDeadlines(context, stream);
}

/** Response data that came while rules wait. True: they go on. */
export function takeResponse(context: StreamContext, stream: Stream, block: Block, start: number, end: number, last: boolean): boolean {
  const { response } = stream;
  if (!holdData(context.mux.memory, response, block, start, end, last)) {
    endWith(context, stream, Ended.resources, 503);
    return false;
  }
  if (isHeldWhole(response, context.holdBytes)) stream.back?.pauseResponse(stream);
  return hasEnoughResponse(context, stream);
}

function hasEnoughResponse(context: StreamContext, stream: Stream): boolean {
  const { response } = stream;
  if (stream.wait === Wait.responseContent) return true;
  if (stream.wait !== Wait.responseBody) return false;
  if (response.complete || isHeldWhole(response, context.holdBytes)) return true;
  if (stream.waitBytes > 0 && heldBytes(response) >= stream.waitBytes) return true;
  stream.serverDeadlineMs = deadline(context.mux.host.now(), stream.serverTimeoutMs);
  armDeadlines(context, stream);
  return false;
}
