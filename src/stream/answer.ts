/**
 * Answers that are made here: errors, redirects, denials. A stream that can't go on ends in one of
 * these functions. It must not choose servers.
 */

import { Method } from '../http/message.ts';
import { clientMethod } from '../http/reframe.ts';
import { ownPage } from '../rules/answer/error-page.ts';
import { fillReply } from '../rules/answer/reply.ts';
import type { Cause } from '../state/end.ts';
import { Ended } from '../state/end.ts';
import { Phase } from '../state/phase.ts';
import type { Stream } from '../state/records.ts';
import { Verdict, Wait } from '../state/settings.ts';
import { Count } from '../state/shared.ts';
import { countBytes, countError, countFailure, countRequest, messageBytes } from '../stick/track.ts';
import { armDeadlines, count, deadline, type StreamContext } from './context.ts';
import { finish, leaveQueue, leaveServer } from './finish.ts';

/** Ends the stream with the cause: an error page if nothing has been answered yet, else a cut connection. */
export function endWith(context: StreamContext, stream: Stream, cause: Cause, status: number): void {
  if (stream.phase === Phase.done) return;
  // The time in the queue is told although no connection followed.
  if (stream.phase === Phase.queue && stream.connectAtMs < 0) stream.connectAtMs = context.mux.host.now();
  setCause(stream, cause);
  stopWaiting(stream);
  countCause(context, stream, cause);
  detachServer(context, stream);
  const answers = !stream.responseStarted && status !== 0 && (stream.frontend.http || !stream.tunnel);
  // An empty errorfile asks for no answer.
  if (!answers || !fillError(context, stream, status)) {
    cut(context, stream, cause);
    return;
  }
  if (!cause.keepsClient || !stream.requestDone) stream.closeClient = true;
  sendAnswer(context, stream);
}

/** Whatever rules waited for: the stream has its answer. */
function stopWaiting(stream: Stream): void {
  stream.wait = Wait.none;
  stream.ruleDeadlineMs = Number.POSITIVE_INFINITY;
}

/** The first cause counts: what follows from it is not another one. */
function setCause(stream: Stream, cause: Cause): void {
  if (stream.endPhase >= 0) return;
  stream.cause = cause;
  stream.endPhase = stream.phase;
}

/** Lets go of the server side: it has no more to say. */
function detachServer(context: StreamContext, stream: Stream): void {
  leaveQueue(context, stream);
  if (stream.back !== null) stream.back.release(stream, false);
  leaveServer(context, stream);
}

/** silent-drop: the connection ends, and its client shall not learn of it. */
export function vanish(context: StreamContext, stream: Stream): void {
  if (stream.cause === Ended.normal) stream.cause = Ended.denied;
  if (stream.endPhase < 0) stream.endPhase = stream.phase;
  detachServer(context, stream);
  if (!stream.responseStarted) stream.status = -1;
  stream.closeClient = stream.requestDone = stream.responseDone = true;
  stream.session.wire?.silence(stream.overrides.dropTtl);
  stream.front?.abort(stream, true);
  finish(context, stream);
}

/** No answer, or no further part of it: what was sent is flushed and the connection ends, so that the client can tell. */
function cut(context: StreamContext, stream: Stream, cause: Cause): void {
  stream.closeClient = true;
  stream.responseDone = true;
  stream.requestDone = true;
  if (stream.status === 0) stream.status = -1;
  // A client that took nothing for so long takes no more.
  if (cause === Ended.clientTimeout) stream.front?.abort(stream, false);
  awaitDrain(context, stream);
}

/** Sends the complete local answer in stream.response (rules, fillReply). */
export function sendAnswer(context: StreamContext, stream: Stream): void {
  const { front, response } = stream;
  stopWaiting(stream);
  stream.isLocalReply = true;
  // What is still to come of the request is for nobody: the front mux drops it and closes.
  if (!stream.requestDone) stream.closeClient = stream.requestDone = true;
  if (stream.endPhase < 0) stream.endPhase = stream.phase;
  response.complete = true;
  // The length is told, the body not sent (RFC 9110 9.3.2).
  if (stream.request.headDone && clientMethod(stream.request) === Method.head) response.bodyEnd = response.bodyStart;
  // HAProxy answers what is no request before there is a stream that counts.
  if (stream.hasRequestLine && (stream.tracked !== null || stream.session.tracked !== null)) countBytes(stream, 0, messageBytes(response));
  context.mux.variables.turn(stream.messageVariables);
  if (stream.hasRequestLine) runAfterResponse(stream);
  stream.responseStarted = true;
  stream.responseDone = true;
  if (front === null || !front.sendResponse(stream)) {
    stream.closeClient = true;
    finish(context, stream);
    return;
  }
  awaitDrain(context, stream);
}

/** http-after-response rules: backend, then frontend; also on answers made here, but not for unparsable requests. */
export function runAfterResponse(stream: Stream): void {
  const { backend, frontend } = stream;
  stream.ruleIndex = 0;
  if (backend?.afterResponseRules && backend.afterResponseRules.run(stream) !== Verdict.next) return;
  stream.ruleIndex = 0;
  frontend.afterResponseRules?.run(stream);
}

/** The whole response is on its way: ends now, or when the last block has left. */
export function awaitDrain(context: StreamContext, stream: Stream): void {
  const { front } = stream;
  if (front === null || front.unsent(stream) === 0) {
    finish(context, stream);
    return;
  }
  stream.phase = Phase.last;
  const now = context.mux.host.now();
  stream.serverDeadlineMs = Number.POSITIVE_INFINITY;
  stream.clientDeadlineMs = deadline(now, stream.clientTimeoutMs);
  armDeadlines(context, stream);
}

/** The error page into stream.response; false: none is to be sent. What rules compute needs a request that was understood. */
function fillError({ replies, mux }: StreamContext, stream: Stream, status: number): boolean {
  const { headDone } = stream.request;
  const own = ownPage(stream, status);
  if (own !== undefined && (headDone || own.isWhole)) return own.fill(stream);
  const reply = headDone ? replies.get(status) : replies.broken(status);
  if (reply === null) return false;
  fillReply(mux.memory, stream, reply);
  return true;
}

function countCause(context: StreamContext, stream: Stream, cause: Cause): void {
  const { frontend, backend, server } = stream;
  switch (cause) {
    case Ended.badRequest:
      countBroken(stream, true);
      count(context, frontend.counts + Count.requestErrors, 1);
      return;
    case Ended.clientAbort:
    case Ended.clientTimeout:
      if (!stream.tunnel && !stream.hasRequestLine) countBroken(stream, cause === Ended.clientAbort);
      if (backend === null) count(context, frontend.counts + Count.requestErrors, 1);
      else count(context, backend.counts + Count.clientAborts, 1);
      if (server !== null) count(context, server.counts + Count.clientAborts, 1);
      return;
    case Ended.serverAbort:
      if (stream.phase === Phase.headers) countFailure(stream);
      if (backend !== null) count(context, backend.counts + Count.serverAborts, 1);
      if (server !== null) count(context, server.counts + Count.serverAborts, 1);
      return;
    case Ended.badResponse:
    case Ended.serverTimeout:
      if (stream.phase === Phase.headers) countFailure(stream);
      if (backend !== null) count(context, backend.counts + Count.responseErrors, 1);
      if (server !== null) count(context, server.counts + Count.responseErrors, 1);
      return;
    default:
  }
}

/** What never became a request counts as one in what is tracked; as an error too if the client is to blame, not if it was only slow. */
function countBroken(stream: Stream, isError: boolean): void {
  if (!stream.hasRequestLine) countRequest(stream);
  if (isError) countError(stream);
}
