/**
 * A wire with TLS between a wire of the host and a mux: to the one below it is a handler, to the one above a wire, so neither
 * knows that there is TLS. Bytes are decrypted and encrypted in the blocks they lie in. It must not know the library behind the
 * engine, nor what certificates are.
 *
 * Blocks: what comes in is decrypted in place when the engine holds no start of a record, since plain bytes are fewer than those
 * they come from; otherwise into a fresh block. What goes out is encrypted and put back into its own block, from its first byte on;
 * only what does not fit any more, and what the engine says by itself, takes a block of the wire's own.
 */
import { Inbox } from '../base/inbox.ts';
import { BLOCK_SIZE, type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import { Timer, type TimerOwner } from '../base/timers.ts';
import { Close, type CloseReason, type Task, type Wire, type WireHandler } from '../platform/contract.ts';
import { Handshake, Read, type TlsContext, type TlsEngine } from '../platform/tls/contract.ts';
import { HelloResult } from '../proto/tls-hello.ts';
import { ConnectionFailure, type ConnectionFailureValue } from '../state/failures.ts';
import { beginTls, endTls } from '../state/tls-counts.ts';
import type { CertificateChoice } from './certificates.ts';
import { EarlyData } from './early-data.ts';
import type { EarlySpeaker } from './early-speaker.ts';
import { LayeredWire } from './layered-wire.ts';
import { reading, readRecords } from './reading.ts';
import { RecordSize } from './record-size.ts';
import { clientFailureOf, serverFailureOf } from './tls-failure.ts';
import { MOST_ANSWERS, type TlsGround } from './tls-ground.ts';
import type { TlsOwner } from './tls-owner.ts';
import { UpdateLimit } from './update-limit.ts';

const State = {
  idle: 0,
  hello: 1,
  handshake: 2,
  /** The handshake has failed: an alert is on its way. */
  failed: 3,
  open: 4,
  broken: 5,
  /** Destroyed: the end of the connection is being told. */
  closing: 6,
} as const;

/** How long a peer may take to read the alert and leave (milliseconds), and how much of it is read meanwhile. */
const LINGER_MS = 1000;
const LINGER_BYTES = 1 << 20;

export class TlsWire extends LayeredWire implements Wire, WireHandler, TimerOwner, Task {
  /** Set by the owner when the handshake is done; asked for nothing before. */
  handler!: WireHandler;
  queued = false;
  /** Milliseconds of the host's clock when the handshake was done; -1: it is not. */
  securedAtMs = -1;
  failure: ConnectionFailureValue = ConnectionFailure.none;
  /** Set by the owner in `onSecured`: it frees the engine, as it is asked beyond the end of the wire. */
  engineIsLent = false;
  readonly #ground: TlsGround;
  readonly #memory: Memory;
  readonly #timer = new Timer(this);
  #owner!: TlsOwner<TlsWire>;
  /** null: the hello of the client, which decides about its certificate, has not been read. */
  #engine: TlsEngine | null = null;
  #choice: CertificateChoice | null = null;
  #state: number = State.idle;
  #isClient = false;
  /** There is a connection below: it may fail by TLS. */
  #isReached = false;
  #paused = false;
  /** The engine holds the start of a record. */
  #partial = false;
  /** The handler has been told that the peer sends no more. */
  #ended = false;
  #endWaits = false;
  /** This wire has broken the connection off, and not its handler. */
  #gaveUp = false;
  /** This side has begun its part of the handshake. */
  #hasSpoken = false;
  /** Blocks of the wire's own that are being sent. */
  #ownUnsent = 0;
  /** Bytes that came when nothing was wanted any more. */
  #dropped = 0;
  /** Nothing is read until answers have been sent. */
  #choked = false;
  /** Cipher bytes that wait while the handler is paused, or have not been read yet. */
  readonly #held = new Inbox();
  readonly #recordSize = new RecordSize();
  readonly #early: EarlyData;
  readonly #updates = new UpdateLimit();
  /** Of a client: its handler, if that speaks before the handshake is done, and how many bytes it may say. */
  #speaker: EarlySpeaker | null = null;
  #sayable = 0;

  constructor(ground: TlsGround) {
    super();
    this.#ground = ground;
    this.#memory = ground.memory;
    this.#early = new EarlyData(ground.memory);
  }

  get engine(): TlsEngine | null {
    return this.#engine;
  }

  /** Serves an accepted wire, whose handler it becomes. @param timeoutMs of the handshake; Infinity: none */
  accept(lower: Wire, choice: CertificateChoice, owner: TlsOwner<TlsWire>, timeoutMs: number): void {
    this.#begin(null, owner, false, timeoutMs);
    this.#choice = choice;
    this.#state = State.hello;
    this.lower = lower;
  }

  /** Will be the handler of a wire that is being connected; `setLower` follows at once. @param speaker its own handler, if that may speak early */
  connect(engine: TlsEngine, owner: TlsOwner<TlsWire>, speaker: EarlySpeaker | null = null): void {
    this.#begin(engine, owner, true, Number.POSITIVE_INFINITY);
    this.#sayable = engine.mostEarly;
    if (this.#sayable > 0) this.#speaker = speaker;
  }

  setLower(lower: Wire): void {
    this.lower = lower;
  }

  #begin(engine: TlsEngine | null, owner: TlsOwner<TlsWire>, isClient: boolean, timeoutMs: number): void {
    this.#engine = engine;
    this.#owner = owner;
    this.#isClient = isClient;
    this.#isReached = !isClient;
    this.#state = State.handshake;
    this.#paused = this.#partial = this.#ended = this.#endWaits = this.#gaveUp = this.#choked = this.#hasSpoken = false;
    this.#ownUnsent = this.#dropped = 0;
    this.failure = ConnectionFailure.none;
    this.engineIsLent = false;
    this.#choice = null;
    this.#speaker = null;
    this.securedAtMs = -1;
    this.#recordSize.begin();
    this.#updates.begin(this.#ground.host.now());
    if (this.#ground.live !== null) beginTls(this.#ground.live);
    this.#early.begin();
    const { host } = this.#ground;
    if (timeoutMs !== Number.POSITIVE_INFINITY) host.timers.set(this.#timer, host.now() + timeoutMs);
  }

  onTimer(): void {
    if (this.#early.isOn) this.#giveUp(false);
    else if (this.#state === State.handshake || this.#state === State.hello) this.failure = ConnectionFailure.handshakeTimeout;
    else if (this.#state !== State.failed && this.#state !== State.closing) return;
    this.lower.destroy(false);
  }

  // From below ---------------------------------------------------------------------------------------

  onOpen(wire: Wire): void {
    this.lower = wire;
    this.#isReached = true;
    const engine = this.#engine as TlsEngine;
    engine.offer(0, 0);
    this.#speaker?.onOpen(this);
    if (this.#state === State.handshake) this.#handshake(engine);
  }

  onData(_: Wire, block: Block, start: number, end: number): boolean {
    if (this.#state === State.hello) return this.#onHello(block, start, end);
    const shakes = this.#state === State.handshake;
    if (!shakes && this.#state !== State.open) return this.#drop(end - start);
    const engine = this.#engine as TlsEngine;
    engine.offer(start, end);
    if (shakes && !this.#handshake(engine)) return false;
    if (this.#early.isOn) return this.#onEarly(engine, block, end);
    const { rest } = engine;
    if (rest >= end) return false;
    return this.#partial || this.#paused ? this.#hold(block, rest, end) : this.#readInPlace(engine, block, rest, end);
  }

  /** Nothing of the peer is wanted any more: it is read so that the peer reads what was said last. */
  #drop(bytes: number): false {
    this.#dropped += bytes;
    if (this.#dropped > LINGER_BYTES) this.lower.destroy(false);
    return false;
  }

  /** Gathers the client's hello until it tells which certificate is wanted; then the bytes go the usual way. */
  #onHello(block: Block, start: number, end: number): boolean {
    if (!this.#held.isEmpty) return this.#onMoreHello(start, end);
    if (!this.#choose(start, end)) {
      if (this.#state !== State.hello) return false;
      if (this.#ground.isShort) return this.#dismiss(ConnectionFailure.handshakeMemory);
      this.#held.adopt(block, start, end);
      return true;
    }
    return this.onData(this.lower, block, start, end);
  }

  /** Without a word: nothing is known of the client. */
  #dismiss(failure: ConnectionFailureValue): false {
    this.failure = failure;
    this.lower.destroy(false);
    return false;
  }

  #onMoreHello(start: number, end: number): boolean {
    const held = this.#held;
    const count = held.append(this.#memory, start, end);
    if (!this.#choose(held.start, held.end)) {
      return count < end - start ? this.#dismiss(ConnectionFailure.handshake) : false;
    }
    const { start: from, end: to } = held;
    const block = held.release();
    if (!this.onData(this.lower, block, from, to)) this.#memory.give(block);
    return false;
  }

  /** False: more is needed, or there is no certificate for the client and the wire ends. */
  #choose(start: number, end: number): boolean {
    const choice = this.#choice as CertificateChoice;
    const { hello, tuning } = this.#ground;
    const { bytes } = this.#memory;
    const isKept = tuning.helloBytes > 0;
    const result = choice.needsHello || isKept ? this.#ground.readHello(start, end) : HelloResult.other;
    if (result === HelloResult.more) return false;
    if (isKept && result === HelloResult.done) this.#owner.onHello(this, bytes, hello);
    const context: TlsContext | null = choice.choose(bytes, hello, result);
    this.#engine = context === null ? null : context.open(choice.asked);
    this.#state = State.handshake;
    if (this.#engine !== null) return true;
    this.#ground.refuseName(this.lower);
    this.#fail(context === null ? ConnectionFailure.handshake : ConnectionFailure.handshakeMemory);
    return false;
  }

  /**
   * The alert that was just sent should arrive: nothing of the peer is read any more. A client need not know how the server takes it:
   * its request is waiting for another one.
   */
  #fail(failure: ConnectionFailureValue): void {
    this.failure = failure;
    this.#state = State.failed;
    if (!this.#isClient) this.lower.finish();
    else if (this.lower.unsent === 0) this.lower.destroy(false);
    this.#setLinger();
  }

  #setLinger(): void {
    const { host } = this.#ground;
    host.timers.set(this.#timer, host.now() + LINGER_MS);
  }

  /** True: it is done and the wire is open. */
  #handshake(engine: TlsEngine): boolean {
    const result = engine.handshake();
    this.#hasSpoken ||= engine.hasOutput;
    this.#flush(engine);
    if (result === Handshake.wants) return false;
    if (result === Handshake.failed) {
      this.#fail(this.#isClient ? serverFailureOf(engine) : clientFailureOf(engine));
      return false;
    }
    this.#state = State.open;
    const { host } = this.#ground;
    if (result === Handshake.early) this.#early.isOn = true;
    else host.timers.drop(this.#timer);
    this.securedAtMs = host.now();
    this.#owner.onSecured(this);
    if (this.#speaker !== null) this.#endSpeaking(engine, this.#speaker);
    else if (this.#isClient && this.#isOpen()) this.handler.onOpen(this);
    return this.#isOpen();
  }

  /** The server has what was said early, or has thrown it away: what was said must be said again by somebody else. */
  #endSpeaking(engine: TlsEngine, speaker: EarlySpeaker): void {
    this.#speaker = null;
    speaker.onSettled();
    if (engine.wasEarlyRefused) this.#breakOff(ConnectionFailure.earlyRefused, false);
    else if (this.#paused && this.#isOpen()) this.lower.pause();
  }

  /**
   * Early data and the end of the handshake behind it (RFC 8446 4.2.10). Both are read also while the handler is paused: what it
   * does not take is bounded by the engine. False: the block is not kept, unless there is more in it than the handler takes.
   */
  #onEarly(engine: TlsEngine, block: Block, end: number): boolean {
    const early = this.#early;
    const isFirst = early.isNew;
    const count = early.read(engine, end);
    if (count === EarlyData.noRoom) {
      this.#giveUp(true);
      return false;
    }
    this.#flush(engine);
    this.#partial = count === Read.wants;
    if (!engine.isEarly) this.#settle();
    // A handler that has paused takes what was there before it.
    if (isFirst || !this.#paused) this.#deliverEarly();
    if (count < 0) this.#stopReading(count);
    return this.#isOpen() && engine.rest < end && this.#hold(block, engine.rest, end);
  }

  #deliverEarly(): void {
    const { block, start, end } = this.#early;
    if (block === NO_BLOCK || !this.#isOpen()) return;
    this.#early.forget();
    if (start === end || this.#early.leaves || !this.handler.onData(this, block, start, end)) this.#memory.give(block);
  }

  /** The client is there, and not only what it said once. */
  #settle(): void {
    const early = this.#early;
    early.isOn = false;
    this.#ground.host.timers.drop(this.#timer);
    if (early.leaves) {
      early.leaves = false;
      this.destroy(false);
    } else {
      if (this.#paused) this.lower.pause();
      if (early.finishes) this.finish();
      this.#owner.onSettled(this);
    }
  }

  /** The handler knows nothing of the wire yet. */
  #isBefore(): boolean {
    return this.#state === State.hello || this.#state === State.handshake || this.#state === State.failed;
  }

  #isOpen(): boolean {
    return this.#state === State.open;
  }

  #readInPlace(engine: TlsEngine, block: Block, start: number, end: number): boolean {
    // What the handshake has used up lies in front: plain bytes may start there too, but need not.
    const to = readRecords(engine, start, end, end);
    const count = reading.last;
    this.#partial = count === Read.wants;
    if (engine.hasOutput) this.#answer(engine);
    if (engine.keyUpdates > 0) this.#limitUpdates(engine);
    let kept = false;
    if (to > start) kept = this.handler.onData(this, block, start, to);
    if (count < 0) this.#stopReading(count);
    return kept;
  }

  /** Keeps a block with cipher bytes and decrypts it into others. */
  #hold(block: Block, start: number, end: number): boolean {
    this.#held.adopt(block, start, end);
    this.#drain();
    return true;
  }

  /** Decrypts what is held until the handler pauses. */
  #drain(): void {
    while (!this.#held.isEmpty && !this.#paused && this.#isOpen()) {
      const block = this.#memory.take();
      if (block === NO_BLOCK) {
        this.#giveUp(true);
        return;
      }
      this.#drainInto(block);
    }
    if (this.#endWaits && this.#held.isEmpty && this.#isOpen()) this.#end();
  }

  #drainInto(block: Block): void {
    const engine = this.#engine as TlsEngine;
    const held = this.#held;
    const start = this.#memory.dataStart(block);
    const limit = this.#memory.dataEnd(block);
    engine.offer(held.start, held.end);
    const to = readRecords(engine, start, limit, held.end);
    const count = reading.last;
    held.start = engine.rest;
    this.#partial = count === Read.wants;
    // A full block may have left plain bytes in the engine: it is asked once more, with nothing to offer.
    if (to < limit || count <= 0) held.clear(this.#memory);
    if (engine.hasOutput) this.#answer(engine);
    if (engine.keyUpdates > 0) this.#limitUpdates(engine);
    if (to === start || !this.handler.onData(this, block, start, to)) this.#memory.give(block);
    if (count < 0) this.#stopReading(count);
  }

  /** The engine has said that nothing more can be read. */
  #stopReading(count: number): void {
    if (!this.#isOpen()) return;
    if (count === Read.end) {
      this.#end();
      return;
    }
    this.#gaveUp = true;
    this.#flush(this.#engine as TlsEngine);
    this.destroy(false);
  }

  /** Sends what the engine says to what it has read. */
  #answer(engine: TlsEngine): void {
    this.#flush(engine);
    if (this.#choked || this.#waitingAnswers() <= MOST_ANSWERS) return;
    this.#choked = true;
    this.lower.pause();
  }

  /** A peer that makes this side derive keys for nothing is left. */
  #limitUpdates(engine: TlsEngine): void {
    const { host, tuning } = this.#ground;
    if (this.#updates.isOver(engine, host.now(), tuning.keyUpdatesPerS) && this.#isOpen()) this.#breakOff(ConnectionFailure.broken, true);
  }

  /** The handler's blocks bring at most one of the wire's own each: what is beyond are answers. */
  #waitingAnswers(): number {
    const own = this.#ownUnsent;
    return own - (this.lower.unsent - own);
  }

  #breakOff(failure: ConnectionFailureValue, reset: boolean): void {
    this.failure = failure;
    this.#giveUp(reset);
  }

  /** Nothing can be sent or received any more. */
  #giveUp(reset: boolean): void {
    this.#gaveUp = true;
    if (this.#state === State.open || this.#speaker !== null) this.#state = State.broken;
    this.lower.destroy(reset);
  }

  #end(): void {
    this.#endWaits = false;
    if (this.#ended) return;
    this.#ended = true;
    this.handler.onEnd(this);
  }

  onEnd(): void {
    if (this.#early.leaves) this.lower.destroy(false);
    else if (this.#isBefore()) {
      // Whoever leaves behind the hello of this side has failed; a client that leaves before may only have looked.
      if (this.failure === ConnectionFailure.none)
        this.failure = this.#hasSpoken ? ConnectionFailure.handshake : ConnectionFailure.handshakeClosed;
      this.lower.destroy(false);
    } else if (this.#state === State.closing) this.lower.destroy(false);
    else if (!this.#held.isEmpty || this.#early.block !== NO_BLOCK) this.#endWaits = true;
    else if (this.#isOpen()) this.#end();
  }

  onSent(_: Wire, block: Block): void {
    if (!this.#ground.isOwn(block)) this.handler.onSent(this, block);
    else {
      this.#ground.giveOwn(block);
      this.#ownUnsent--;
      if (this.#choked && this.#waitingAnswers() <= 0) this.#breathe();
      const isLast = this.#state === State.closing || (this.#state === State.failed && this.#isClient);
      if (isLast && this.lower.unsent === 0) this.lower.destroy(false);
    }
  }

  #breathe(): void {
    this.#choked = false;
    if (!this.#paused && this.#isOpen() && this.#held.isEmpty) this.lower.resume();
  }

  onClose(_: Wire, reason: CloseReason): void {
    const wasBefore = this.#isBefore();
    this.#ground.host.timers.drop(this.#timer);
    // Whoever waits for room may come in while the rest is told.
    if (this.#ground.live !== null) endTls(this.#ground.live);
    this.#state = State.idle;
    if (!this.#held.isEmpty) this.#held.clear(this.#memory);
    this.#early.drop();
    const engine = this.#engine;
    if (wasBefore) this.#unsecured(reason);
    else this.handler.onClose(this, this.#gaveUp && reason === Close.local ? Close.reset : reason);
    if (engine !== null) {
      // Who still asks it for facts keeps it; what it has left to say goes to nobody.
      engine.discard();
      if (!this.engineIsLent) engine.free();
    }
    this.#engine = null;
    this.#owner.recycle(this);
  }

  #unsecured(reason: CloseReason): void {
    // A reset is told as any other failure, as by HAProxy; what this side ends by itself is none.
    if (this.failure === ConnectionFailure.none && reason !== Close.local && this.#isReached) this.failure = ConnectionFailure.handshake;
    this.#owner.onUnsecured(this, this.failure === ConnectionFailure.handshakeTimeout ? Close.end : reason);
  }

  // From above ---------------------------------------------------------------------------------------

  get hasMore(): boolean {
    return !this.#held.isEmpty || this.#early.block !== NO_BLOCK || this.lower.hasMore;
  }

  send(block: Block, start: number, end: number): boolean {
    // Nothing may leave in the clear.
    if (!this.#isOpen()) return this.#speaker === null || this.#state !== State.handshake || this.#speak(block, start, end);
    const engine = this.#engine as TlsEngine;
    if (!this.#recordSize.write(engine, start, end, this.#ground.host, this.#ground.tuning)) {
      engine.discard();
      this.#giveUp(false);
      return true;
    }
    return this.#pass(engine, block);
  }

  /** Before the handshake is done. The handler does not say more than the server takes; what it said beyond would be as good as refused. */
  #speak(block: Block, start: number, end: number): boolean {
    const engine = this.#engine as TlsEngine;
    this.#sayable -= end - start;
    this.#hasSpoken = true;
    if (this.#sayable >= 0 && engine.writeEarly(start, end)) return this.#pass(engine, block);
    engine.discard();
    this.#breakOff(ConnectionFailure.earlyRefused, false);
    return true;
  }

  /** What the engine has made of a block goes back into it, and out. */
  #pass(engine: TlsEngine, block: Block): boolean {
    if (block === NO_BLOCK) {
      this.#flush(engine);
      return true;
    }
    const at = this.#memory.base(block);
    const count = engine.output(at, at + BLOCK_SIZE);
    const taken = this.lower.send(block, at, at + count);
    if (count === BLOCK_SIZE) this.#flush(engine);
    return taken;
  }

  /** Sends what the engine has to say in blocks of the wire's own. */
  #flush(engine: TlsEngine): void {
    for (;;) {
      const block = this.#ground.takeOwn();
      if (block === NO_BLOCK) {
        // What is left belongs to this connection and to no other.
        engine.discard();
        this.#giveUp(true);
        return;
      }
      const at = this.#memory.base(block);
      const count = engine.output(at, at + BLOCK_SIZE);
      if (count === 0 || this.lower.send(block, at, at + count)) this.#ground.giveOwn(block);
      else this.#ownUnsent++;
      if (count < BLOCK_SIZE) return;
    }
  }

  pause(): void {
    this.#paused = true;
    if (!this.#early.isOn && this.#speaker === null) this.lower.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#held.isEmpty || this.#early.block !== NO_BLOCK) this.#ground.host.later(this);
    else if (!this.#choked) this.lower.resume();
  }

  /** Goes on with what was held while the handler was paused. */
  run(): void {
    if (this.#paused || !this.#isOpen()) return;
    this.#deliverEarly();
    this.#drain();
    if (!this.#paused && !this.#choked && this.#isOpen()) this.lower.resume();
  }

  finish(): void {
    if (this.#early.isOn && this.#isOpen()) {
      this.#early.finishes = true;
      return;
    }
    if (this.#isOpen()) {
      const engine = this.#engine as TlsEngine;
      engine.shutdown();
      this.#flush(engine);
    }
    this.lower.finish();
  }

  destroy(reset: boolean): void {
    if (this.#state === State.idle || this.#state === State.closing) return;
    if (this.#early.isOn && !reset && this.#isOpen()) {
      // An answer to early data must not be cut off by what the client still says of the handshake.
      this.#early.leaves = true;
      this.#setLinger();
      return;
    }
    const says = this.#isOpen() && !reset && this.lower.unsent === 0;
    if (this.#state === State.open || this.#speaker !== null) this.#state = State.broken;
    if (!says || !this.#sayEnd()) this.lower.destroy(reset);
  }

  /**
   * Tells the peer that the connection ends on purpose, so that it knows that nothing is missing (RFC 8446 6.1) and keeps its
   * session. False: there is nothing to wait for.
   */
  #sayEnd(): boolean {
    const engine = this.#engine as TlsEngine;
    engine.shutdown();
    this.#flush(engine);
    if (this.lower.unsent === 0) return false;
    this.#state = State.closing;
    this.#setLinger();
    return true;
  }
}
