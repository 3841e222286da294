/** A client connection in TCP mode: one stream from accept to close, bytes as they are. */

import { Inbox } from '../base/inbox.ts';
import type { Block } from '../base/memory.ts';
import { Close, type CloseReason, type Task, type Wire, type WireHandler } from '../platform/contract.ts';
import { Broken } from '../state/end.ts';
import { type FrontMux, Session, type Stream } from '../state/records.ts';
import type { MuxContext } from './context.ts';
import type { FrontDesk } from './front-desk.ts';

export class RawFront implements WireHandler, FrontMux, Task {
  queued = false;
  session = new Session();
  readonly #context: MuxContext;
  readonly #desk: FrontDesk;
  #wire!: Wire;
  #stream: Stream | null = null;
  #wireClosed = true;
  /** Nobody wants data yet, but what came with a PROXY header or a handshake is here. */
  #isPaused = false;
  readonly #early = new Inbox();
  /** The client has ended behind what came early: that is told behind it. */
  #endWaits = false;

  constructor(context: MuxContext, desk: FrontDesk) {
    this.#context = context;
    this.#desk = desk;
  }

  /** Starts on an accepted wire; the session has been begun. */
  start(wire: Wire): void {
    this.#wire = this.session.wire = wire;
    this.#wireClosed = false;
    const context = this.#context;
    const stream = context.beginStream(this.session, this, this.session.frontend);
    this.#stream = stream;
    if (stream === null) {
      wire.destroy(false);
      return;
    }
    this.session.requests = 1;
    stream.tunnel = true;
    stream.firstByteAtMs = this.session.acceptedAtMs;
    stream.firstByteWallMs = this.session.acceptedWallMs;
    this.#isPaused = true;
    this.#endWaits = false;
    wire.pause();
    context.events.onRequest(stream);
  }

  onOpen(): void {}

  onData(_wire: Wire, block: Block, start: number, end: number): boolean {
    const stream = this.#stream;
    if (stream === null) return false;
    if (this.#isPaused && this.#early.isEmpty) {
      this.#early.adopt(block, start, end);
      return true;
    }
    stream.bytes.fromClient += end - start;
    this.#context.events.onRequestData(stream, block, start, end, false);
    return true;
  }

  onSent(_wire: Wire, block: Block): void {
    this.#context.memory.give(block);
    if (this.#stream !== null) this.#context.events.onFrontDrained(this.#stream);
  }

  onEnd(): void {
    if (!this.#early.isEmpty) this.#endWaits = true;
    else if (this.#stream !== null) this.#context.events.onRequestEnd(this.#stream);
  }

  onClose(_wire: Wire, reason: CloseReason): void {
    this.#wireClosed = true;
    this.session.wire = null;
    const stream = this.#stream;
    if (stream === null) this.#desk.onClosed(this);
    else this.#context.events.onFrontClosed(stream, reason === Close.end ? Broken.closed : Broken.reset);
  }

  /** TCP mode answers nothing by itself. */
  sendResponse(): boolean {
    return true;
  }

  sendInterim(): void {}

  sendData(stream: Stream, block: Block, start: number, end: number): void {
    stream.bytes.toClient += end - start;
    if (this.#wireClosed || this.#wire.send(block, start, end)) this.#context.memory.give(block);
  }

  sendEnd(): void {
    if (!this.#wireClosed) this.#wire.finish();
  }

  findDestination(): void {
    const { session } = this;
    session.hasDestination = !this.#wireClosed && this.#wire.localAddress(session.destination);
  }

  unsent(): number {
    return this.#wireClosed ? 0 : this.#wire.unsent;
  }

  resumeRequest(): void {
    this.#isPaused = false;
    if (!this.#early.isEmpty) this.#context.host.later(this);
    else if (!this.#wireClosed) this.#wire.resume();
  }

  /** What came early; then the wire goes on. */
  run(): void {
    const stream = this.#stream;
    if (stream?.overrides.switchesMode && !this.#wireClosed) {
      this.#becomeHttp(stream);
      return;
    }
    if (stream === null || this.#isPaused || this.#early.isEmpty) return;
    const { start, end } = this.#early;
    stream.bytes.fromClient += end - start;
    this.#context.events.onRequestData(stream, this.#early.release(), start, end, false);
    if (this.#endWaits && this.#stream === stream) this.#context.events.onRequestEnd(stream);
    if (!this.#isPaused && !this.#wireClosed) this.#wire.resume();
  }

  pauseRequest(): void {
    this.#isPaused = true;
    if (!this.#wireClosed) this.#wire.pause();
  }

  abort(_stream: Stream, reset: boolean): void {
    if (!this.#wireClosed) this.#wire.destroy(reset);
  }

  release(stream: Stream): void {
    this.#stream = null;
    this.#early.clear(this.#context.memory);
    this.#context.endStream(stream);
    if (this.#wireClosed) this.#desk.onClosed(this);
    else this.#wire.destroy(false);
  }

  /** Not inside a call of the machine or of the wire: both go on with somebody else. */
  upgrade(): void {
    this.#context.host.later(this);
  }

  #becomeHttp(stream: Stream): void {
    const early = this.#early;
    stream.overrides.switchesMode = false;
    this.#stream = null;
    this.#wireClosed = true;
    const http = this.#desk.upgrade(this);
    http.takeOver(this.#wire, stream);
    if (early.isEmpty) return;
    const { start, end } = early;
    const block = early.release();
    if (!http.onData(this.#wire, block, start, end)) this.#context.memory.give(block);
    if (this.#endWaits) http.onEnd();
  }

  closeIdle(): boolean {
    return false;
  }
}
