/** What build/ found, in the form in which the parser says things: with the line of the file for the caret. */
import { readFileSync, statSync } from 'node:fs';
import type { Diagnostic } from '../config/diagnostic.ts';
import type { Position } from '../model/position.ts';
import type { BuildProblem } from '../model/problem.ts';

export function asDiagnostics(problems: readonly BuildProblem[]): Diagnostic[] {
  const files = new Map<string, readonly string[]>();
  return problems.map(({ severity, code, at, text, found, allowed }) => ({
    severity,
    code,
    position: at,
    text,
    line: lineAt(files, at),
    found: found ?? undefined,
    allowed,
    isWhole: true,
  }));
}

/** The line as it stands in the file now; undefined if it cannot be read again, as from a pipe. */
function lineAt(files: Map<string, readonly string[]>, { file, line }: Position): string | undefined {
  let lines = files.get(file);
  if (lines === undefined) {
    lines = readAgain(file);
    files.set(file, lines);
  }
  return lines[line - 1];
}

function readAgain(file: string): readonly string[] {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'latin1').split('\n') : [];
  } catch {
    return [];
  }
}
