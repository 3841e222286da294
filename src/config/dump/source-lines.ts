/** Adds to messages the line they are about, so that it can be shown with a caret. It must not know where messages come from. */
import { readFileSync, statSync } from 'node:fs';
import type { Diagnostic } from '../report/diagnostic.ts';

/** Messages that stand at a word, each with its line. The files are read again, but only if something is wrong. */
export function withLines(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const lines = new Map<string, readonly string[]>();
  return diagnostics.map((diagnostic) => {
    const { position, line } = diagnostic;
    if (position === null || position.column === 0 || line !== undefined) return diagnostic;
    const known = lines.get(position.file) ?? linesOf(position.file);
    lines.set(position.file, known);
    const found = known[position.line - 1];
    return found === undefined ? diagnostic : { ...diagnostic, line: found };
  });
}

/** None if the file is gone, or was a pipe: the message then comes without its line. */
function linesOf(file: string): readonly string[] {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'latin1').split('\n') : [];
  } catch {
    return [];
  }
}
