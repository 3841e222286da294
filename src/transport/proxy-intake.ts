/**
 * The start of a client's connection that must begin with a PROXY header: reads it, then makes way for what its owner names (TLS or a
 * mux), which gets the bytes behind the header where they lie. It must not know what they mean, nor who the client is.
 *
 * A header that comes in pieces is gathered in the block of its first piece. HAProxy wants it in one: here its pieces have as much
 * time as a handshake.
 */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import { Timer, type TimerOwner } from '../base/timers.ts';
import { Close, type CloseReason, type Host, type Wire, type WireHandler } from '../platform/contract.ts';
import { type ProxyHeader, ProxyResult, type ProxyResultValue } from '../proto/proxy-line/read.ts';
import { ConnectionFailure, type ConnectionFailureValue } from '../state/failures.ts';
import type { CertificateChoice } from './certificates.ts';

/** Who made the intake and goes on after it. */
export interface IntakeOwner<Guest> {
  /**
   * The header is in `header`, until this returns. The handler of what follows, which is the wire's from then on; null: the
   * connection is unwanted and ends, `onStranger` follows.
   */
  onIntroduced(intake: ProxyIntake<Guest>, header: ProxyHeader): WireHandler | null;
  /** The connection has ended here; `failure` tells why. The record may be used again. */
  onStranger(intake: ProxyIntake<Guest>): void;
}

export class ProxyIntake<Guest> implements WireHandler, TimerOwner {
  /** Whose connection it is: the owner's business. */
  guest: Guest | null = null;
  /** What follows the header: TLS with these certificates; null: the client's bytes. */
  tls: CertificateChoice | null = null;
  wire!: Wire;
  failure: ConnectionFailureValue = ConnectionFailure.none;
  /** Host clock; what follows the header has what is left. */
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #host: Host;
  readonly #memory: Memory;
  readonly #owner: IntakeOwner<Guest>;
  /** Headers are read one at a time: one for all intakes. */
  readonly #header: ProxyHeader;
  readonly #timer = new Timer(this);
  #isOver = false;
  #held: Block = NO_BLOCK;
  #heldStart = 0;
  #heldEnd = 0;

  constructor(host: Host, header: ProxyHeader, owner: IntakeOwner<Guest>) {
    this.#host = host;
    this.#memory = host.memory;
    this.#header = header;
    this.#owner = owner;
  }

  /** Serves an accepted wire, whose handler it becomes. @param timeoutMs of the header and what follows it; Infinity: none */
  accept(wire: Wire, guest: Guest, tls: CertificateChoice | null, timeoutMs: number): void {
    this.wire = wire;
    this.guest = guest;
    this.tls = tls;
    this.failure = ConnectionFailure.none;
    this.#isOver = false;
    this.#held = NO_BLOCK;
    const { timers } = this.#host;
    this.deadlineMs = this.#host.now() + timeoutMs;
    if (timeoutMs !== Number.POSITIVE_INFINITY) timers.set(this.#timer, this.deadlineMs);
  }

  onTimer(): void {
    // With nothing said, or in the middle of it.
    this.#fail(ConnectionFailure.proxyTimeout, false);
  }

  onOpen(): void {}

  onData(wire: Wire, block: Block, start: number, end: number): boolean {
    if (this.#isOver) return false;
    if (this.#held !== NO_BLOCK) return this.#onMore(wire, block, start, end);
    const result = this.#header.read(this.#memory.bytes, start, end);
    if (result === ProxyResult.more) {
      this.#held = block;
      this.#heldStart = start;
      this.#heldEnd = end;
      return true;
    }
    return this.#judge(result) && this.#goOn(wire, block, start + this.#header.length, end);
  }

  /** Another piece. The header ends in it, if it ends: what follows lies there as a whole. */
  #onMore(wire: Wire, block: Block, start: number, end: number): boolean {
    const memory = this.#memory;
    const before = this.#heldEnd - this.#heldStart;
    const count = Math.min(end - start, memory.dataEnd(this.#held) - this.#heldEnd);
    memory.bytes.copyWithin(this.#heldEnd, start, start + count);
    this.#heldEnd += count;
    const result = this.#header.read(memory.bytes, this.#heldStart, this.#heldEnd);
    if (result === ProxyResult.more && count === end - start) return false;
    return this.#judge(result) && this.#goOn(wire, block, start + this.#header.length - before, end);
  }

  /** False: it is no header, and the wire ends. */
  #judge(result: ProxyResultValue): boolean {
    if (result === ProxyResult.done) return true;
    this.#fail(FAILURES[result], true);
    return false;
  }

  #fail(failure: ConnectionFailureValue, reset: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.failure = failure;
    this.wire.destroy(reset);
  }

  /** [start, end) of the block is behind the header. */
  #goOn(wire: Wire, block: Block, start: number, end: number): boolean {
    const { timers } = this.#host;
    timers.drop(this.#timer);
    const held = this.#held;
    this.#held = NO_BLOCK;
    const handler = this.#owner.onIntroduced(this, this.#header);
    if (held !== NO_BLOCK) this.#memory.give(held);
    if (handler === null) {
      this.#isOver = true;
      wire.destroy(false);
      return false;
    }
    return start < end && handler.onData(wire, block, start, end);
  }

  onSent(): void {}

  /** HAProxy's words: what is cut is truncated, what never came is not. */
  onEnd(): void {
    if (this.#held === NO_BLOCK) this.#fail(ConnectionFailure.proxyEmpty, false);
    else this.#fail(ConnectionFailure.proxyTruncated, true);
  }

  onClose(_: Wire, reason: CloseReason): void {
    const { timers } = this.#host;
    timers.drop(this.#timer);
    if (!this.#isOver && reason !== Close.local) this.failure = ConnectionFailure.proxyBroken;
    this.#releaseHeld();
    this.#owner.onStranger(this);
  }

  #releaseHeld(): void {
    if (this.#held !== NO_BLOCK) this.#memory.give(this.#held);
    this.#held = NO_BLOCK;
  }
}

const FAILURES: Readonly<Record<ProxyResultValue, ConnectionFailureValue>> = {
  [ProxyResult.more]: ConnectionFailure.proxyTruncated,
  [ProxyResult.done]: ConnectionFailure.none,
  [ProxyResult.strange]: ConnectionFailure.proxyStrange,
  [ProxyResult.invalid]: ConnectionFailure.proxyInvalid,
  [ProxyResult.unhandled]: ConnectionFailure.proxyUnhandled,
  [ProxyResult.tooLong]: ConnectionFailure.proxyTruncated,
};
