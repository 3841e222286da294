/** The commands beside the proxy itself: `hawser dump` and `hawser fmt`. They read files, print, and end with an exit code. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { DUMP_USAGE, dump, parseDumpArguments } from '../dump/dump.ts';
import { formatText } from '../dump/layout.ts';
import { renderDiagnostics } from '../report/diagnostic.ts';

/** @returns the exit code: 0, or 1 if something is wrong */
export function runCommand(command: 'dump' | 'fmt', args: readonly string[]): number {
  return command === 'dump' ? runDump(args) : runFormat(args);
}

function runDump(args: readonly string[]): number {
  const line = parseDumpArguments(args);
  if ('problem' in line) return refuse(line.problem, DUMP_USAGE);
  const { text, diagnostics } = dump(line);
  process.stderr.write(renderDiagnostics(diagnostics, process.pid));
  if (text === null) return 1;
  process.stdout.write(Buffer.from(text, line.format === 'json' ? 'utf8' : 'latin1'));
  return 0;
}

function refuse(problem: string, usage: string): number {
  process.stderr.write(`[ALERT]    (${process.pid}) : ${problem}\n${usage}`);
  return 1;
}

export const FORMAT_USAGE = `Usage : hawser fmt [--check | --write] [-f <file>]... [<file>...]
        Prints the files (or what comes on the standard input) in canonical layout; words and comments stay.
        --check  prints the names of files that are not in it, and exits with 1 if there is one
        --write  brings the files into it
`;

interface FormatLine {
  readonly mode: 'print' | 'check' | 'write';
  readonly files: readonly string[];
}

/** Also for tests: what `fmt` is asked to do, or what is wrong with it. */
export function parseFormatArguments(args: readonly string[]): FormatLine | { readonly problem: string } {
  const files: string[] = [];
  let mode: FormatLine['mode'] = 'print';
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === '--check' || word === '--write') {
      if (mode !== 'print') return { problem: "'--check' and '--write' exclude each other" };
      mode = word === '--check' ? 'check' : 'write';
    } else if (word === '-f') {
      const value = args[++at];
      if (value === undefined) return { problem: "'-f' expects a value" };
      files.push(value);
    } else if (word.startsWith('-') && word !== '-') return { problem: `unknown option '${word}'` };
    else files.push(word);
  }
  if (mode === 'write' && (files.length === 0 || files.includes('-'))) return { problem: "'--write' expects files" };
  return { mode, files: files.length === 0 ? ['-'] : files };
}

function runFormat(args: readonly string[]): number {
  const line = parseFormatArguments(args);
  if ('problem' in line) return refuse(line.problem, FORMAT_USAGE);
  let code = 0;
  for (const file of line.files) {
    try {
      if (!formatFile(file, line.mode)) code = 1;
    } catch (error) {
      process.stderr.write(`[ALERT]    (${process.pid}) : fmt : ${file}: ${(error as Error).message}\n`);
      code = 1;
    }
  }
  return code;
}

/** False: the file is not in canonical layout, and only that was asked. */
function formatFile(file: string, mode: FormatLine['mode']): boolean {
  const text = readFileSync(file === '-' ? 0 : file, 'latin1');
  const laid = formatText(text);
  if (mode === 'print') process.stdout.write(Buffer.from(laid, 'latin1'));
  else if (laid !== text && mode === 'check') process.stdout.write(`${file}\n`);
  else if (laid !== text) replaceFile(file, laid);
  return mode !== 'check' || laid === text;
}

/** Whole or not at all: a reload may read the file at any moment. */
function replaceFile(file: string, text: string): void {
  const copy = `${file}.${process.pid}.tmp`;
  writeFileSync(copy, text, { encoding: 'latin1', mode: statSync(file).mode });
  renameSync(copy, file);
}
