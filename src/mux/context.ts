/**
 * What every mux of a data thread works with: host, memory, the machine's events, and the pools of
 * records. Made once a thread by worker/. It must not know protocols.
 */

import { INBOX_SIZE } from '../base/inbox.ts';
import type { Memory } from '../base/memory.ts';
import { NOTE_SIZE } from '../base/memory.ts';
import type { TimerOwner } from '../base/timers.ts';
import type { Host } from '../platform/contract.ts';
import { restoreAddresses, writeSourceText } from '../state/addresses.ts';
import { Ended } from '../state/end.ts';
import { ConnectionFailure } from '../state/failures.ts';
import { Phase } from '../state/phase.ts';
import { type Frontend, type FrontMux, type Session, Stream, type StreamEvents } from '../state/records.ts';
import { UNIQUE_ID_ROOM, Wait } from '../state/settings.ts';
import { ProcessLive, type Shared } from '../state/shared.ts';
import { Scope, Variables } from '../state/variables.ts';
import { releaseTracked } from '../stick/track.ts';
import { ProxyDialer } from '../transport/proxy-dialer.ts';
import { TlsDialer } from '../transport/tls-dialer.ts';
import { TlsGround } from '../transport/tls-ground.ts';
import { prepareSending } from './h1-send.ts';

/** Limits of the thread that come from `tune.*`. */
export interface MuxLimits {
  /** tune.bufsize: the longest head with what rules add (bytes). */
  readonly bufferSize: number;
  /** tune.maxrewrite: what of it is kept free for rules (bytes). */
  readonly maxRewrite: number;
  /** tune.http.maxhdr. */
  readonly maxHeaders: number;
  /** tune.http.logurilen: bytes of a request target that are kept for the log. */
  readonly logTargetBytes: number;
}

/** How many numbers of streams a thread takes at once; a power of two. */
const SERIALS = 64;

export class MuxContext {
  readonly host: Host;
  readonly memory: Memory;
  readonly shared: Shared;
  readonly limits: MuxLimits;
  readonly variables: Variables;
  /** What wires with TLS share; used only if a configuration wants them. */
  readonly tlsGround: TlsGround;
  readonly tls: TlsDialer;
  readonly proxy: ProxyDialer;
  /** Set by the worker before the first connection. */
  events!: StreamEvents;
  /** Set by the worker: receives the streams' timers. */
  streamTimers!: TimerOwner;
  /** The process ends softly: connections close after the exchange they are in. */
  stopping = false;
  /** close-spread-time (milliseconds; 0: at once, -1: never), and when a soft stop has closed all that is idle. */
  closeSpreadMs = 0;
  closeEndMs = 0;
  /** Streams in use. */
  streams = 0;
  /** Every record there is, in use or not: for what has to look at all of them, as a server that goes down. */
  readonly allStreams: Stream[] = [];
  readonly #freeStreams: Stream[] = [];
  /** Of the next stream; a multiple of SERIALS: more are to be taken first. */
  #serial = 0;

  constructor(host: Host, shared: Shared, limits: MuxLimits) {
    this.host = host;
    this.memory = host.memory;
    this.shared = shared;
    const { maxRewrite, maxHeaders, logTargetBytes } = limits;
    // A head lies in one block.
    this.limits = { bufferSize: Math.min(limits.bufferSize, INBOX_SIZE), maxRewrite, maxHeaders, logTargetBytes };
    this.variables = new Variables(this.memory, shared);
    this.tlsGround = new TlsGround(host, shared.live);
    this.tls = new TlsDialer(this.tlsGround);
    this.proxy = new ProxyDialer(this.tlsGround);
    prepareSending(this.memory);
  }

  /** In a soft stop: does the connection end with the answer that is sent now? While closing is spread, the likelier the later. */
  closesWithAnswer(): boolean {
    if (this.closeSpreadMs <= 0) return this.closeSpreadMs === 0;
    return this.closeEndMs - this.host.now() <= Math.random() * this.closeSpreadMs;
  }

  /** A stream record with its note; null when none is left. */
  beginStream(session: Session, front: FrontMux, frontend: Frontend): Stream | null {
    const note = this.memory.notes.take();
    if (note < 0) return null;
    const free = this.#freeStreams;
    const stream = free.length > 0 ? (free.pop() as Stream) : this.#newStream();
    stream.note = note;
    stream.noteEnd = this.memory.noteBase(note);
    stream.noteLimit = stream.noteEnd + NOTE_SIZE - (frontend.uniqueId === null ? 0 : UNIQUE_ID_ROOM);
    if (session.kept.hasSource || session.kept.keepsDestination) restoreAddresses(session);
    stream.session = session;
    stream.frontend = frontend;
    stream.front = front;
    stream.clientTimeoutMs = frontend.timeouts.clientMs;
    stream.overrides.tarpitTimeoutMs = frontend.timeouts.tarpitMs;
    this.variables.begin(session.variables, stream.variables, stream.messageVariables);
    stream.startedAtMs = this.host.now();
    stream.patternCommits = this.shared.live[ProcessLive.patternCommits] as number;
    stream.serial = this.#nextSerial();
    this.streams++;
    return stream;
  }

  /** Takes the record and what it still owns back. */
  endStream(stream: Stream): void {
    const { memory } = this;
    releaseTracked(stream);
    stream.request.giveBlocks(memory);
    stream.response.giveBlocks(memory);
    memory.notes.give(stream.note);
    endServerTls(stream);
    this.variables.release(stream.messageVariables);
    this.variables.release(stream.variables);
    this.host.timers.drop(stream.timer);
    resetStream(stream);
    this.#freeStreams.push(stream);
    this.streams--;
  }

  /** Numbers of the process: a thread takes some at once. */
  #nextSerial(): number {
    if ((this.#serial & (SERIALS - 1)) === 0) this.#serial = Atomics.add(this.shared.live, ProcessLive.serial, SERIALS);
    return this.#serial++;
  }

  #newStream(): Stream {
    // hot-ok: once per concurrent stream, then pooled
    const stream = new Stream();
    this.allStreams.push(stream);
    stream.machine = this.streamTimers;
    return stream;
  }
}

/** Nothing is captured any more: only slots that the frontend has were filled. A loop: a call of fill costs more than these few cells. */
function clearCaptures(ranges: Int32Array, count: number): void {
  for (let at = 0; at < count * 2; at++) ranges[at] = -1;
}

function resetStream(stream: Stream): void {
  stream.request.reset();
  stream.response.reset();
  stream.backend = stream.server = stream.front = stream.back = null;
  stream.serverFailure = ConnectionFailure.none;
  stream.note = -1;
  stream.hasRequestLine = false;
  stream.lastRule = stream.waitingRule = null;
  stream.uniqueIdStart = stream.uniqueIdEnd = 0;
  stream.phase = Phase.request;
  stream.cause = Ended.normal;
  stream.endPhase = -1;
  stream.ruleIndex = stream.analyser = stream.responseStep = 0;
  stream.wait = Wait.none;
  stream.serverTimeoutMs = -1;
  stream.overrides.reset();
  stream.ruleDeadlineMs = Number.POSITIVE_INFINITY;
  stream.idleMs = 0;
  stream.firstByteAtMs = stream.requestAtMs = stream.queuedAtMs = stream.connectAtMs = -1;
  stream.connectedAtMs = stream.responseAtMs = stream.dataAtMs = stream.endedAtMs = -1;
  stream.bytes.reset();
  stream.status = stream.serverStatus = 0;
  stream.retriesLeft = stream.retries = 0;
  stream.serverQueuePosition = stream.backendQueuePosition = 0;
  stream.clientCookie = stream.serverCookie = 45;
  stream.redispatched = stream.backReused = stream.persistent = stream.isLocalReply = false;
  stream.countedBackend = stream.countedServer = false;
  stream.requestDone = stream.responseDone = stream.responseStarted = false;
  stream.tunnel = stream.requestSent = stream.closeClient = stream.clientGone = stream.serverReusable = stream.logged = false;
  stream.hasBackSource = false;
  clearCaptures(stream.requestCaptures, stream.frontend.requestCaptureLengths.length);
  clearCaptures(stream.responseCaptures, stream.frontend.responseCaptureLengths.length);
  clearCaptures(stream.cookieCaptures, 2);
  stream.clientDeadlineMs = stream.serverDeadlineMs = Number.POSITIVE_INFINITY;
  stream.logLevel = -1;
  if (stream.stores !== null) stream.stores.count = 0;
}

/** The stream asks no more about the TLS of its server's connection. */
export function endServerTls(stream: Stream): void {
  if (stream.serverTls === null) return;
  stream.serverTls.free();
  stream.serverTls = null;
}

/** Starts a session on an accepted wire: addresses and times. The record is reused from connection to connection. */
export function beginSession(session: Session, frontend: Frontend, host: Host): void {
  session.frontend = frontend;
  session.hasDestination = session.kept.hasSource = session.kept.keepsDestination = false;
  session.acceptedAtMs = host.now();
  session.handshakeMs = 0;
  session.tls = null;
  if (session.hello !== null) session.hello.isKept = false;
  session.failure = ConnectionFailure.none;
  session.acceptedWallMs = host.wallClock();
  session.requests = 0;
  session.variables.scope = Scope.session;
  session.privateBack = null;
  session.lastServer = null;
  writeSourceText(session);
}
