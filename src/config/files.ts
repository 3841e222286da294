/** Reads configuration files and directories as lines of bytes (HAProxy management manual, 3, `-f`). It must not know the language. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from './report/diagnostic.ts';

export interface SourceText {
  readonly file: string;
  /** Latin-1: one character a byte. */
  readonly text: string;
}

/** Opens what `-f` names; of a directory its `*.cfg` files that are not hidden, in byte order. */
export function readSources(paths: readonly string[], diagnostics: Diagnostic[]): SourceText[] {
  const sources: SourceText[] = [];
  for (const path of paths) {
    try {
      const isDirectory = path !== '-' && statSync(path).isDirectory();
      for (const file of isDirectory ? configurationsIn(path) : [path]) {
        sources.push({ file, text: readFileSync(file === '-' ? 0 : file).toString('latin1') });
      }
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      const text = `Could not open configuration file ${path} : ${REASONS.get(reason) ?? reason}`;
      diagnostics.push({ severity: 'alert', code: 'unreadable', position: null, text });
    }
  }
  if (sources.length === 0 && diagnostics.length === 0) {
    const text = `No configuration file in ${paths.join(', ')} : of a directory only *.cfg files that are not hidden are read`;
    diagnostics.push({ severity: 'alert', code: 'unreadable', position: null, text });
  }
  return sources;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'No such file or directory'],
  ['EACCES', 'Permission denied'],
  ['EISDIR', 'Is a directory'],
]);

function configurationsIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.cfg') && !name.startsWith('.'));
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((name) => join(folder, name));
}
