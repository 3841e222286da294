/** What build/ found, in the form in which the parser says things. */
import type { Diagnostic } from '../config/diagnostic.ts';
import type { BuildProblem } from '../model/problem.ts';

export function asDiagnostics(problems: readonly BuildProblem[]): Diagnostic[] {
  return problems.map(({ severity, at, text }) => ({ severity, code: 'build', position: at, text }));
}
