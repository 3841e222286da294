/** Why a handshake has failed, in the numbers of the log (HAProxy 3.x configuration 7.3.3). It must not know wires. */
import { Figure, Refusal, type TlsEngine } from '../platform/tls/contract.ts';
import { ConnectionFailure, type ConnectionFailureValue } from '../state/failures.ts';

/** Of a client's handshake. */
export function clientFailureOf(engine: TlsEngine): ConnectionFailureValue {
  const refusal = engine.figure(Figure.refusal);
  if (refusal === Refusal.none) return ConnectionFailure.handshake;
  return refusal === Refusal.authority ? ConnectionFailure.authority : ConnectionFailure.certificate;
}

/** X509_V_ERR_HOSTNAME_MISMATCH */
const WRONG_NAME = 62;

/** Of a handshake with a server. Its certificate is told by one number, whatever is wrong with it, unless it is the name. */
export function serverFailureOf(engine: TlsEngine): ConnectionFailureValue {
  if (engine.figure(Figure.certificateError) !== WRONG_NAME) return ConnectionFailure.handshake;
  return engine.figure(Figure.hasServerName) === 1 ? ConnectionFailure.wrongServerName : ConnectionFailure.wrongServer;
}
