/** What build/ found, in the form in which the parser says things: with the line of the file for the caret. */

import { withLines } from '../config/dump/source-lines.ts';
import type { Diagnostic } from '../config/report/diagnostic.ts';
import type { BuildProblem } from '../model/problem.ts';

export function asDiagnostics(problems: readonly BuildProblem[]): Diagnostic[] {
  const said = problems.map(({ severity, code, at, text, found, allowed }) => ({
    severity,
    code,
    position: at,
    text,
    found: found ?? undefined,
    allowed,
    isWhole: true,
  }));
  return withLines(said);
}
