/** Something in a configuration that parses but can't be built. */
import type { Position } from './position.ts';

/** Families of build problems; what each means is in config/codes.ts. */
export type ProblemCode = 'bad-rule' | 'bad-value' | 'unknown-name' | 'unsupported' | 'suspicious' | 'bad-tls';

export interface BuildProblem {
  readonly severity: 'alert' | 'warning';
  readonly code: ProblemCode;
  readonly at: Position;
  /** All there is to say; the parts below are in it, and for programs. */
  readonly text: string;
  /** The part of `text` that is the same wherever the line is used. */
  readonly reason?: string;
  readonly found?: string | null;
  readonly allowed?: readonly string[];
}
