/**
 * Settings of proxies as the data path reads them: timeouts, connection modes, persistence, ready-made
 * replies, verdicts. Values only; the records that hold them are in records.ts.
 */

/** 0 means infinite, as with HAProxy's unset timeouts. All milliseconds. */
export class Timeouts {
  clientMs = 0;
  serverMs = 0;
  connectMs = 0;
  queueMs = 0;
  tunnelMs = 0;
  tarpitMs = 0;
  httpRequestMs = 0;
  httpKeepAliveMs = 0;
  /** TLS handshake of a client; 0: clientMs. */
  clientHsMs = 0;
  clientFinMs = 0;
  serverFinMs = 0;
  /** option independent-streams: what is sent to a peer is no sign of its life. */
  areApart = false;
}

/** How client and server connections are kept (the stronger of frontend and backend counts): keep-alive < server-close < close. */
export const KeepAlive = { keep: 0, serverClose: 1, close: 2 } as const;
export type KeepAliveMode = (typeof KeepAlive)[keyof typeof KeepAlive];

export const Reuse = { never: 0, safe: 1, aggressive: 2, always: 3 } as const;
export type ReuseMode = (typeof Reuse)[keyof typeof Reuse];

/** Bytes of a note kept for the unique identifier, behind noteLimit, where the frontend has one. */
export const UNIQUE_ID_ROOM = 128;

/** The name of a header field, interned in lower case. */
export interface FieldName {
  readonly id: number;
  readonly nameStart: number;
  readonly nameLength: number;
}

export interface ForwardFor extends FieldName {
  readonly except: { readonly ip: Uint8Array; readonly family: number; readonly bits: number } | null;
  readonly ifNone: boolean;
}

export const CookieMode = { none: 0, insert: 1, rewrite: 2, prefix: 3, passive: 4 } as const;
export type CookieModeValue = (typeof CookieMode)[keyof typeof CookieMode];

/** `cookie` of a backend, with its name and fixed parts interned. */
export class CookiePersistence {
  mode: CookieModeValue = CookieMode.none;
  name = '';
  nameStart = 0;
  indirect = false;
  nocache = false;
  postonly = false;
  preserve = false;
  /** '; path=/' and what follows: domain, HttpOnly, Secure, attributes. */
  attributesStart = 0;
  attributesLength = 0;
  maxidleS = 0;
  maxlifeS = 0;
  /** Interned by stream/cookie.ts: header names and constant values; -1: not yet. */
  setCookieName = -1;
  cacheControlName = 0;
  privateValue = 0;
  /** Value that makes a client forget the cookie, for servers without one. */
  forgetStart = 0;
  forgetLength = 0;
}

/** What a rule list says to the machine that runs it. */
export const Verdict = {
  /** All rules ran: go on. */
  next: 0,
  /** `stream.response` is a complete local answer: send it. */
  answer: 1,
  /** Drop the connection without an answer (reject, silent-drop). */
  drop: 2,
  /** It waits for what `stream.wait` says; run again, the list goes on from where it stands. */
  wait: 3,
  /** Drop the connection without letting the client know (silent-drop): `stream.overrides.dropTtl`. */
  vanish: 5,
  /** Close the connection to the server; what it has sent goes to the client (tcp-response content close). */
  close: 7,
} as const;
export type VerdictValue = (typeof Verdict)[keyof typeof Verdict];

/** What the rules of a stream wait for. */
export const Wait = {
  none: 0,
  /** More of what the client sends (tcp-request content), until `stream.ruleDeadlineMs`. */
  content: 1,
  /** `stream.waitBytes` of the request's body (wait-for-body, option http-buffer-request). */
  body: 2,
  /** Only the time (pause). */
  pause: 3,
  /** The time, or the client's end (tarpit). */
  tarpit: 4,
  /** More of what the server sends (tcp-response content). */
  responseContent: 5,
  responseBody: 6,
  responsePause: 7,
  /** From here on what the data of neither side brings. The address of a name (do-resolve), until `stream.ruleDeadlineMs`. */
  name: 8,
  /** The end of the client's handshake (wait-for-handshake): the wire bounds it. */
  handshake: 9,
} as const;
export type WaitValue = (typeof Wait)[keyof typeof Wait];

/** Events of `retry-on`, as bits. The statuses from 500 to 504 follow each other. */
export const RetryOn = {
  connFailure: 1,
  emptyResponse: 1 << 1,
  junkResponse: 1 << 2,
  responseTimeout: 1 << 3,
  /** A server has thrown away a request that was sent before the handshake was done, or wants it again. */
  earlyDataRejected: 1 << 4,
  status401: 1 << 5,
  status403: 1 << 6,
  status404: 1 << 7,
  status408: 1 << 8,
  status421: 1 << 9,
  status425: 1 << 10,
  status429: 1 << 11,
  status500: 1 << 12,
  status501: 1 << 13,
  status502: 1 << 14,
  status503: 1 << 15,
  status504: 1 << 16,
} as const;

/** A complete answer made from constants: rows into statics and a body. */
export interface CannedReply {
  readonly status: number;
  readonly reasonStart: number;
  readonly reasonLength: number;
  /** id, nameStart, nameLength, valueStart, valueLength per row. */
  readonly headers: Int32Array;
  readonly bodyStart: number;
  readonly bodyLength: number;
  /** 10 for an error file that says HTTP/1.0, else 11. */
  readonly version: 10 | 11;
  /** No length is told, the connection ends the body: an error file without Content-Length. */
  readonly untilClose: boolean;
}

/** Where a rule stands: its file in the statics, its line. */
export interface RuleOrigin {
  readonly fileStart: number;
  readonly fileEnd: number;
  readonly line: number;
}

/** How many values `capture` may keep per direction. */
export const MAX_CAPTURES = 16;
