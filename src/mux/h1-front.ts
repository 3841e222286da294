/**
 * An HTTP/1 client connection: turns bytes into requests, one stream at a time, and responses into
 * bytes. Keep-alive, pipelining, tunnels and the orderly close live here; which server, which rules and
 * which timeouts of the exchange do not (stream/).
 */
import type { Block, Memory } from '../base/memory.ts';
import { NEVER, Timer, type TimerOwner } from '../base/timers.ts';
import { decideRequest } from '../http/framing.ts';
import { Framing } from '../http/message.ts';
import { Close, type CloseReason, type Task, type Wire, type WireHandler } from '../platform/contract.ts';
import { BodyDecoder, BodyResult } from '../proto/h1/body.ts';
import { ConnectionField, responseConnectionField } from '../proto/h1/encode.ts';
import { HeadParser, HeadResult } from '../proto/h1/head.ts';
import { Broken, type BrokenReason } from '../state/end.ts';
import { type FrontMux, Session, type Stream } from '../state/records.ts';
import { Ahead } from './ahead.ts';
import type { MuxContext } from './context.ts';
import type { FrontDesk, HttpFront } from './front-desk.ts';
import { DRAIN_BYTES, DRAIN_MS, requestTimeoutMs, setDelay, WATCH_MS } from './front-times.ts';
import { encodeAnswer, endsConnection, mayFollow, sendAnswer, sendAnswerData, sendAnswerEnd, sendInterimAnswer } from './h1-answer.ts';
import { keepTrailers } from './h1-send.ts';
import { State } from './h1-state.ts';

export class H1Front implements WireHandler, FrontMux, HttpFront, TimerOwner, Task {
  session = new Session();
  queued = false;
  readonly #context: MuxContext;
  readonly #desk: FrontDesk;
  readonly #memory: Memory;
  readonly #timer = new Timer(this);
  readonly #parser = new HeadParser('request');
  readonly #decoder = new BodyDecoder();
  /** A head in pieces, the beginning of a trailer section, body data that waits, or what follows the request. */
  readonly #inbox = new Ahead();
  #wire!: Wire;
  #stream: Stream | null = null;
  #state: number = State.closed;
  /** The client has half-closed. */
  #ended = false;
  #wireClosed = true;
  /** What stands in the inbox is the beginning of a trailer section, not data that waits (then the wire is paused). */
  #tail = false;
  /** The request was refused in the middle of its body. */
  #unfinished = false;
  /** Request data is wanted by the machine. */
  #wanted = false;
  /** The machine knows of the request. */
  #announced = false;
  #idleSinceMs = 0;
  /** Bytes that came while the connection was drained. */
  #drained = 0;

  constructor(context: MuxContext, desk: FrontDesk) {
    this.#context = context;
    this.#desk = desk;
    this.#memory = context.memory;
    const { limits } = context;
    this.#parser.maxHeaders = limits.maxHeaders;
    this.#parser.setLimits(limits.bufferSize, limits.maxRewrite);
  }

  /** Starts on an accepted wire; the session has been begun. */
  start(wire: Wire): void {
    this.#wire = this.session.wire = wire;
    this.#state = State.idle;
    this.#ended = this.#wireClosed = this.#wanted = this.#tail = this.#unfinished = false;
    this.#stream = null;
    this.#parser.lenient = this.session.frontend.lenientRequests;
    this.#parser.reset();
    const now = this.#context.host.now();
    this.#idleSinceMs = now;
    setDelay(this.#context.host.timers, this.#timer, now, requestTimeoutMs(this.session.frontend));
  }

  takeOver(wire: Wire, stream: Stream): void {
    this.start(wire);
    wire.handler = this;
    this.#state = State.head;
    this.#stream = stream;
    stream.front = this;
    this.#ended = stream.requestDone;
    this.#inbox.takeBody(stream.request);
    stream.request.reset();
    stream.tunnel = stream.requestDone = false;
    this.run();
  }

  upgrade(): void {}

  // Wire events ---------------------------------------------------------------------------------

  onOpen(): void {}

  onData(_wire: Wire, block: Block, start: number, end: number): boolean {
    switch (this.#state) {
      case State.idle:
      case State.head:
        return this.#onHeadBytes(block, start, end);
      case State.body:
        if (!this.#wanted) return this.#keep(block, start, end);
        return this.#onBodyBytes(block, start, end);
      case State.wait:
        return this.#keep(block, start, end);
      case State.tunnel: {
        const stream = this.#stream as Stream;
        stream.bytes.fromClient += end - start;
        this.#context.events.onRequestData(stream, block, start, end, false);
        return true;
      }
      case State.drain:
        this.#drained += end - start;
        if (this.#drained > DRAIN_BYTES) this.#close();
        return false;
      default:
        return false;
    }
  }

  /** The handshake behind early data is done. */
  onSettled(): void {
    if (this.#stream !== null) this.#context.events.onSettled(this.#stream);
  }

  onSent(_wire: Wire, block: Block): void {
    this.#memory.give(block);
    const stream = this.#stream;
    if (stream !== null) this.#context.events.onFrontDrained(stream);
  }

  onEnd(): void {
    this.#ended = true;
    const { events } = this.#context;
    const stream = this.#stream;
    switch (this.#state) {
      case State.idle:
        if (this.#inbox.isNothing) this.#onIdleEnd();
        return;
      case State.head:
      case State.body:
        if (stream !== null) this.#refuse(stream, Broken.closed, 400);
        return;
      case State.wait:
      case State.refused:
        // Who has sent more requests waits for their answers, too.
        if (stream !== null && (this.#state === State.refused || this.#inbox.isNothing || !mayFollow(stream))) events.onFrontEnd(stream);
        return;
      case State.tunnel:
        if (stream !== null) events.onRequestEnd(stream);
        return;
      default:
        this.#close();
    }
  }

  onClose(_wire: Wire, reason: CloseReason): void {
    this.#wireClosed = true;
    this.session.wire = null;
    const stream = this.#stream;
    if (stream === null) {
      if (reason !== Close.local && this.#state === State.idle && this.session.requests === 0) this.#beginNothing(Broken.reset);
      this.#finish();
      return;
    }
    this.#context.events.onFrontClosed(stream, reason === Close.end ? Broken.closed : Broken.reset);
  }

  onTimer(): void {
    if (this.#state === State.head) this.#refuse(this.#stream as Stream, Broken.timeout, 408);
    else if (this.#state === State.idle && this.session.requests === 0) this.#beginNothing(Broken.timeout);
    else if (this.#state === State.wait) {
      if (this.#inbox.hasRoom) this.#wire.resume();
    } else if (this.#stream === null) this.#close();
  }

  /** Pipelined bytes, or request data that waited. Runs from the loop, never inside a call of the machine. */
  run(): void {
    if (this.#wireClosed) return;
    if (this.#state === State.body && !this.#announced) {
      this.#announced = true;
      this.#context.events.onRequest(this.#stream as Stream);
      return;
    }
    if (this.#state === State.tunnel) this.#deliverToTunnel(this.#stream as Stream);
    else if (!this.#inbox.isEmpty) this.#takeInbox();
    else if (this.#state === State.head && this.#ended) this.#refuse(this.#stream as Stream, Broken.closed, 400);
    this.#takeBehind();
    if (this.#ended && this.#state === State.body && this.#announced && this.#inbox.isNothing)
      this.#refuse(this.#stream as Stream, Broken.closed, 400);
  }

  /** The next request, or body data that came before it was wanted. */
  #takeInbox(): void {
    if (this.#state === State.head) this.#parseHead();
    else if (this.#state === State.idle) {
      if (this.#beginRequest()) this.#parseHead();
    } else if (this.#state === State.body && this.#wanted && !this.#tail) {
      const { start, end } = this.#inbox;
      const block = this.#inbox.release();
      if (!this.#onBodyBytes(block, start, end)) this.#memory.give(block);
    }
  }

  /** What the client sent before the connection became a tunnel; perhaps its end, too. */
  #deliverToTunnel(stream: Stream): void {
    const inbox = this.#inbox;
    if (!this.#wanted) return;
    if (!inbox.isEmpty) {
      const { start, end } = inbox;
      stream.bytes.fromClient += end - start;
      this.#context.events.onRequestData(stream, inbox.release(), start, end, false);
    }
    if (this.#ended && this.#stream === stream) this.#context.events.onRequestEnd(stream);
  }

  /** Goes on with what was received behind the inbox, then with the wire, if that can be used now. */
  #takeBehind(): void {
    const { behind } = this.#inbox;
    if (!this.#takesBytes) return;
    if (!behind.isEmpty) {
      const { start, end } = behind;
      const block = behind.release();
      if (!this.onData(this.#wire, block, start, end)) this.#memory.give(block);
    }
    if (this.#takesBytes) this.#wire.resume();
  }

  get #takesBytes(): boolean {
    if (this.#wireClosed) return false;
    if (this.#state === State.idle || this.#state === State.head) return true;
    return this.#wanted && (this.#state === State.body || this.#state === State.tunnel);
  }

  /** More may come, but for what came already. */
  #readOn(): void {
    if (this.#inbox.behind.isEmpty) this.#wire.resume();
    else this.#context.host.later(this);
  }

  // Requests --------------------------------------------------------------------------------------

  #onHeadBytes(block: Block, start: number, end: number): boolean {
    const inbox = this.#inbox;
    if (this.#state === State.idle && !this.#beginRequest()) return false;
    if (inbox.isEmpty) {
      inbox.adopt(block, start, end);
      this.#parseHead();
      return true;
    }
    const taken = inbox.append(this.#memory, start, end);
    this.#parseHead();
    // More than a head can be has been parsed by now: the rest is body, or the next request.
    if (taken === end - start || this.#wireClosed) return false;
    return this.onData(this.#wire, block, start + taken, end);
  }

  /** A stream for the request whose first bytes are here. False: no record left, the connection is closed. */
  #beginRequest(): boolean {
    const context = this.#context;
    const stream = context.beginStream(this.session, this, this.session.frontend);
    if (stream === null) {
      this.#close();
      return false;
    }
    const now = context.host.now();
    this.#stream = stream;
    this.#state = State.head;
    stream.firstByteAtMs = now;
    stream.firstByteWallMs = context.host.wallClock();
    stream.idleMs = now - this.#idleSinceMs;
    this.session.requests++;
    if (this.session.requests > 1) setDelay(this.#context.host.timers, this.#timer, now, requestTimeoutMs(this.session.frontend));
    return true;
  }

  /** No byte came at all: a stream just for the answer and the log line. */
  #beginNothing(reason: BrokenReason): void {
    if (this.session.frontend.ignoreProbes) {
      this.#close();
      return;
    }
    if (!this.#beginRequest()) return;
    (this.#stream as Stream).firstByteAtMs = -1;
    this.#refuse(this.#stream as Stream, reason, reason === Broken.timeout ? 408 : 400);
  }

  #onIdleEnd(): void {
    if (this.session.requests === 0) this.#beginNothing(Broken.closed);
    else this.#close();
  }

  #parseHead(): void {
    const inbox = this.#inbox;
    const memory = this.#memory;
    const stream = this.#stream as Stream;
    let result = this.#parser.parse(stream.request, memory.bytes, inbox.start, inbox.end);
    if (result === HeadResult.more && inbox.moveToStart(memory)) {
      this.#parser.reset();
      stream.request.reset();
      result = this.#parser.parse(stream.request, memory.bytes, inbox.start, inbox.end);
    }
    if (result === HeadResult.done) this.#onHead(stream);
    else if (result === HeadResult.failed) this.#refuse(stream, Broken.invalid, this.#parser.error);
    else if (this.#ended) this.#refuse(stream, Broken.closed, 400);
  }

  /** No valid request can come any more. */
  #refuse(stream: Stream, reason: BrokenReason, status: number): void {
    this.#unfinished = this.#state === State.body;
    this.#state = State.refused;
    this.#context.events.onRequestBroken(stream, reason, status);
  }

  #onHead(stream: Stream): void {
    const { request } = stream;
    const memory = this.#memory;
    const { events } = this.#context;
    const status = decideRequest(request, memory.bytes, this.session.frontend.framing);
    if (status !== 0) {
      this.#refuse(stream, Broken.invalid, status);
      return;
    }
    const inbox = this.#inbox;
    const { headEnd } = this.#parser;
    const { end } = inbox;
    request.block = inbox.release();
    request.spare = end;
    request.spareEnd = memory.end(request.block);
    stream.bytes.fromClient = headEnd - inbox.start;
    this.#timer.deadline = NEVER;
    if (!this.#decodeEarlyBody(stream, headEnd, end)) {
      this.#refuse(stream, Broken.invalid, 400);
      return;
    }
    request.headDone = true;
    this.#announced = request.complete;
    if (request.complete) events.onRequest(stream);
    // A client that has already given up the rest of its request is seen before a server is troubled with it.
    else this.#context.host.later(this);
  }

  /** The body, or the part of it, that came with the head. False: broken framing. */
  #decodeEarlyBody(stream: Stream, start: number, end: number): boolean {
    const { request } = stream;
    if (request.framing === Framing.none) {
      request.complete = true;
      this.#endOfRequest(stream, start, end);
      return true;
    }
    const decoder = this.#decoder;
    decoder.reset(request.framing, request.contentLength, request.trailers);
    const result = decoder.decode(this.#memory.bytes, start, end);
    if (result === BodyResult.failed) return false;
    stream.bytes.fromClient += decoder.next - start;
    request.bodyStart = decoder.dataStart;
    request.bodyEnd = decoder.dataEnd;
    request.complete = result === BodyResult.done;
    if (request.complete) this.#endOfRequest(stream, decoder.next, end);
    else {
      if (result === BodyResult.keepTail && !this.#keepTail(decoder.next, end)) return false;
      this.#state = State.body;
      this.#wanted = false;
      if (this.#tail) this.#wire.pause();
      else this.#readOn();
    }
    return true;
  }

  /** The request is complete; [start, end) of its block is what follows it. */
  #endOfRequest(stream: Stream, start: number, end: number): void {
    this.#state = State.wait;
    this.#inbox.setRest(start, end);
    // Who sends ahead is read on, two blocks at most, so that its end is seen at once.
    if (end > start || stream.request.persistent || this.#wire.hasMore) this.#readOn();
    else this.#watch();
  }

  /** Nothing needs to be read before the answer is out; a client that goes away is looked for a little later. */
  #watch(): void {
    this.#wire.pause();
    setDelay(this.#context.host.timers, this.#timer, this.#context.host.now(), WATCH_MS);
  }

  #keepTail(start: number, end: number): boolean {
    this.#tail = true;
    return this.#inbox.append(this.#memory, start, end) === end - start;
  }

  /** Bytes that can't be used yet. The wire is paused, so that there is one block of them. */
  #keep(block: Block, start: number, end: number): boolean {
    if (this.#state === State.wait) this.#watch();
    else this.#wire.pause();
    return this.#inbox.keep(this.#memory, block, start, end);
  }

  #onBodyBytes(block: Block, start: number, end: number): boolean {
    const memory = this.#memory;
    const stream = this.#stream as Stream;
    if (this.#tail) return this.#onTrailerBytes(stream, start, end);
    const decoder = this.#decoder;
    const result = decoder.decode(memory.bytes, start, end);
    stream.bytes.fromClient += decoder.next - start;
    const { events } = this.#context;
    if (result === BodyResult.failed || (result === BodyResult.keepTail && !this.#keepTail(decoder.next, end))) {
      this.#refuse(stream, Broken.invalid, 400);
      return false;
    }
    const done = result === BodyResult.done;
    if (done) this.#endOfBody(stream, decoder.next, end);
    if (decoder.dataEnd > decoder.dataStart) {
      events.onRequestData(stream, block, decoder.dataStart, decoder.dataEnd, done);
      return true;
    }
    const keeps = done && keepTrailers(stream.request, block);
    if (done) events.onRequestEnd(stream);
    return keeps;
  }

  /** A trailer section that came in pieces: it is put together in the inbox. */
  #onTrailerBytes(stream: Stream, start: number, end: number): boolean {
    const memory = this.#memory;
    const inbox = this.#inbox;
    const decoder = this.#decoder;
    const taken = inbox.append(memory, start, end);
    const result = taken < end - start ? BodyResult.failed : decoder.decode(memory.bytes, inbox.start, inbox.end);
    if (result === BodyResult.failed) this.#refuse(stream, Broken.invalid, 400);
    if (result !== BodyResult.done) return false;
    // Trailers point into the inbox's block: it becomes the request's, and what follows is the rest.
    stream.request.headBlock = stream.request.block;
    const { end: all } = inbox;
    stream.request.block = inbox.release();
    this.#tail = false;
    this.#endOfRequest(stream, decoder.next, all);
    this.#context.events.onRequestEnd(stream);
    return false;
  }

  /** [start, end) of the last block of data belongs to the next request. */
  #endOfBody(stream: Stream, start: number, end: number): void {
    const inbox = this.#inbox;
    if (start < end && inbox.append(this.#memory, start, end) < end - start) {
      // No block is left: the next request is for another connection.
      inbox.clear(this.#memory);
      stream.closeClient = true;
    }
    this.#endOfRequest(stream, 0, 0);
  }

  // Machine calls -----------------------------------------------------------------------------------

  sendResponse(stream: Stream): boolean {
    if (this.#wireClosed) return true;
    const end = encodeAnswer(stream, this.#memory, this.#connectionField(stream));
    if (end < 0) return false;
    if (stream.response.framing === Framing.tunnel) this.#becomeTunnel(stream);
    return sendAnswer(this.#memory, this.#wire, stream, end);
  }

  /** What the client has already sent behind its request belongs to the tunnel. */
  #becomeTunnel(stream: Stream): void {
    this.#state = State.tunnel;
    this.#wanted = false;
    this.#inbox.takeOver(stream.request);
    if (!this.#inbox.isNothing) this.#wire.pause();
  }

  sendInterim(stream: Stream): void {
    const end = encodeAnswer(stream, this.#memory, ConnectionField.none);
    if (end >= 0) sendInterimAnswer(this.#memory, this.#wire, stream, end);
  }

  /** Decides whether the connection can go on, and how the client is told. */
  #connectionField(stream: Stream): number {
    const { request, response } = stream;
    const isOver = this.#state === State.refused || (this.#context.stopping && this.#context.closesWithAnswer());
    const closes = isOver || endsConnection(stream);
    stream.closeClient = closes;
    // The page for a request that could not be parsed has the field in it, or HAProxy closes without saying so.
    if (this.#state === State.refused && !this.#unfinished) return ConnectionField.none;
    return responseConnectionField(response, request.version, closes);
  }

  sendData(stream: Stream, block: Block, start: number, end: number, last: boolean): void {
    if (this.#wireClosed) this.#memory.give(block);
    else if (!sendAnswerData(this.#memory, this.#wire, stream, block, start, end, last)) stream.closeClient = true;
  }

  sendEnd(stream: Stream): void {
    if (this.#wireClosed) return;
    if (this.#state === State.tunnel) this.#wire.finish();
    else if (!sendAnswerEnd(this.#memory, this.#wire, stream)) stream.closeClient = true;
  }

  findDestination(): void {
    const { session } = this;
    session.hasDestination = !this.#wireClosed && this.#wire.localAddress(session.destination);
  }

  unsent(): number {
    return this.#wireClosed ? 0 : this.#wire.unsent;
  }

  resumeRequest(): void {
    this.#wanted = true;
    const inbox = this.#inbox;
    const ready = this.#state === State.tunnel ? this.#ended || !inbox.isEmpty : !this.#tail && !inbox.isEmpty;
    const waits = ready || !inbox.behind.isEmpty;
    if (!waits) this.#wire.resume();
    else if (this.#state !== State.wait) this.#context.host.later(this);
  }

  pauseRequest(): void {
    this.#wanted = false;
    this.#wire.pause();
  }

  abort(_stream: Stream, reset: boolean): void {
    this.#state = State.closed;
    if (!this.#wireClosed) this.#wire.destroy(reset);
  }

  release(stream: Stream, keep: boolean): void {
    const now = this.#context.host.now();
    this.#stream = null;
    const complete = this.#state === State.wait;
    if (keep && complete && !this.#wireClosed && (!this.#ended || !this.#inbox.isNothing)) {
      this.#inbox.takeOver(stream.request);
      this.#context.endStream(stream);
      this.#next(now);
      return;
    }
    const unfinished = this.#unfinished || this.#state === State.body;
    const clean = complete && this.#inbox.isNothing;
    this.#context.endStream(stream);
    if (this.#wireClosed) this.#finish();
    else if (clean || this.#ended || this.#state === State.tunnel) this.#close();
    else if (this.#state !== State.closed) this.#drain(now, unfinished);
  }

  #next(now: number): void {
    this.#state = State.idle;
    this.#wanted = false;
    this.#idleSinceMs = now;
    this.#parser.reset();
    if (this.#inbox.isNothing) {
      const { frontend } = this.session;
      setDelay(this.#context.host.timers, this.#timer, now, frontend.timeouts.httpKeepAliveMs || requestTimeoutMs(frontend));
      this.#wire.resume();
    } else {
      this.#context.host.timers.stop(this.#timer);
      this.#context.host.later(this);
    }
    this.#desk.onIdle(this);
  }

  // The end -------------------------------------------------------------------------------------------

  /** Soft stop. option idle-close-on-response: one is closed with its next response only, so that no request on its way is lost. */
  closeIdle(): boolean {
    const isIdle = this.#state === State.idle && this.#stream === null && this.#inbox.isNothing;
    if (!isIdle || this.session.frontend.closesOnResponse) return false;
    this.#close();
    return true;
  }

  /**
   * Says that no more comes and drops what the client still sends, so that it can read the answer (RFC 9112 9.6). In the
   * middle of a request that is said only at the end, as HAProxy does. A second or DRAIN_BYTES long.
   */
  #drain(now: number, unfinished: boolean): void {
    this.#state = State.drain;
    this.#drained = 0;
    this.#inbox.drop(this.#memory);
    if (!unfinished) this.#wire.finish();
    this.#wire.resume();
    setDelay(this.#context.host.timers, this.#timer, now, DRAIN_MS);
  }

  #close(): void {
    this.#state = State.closed;
    if (this.#wireClosed) this.#finish();
    else this.#wire.destroy(this.session.frontend.noLinger);
  }

  #finish(): void {
    if (this.#stream !== null) return;
    this.#state = State.closed;
    this.#inbox.drop(this.#memory);
    this.#context.host.timers.drop(this.#timer);
    if (this.session.privateBack !== null) this.#desk.onSessionEnd(this.session);
    this.#desk.onClosed(this);
  }
}
