/**
 * What a stream knows of its server's connection beyond the end of both: its TLS, which samples ask until the log line is written, and
 * why it has failed. It must not know samples.
 */
import type { Wire } from '../platform/contract.ts';
import type { TlsEngine } from '../platform/tls/contract.ts';
import { ConnectionFailure } from '../state/failures.ts';
import type { Stream } from '../state/records.ts';
import { TlsWire } from '../transport/tls-wire.ts';

/** The engine of a connection that is being made; null: it is not encrypted. */
export function tlsOf(wire: Wire): TlsEngine | null {
  return wire instanceof TlsWire ? wire.engine : null;
}

/** The stream has a connection. @param tls null: it is not encrypted */
export function beginServer(stream: Stream, tls: TlsEngine | null): void {
  stream.serverFailure = ConnectionFailure.none;
  if (stream.serverTls === tls) return;
  endServerTls(stream);
  if (tls !== null) tls.hold();
  stream.serverTls = tls;
}

/** The connection has ended. */
export function endServer(stream: Stream, wire: Wire): void {
  if (wire instanceof TlsWire) stream.serverFailure = wire.failure;
}

export function endServerTls(stream: Stream): void {
  if (stream.serverTls === null) return;
  stream.serverTls.free();
  stream.serverTls = null;
}
