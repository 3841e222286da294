/**
 * The stream machine: what each event from either side means for the exchange. It owns no bytes
 * and speaks no protocol; muxes do. Requests go through analysers.ts and assign.ts, answers made here
 * through answer.ts, the end through finish.ts.
 */
import { type Block, NO_BLOCK } from '../base/memory.ts';
import { NEVER, type Timer, type TimerOwner } from '../base/timers.ts';
import { Framing, Method } from '../http/message.ts';
import { Broken, type BrokenReason, Ended } from '../state/end.ts';
import { LogOrigin } from '../state/logstep.ts';
import { Phase } from '../state/phase.ts';
import type { Backend, BackMux, FrontMux, Server, Stream, StreamEvents } from '../state/records.ts';
import { RetryOn, Wait } from '../state/settings.ts';
import { Count } from '../state/shared.ts';
import { runAnalysers } from './analysers.ts';
import { awaitDrain, endWith } from './answer.ts';
import { connectFailed, retryNow, retryStale } from './assign.ts';
import { armDeadlines, count, deadline, type StreamContext } from './context.ts';
import { countTransfer, finish, leaveQueue, leaveServer } from './finish.ts';
import { nameServer } from './forwarded.ts';
import { beginLimits, dropEarly, limitRequest, passEarly } from './limiting.ts';
import { logStep } from './logging.ts';
import { saveRequestLine } from './notes.ts';
import { clientOwes, FLOW_BLOCKS, finTimeout, forgive, serverOwes } from './owing.ts';
import { inspectResponse, respond, takeResponse, verdictOf } from './response.ts';
import { brokenEvent, brokenStatus, retryRequest, statusEvent } from './retry.ts';
import { finishWait, takeRequest } from './waiting.ts';

/** `log-steps` as it is by default. */
const JUST_CLOSE = 1 << LogOrigin.close;
/** How long a connection that is being made is waited for after its client has gone (milliseconds). */
const LEAVE_MS = 5;

export class StreamMachine implements StreamEvents, TimerOwner {
  readonly #context: StreamContext;

  constructor(context: StreamContext) {
    this.#context = context;
  }

  // Client side ---------------------------------------------------------------------------------

  onRequest(stream: Stream): void {
    stream.requestAtMs = this.#context.mux.host.now();
    stream.requestDone = stream.request.complete;
    if (!stream.tunnel) saveRequestLine(this.#context.mux.memory, stream, this.#context.mux.limits.logTargetBytes);
    if (stream.frontend.logSteps !== JUST_CLOSE) this.#logRequest(stream);
    runAnalysers(this.#context, stream);
  }

  /** Accepted, and in HTTP a request: both at once, as a stream begins with its request. */
  #logRequest(stream: Stream): void {
    const { shared } = this.#context.mux;
    logStep(shared, stream, LogOrigin.accept, stream.requestAtMs);
    if (stream.hasRequestLine) logStep(shared, stream, LogOrigin.request, stream.requestAtMs);
  }

  onRequestData(stream: Stream, block: Block, start: number, end: number, last: boolean): void {
    const { back } = stream;
    if (back === null) {
      this.#onEarlyData(stream, block, start, end, last);
      return;
    }
    const { limitIn } = stream.overrides;
    if (limitIn === null) this.#passRequest(stream, back, block, start, end, last);
    else limitIn.take(block, start, end, last);
  }

  #passRequest(stream: Stream, back: BackMux, block: Block, start: number, end: number, last: boolean): void {
    back.sendData(stream, block, start, end, last);
    if (last) {
      this.#onRequestComplete(stream);
      return;
    }
    if (back.unsent(stream) >= FLOW_BLOCKS) stream.front?.pauseRequest(stream);
    const { serverDeadlineMs } = stream;
    this.#touch(stream);
    if (stream.backend?.timeouts.areApart && serverDeadlineMs < stream.serverDeadlineMs)
      this.#giveBack(stream, stream.clientDeadlineMs, serverDeadlineMs);
  }

  /** Data without a server: rules wait for it, or it is for nobody. */
  #onEarlyData(stream: Stream, block: Block, start: number, end: number, last: boolean): void {
    const context = this.#context;
    if (stream.wait === Wait.none) context.mux.memory.give(block);
    else if (takeRequest(context, stream, block, start, end, last)) this.#goOn(stream);
  }

  /** What rules waited for is there, or the time is up. */
  #goOn(stream: Stream): void {
    const context = this.#context;
    switch (stream.wait) {
      case Wait.responseContent:
        this.#inspectResponse(stream);
        return;
      case Wait.responseBody:
      case Wait.responsePause:
        finishWait(context, stream);
        this.#respond(stream);
        this.#readOn(stream);
        return;
      case Wait.content:
        break;
      default:
        finishWait(context, stream);
    }
    runAnalysers(context, stream);
  }

  /** The name that a rule has asked for is known, or will not be. The stream may have ended meanwhile. */
  onNamed(stream: Stream): void {
    if (stream.wait === Wait.name) this.#goOn(stream);
  }

  onSettled(stream: Stream): void {
    if (stream.wait === Wait.handshake) this.#goOn(stream);
  }

  #onRequestComplete(stream: Stream): void {
    stream.requestDone = true;
    if (stream.responseDone) this.#settle(stream);
    else this.#touch(stream);
  }

  /** Both sides have said all: the server may still have to take the rest of the request, then the client that of the answer. */
  #settle(stream: Stream): void {
    const { back } = stream;
    if (back !== null && back.unsent(stream) > 0) {
      this.#touch(stream);
      return;
    }
    this.#letServerGo(stream, stream.serverReusable);
    awaitDrain(this.#context, stream);
  }

  onRequestEnd(stream: Stream): void {
    if (stream.back === null && stream.wait !== Wait.none) {
      stream.requestDone = stream.request.complete = true;
      if (stream.wait < Wait.name) this.#goOn(stream);
      return;
    }
    const { limitIn } = stream.overrides;
    if (limitIn?.holds) limitIn.end();
    else this.#endRequest(stream);
  }

  #endRequest(stream: Stream): void {
    stream.back?.sendEnd(stream);
    if (!stream.tunnel) {
      this.#onRequestComplete(stream);
      return;
    }
    stream.requestDone = true;
    if (stream.back === null) endWith(this.#context, stream, Ended.clientAbort, 0);
    else if (stream.responseDone) this.#settle(stream);
    else this.#touch(stream);
  }

  onRequestBroken(stream: Stream, reason: BrokenReason, status: number): void {
    stream.closeClient = true;
    // Answered here already, or all has been said.
    if (stream.responseDone && stream.requestDone) return;
    // HAProxy blames what it took for HTTP.
    if (!stream.frontend.http && !stream.request.headDone) endWith(this.#context, stream, Ended.badRequest, status);
    else if (reason === Broken.timeout) endWith(this.#context, stream, Ended.clientTimeout, status);
    else if (reason === Broken.invalid) endWith(this.#context, stream, Ended.badRequest, status);
    else this.#onClientAbort(stream, status);
  }

  /** Somebody who stops in the middle of a body is not answered; the log says 400 all the same. */
  #onClientAbort(stream: Stream, status: number): void {
    if (stream.request.headDone && !stream.responseStarted) stream.status = 400;
    endWith(this.#context, stream, Ended.clientAbort, stream.request.headDone ? 0 : status);
  }

  onFrontDrained(stream: Stream): void {
    const { front, back } = stream;
    if (front === null || stream.phase === Phase.done) return;
    if (stream.responseDone) {
      if (stream.requestDone) this.#settle(stream);
    } else if (back !== null && front.unsent(stream) < FLOW_BLOCKS && !stream.overrides.limitOut?.holds) {
      back.resumeResponse(stream);
      if (stream.serverDeadlineMs === NEVER && stream.phase === Phase.data) this.#touch(stream);
    }
  }

  /** A half-closed client still gets its answer, unless option abortonclose says that nobody waits for it. */
  onFrontEnd(stream: Stream): void {
    stream.closeClient = true;
    if (stream.phase >= Phase.data || !stream.backend?.abortOnClose) return;
    if (stream.phase === Phase.connect && stream.back !== null) this.#leaveSoon(stream);
    else endWith(this.#context, stream, Ended.clientAbort, 400);
  }

  /** A connection that is being made is given a moment: if it comes, the server sees the request, as HAProxy's does. */
  #leaveSoon(stream: Stream): void {
    stream.clientGone = true;
    stream.serverDeadlineMs = Math.min(stream.serverDeadlineMs, this.#context.mux.host.now() + LEAVE_MS);
    armDeadlines(this.#context, stream);
  }

  onFrontClosed(stream: Stream, reason: BrokenReason): void {
    stream.closeClient = true;
    if (stream.responseDone && stream.endPhase >= 0) finish(this.#context, stream);
    else if (reason === Broken.closed && stream.responseDone && stream.requestDone) this.#settle(stream);
    else endWith(this.#context, stream, Ended.clientAbort, 0);
  }

  // Server side ---------------------------------------------------------------------------------

  onConnected(stream: Stream): void {
    const now = this.#context.mux.host.now();
    const { back, front } = stream;
    if (back === null) return;
    stream.connectedAtMs = now;
    stream.phase = stream.tunnel ? Phase.data : Phase.headers;
    stream.requestSent = true;
    stream.backReused = back.requests > 0;
    if (stream.tunnel) stream.backend?.stickRules?.store(stream);
    if (stream.frontend.needsBackSource) back.findSource(stream);
    if (stream.frontend.logSteps !== JUST_CLOSE) logStep(this.#context.mux.shared, stream, LogOrigin.connect, now);
    const detached = stream.overrides.isLimited && limitRequest(this.#context, stream);
    if (!nameServer(this.#context.mux.memory, stream) || !back.sendRequest(stream)) {
      if (detached) dropEarly(this.#context.mux.memory);
      this.#onUnsendable(stream);
      return;
    }
    if (detached) passEarly(stream.overrides.limitIn);
    if (stream.request.nextBlock !== NO_BLOCK || (stream.tunnel && stream.requestDone)) this.#sendHeld(stream, back);
    if (stream.clientGone) {
      endWith(this.#context, stream, Ended.clientAbort, 400);
      return;
    }
    if (!stream.requestDone && !stream.overrides.limitIn?.holds) front?.resumeRequest(stream);
    this.#touch(stream);
    if (stream.tunnel && (stream.backend as Backend).tcpResponseRules !== null) this.#inspectResponse(stream);
  }

  /** What was held back while rules waited, behind what went out with the head; in a tunnel perhaps the client's end. */
  #sendHeld(stream: Stream, back: BackMux): void {
    const { request } = stream;
    const { nextBlock } = request;
    if (nextBlock !== NO_BLOCK) {
      const { limitIn } = stream.overrides;
      request.nextBlock = NO_BLOCK;
      if (limitIn !== null) limitIn.take(nextBlock, request.nextStart, request.nextEnd, request.nextLast);
      else {
        back.sendData(stream, nextBlock, request.nextStart, request.nextEnd, request.nextLast);
        if (request.nextLast) stream.requestDone = true;
      }
    }
    if (stream.tunnel && stream.requestDone) back.sendEnd(stream);
  }

  /** No block is left; or a CONNECT with a body, which HTTP/1 has no way to say. */
  #onUnsendable(stream: Stream): void {
    const impossible = stream.request.method === Method.connect && stream.request.contentLength > 0;
    if (impossible) endWith(this.#context, stream, Ended.serverAbort, 502);
    else endWith(this.#context, stream, Ended.resources, 503);
  }

  onConnectFailed(stream: Stream, _reason: BrokenReason): void {
    connectFailed(this.#context, stream, false);
  }

  onResponse(stream: Stream): void {
    const { response, front } = stream;
    // A status below 100 means nothing; HAProxy passes it as a final one.
    if (response.status >= 100 && response.status < 200 && response.status !== 101) {
      front?.sendInterim(stream);
      return;
    }
    const context = this.#context;
    const { retryOn } = stream.backend as Backend;
    if (retryOn > RetryOn.connFailure && retryRequest(context, stream, statusEvent(stream))) return;
    stream.responseAtMs = context.mux.host.now();
    stream.status = stream.serverStatus = response.status;
    stream.phase = Phase.data;
    stream.ruleIndex = stream.responseStep = 0;
    this.#respond(stream);
  }

  /** The server is read on, if the response has begun and its client takes it. */
  #readOn(stream: Stream): void {
    const { front, back } = stream;
    if (!stream.responseStarted || stream.responseDone || front === null || back === null) return;
    if (front.unsent(stream) < FLOW_BLOCKS && !stream.overrides.limitOut?.holds) back.resumeResponse(stream);
  }

  /** Rules, then the head goes out. */
  #respond(stream: Stream): void {
    if (!respond(this.#context, stream)) return;
    const { response } = stream;
    if (response.nextBlock !== NO_BLOCK) this.#sendHeldResponse(stream);
    else if (response.complete) this.#onResponseComplete(stream);
    else {
      this.#onResponseStarted(stream);
      passEarly(stream.overrides.limitOut);
    }
  }

  #sendHeldResponse(stream: Stream): void {
    const { response, front } = stream;
    const { nextBlock, nextLast } = response;
    response.nextBlock = NO_BLOCK;
    const { limitOut } = stream.overrides;
    this.#onResponseStarted(stream);
    if (limitOut !== null) {
      passEarly(limitOut);
      limitOut.take(nextBlock, response.nextStart, response.nextEnd, nextLast);
      return;
    }
    front?.sendData(stream, nextBlock, response.nextStart, response.nextEnd, nextLast);
    if (nextLast) this.#onResponseComplete(stream);
  }

  /** tcp-response content in TCP mode: what the server has sent so far is held back until the rules are done. */
  #inspectResponse(stream: Stream): void {
    const context = this.#context;
    if (!stream.tunnel) {
      stream.wait = Wait.none;
      this.#respond(stream);
      this.#readOn(stream);
      return;
    }
    stream.ruleIndex = stream.ruleIndex < 0 ? stream.ruleIndex : 0;
    if (!verdictOf(context, stream, inspectResponse(context, stream))) return;
    const { response, front } = stream;
    const { bodyBlock, nextBlock } = response;
    response.bodyBlock = response.nextBlock = NO_BLOCK;
    if (stream.overrides.isLimited) beginLimits(context, stream);
    if (bodyBlock !== NO_BLOCK && front !== null) this.#passOrLimit(stream, front, bodyBlock, response.bodyStart, response.bodyEnd);
    if (nextBlock !== NO_BLOCK && front !== null) this.#passOrLimit(stream, front, nextBlock, response.nextStart, response.nextEnd);
    if (response.complete) this.onResponseEnd(stream);
    else {
      if (!stream.overrides.limitOut?.holds) stream.back?.resumeResponse(stream);
      this.#touch(stream);
    }
  }

  #passOrLimit(stream: Stream, front: FrontMux, block: Block, start: number, end: number): void {
    const { limitOut } = stream.overrides;
    if (limitOut === null) front.sendData(stream, block, start, end, false);
    else limitOut.take(block, start, end, false);
  }

  #onResponseStarted(stream: Stream): void {
    const { response, front, back } = stream;
    if (response.framing === Framing.tunnel) {
      stream.tunnel = true;
      stream.requestDone = false;
      front?.resumeRequest(stream);
    }
    if (front !== null && back !== null && front.unsent(stream) >= FLOW_BLOCKS) back.pauseResponse(stream);
    this.#touch(stream);
  }

  onResponseData(stream: Stream, block: Block, start: number, end: number, last: boolean): void {
    const { front } = stream;
    if (front === null || stream.responseDone) {
      this.#context.mux.memory.give(block);
      return;
    }
    if (stream.wait !== Wait.none) {
      if (takeResponse(this.#context, stream, block, start, end, last)) this.#goOn(stream);
      return;
    }
    const { limitOut } = stream.overrides;
    if (limitOut === null) this.#passResponse(stream, front, block, start, end, last);
    else limitOut.take(block, start, end, last);
  }

  #passResponse(stream: Stream, front: FrontMux, block: Block, start: number, end: number, last: boolean): void {
    const { back } = stream;
    front.sendData(stream, block, start, end, last);
    if (last) this.#onResponseComplete(stream);
    else {
      if (back !== null && front.unsent(stream) >= FLOW_BLOCKS) back.pauseResponse(stream);
      const { clientDeadlineMs } = stream;
      this.#touch(stream);
      if (stream.frontend.timeouts.areApart && clientDeadlineMs < stream.clientDeadlineMs)
        this.#giveBack(stream, clientDeadlineMs, stream.serverDeadlineMs);
    }
  }

  onResponseEnd(stream: Stream): void {
    if (stream.responseDone) return;
    if (stream.wait !== Wait.none) {
      stream.response.complete = true;
      if (stream.wait !== Wait.responsePause) this.#goOn(stream);
      return;
    }
    const { limitOut } = stream.overrides;
    if (limitOut?.holds) limitOut.end();
    else this.#endResponse(stream);
  }

  #endResponse(stream: Stream): void {
    stream.front?.sendEnd(stream);
    if (!stream.tunnel) {
      this.#onResponseComplete(stream);
      return;
    }
    stream.responseDone = true;
    if (stream.requestDone) this.#settle(stream);
    else this.#touch(stream);
  }

  /** The server has said all. An early answer does not end the exchange: the rest of the request still goes to the server. */
  #onResponseComplete(stream: Stream): void {
    stream.responseDone = true;
    stream.serverReusable = stream.requestDone;
    if (stream.requestDone) this.#settle(stream);
    else this.#touch(stream);
  }

  #letServerGo(stream: Stream, reusable: boolean): void {
    if (stream.back !== null) stream.back.release(stream, reusable);
    leaveServer(this.#context, stream);
  }

  onBackDrained(stream: Stream): void {
    const { front, back } = stream;
    if (front === null || back === null || stream.phase === Phase.done) return;
    if (stream.requestDone) {
      if (stream.responseDone) this.#settle(stream);
      return;
    }
    if (back.unsent(stream) < FLOW_BLOCKS && !stream.overrides.limitIn?.holds) front.resumeRequest(stream);
    if (stream.responseDone || (stream.clientDeadlineMs === NEVER && stream.phase >= Phase.headers)) this.#touch(stream);
  }

  onBackClosed(stream: Stream, reason: BrokenReason): void {
    const context = this.#context;
    if (reason === Broken.invalid) this.#onJunk(stream);
    else if (stream.wait !== Wait.none && stream.response.complete) this.#letServerGo(stream, false);
    else if (stream.responseDone) this.#onServerGone(stream);
    else if (stream.phase === Phase.headers && this.#isReplayable(stream)) this.#replay(stream);
    else if (stream.phase === Phase.headers && retryRequest(context, stream, brokenEvent(stream))) return;
    else endWith(context, stream, Ended.serverAbort, brokenStatus(stream));
  }

  #onJunk(stream: Stream): void {
    const context = this.#context;
    if (stream.phase === Phase.headers && retryRequest(context, stream, RetryOn.junkResponse)) return;
    endWith(context, stream, Ended.badResponse, 502);
  }

  /** It has said all, and takes no more of the request. */
  #onServerGone(stream: Stream): void {
    if (!stream.requestDone) stream.closeClient = true;
    stream.requestDone = true;
    this.#letServerGo(stream, false);
    awaitDrain(this.#context, stream);
  }

  /** Nothing of the answer came, the connection had served others, and sending the request again changes nothing. */
  #isReplayable(stream: Stream): boolean {
    const { back, request } = stream;
    if (back === null || back.requests < 2 || !request.complete || stream.bytes.fromServer > 0) return false;
    return (
      request.method !== Method.post &&
      request.method !== Method.patch &&
      request.method !== Method.other &&
      request.method !== Method.connect
    );
  }

  #replay(stream: Stream): void {
    const server = stream.server as Server;
    count(this.#context, server.counts + Count.retries, 1);
    retryStale(this.#context, stream);
  }

  // Bandwidth limits (DataPasser) ---------------------------------------------------------------

  pass(stream: Stream, toClient: boolean, block: Block, start: number, end: number, last: boolean): void {
    const { front, back } = stream;
    const endsTunnel = last && stream.tunnel;
    if (toClient && front !== null && !stream.responseDone) {
      this.#passResponse(stream, front, block, start, end, last && !endsTunnel);
      if (endsTunnel) this.#endResponse(stream);
    } else if (!toClient && back !== null && !stream.requestDone) {
      this.#passRequest(stream, back, block, start, end, last && !endsTunnel);
      if (endsTunnel) this.#endRequest(stream);
    } else this.#context.mux.memory.give(block);
  }

  hasRoom(stream: Stream, toClient: boolean): boolean {
    const side = toClient ? stream.front : stream.back;
    return side === null || side.unsent(stream) < FLOW_BLOCKS;
  }

  pause(stream: Stream, toClient: boolean): void {
    if (toClient) stream.back?.pauseResponse(stream);
    else stream.front?.pauseRequest(stream);
  }

  overflow(stream: Stream): void {
    endWith(this.#context, stream, Ended.resources, 503);
  }

  resume(stream: Stream, toClient: boolean): void {
    if (!this.hasRoom(stream, toClient)) return;
    if (toClient) stream.back?.resumeResponse(stream);
    else if (!stream.requestDone) stream.front?.resumeRequest(stream);
  }

  // Timeouts ------------------------------------------------------------------------------------

  /** Something moved: inactivity is counted from now on. */
  #touch(stream: Stream): void {
    const now = this.#context.mux.host.now();
    const { clientTimeoutMs, serverTimeoutMs } = stream;
    if (stream.frontend.continuousStats) countTransfer(this.#context, stream);
    if (stream.tunnel) {
      const tunnelMs = stream.overrides.tunnelTimeoutMs;
      const { serverFinMs } = (stream.backend as Backend).timeouts;
      stream.clientDeadlineMs = deadline(
        now,
        tunnelMs || finTimeout(stream.requestDone, stream.frontend.timeouts.clientFinMs, clientTimeoutMs),
      );
      stream.serverDeadlineMs = deadline(now, tunnelMs || finTimeout(stream.responseDone, serverFinMs, serverTimeoutMs));
    } else {
      stream.clientDeadlineMs = clientOwes(stream) ? deadline(now, clientTimeoutMs) : NEVER;
      stream.serverDeadlineMs = serverOwes(stream) ? deadline(now, serverTimeoutMs) : NEVER;
    }
    armDeadlines(this.#context, stream);
  }

  /** option independent-streams: what was sent to a side was no sign of life of that side. */
  #giveBack(stream: Stream, clientMs: number, serverMs: number): void {
    stream.clientDeadlineMs = clientMs;
    stream.serverDeadlineMs = serverMs;
    armDeadlines(this.#context, stream);
  }

  onTimer(timer: Timer): void {
    const stream = timer.owner as Stream;
    const now = this.#context.mux.host.now();
    if (stream.wait !== Wait.none && stream.ruleDeadlineMs <= now) {
      this.#onWaitOver(stream);
      return;
    }
    if (!stream.tunnel && stream.phase >= Phase.headers && stream.phase <= Phase.data) forgive(stream);
    // In a tunnel both sides are as idle as each other: HAProxy then blames the client.
    const server = stream.serverDeadlineMs <= now && !(stream.tunnel && stream.clientDeadlineMs <= now && stream.phase === Phase.data);
    if (!server && stream.clientDeadlineMs > now) {
      armDeadlines(this.#context, stream);
      return;
    }
    if (server) this.#onServerTimeout(stream);
    else endWith(this.#context, stream, Ended.clientTimeout, stream.hasRequestLine && stream.wait !== Wait.body ? 400 : 408);
  }

  /** The time that rules wait for is up: a body that is not there by then is an error. */
  #onWaitOver(stream: Stream): void {
    const context = this.#context;
    if (stream.wait === Wait.body) endWith(context, stream, Ended.clientTimeout, 408);
    else if (stream.wait === Wait.responseBody) {
      stream.phase = Phase.request;
      endWith(context, stream, Ended.serverTimeout, 504);
    } else this.#goOn(stream);
  }

  #onServerTimeout(stream: Stream): void {
    const context = this.#context;
    switch (stream.phase) {
      case Phase.queue:
        leaveQueue(context, stream);
        stream.server = null;
        endWith(context, stream, Ended.queueTimeout, 503);
        return;
      case Phase.connect:
        if (stream.clientGone) endWith(context, stream, Ended.clientAbort, 400);
        else if (stream.back === null) retryNow(context, stream);
        else connectFailed(context, stream, true);
        return;
      case Phase.headers:
        if (!retryRequest(context, stream, RetryOn.responseTimeout)) endWith(context, stream, Ended.serverTimeout, 504);
        return;
      default:
        endWith(context, stream, Ended.serverTimeout, 504);
    }
  }
}
