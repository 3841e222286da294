/**
 * What a type of check is: bytes to send once connected, and a judge of what comes back. A probe holds no state of
 * a single check, so one serves all servers of a backend and any number of checks at once. It must not know sockets.
 */
import type { CheckResult } from './status.ts';

export interface Probe {
  /** Sent after connecting; null: to be connected is enough, `judge` is never asked. */
  readonly request: Uint8Array | null;
  /**
   * Judges all bytes received so far. `isEnded`: no more will come. `isStopped`: the server is DOWN now.
   * null: more is needed (never when `isEnded`).
   */
  judge(received: Uint8Array, isEnded: boolean, isStopped: boolean): CheckResult | null;
}

export interface CheckType<Settings> {
  readonly name: string;
  readonly text: string;
  readonly examples: readonly string[];
  /** @throws SyntaxError for a pattern that can't be used; the parser has checked it before */
  make(settings: Settings): Probe;
}
