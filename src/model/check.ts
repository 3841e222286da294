/**
 * What `option httpchk`, `option tcp-check` and their relatives say of health checks, with the `http-check` and `tcp-check` lines in their order.
 * No behaviour, no defaults: null is what nobody has written.
 */
import type { AddressRecord } from '../base/address.ts';
import type { Position } from './position.ts';

/** `connect`: no option has chosen one. */
export type CheckType = 'connect' | 'tcp' | 'http' | 'smtp' | 'redis' | 'mysql' | 'pgsql' | 'ldap' | 'ssl-hello';

export interface CheckModel {
  type: CheckType;
  /** Words behind the option of a protocol: a user, a greeting. */
  words: readonly string[];
  /** The request of `option httpchk`. */
  method: string;
  uri: string;
  version: string;
  readonly headers: HeaderModel[];
  disableOn404: boolean;
  /** `http-check send-state`. */
  tellsState: boolean;
  /** Lines `http-check …` and `tcp-check …`: a section's own replace those of its defaults. */
  http: CheckLinesModel;
  tcp: CheckLinesModel;
}

export interface CheckLinesModel {
  /** Where the section stands whose lines these are; null: there are none. */
  readonly owner: Position | null;
  readonly steps: CheckStepModel[];
}

export interface HeaderModel {
  readonly name: string;
  readonly value: string;
}

interface Step {
  readonly at: Position;
  comment: string | null;
}

export type CheckStepModel = ConnectStepModel | SendStepModel | RequestStepModel | ExpectStepModel | VariableStepModel | CommentStepModel;

/** The comment of the step behind it; counted as a step all the same. */
export interface CommentStepModel extends Step {
  readonly kind: 'comment';
}

export interface ConnectStepModel extends Step {
  readonly kind: 'connect';
  /** `default`: as the server's own line wants it, but for what is said here. */
  usesServer: boolean;
  port: number | null;
  /** A sample expression for it; null: none. */
  portExpression: string | null;
  address: AddressRecord | null;
  sendsProxy: boolean;
  tls: boolean;
  serverName: string | null;
  alpn: readonly string[] | null;
  /** Closes in the usual way, not with a reset. */
  linger: boolean;
}

/** `tcp-check send` and its relatives. */
export interface SendStepModel extends Step {
  readonly kind: 'send';
  /** Latin-1; of `send-lf` a log-format string, of `send-binary-lf` one that gives hexadecimal digits. */
  readonly data: string;
  readonly form: 'bytes' | 'format' | 'hex-format';
}

/** `set-var`, `set-var-fmt` and `unset-var` of either family. */
export interface VariableStepModel extends Step {
  readonly kind: 'variable';
  readonly action: 'set-var' | 'set-var-fmt' | 'unset-var';
  /** The name, and conditions behind it. */
  readonly words: readonly string[];
  /** An expression or a log-format string; empty with `unset-var`. */
  readonly value: string;
}

/** `http-check send`; null: as the request that it replaces. */
export interface RequestStepModel extends Step {
  readonly kind: 'request';
  method: string | null;
  uri: string | null;
  version: string | null;
  /** Values are log-format strings, as are uri and body if `computes` says so. */
  readonly headers: HeaderModel[];
  body: string | null;
  readonly computes: ('uri' | 'body')[];
}

export const CONTENT_MATCHES = ['string', 'rstring', 'string-lf', 'binary', 'rbinary', 'binary-lf'] as const;
export const HTTP_MATCHES = ['status', 'rstatus', 'string', 'rstring', 'string-lf', 'hdr', 'fhdr'] as const;

export interface ExpectStepModel extends Step {
  readonly kind: 'expect';
  readonly match: (typeof CONTENT_MATCHES)[number] | (typeof HTTP_MATCHES)[number];
  readonly negate: boolean;
  /** As written; of `hdr` and `fhdr` empty. */
  readonly pattern: string;
  /** Of `hdr` and `fhdr`. */
  readonly header: HeaderPatternModel | null;
  /** Bytes to wait for before it is judged; null: judged whenever something comes, until it holds. */
  readonly minBytes: number | null;
  /** HAProxy's codes; null: the usual one. */
  readonly okStatus: string | null;
  readonly errorStatus: string | null;
  readonly timeoutStatus: string | null;
  /** Log-format strings. */
  readonly onSuccess: string | null;
  readonly onError: string | null;
  /** An expression for the number that is told. */
  readonly statusCode: string | null;
}

export const TEXT_MATCHES = ['str', 'beg', 'end', 'sub', 'reg'] as const;

export interface TextPatternModel {
  readonly method: (typeof TEXT_MATCHES)[number];
  readonly text: string;
  /** `name-lf`, `value-lf`: the text is a log-format string. */
  readonly isFormat: boolean;
}

export interface HeaderPatternModel {
  readonly name: TextPatternModel;
  /** null: the field must be there. */
  readonly value: TextPatternModel | null;
}
