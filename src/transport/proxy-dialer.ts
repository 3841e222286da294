/**
 * Connections to servers that begin with a header of the PROXY protocol: like the host's `connect`, but the header is the first that
 * is sent, before TLS and before requests. What it says is written by others. It must not know servers.
 */
import type { SocketAddress } from '../base/address.ts';
import { type Block, NO_BLOCK } from '../base/memory.ts';
import type { CloseReason, ConnectOptions, Wire, WireHandler } from '../platform/contract.ts';
import type { TlsGround } from './tls-ground.ts';

/** The longest header that is sent (bytes). */
export const MOST_HEADER_BYTES = 4096;

/** Whatever opens connections: a host, or a dialer. */
export interface Opener {
  connect(address: SocketAddress, handler: WireHandler, options: ConnectOptions): Wire;
}

export class ProxyDialer implements Opener {
  readonly #ground: TlsGround;
  readonly #free: Announcer[] = [];
  #start = 0;
  #end = 0;
  #isSecured = false;

  constructor(ground: TlsGround) {
    this.#ground = ground;
  }

  /** The opener of one connection that begins with [start, end) of the memory. @param isSecured TLS follows: the handler is its wire */
  announcing(start: number, end: number, isSecured: boolean): Opener {
    this.#start = start;
    this.#end = end;
    this.#isSecured = isSecured;
    return this;
  }

  connect(address: SocketAddress, handler: WireHandler, options: ConnectOptions): Wire {
    const { host, memory } = this.#ground;
    // hot-ok: once per connection that is being made, then pooled
    const announcer = this.#free.pop() ?? new Announcer(this.#ground, this.#free);
    announcer.prepare(memory.bytes, this.#start, this.#end, handler, this.#isSecured);
    return host.connect(address, announcer, options);
  }
}

/** Stands before the handler until the connection is made. */
class Announcer implements WireHandler {
  readonly #ground: TlsGround;
  readonly #free: Announcer[];
  readonly #header = new Uint8Array(MOST_HEADER_BYTES);
  #length = 0;
  #handler!: WireHandler;
  #isSecured = false;

  constructor(ground: TlsGround, free: Announcer[]) {
    this.#ground = ground;
    this.#free = free;
  }

  prepare(bytes: Uint8Array, start: number, end: number, handler: WireHandler, isSecured: boolean): void {
    this.#length = end - start;
    for (let at = 0; at < this.#length; at++) this.#header[at] = bytes[start + at] as number;
    this.#handler = handler;
    this.#isSecured = isSecured;
  }

  onOpen(wire: Wire): void {
    const handler = this.#handler;
    wire.handler = handler;
    const block = this.#take();
    if (block === NO_BLOCK) {
      this.#free.push(this);
      wire.destroy(true);
      return;
    }
    const { memory } = this.#ground;
    const start = memory.dataStart(block);
    for (let at = 0; at < this.#length; at++) memory.bytes[start + at] = this.#header[at] as number;
    if (wire.send(block, start, start + this.#length)) this.#give(block);
    this.#free.push(this);
    handler.onOpen(wire);
  }

  /** A block comes back to the handler: the wire of TLS must know it for one of the ground's. */
  #take(): Block {
    return this.#isSecured ? this.#ground.takeOwn() : this.#ground.memory.take();
  }

  #give(block: Block): void {
    if (this.#isSecured) this.#ground.giveOwn(block);
    else this.#ground.memory.give(block);
  }

  /** There was no connection. */
  onClose(wire: Wire, reason: CloseReason): void {
    const handler = this.#handler;
    this.#free.push(this);
    wire.handler = handler;
    handler.onClose(wire, reason);
  }

  onData(): boolean {
    return false;
  }

  onSent(): void {}

  onEnd(): void {}
}
