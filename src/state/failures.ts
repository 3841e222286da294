/**
 * Why a client's connection came to nothing before it had a stream, in the numbers and words of `fc_err` (HAProxy 3.x configuration
 * 7.3.3, 8.2.6). Those that can happen here only.
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
  handshakeMemory: 28,
  authority: 30,
  certificate: 31,
  handshake: 34,
} as const;
export type ConnectionFailureValue = (typeof ConnectionFailure)[keyof typeof ConnectionFailure];

const TEXTS: Readonly<Record<ConnectionFailureValue, string>> = {
  [ConnectionFailure.none]: 'Success',
  [ConnectionFailure.handshakeClosed]: 'Connection closed during SSL handshake',
  [ConnectionFailure.handshakeTimeout]: 'Timeout during SSL handshake',
  [ConnectionFailure.handshakeMemory]: 'Out of memory when initializing an SSL connection',
  [ConnectionFailure.authority]: 'SSL client CA chain cannot be verified',
  [ConnectionFailure.certificate]: 'SSL client certificate not trusted',
  [ConnectionFailure.handshake]: 'SSL handshake failure',
  [ConnectionFailure.proxyEmpty]: 'Connection closed while waiting for PROXY protocol header',
  [ConnectionFailure.proxyBroken]: 'Connection error while waiting for PROXY protocol header',
  [ConnectionFailure.proxyTimeout]: 'Timeout while waiting for PROXY protocol header',
  [ConnectionFailure.proxyTruncated]: 'Truncated PROXY protocol header received',
  [ConnectionFailure.proxyStrange]: 'Received something which does not look like a PROXY protocol header',
  [ConnectionFailure.proxyInvalid]: 'Received an invalid PROXY protocol header',
  [ConnectionFailure.proxyUnhandled]: 'Received an unhandled protocol in the PROXY protocol header',
};

/** All that have words. */
export const CONNECTION_FAILURES: readonly ConnectionFailureValue[] = Object.values(ConnectionFailure);

export function failureText(failure: ConnectionFailureValue): string {
  return TEXTS[failure];
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
