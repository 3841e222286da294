/** `hawser dump`: the configuration as it was understood, as text for HAProxy and Hawser, as JSON, or only its rules in order. */

import { type ParseResult, parseFiles } from '../parse.ts';
import { type Diagnostic, hasErrors } from '../report/diagnostic.ts';
import { plainModel } from './model-json.ts';
import { printLines } from './print.ts';
import { ruleSets, rulesText } from './rule-list.ts';

export const DUMP_USAGE = `Usage : hawser dump [-f <file|directory>]... [--format haproxy|json] [--rules] [<file>...]
        --format haproxy  a configuration that is read to the same model (default)
        --format json     the model, defaults applied
        --rules           only the rules, in the order in which they run
`;

export interface DumpLine {
  readonly files: readonly string[];
  readonly format: 'haproxy' | 'json';
  readonly rules: boolean;
}

/** @returns what is asked for, or what is wrong with it */
export function parseDumpArguments(args: readonly string[]): DumpLine | { readonly problem: string } {
  const files: string[] = [];
  let format: DumpLine['format'] = 'haproxy';
  let rules = false;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === '--rules') rules = true;
    else if (word === '-f' || word === '--format') {
      const value = args[++at];
      if (value === undefined) return { problem: `'${word}' expects a value` };
      if (word === '-f') files.push(value);
      else if (value === 'json' || value === 'haproxy') format = value;
      else return { problem: `'--format' expects haproxy or json, found '${value}'` };
    } else if (word.startsWith('-') && word !== '-') return { problem: `unknown option '${word}'` };
    else files.push(word);
  }
  if (files.length === 0) return { problem: 'no configuration file given' };
  return { files, format, rules };
}

export interface Dumped {
  /** null if there are alerts. */
  readonly text: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the files and writes them back; a configuration with errors is not dumped. */
export function dump({ files, format, rules }: DumpLine): Dumped {
  const parsed = parseFiles(files, { keepLines: true });
  const { diagnostics } = parsed;
  if (hasErrors(diagnostics)) return { text: null, diagnostics };
  return { text: rules ? rulesForm(parsed, format) : wholeForm(parsed, format), diagnostics };
}

function wholeForm({ model, lines }: ParseResult, format: DumpLine['format']): string {
  if (format === 'haproxy') return printLines(lines);
  return `${JSON.stringify({ format: 1, ...(plainModel(model) as object) }, null, 2)}\n`;
}

function rulesForm({ model }: ParseResult, format: DumpLine['format']): string {
  const sets = ruleSets(model);
  return format === 'json' ? `${JSON.stringify({ format: 1, ruleSets: plainModel(sets) }, null, 2)}\n` : rulesText(sets);
}
