/**
 * Connections to servers through TLS: like the host's `connect`, but `onOpen` comes after the handshake, and a handshake that fails
 * ends the wire as a connection that failed. It must not know servers.
 */
import type { SocketAddress } from '../base/address.ts';
import { Close, type CloseReason, type ConnectOptions, type Wire, type WireHandler } from '../platform/contract.ts';
import type { TlsContext } from '../platform/tls/contract.ts';
import { ConnectionFailure } from '../state/failures.ts';
import { isTlsFull } from '../state/tls-counts.ts';
import type { EarlySpeaker } from './early-speaker.ts';
import type { Opener } from './proxy-dialer.ts';
import type { TlsGround } from './tls-ground.ts';
import type { TlsOwner } from './tls-owner.ts';
import { TlsWire } from './tls-wire.ts';

export class TlsDialer implements TlsOwner<TlsWire> {
  readonly #ground: TlsGround;
  readonly #free: TlsWire[] = [];

  constructor(ground: TlsGround) {
    this.#ground = ground;
  }

  /** @param nameStart the server's name is [nameStart, nameEnd) of the memory; empty: none is told. @param opener makes the connection below. @param speaker the handler, if it may speak before the handshake is done */
  connect(
    context: TlsContext,
    nameStart: number,
    nameEnd: number,
    address: SocketAddress,
    handler: WireHandler,
    options: ConnectOptions,
    opener: Opener,
    speaker: EarlySpeaker | null,
  ): Wire {
    const engine = context.openTo(nameStart, nameEnd, speaker !== null);
    if (engine === null) {
      const wire = opener.connect(address, handler, options);
      wire.destroy(false);
      return wire;
    }
    const wire = this.#free.pop() ?? new TlsWire(this.#ground); // hot-ok: once per concurrent connection, then pooled
    wire.handler = handler;
    const { live } = this.#ground;
    const isTooMany = live !== null && isTlsFull(live);
    wire.connect(engine, this, speaker);
    wire.setLower(opener.connect(address, wire, options));
    if (isTooMany) {
      wire.failure = ConnectionFailure.tooMany;
      wire.destroy(false);
    }
    return wire;
  }

  onHello(): void {}

  onSecured(): void {}

  onSettled(): void {}

  onUnsecured(wire: TlsWire, reason: CloseReason): void {
    wire.handler.onClose(wire, reason === Close.local ? Close.reset : reason);
  }

  recycle(wire: TlsWire): void {
    this.#free.push(wire);
  }
}
