/**
 * Client connections of a data thread: accepting them within the limits, giving each its mux, and
 * ending them in good order when the process stops. It must not know requests.
 */
import { copyAddress } from '../base/address.ts';
import { Timer, type TimerOwner } from '../base/timers.ts';
import type { BackPool } from '../mux/back-pool.ts';
import { beginSession, type MuxContext } from '../mux/context.ts';
import type { ClosableFront, FrontDesk } from '../mux/front-desk.ts';
import { H1Front } from '../mux/h1-front.ts';
import { RawFront } from '../mux/raw-front.ts';
import type { Listener, Wire, WireHandler } from '../platform/contract.ts';
import { ProxyHeader } from '../proto/proxy-line/read.ts';
import type { ClientHello } from '../proto/tls-hello.ts';
import { writeSourceText } from '../state/addresses.ts';
import { KeptHello } from '../state/client-hello.ts';
import { ConnectionFailure, type ConnectionFailureValue, failureText, isSilentFailure } from '../state/failures.ts';
import { countEvent, rateTime } from '../state/rates.ts';
import { type Frontend, type RuleList, type Session, Stream } from '../state/records.ts';
import { Verdict } from '../state/settings.ts';
import { Count, FrontendLive, ProcessLive } from '../state/shared.ts';
import { countClientKey, countTlsClient, countTlsFailure, countTlsHandshake, isTlsFull } from '../state/tls-counts.ts';
import { countSession, releaseTracked } from '../stick/track.ts';
import type { CertificateChoice } from '../transport/certificates.ts';
import { type IntakeOwner, ProxyIntake } from '../transport/proxy-intake.ts';
import type { TlsOwner } from '../transport/tls-owner.ts';
import { TlsWire } from '../transport/tls-wire.ts';
import { Closing } from './closing.ts';
import { countPacedConnection, countPacedSession, isPaced, paceDelayMs } from './pace.ts';
import { Parking } from './parking.ts';

/** How often a listener that is at its limit looks whether it may go on (milliseconds). */
const RETRY_MS = 50;

/** What rules and logs call a bound address. */
export interface DoorIdentity {
  readonly name: string;
  readonly id: number;
  readonly isNamed: boolean;
  /** accept-proxy: connections must begin with a PROXY header. */
  readonly acceptsProxy: boolean;
}

/** One bound address of a frontend, as this thread sees it. */
interface Door {
  readonly frontend: Frontend;
  readonly identity: DoorIdentity;
  readonly tls: CertificateChoice | null;
  readonly listener: Listener;
  /** What it accepted before it could be paused. */
  readonly parking: Parking;
  paused: boolean;
}

type AnyFront = H1Front | RawFront;

export class Listeners implements FrontDesk, TimerOwner, TlsOwner<TlsWire>, IntakeOwner<AnyFront> {
  readonly #context: MuxContext;
  readonly #backs: BackPool;
  readonly #doors: Door[] = [];
  readonly #freeHttp: H1Front[] = [];
  readonly #freeRaw: RawFront[] = [];
  readonly #freeTls: TlsWire[] = [];
  readonly #freeIntakes: ProxyIntake<AnyFront>[] = [];
  readonly #proxyHeader: ProxyHeader;
  readonly #open = new Set<ClosableFront>();
  /** Connections whose PROXY header is awaited. */
  readonly #intakes = new Set<ProxyIntake<AnyFront>>();
  /** Connections whose TLS handshake is not done. */
  readonly #handshakes = new Map<TlsWire, AnyFront>();
  readonly #timer = new Timer(this);
  /** Carries a session through `tcp-request connection` rules: there is no stream yet. */
  readonly #probe = new Stream();
  /** Sees the end of connections that session rules refuse behind their handshake. */
  readonly #refusal: WireHandler = {
    onOpen: () => undefined,
    onData: () => false,
    onSent: (_wire, block) => this.#context.memory.give(block),
    onEnd: () => undefined,
    onClose: (wire) => this.onUnsecured(wire as TlsWire),
  };
  #stopping = false;
  /** At a soft stop: closes idle connections bit by bit. */
  readonly #closing: Closing;
  /** A door is at a limit. */
  #somePaused = false;
  /** Called when the last connection has ended after `stop`. */
  onEmpty: (() => void) | null = null;

  constructor(context: MuxContext, backs: BackPool) {
    this.#context = context;
    this.#backs = backs;
    this.#closing = new Closing(context, this.#open);
    this.#proxyHeader = new ProxyHeader(context.limits.bufferSize);
  }

  /** Connections open on this thread. */
  get connections(): number {
    return this.#open.size + this.#handshakes.size + this.#intakes.size;
  }

  /** Accepts on an inherited or shared descriptor that is bound and listening. */
  listen(descriptor: number, frontend: Frontend, identity: DoorIdentity, tls: CertificateChoice | null = null): void {
    const listener = this.#context.host.listen(descriptor, (wire) => this.#accept(wire, door));
    const door: Door = { frontend, identity, tls, listener, parking: new Parking(), paused: false };
    this.#doors.push(door);
  }

  #accept(wire: Wire, door: Door): WireHandler | null {
    if (door.parking.size === 0 && this.#enter(door)) return this.#begin(wire, door);
    this.#pause(door);
    door.parking.park(wire);
    return door.parking;
  }

  /** Counts one more connection. False: a limit is reached, and it is not counted. */
  #enter({ frontend, tls }: Door): boolean {
    const { live } = this.#context.shared;
    if (tls !== null && isTlsFull(live)) return false;
    const paced = isPaced(live, frontend);
    if (paced && paceDelayMs(live, frontend, tls !== null, this.#context.host.wallClock()) > 0) return false;
    const process = Atomics.add(live, ProcessLive.current, 1) + 1;
    const current = Atomics.add(live, frontend.live + FrontendLive.current, 1) + 1;
    if (current <= Atomics.load(live, frontend.live + FrontendLive.maxconn) && process <= Atomics.load(live, ProcessLive.maxconn)) {
      this.#countConnection(frontend, current);
      if (paced) countPacedConnection(live, this.#context.host.wallClock());
      if (tls !== null) countTlsClient(live, rateTime(this.#context.host.wallClock()));
      return true;
    }
    this.#leave(frontend);
    return false;
  }

  /** The mux for a connection that has been counted; null: rules refuse it. */
  #begin(wire: Wire, door: Door): WireHandler | null {
    const { frontend } = door;
    const front = frontend.http
      ? (this.#freeHttp.pop() ?? new H1Front(this.#context, this))
      : (this.#freeRaw.pop() ?? new RawFront(this.#context, this));
    const { session } = front;
    wire.peerAddress(session.source);
    session.wire = wire;
    beginSession(session, frontend, this.#context.host);
    if (frontend.needsDestination) session.hasDestination = wire.localAddress(session.destination);
    session.listenerName = door.identity.name;
    session.listenerId = door.identity.id;
    session.listenerIsNamed = door.identity.isNamed;
    session.introduction.begin(door.identity.acceptsProxy);
    return this.#isWelcome(wire, session) ? this.#receive(wire, door.tls, front) : this.#refuse(front);
  }

  /** What comes first on a connection that rules have let in: a PROXY header, a TLS handshake, or the client's bytes. */
  #receive(wire: Wire, tls: CertificateChoice | null, front: AnyFront): WireHandler | null {
    const { session } = front;
    if (session.introduction.isExpected) return this.#awaitHeader(wire, tls, front);
    if (tls === null && !this.#mayBegin(wire, session)) return this.#refuse(front);
    countPacedSession(this.#context.shared.live, session.acceptedWallMs);
    if (tls !== null) return this.#secure(wire, tls, front, handshakeMs(session.frontend));
    this.#start(front, wire);
    return front;
  }

  /** The host closes the connection. */
  #refuse(front: AnyFront): null {
    const { session } = front;
    releaseTracked(session);
    session.wire = null;
    this.#leave(session.frontend);
    this.#recycle(front);
    return null;
  }

  // PROXY -------------------------------------------------------------------------------------------

  #awaitHeader(wire: Wire, tls: CertificateChoice | null, front: AnyFront): WireHandler {
    // hot-ok: once per concurrent connection, then pooled
    const intake = this.#freeIntakes.pop() ?? new ProxyIntake<AnyFront>(this.#context.host, this.#proxyHeader, this);
    this.#intakes.add(intake);
    intake.accept(wire, front, tls, handshakeMs(front.session.frontend));
    return intake;
  }

  onIntroduced(intake: ProxyIntake<AnyFront>, header: ProxyHeader): WireHandler | null {
    const { wire, tls } = intake;
    const front = intake.guest as AnyFront;
    const { session } = front;
    introduce(session, header, this.#context.memory.bytes);
    // Others may have begun since it was accepted (maxsslconn).
    if (tls === null ? !this.#mayBegin(wire, session) : isTlsFull(this.#context.shared.live)) return null;
    this.#intakes.delete(intake);
    this.#freeIntakes.push(intake);
    const { host, shared } = this.#context;
    countPacedSession(shared.live, session.acceptedWallMs);
    if (tls === null) {
      wire.handler = front;
      this.#start(front, wire);
      return front;
    }
    const secured = this.#secure(wire, tls, front, Math.max(1, intake.deadlineMs - host.now()));
    wire.handler = secured;
    return secured;
  }

  onStranger(intake: ProxyIntake<AnyFront>): void {
    const front = intake.guest as AnyFront;
    const { session } = front;
    const { failure } = intake;
    this.#intakes.delete(intake);
    this.#freeIntakes.push(intake);
    if (failure !== ConnectionFailure.none) tell(session, failure);
    session.wire = null;
    this.#left(front);
  }

  // TLS ---------------------------------------------------------------------------------------------

  #secure(wire: Wire, choice: CertificateChoice, front: AnyFront, timeoutMs: number): WireHandler {
    const secured = this.#freeTls.pop() ?? new TlsWire(this.#context.tlsGround);
    this.#handshakes.set(secured, front);
    secured.accept(wire, choice, this, timeoutMs);
    return secured;
  }

  onHello(wire: TlsWire, bytes: Uint8Array, hello: ClientHello): void {
    const { session } = this.#handshakes.get(wire) as AnyFront;
    session.hello ??= new KeptHello(this.#context.tlsGround.tuning.helloBytes); // hot-ok: once per concurrent connection, then pooled
    session.hello.keep(bytes, hello);
  }

  onSecured(wire: TlsWire): void {
    const front = this.#handshakes.get(wire) as AnyFront;
    this.#handshakes.delete(wire);
    const { session } = front;
    this.#countHandshake(session.frontend, wire.engine?.isResumed === true);
    session.handshakeMs = wire.securedAtMs - session.acceptedAtMs;
    session.tls = wire.engine;
    wire.engineIsLent = true;
    if (!this.#mayBegin(wire, session)) {
      this.#handshakes.set(wire, front);
      wire.handler = this.#refusal;
      wire.destroy(false);
      return;
    }
    wire.handler = front;
    this.#start(front, wire);
  }

  #countHandshake({ counts }: Frontend, isResumed: boolean): void {
    const { shared, host } = this.#context;
    countTlsHandshake(shared.counts, counts, isResumed);
    if (!isResumed) countClientKey(shared.live, rateTime(host.wallClock()));
  }

  /** What waits for the end of the handshake goes on. */
  onSettled(wire: TlsWire): void {
    const front = wire.handler;
    if (front instanceof H1Front) front.onSettled();
  }

  /** The bytes of the client can be read: a session begins. */
  #start(front: AnyFront, wire: Wire): void {
    countSession(front.session);
    this.#open.add(front);
    front.start(wire);
  }

  onUnsecured(wire: TlsWire): void {
    const front = this.#handshakes.get(wire) as AnyFront;
    this.#handshakes.delete(wire);
    if (wire.failure !== ConnectionFailure.none) this.#report(wire, front.session);
    this.#left(front);
  }

  /** A handshake that failed, in the log: without a stream, so by words of its own or by error-log-format. */
  #report(wire: TlsWire, session: Session): void {
    // As HAProxy counts: who takes too long has not failed.
    if (wire.failure !== ConnectionFailure.handshakeTimeout) countTlsFailure(this.#context.shared.counts, session.frontend.counts);
    session.tls = wire.engine;
    tell(session, wire.failure);
    // The wire frees it.
    session.tls = null;
  }

  recycle(wire: TlsWire): void {
    this.#freeTls.push(wire);
  }

  /** Lets those in who wait, as far as the limits allow. */
  #admit(): void {
    for (const door of this.#doors) if (door.parking.size > 0) this.#admitAt(door);
  }

  #admitAt(door: Door): void {
    while (door.parking.size > 0 && this.#enter(door)) {
      const wire = door.parking.take();
      wire.resume();
      const handler = this.#begin(wire, door);
      if (handler === null) wire.destroy(false);
      else wire.handler = handler;
    }
  }

  #countConnection(frontend: Frontend, current: number): void {
    const { counts } = this.#context.shared;
    const at = frontend.counts;
    counts[at + Count.connectionsTotal] = (counts[at + Count.connectionsTotal] as number) + 1;
    counts[at + Count.sessionsTotal] = (counts[at + Count.sessionsTotal] as number) + 1;
    if (current > (counts[at + Count.sessionsMax] as number)) counts[at + Count.sessionsMax] = current;
    if (!frontend.countsRates) return;
    countEvent(this.#context.shared.live, frontend.live + FrontendLive.sessionRate, rateTime(this.#context.host.wallClock()));
  }

  /** tcp-request connection rules: a refused connection is closed without a word and not logged. They see the socket's addresses. */
  #isWelcome(wire: Wire, session: Session): boolean {
    const { tcpConnectionRules } = session.frontend;
    return tcpConnectionRules === null || this.#passes(tcpConnectionRules, wire, session, Count.deniedConnections);
  }

  /** tcp-request session rules: behind the PROXY header and the handshake. */
  #mayBegin(wire: Wire, session: Session): boolean {
    const { tcpSessionRules } = session.frontend;
    return tcpSessionRules === null || this.#passes(tcpSessionRules, wire, session, Count.deniedSessions);
  }

  /** @param cell counts who does not pass */
  #passes(rules: RuleList, wire: Wire, session: Session, cell: number): boolean {
    const probe = this.#probe;
    const { frontend } = session;
    probe.session = session;
    probe.frontend = frontend;
    probe.ruleIndex = 0;
    const verdict = rules.run(probe);
    if (verdict === Verdict.next) return true;
    if (verdict === Verdict.vanish) wire.silence(probe.overrides.dropTtl);
    const { counts } = this.#context.shared;
    counts[frontend.counts + cell] = (counts[frontend.counts + cell] as number) + 1;
    return false;
  }

  onIdle(front: ClosableFront): void {
    if (this.#stopping) this.#closing.onIdle(front);
  }

  upgrade(raw: ClosableFront): H1Front {
    const from = raw as RawFront;
    const to = this.#freeHttp.pop() ?? new H1Front(this.#context, this);
    const { session } = from;
    from.session = to.session;
    to.session = session;
    this.#open.delete(from);
    this.#open.add(to);
    this.#freeRaw.push(from);
    return to;
  }

  onSessionEnd(session: Session): void {
    this.#backs.closePrivate(session);
  }

  onClosed(front: ClosableFront): void {
    if (this.#open.delete(front)) this.#left(front as AnyFront);
  }

  #left(front: AnyFront): void {
    const { session } = front;
    releaseTracked(session);
    this.#leave(session.frontend);
    session.tls?.free();
    session.tls = null;
    this.#recycle(front);
    if (this.#somePaused) this.#admit();
    if (this.#stopping && this.connections === 0) this.#end();
  }

  #recycle(front: AnyFront): void {
    this.#context.variables.release(front.session.variables);
    if (front instanceof H1Front) this.#freeHttp.push(front);
    else this.#freeRaw.push(front);
  }

  #leave(frontend: Frontend): void {
    const { live } = this.#context.shared;
    Atomics.sub(live, ProcessLive.current, 1);
    Atomics.sub(live, frontend.live + FrontendLive.current, 1);
  }

  // Limits ------------------------------------------------------------------------------------------

  #pause(door: Door): void {
    if (door.paused) return;
    door.paused = this.#somePaused = true;
    door.listener.pause();
    const atMs = this.#context.host.now() + this.#waitMs(door);
    if (atMs < this.#timer.deadline) this.#context.host.timers.set(this.#timer, atMs);
  }

  /** When to look again whether the door may open (milliseconds from now); 0: it may. */
  #waitMs({ frontend, parking, tls }: Door): number {
    const { live } = this.#context.shared;
    const full = Atomics.load(live, ProcessLive.current) >= Atomics.load(live, ProcessLive.maxconn) || (tls !== null && isTlsFull(live));
    const atLimit = Atomics.load(live, frontend.live + FrontendLive.current) >= Atomics.load(live, frontend.live + FrontendLive.maxconn);
    const paceMs = isPaced(live, frontend) ? paceDelayMs(live, frontend, tls !== null, this.#context.host.wallClock()) : 0;
    return paceMs > 0 ? paceMs : full || atLimit || parking.size > 0 ? RETRY_MS : 0;
  }

  onTimer(): void {
    this.#admit();
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const door of this.#doors) {
      if (!door.paused) continue;
      const waitMs = this.#waitMs(door);
      if (waitMs > 0) soonestMs = Math.min(soonestMs, waitMs);
      else {
        door.paused = false;
        door.listener.resume();
      }
    }
    this.#somePaused = soonestMs < Number.POSITIVE_INFINITY;
    const { host } = this.#context;
    if (this.#somePaused && !this.#stopping) host.timers.set(this.#timer, host.now() + soonestMs);
  }

  /** SIGTTOU and SIGTTIN: stop and resume accepting without closing. */
  setPaused(paused: boolean): void {
    for (const door of this.#doors) {
      if (paused) door.listener.pause();
      else if (!door.paused) door.listener.resume();
    }
  }

  /** Accepts no more and closes idle connections; `onEmpty` follows when the last one has ended. */
  stop(): void {
    this.#stopping = true;
    this.#context.stopping = true;
    this.#context.host.timers.drop(this.#timer);
    for (const door of this.#doors) door.listener.stop();
    for (const door of this.#doors) door.parking.clear();
    this.#closing.start();
    for (const wire of [...this.#handshakes.keys()]) wire.destroy(false);
    for (const { wire } of [...this.#intakes]) wire.destroy(false);
    if (this.connections === 0) this.#end();
  }

  #end(): void {
    this.#closing.stop();
    this.onEmpty?.();
  }
}

/** Why a connection has failed, in the log. */
function tell(session: Session, failure: ConnectionFailureValue): void {
  const { frontend } = session;
  session.failure = failure;
  if (frontend.log === null || (frontend.dontLogNull && isSilentFailure(failure))) return;
  frontend.log.connection(session, failureText(failure));
}

/** How long a client may take for a PROXY header and its handshake. */
function handshakeMs({ timeouts }: Frontend): number {
  return timeouts.clientHsMs || timeouts.clientMs || Number.POSITIVE_INFINITY;
}

/** From now on the session has the addresses that the header tells, if it tells any. */
function introduce(session: Session, header: ProxyHeader, bytes: Uint8Array): void {
  const { introduction } = session;
  introduction.isReceived = true;
  introduction.keep(bytes, header.tlvStart, header.tlvEnd);
  if (!header.hasAddresses) return;
  copyAddress(header.source, session.source);
  copyAddress(header.destination, session.destination);
  session.hasDestination = true;
  writeSourceText(session);
}
