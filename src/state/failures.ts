/**
 * Why a connection came to nothing, in the numbers, words and names of `fc_err` and `bc_err` (HAProxy 3.x configuration 7.3.3, 8.2.6).
 * Those that can happen here only.
 */

export const ConnectionFailure = {
  /** There is none, or this side has given the connection up. */
  none: 0,
  proxyEmpty: 11,
  proxyBroken: 12,
  proxyTimeout: 13,
  proxyTruncated: 14,
  proxyStrange: 15,
  proxyInvalid: 16,
  proxyUnhandled: 17,
  handshakeClosed: 24,
  handshakeTimeout: 26,
  /** maxsslconn */
  tooMany: 27,
  handshakeMemory: 28,
  authority: 30,
  certificate: 31,
  /** A server's certificate does not have the name of `verifyhost`, or the one that it was asked for. */
  wrongServer: 32,
  wrongServerName: 33,
  handshake: 34,
  /** A server has thrown away what was sent before the handshake was done. */
  earlyRefused: 38,
  /** TLS broke behind its handshake. */
  broken: 43,
} as const;
export type ConnectionFailureValue = (typeof ConnectionFailure)[keyof typeof ConnectionFailure];

interface Words {
  readonly text: string;
  /** One word for logs. */
  readonly name: string;
}

const WORDS: Readonly<Record<ConnectionFailureValue, Words>> = {
  [ConnectionFailure.none]: { name: 'NONE', text: 'Success' },
  [ConnectionFailure.proxyEmpty]: { name: 'PRX_EMPTY', text: 'Connection closed while waiting for PROXY protocol header' },
  [ConnectionFailure.proxyBroken]: { name: 'PRX_ABORT', text: 'Connection error while waiting for PROXY protocol header' },
  [ConnectionFailure.proxyTimeout]: { name: 'PRX_TIMEOUT', text: 'Timeout while waiting for PROXY protocol header' },
  [ConnectionFailure.proxyTruncated]: { name: 'PRX_TRUNCATED', text: 'Truncated PROXY protocol header received' },
  [ConnectionFailure.proxyStrange]: {
    name: 'PRX_NOT_HDR',
    text: 'Received something which does not look like a PROXY protocol header',
  },
  [ConnectionFailure.proxyInvalid]: { name: 'PRX_BAD_HDR', text: 'Received an invalid PROXY protocol header' },
  [ConnectionFailure.proxyUnhandled]: { name: 'PRX_BAD_PROTO', text: 'Received an unhandled protocol in the PROXY protocol header' },
  [ConnectionFailure.handshakeClosed]: { name: 'SSL_EMPTY', text: 'Connection closed during SSL handshake' },
  [ConnectionFailure.handshakeTimeout]: { name: 'SSL_TIMEOUT', text: 'Timeout during SSL handshake' },
  [ConnectionFailure.tooMany]: { name: 'SSL_TOO_MANY', text: 'Too many SSL connections' },
  [ConnectionFailure.handshakeMemory]: { name: 'SSL_NO_MEM', text: 'Out of memory when initializing an SSL connection' },
  [ConnectionFailure.authority]: { name: 'SSL_CA_FAIL', text: 'SSL client CA chain cannot be verified' },
  [ConnectionFailure.certificate]: { name: 'SSL_CRT_FAIL', text: 'SSL client certificate not trusted' },
  [ConnectionFailure.wrongServer]: {
    name: 'SSL_MISMATCH',
    text: 'Server presented an SSL certificate different from the configured one',
  },
  [ConnectionFailure.wrongServerName]: {
    name: 'SSL_MISMATCH_SNI',
    text: 'Server presented an SSL certificate different from the expected one',
  },
  [ConnectionFailure.handshake]: { name: 'SSL_HANDSHAKE', text: 'SSL handshake failure' },
  [ConnectionFailure.earlyRefused]: { name: 'SSL_EARLY_FAILED', text: 'Server refused early data' },
  [ConnectionFailure.broken]: { name: 'SSL_FATAL', text: 'SSL fatal error' },
};

/** All that have words. */
export const CONNECTION_FAILURES: readonly ConnectionFailureValue[] = Object.values(ConnectionFailure);

export function failureText(failure: ConnectionFailureValue): string {
  return WORDS[failure].text;
}

export function failureName(failure: ConnectionFailureValue): string {
  return WORDS[failure].name;
}

/** The peer has said nothing wrong: option dontlognull leaves those out. */
export function isSilentFailure(failure: ConnectionFailureValue): boolean {
  switch (failure) {
    case ConnectionFailure.proxyEmpty:
    case ConnectionFailure.proxyBroken:
    case ConnectionFailure.proxyTimeout:
    case ConnectionFailure.handshakeClosed:
    case ConnectionFailure.handshakeTimeout:
      return true;
    default:
      return false;
  }
}
