/**
 * Rules that wait: for data of either side, for time, for both. What they wait for stands in `stream.wait` and
 * `stream.ruleDeadlineMs`; here is what each kind of wait needs while it lasts, and who is run when it is over. It must not know
 * why a rule waits.
 */
import type { Block } from '../base/memory.ts';
import { NEVER } from '../base/timers.ts';
import { HeaderId } from '../http/message.ts';
import { Ended } from '../state/end.ts';
import { Phase } from '../state/phase.ts';
import type { ContentRules, Stream } from '../state/records.ts';
import { Verdict, type VerdictValue, Wait } from '../state/settings.ts';
import { endWith } from './answer.ts';
import { armDeadlines, deadline, type StreamContext } from './context.ts';
import { heldBytes, holdData, isHeldWhole } from './hold.ts';

/** Runs the `tcp-request content` rules of one side of a proxy. `delayMs`: its inspect-delay. */
export function inspectRequest(context: StreamContext, stream: Stream, rules: ContentRules, delayMs: number): VerdictValue {
  const now = context.mux.host.now();
  if (delayMs > 0 && stream.ruleDeadlineMs === NEVER) stream.ruleDeadlineMs = now + delayMs;
  const final = delayMs === 0 || stream.requestDone || now >= stream.ruleDeadlineMs || isHeldWhole(stream.request, context.holdBytes);
  endWait(stream);
  const verdict = rules.inspect(stream, final);
  if (verdict !== Verdict.wait) stream.ruleDeadlineMs = NEVER;
  return verdict;
}

/** A rule waits: asks for what it needs, and arms the timer. */
export function beginWait(context: StreamContext, stream: Stream): void {
  if (stream.wait === Wait.tarpit) stream.phase = Phase.tarpit;
  if (stream.wait === Wait.content || stream.wait === Wait.body) askForRequest(context, stream);
  armDeadlines(context, stream);
}

function askForRequest(context: StreamContext, stream: Stream): void {
  const { front } = stream;
  if (front === null) return;
  stream.clientDeadlineMs = deadline(context.mux.host.now(), stream.clientTimeoutMs);
  if (stream.request.expectContinue) sendContinue(stream);
  front.resumeRequest(stream);
}

/** Who asked for it is told to go on, as the server would do; the server then need not (RFC 9110 10.1.1). */
function sendContinue(stream: Stream): void {
  const { request, response } = stream;
  request.expectContinue = false;
  request.headers.removeId(HeaderId.expect);
  response.status = 100;
  stream.front?.sendInterim(stream);
  response.reset();
}

/** Nothing is waited for any more: the client's data stays where it is. */
function endWait(stream: Stream): void {
  const asked = stream.wait === Wait.content || stream.wait === Wait.body;
  stream.wait = Wait.none;
  if (!asked) return;
  stream.clientDeadlineMs = NEVER;
  if (!stream.requestDone) stream.front?.pauseRequest(stream);
}

/** The wait is over: what was waited for is there, or the time is up. The wait for a body counts as the request's time. */
export function finishWait(context: StreamContext, stream: Stream): void {
  if (stream.wait === Wait.body) stream.requestAtMs = context.mux.host.now();
  // An inspect-delay goes on behind a name that was asked for.
  const { lookup } = stream.overrides;
  const deadlineMs = stream.wait === Wait.name && lookup !== null ? lookup.keptDeadlineMs : NEVER;
  endWait(stream);
  stream.ruleDeadlineMs = deadlineMs;
}

/** The wait for a body that begins is over at once: it is there, or no more of it can be held. */
export function isOver(context: StreamContext, stream: Stream): boolean {
  if (stream.wait !== Wait.body || !hasEnough(context, stream)) return false;
  stream.wait = Wait.none;
  stream.ruleDeadlineMs = NEVER;
  return true;
}

/** Request data that came while rules wait. True: they go on. */
export function takeRequest(context: StreamContext, stream: Stream, block: Block, start: number, end: number, last: boolean): boolean {
  const { request } = stream;
  if (!holdData(context.mux.memory, request, block, start, end, last)) {
    endWith(context, stream, Ended.resources, 503);
    return false;
  }
  if (request.complete) stream.requestDone = true;
  return hasEnough(context, stream);
}

function hasEnough(context: StreamContext, stream: Stream): boolean {
  const { request } = stream;
  if (stream.wait === Wait.content) return true;
  if (stream.wait >= Wait.name) return false;
  const enough = stream.waitBytes > 0 && heldBytes(request) >= stream.waitBytes;
  if (enough || stream.requestDone || isHeldWhole(request, context.holdBytes)) return true;
  stream.clientDeadlineMs = deadline(context.mux.host.now(), stream.clientTimeoutMs);
  armDeadlines(context, stream);
  return false;
}

/** Waits for the request's body: `timeout http-request` bounds it. True: it is there, or there is none. */
export function bufferRequest(context: StreamContext, stream: Stream): boolean {
  if (stream.wait === Wait.body) finishWait(context, stream);
  if (stream.tunnel || stream.requestDone || isHeldWhole(stream.request, context.holdBytes)) return true;
  stream.wait = Wait.body;
  stream.waitBytes = 0;
  stream.ruleDeadlineMs = deadline(context.mux.host.now(), stream.frontend.timeouts.httpRequestMs || stream.clientTimeoutMs);
  beginWait(context, stream);
  return false;
}
