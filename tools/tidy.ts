/**
 * Checks what neither the compiler nor the linter can: the order of the
 * folders, cycles, sizes, the bans of the data path. Prints one line per finding
 * and some figures, and exits with 1 if there is a finding.
 *
 * Each rule is a file of tools/tidy/.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkHot } from './tidy/hot.ts';
import { checkLayers } from './tidy/layers.ts';
import { checkSizes, GOOD_FILE_LINES } from './tidy/sizes.ts';
import type { Finding, Source } from './tidy/source.ts';
import { readSources } from './tidy/source.ts';
import { checkWords } from './tidy/words.ts';

export interface Report {
  readonly findings: readonly Finding[];
  /** What is worth knowing about the tree, one line each. */
  readonly figures: readonly string[];
}

/** Every finding in the project at `configPath`, ordered by path and line. */
export function tidy(root: string, configPath: string): Report {
  const sources = readSources(root, configPath);
  const sizes = checkSizes(sources);
  const hot = sources.map(checkHot);
  const findings = [
    ...checkLayers(sources),
    ...sizes.findings,
    ...hot.flatMap((result) => result.findings),
    ...sources.flatMap(checkWords),
  ];
  findings.sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
  const exceptions = hot.reduce((sum, result) => sum + result.exceptions, 0);
  return { findings, figures: [...lengthFigures(sources, sizes.functions, sizes.longFiles.length), `hot-ok: ${exceptions} exceptions`] };
}

function lengthFigures(sources: readonly Source[], functions: readonly number[], longFiles: number): string[] {
  return [
    `files: ${sources.length}, ${share(longFiles, sources.length)} above ${GOOD_FILE_LINES} lines (at most 5 %)`,
    `functions: ${functions.length}, ${under(functions, 10)} under 10 lines (aim: 50 %), ${under(functions, 40)} under 40 (aim: 95 %)`,
  ];
}

function under(lengths: readonly number[], limit: number): string {
  return share(lengths.filter((length) => length < limit).length, lengths.length);
}

function share(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${((100 * part) / whole).toFixed(1)} %`;
}

function main(): void {
  const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
  const { findings, figures } = tidy(root, `${root}/tsconfig.node.json`);
  for (const { path, line, text } of findings) process.stderr.write(`${path}:${line}: ${text}\n`);
  for (const figure of figures) process.stdout.write(`${figure}\n`);
  process.stdout.write(`tidy: ${findings.length} findings\n`);
  if (findings.length > 0) process.exitCode = 1;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main();
