/**
 * The steps of a check as they are run: connect, send, and expect, compiled once per backend (ruleset.ts) and without state, so one
 * list serves all its servers and any number of checks at once. They must not know sockets.
 */
import type { AddressRecord } from '../base/address.ts';
import type { Computed, Scene } from './language.ts';
import type { CheckResult, CheckStatus } from './status.ts';

interface Described {
  /** HAProxy's number of the line, from 1, comments counted; 0: nobody wrote it. */
  readonly number: number;
  /** Empty: none. */
  readonly comment: string;
}

export interface ConnectStep extends Described {
  readonly kind: 'connect';
  /** As the server's line wants it, but for what is said here. */
  readonly usesServer: boolean;
  readonly port: number | null;
  /** null: it is not computed. */
  readonly portOf: Computed<number | null> | null;
  readonly address: AddressRecord | null;
  readonly sendsProxy: boolean;
  readonly tls: boolean;
  /** Asked for in any case; null: as the server's line says. */
  readonly serverName: string | null;
  /** Asked for if the server's line wants names to be found: the host of the request that follows. */
  readonly automaticName: string | null;
  readonly alpn: readonly string[] | null;
  readonly linger: boolean;
}

export interface SendStep extends Described {
  readonly kind: 'send';
  /** Computed, or null if it can't be. */
  readonly bytes: Uint8Array | Computed<Uint8Array | null>;
}

/** Changes variables. */
export interface ActionStep extends Described {
  readonly kind: 'action';
  readonly run: Computed<void>;
}

/** `more`: what has come is not enough. Else whether the check goes on, and its result if this is the last word. */
export type Verdict = 'more' | Judgement;
export interface Judgement {
  readonly isGood: boolean;
  readonly result: CheckResult;
}

export interface ExpectStep extends Described {
  readonly kind: 'expect';
  /** What is looked for, in words for messages: `string 'x'`. */
  readonly what: string;
  readonly timeoutStatus: CheckStatus;
  /**
   * Judges all bytes since the last step that was not one of these. `isEnded`: no more will come, and `more` is no answer then.
   * `isStopped`: the server is DOWN now. `scene` has looked at the bytes; null: nothing is computed.
   */
  judge(received: Uint8Array, isEnded: boolean, isStopped: boolean, scene: Scene | null): Verdict;
}

export type CheckStep = ConnectStep | SendStep | ExpectStep | ActionStep;

export interface Ruleset {
  /** The first is a connect step. */
  readonly steps: readonly CheckStep[];
  /** Messages name the step: of `option tcp-check`. */
  readonly namesSteps: boolean;
  /** What is left after the last step is ended in the usual way: of HTTP. Else by a reset, unless a connect step wants it. */
  readonly closesCleanly: boolean;
  /** Answers are messages of HTTP. */
  readonly isHttp: boolean;
}
