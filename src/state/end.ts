/**
 * How a stream ended: one table. Who ended it, HAProxy's first termination letter, the status that
 * is answered if nothing was sent yet (0: none), and whether the client's connection may go on.
 * The second letter is the phase (HAProxy 3.x configuration 8.5).
 */

export interface Cause {
  readonly name: string;
  readonly who: 'none' | 'client' | 'server' | 'proxy' | 'resource';
  /** Character code of the first letter. */
  readonly letter: number;
  /** Status to answer while no response has begun; 0: close without one. */
  readonly status: number;
  /** The client's connection may go on after the answer: its request was all right. */
  readonly keepsClient: boolean;
}

/** hot-ok: fills the table below */
function cause(name: string, who: Cause['who'], letter: string, status: number): Cause {
  return {
    name,
    who,
    letter: letter.charCodeAt(0),
    status,
    keepsClient: who === 'server' || name === 'badResponse' || name === 'local' || name === 'denied',
  };
}

export const Ended = {
  normal: cause('normal', 'none', '-', 0),
  /** The client closed or reset. */
  clientAbort: cause('clientAbort', 'client', 'C', 400),
  clientTimeout: cause('clientTimeout', 'client', 'c', 408),
  /** The request can't be parsed or is refused by the protocol rules. */
  badRequest: cause('badRequest', 'proxy', 'P', 400),
  denied: cause('denied', 'proxy', 'P', 403),
  tarpitted: cause('tarpitted', 'proxy', 'P', 500),
  /** Answered here on purpose: redirect, return, monitor. */
  local: cause('local', 'proxy', 'L', 0),
  /** Refused, unreachable or reset while connecting. */
  connectFailed: cause('connectFailed', 'server', 'S', 503),
  connectTimeout: cause('connectTimeout', 'server', 's', 503),
  noServer: cause('noServer', 'server', 'S', 503),
  queueTimeout: cause('queueTimeout', 'server', 's', 503),
  queueFull: cause('queueFull', 'server', 'S', 503),
  /** The server closed or reset before a complete head. */
  serverAbort: cause('serverAbort', 'server', 'S', 502),
  serverTimeout: cause('serverTimeout', 'server', 's', 504),
  badResponse: cause('badResponse', 'proxy', 'P', 502),
  serverDown: cause('serverDown', 'server', 'D', 503),
  /** A server of the farm is up again, and this was at a backup one. */
  serverUp: cause('serverUp', 'server', 'U', 503),
  resources: cause('resources', 'resource', 'R', 503),
  /** A rule's new text found no room (strict-mode). */
  rewriteFailed: cause('rewriteFailed', 'proxy', 'P', 500),
  internal: cause('internal', 'proxy', 'I', 500),
  killed: cause('killed', 'proxy', 'K', 503),
} as const;

/** Why one side of a stream broke. */
export const Broken = {
  /** Closed in an orderly way, before the message was complete. */
  closed: 0,
  /** Reset or an I/O error. */
  reset: 1,
  /** Bytes that are not the protocol: `status` on the event says what to answer. */
  invalid: 2,
  /** No block or record left. */
  resources: 3,
  /** The client took too long to send it. */
  timeout: 4,
} as const;
export type BrokenReason = (typeof Broken)[keyof typeof Broken];
