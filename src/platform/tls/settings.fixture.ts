/** Settings of TLS that tests begin with: both current versions, nobody is verified, sessions go by tickets. For tests only. */
import type { TlsSettings } from './context.ts';

export const PLAIN_TLS: TlsSettings = {
  role: 'client',
  bundle: null,
  minVersion: 0x0303,
  maxVersion: 0x0304,
  ciphers: null,
  cipherSuites: null,
  curves: null,
  signatures: null,
  alpn: [],
  verify: 'none',
  authorities: [],
  revocations: [],
  tickets: true,
  ticketKeys: null,
  preferClientCiphers: false,
};
