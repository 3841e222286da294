/** What is told to whoever makes wires with TLS. It must not know wires: `W` is one. */
import type { CloseReason } from '../platform/contract.ts';
import type { ClientHello } from '../proto/tls-hello.ts';

/** Who made the wire and learns how its handshake ends. */
export interface TlsOwner<W> {
  /** The client's hello has been read: `hello` names places in `bytes`. Only where the ground's `tuning` has hellos kept. */
  onHello(wire: W, bytes: Uint8Array, hello: ClientHello): void;
  /** The handshake is done, or the client has sent early data: `wire.handler` must be set before this returns. */
  onSecured(wire: W): void;
  /** A handshake is done that was not when the wire was secured: until then its client may have been somebody who repeats what he heard. */
  onSettled(wire: W): void;
  /** The connection has ended before the handshake was done. `wire.failure` and `wire.engine` tell why. */
  onUnsecured(wire: W, reason: CloseReason): void;
  /** The record may be used again. */
  recycle(wire: W): void;
}
