/**
 * The moments at which a line may be logged (HAProxy 3.x configuration 8.3.5 log-profile, 4.2 log-steps): a number for
 * the data path, HAProxy's name for `%OG`. It must not know who logs.
 */
export const LogOrigin = {
  /** Nothing tells. */
  unspecified: 0,
  accept: 1,
  request: 2,
  connect: 3,
  response: 4,
  close: 5,
  /** A connection that never got a stream, or an exchange without a request. */
  error: 6,
  killed: 7,
  // The action do-log, by rule set.
  connectionRules: 8,
  sessionRules: 9,
  requestContentRules: 10,
  responseContentRules: 11,
  requestRules: 12,
  responseRules: 13,
  afterResponseRules: 14,
} as const;
export type LogOriginValue = (typeof LogOrigin)[keyof typeof LogOrigin];

/** As `%OG` shows them, by number. */
export const ORIGIN_NAMES: readonly string[] = [
  'unspec',
  'txn_accept',
  'txn_request',
  'txn_connect',
  'txn_response',
  'txn_close',
  'sess_error',
  'sess_killed',
  'tcp-req-conn',
  'tcp-req-sess',
  'tcp-req-cont',
  'tcp-res-cont',
  'http-req',
  'http-res',
  'http-after-res',
];

/** Steps of `log-steps`, by name; each is a bit of `Frontend.logSteps`. */
export const LOG_STEPS: ReadonlyMap<string, LogOriginValue> = new Map([
  ['accept', LogOrigin.accept],
  ['request', LogOrigin.request],
  ['connect', LogOrigin.connect],
  ['response', LogOrigin.response],
  ['close', LogOrigin.close],
]);

/** Steps of `on` in a log-profile, by name, with the origins that each is for. `any` stands for all that have no line. */
export const PROFILE_STEPS: ReadonlyMap<string, readonly LogOriginValue[]> = new Map<string, readonly LogOriginValue[]>([
  ['accept', [LogOrigin.accept]],
  ['request', [LogOrigin.request]],
  ['connect', [LogOrigin.connect]],
  ['response', [LogOrigin.response]],
  ['close', [LogOrigin.close]],
  ['error', [LogOrigin.error, LogOrigin.killed]],
  ['tcp-req-conn', [LogOrigin.connectionRules]],
  ['tcp-req-sess', [LogOrigin.sessionRules]],
  ['tcp-req-cont', [LogOrigin.requestContentRules]],
  ['tcp-res-cont', [LogOrigin.responseContentRules]],
  ['http-req', [LogOrigin.requestRules]],
  ['http-res', [LogOrigin.responseRules]],
  ['http-after-res', [LogOrigin.afterResponseRules]],
  // No listener speaks QUIC: nothing comes from there.
  ['quic-init', []],
]);
