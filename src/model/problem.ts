/** Something in a configuration that parses but can't be built. */
import type { Position } from './position.ts';

export interface BuildProblem {
  readonly severity: 'alert' | 'warning';
  readonly at: Position;
  readonly text: string;
}
