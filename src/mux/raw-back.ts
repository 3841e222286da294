/** A server connection in TCP mode: bytes as they are, half-closes passed on. */
import { type Block, NO_BLOCK } from '../base/memory.ts';
import { Close, type CloseReason, type TcpFigureValue, type Wire, type WireHandler } from '../platform/contract.ts';
import { Broken } from '../state/end.ts';
import type { BackMux, Server, Stream } from '../state/records.ts';
import type { MuxContext } from './context.ts';
import { beginServer, countServerHandshake, endServer, tlsOf } from './server-tls.ts';

/** Where records go back to. */
export interface RawHome {
  recycleRaw(back: RawBack): void;
}

export class RawBack implements WireHandler, BackMux {
  server: Server | null = null;
  readonly requests = 0;
  proxyHash = 0;
  readonly #context: MuxContext;
  readonly #home: RawHome;
  #wire!: Wire;
  #stream: Stream | null = null;
  #connecting = true;
  #wireClosed = false;

  constructor(context: MuxContext, home: RawHome) {
    this.#context = context;
    this.#home = home;
  }

  /** Begins on a wire that is connecting. */
  start(wire: Wire, server: Server, stream: Stream): void {
    this.#wire = wire;
    this.server = server;
    this.#stream = stream;
    this.#connecting = true;
    this.#wireClosed = false;
    stream.back = this;
    beginServer(stream, tlsOf(wire));
  }

  onOpen(wire: Wire): void {
    this.#connecting = false;
    const tls = tlsOf(wire);
    if (tls !== null) countServerHandshake(this.#context, this.server as Server, tls);
    if (this.#stream !== null) this.#context.events.onConnected(this.#stream);
  }

  onData(_wire: Wire, block: Block, start: number, end: number): boolean {
    const stream = this.#stream;
    if (stream === null) return false;
    stream.bytes.fromServer += end - start;
    this.#context.events.onResponseData(stream, block, start, end, false);
    return true;
  }

  onSent(_wire: Wire, block: Block): void {
    this.#context.memory.give(block);
    if (this.#stream !== null) this.#context.events.onBackDrained(this.#stream);
  }

  onEnd(): void {
    if (this.#stream !== null) this.#context.events.onResponseEnd(this.#stream);
  }

  onClose(wire: Wire, reason: CloseReason): void {
    this.#wireClosed = true;
    const stream = this.#stream;
    if (stream !== null) endServer(stream, wire, this.#connecting ? this.server : null, this.#context);
    if (stream === null) this.#finish();
    else if (this.#connecting) this.#context.events.onConnectFailed(stream, reason === Close.resources ? Broken.resources : Broken.reset);
    else this.#context.events.onBackClosed(stream, reason === Close.end ? Broken.closed : Broken.reset);
  }

  /** There is no head in TCP mode; but for what rules have looked at, there is nothing yet. */
  sendRequest(stream: Stream): boolean {
    const { request } = stream;
    const { bodyBlock, bodyStart, bodyEnd } = request;
    if (bodyBlock === NO_BLOCK) return true;
    request.bodyBlock = NO_BLOCK;
    request.bodyStart = request.bodyEnd = 0;
    stream.bytes.toServer += bodyEnd - bodyStart;
    if (this.#wireClosed || this.#wire.send(bodyBlock, bodyStart, bodyEnd)) this.#context.memory.give(bodyBlock);
    return true;
  }

  sendData(stream: Stream, block: Block, start: number, end: number): void {
    stream.bytes.toServer += end - start;
    if (this.#wireClosed || this.#wire.send(block, start, end)) this.#context.memory.give(block);
  }

  sendEnd(): void {
    if (!this.#wireClosed) this.#wire.finish();
  }

  unsent(): number {
    return this.#wireClosed ? 0 : this.#wire.unsent;
  }

  findSource(stream: Stream): void {
    stream.hasBackSource = !this.#wireClosed && this.#wire.localAddress(stream.backSource);
  }

  measure(figure: TcpFigureValue): number {
    return this.#wireClosed ? -1 : this.#wire.measure(figure);
  }

  pauseResponse(): void {
    if (!this.#wireClosed) this.#wire.pause();
  }

  resumeResponse(): void {
    if (!this.#wireClosed) this.#wire.resume();
  }

  release(stream: Stream): void {
    this.#stream = null;
    stream.back = null;
    if (this.#wireClosed) this.#finish();
    else this.#wire.destroy(false);
  }

  close(): void {
    if (!this.#wireClosed) this.#wire.destroy(false);
  }

  #finish(): void {
    this.server = null;
    this.#home.recycleRaw(this);
  }
}
