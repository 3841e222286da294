/**
 * What a stream knows of its server's connection beyond the end of both: its TLS, which samples ask until the log line is written, and
 * why it has failed. It must not know samples.
 */
import type { Wire } from '../platform/contract.ts';
import type { TlsEngine } from '../platform/tls/contract.ts';
import { ConnectionFailure } from '../state/failures.ts';
import { rateTime } from '../state/rates.ts';
import type { Server, Stream } from '../state/records.ts';
import { countServerKey, countTlsFailure, countTlsHandshake } from '../state/tls-counts.ts';
import { TlsWire } from '../transport/tls-wire.ts';
import { endServerTls, type MuxContext } from './context.ts';

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

/** The connection can be used. */
export function countServerHandshake({ shared, host }: MuxContext, { counts, backend }: Server, tls: TlsEngine): void {
  const { isResumed } = tls;
  countTlsHandshake(shared.counts, counts, isResumed);
  countTlsHandshake(shared.counts, backend.counts, isResumed);
  if (!isResumed) countServerKey(shared.live, rateTime(host.wallClock()));
}

/** The connection has ended. @param server null: it could be used before */
export function endServer(stream: Stream, wire: Wire, server: Server | null, { shared }: MuxContext): void {
  if (!(wire instanceof TlsWire)) return;
  stream.serverFailure = wire.failure;
  if (server === null || wire.failure === ConnectionFailure.none) return;
  countTlsFailure(shared.counts, server.counts);
  countTlsFailure(shared.counts, server.backend.counts);
}
