/** What `-dC`, `-dK`, `-dL` and `-dM…help` print before anything else happens. */
import { readFileSync } from 'node:fs';
import { dump } from '../dump/dump.ts';
import type { CommandLine } from './arguments.ts';
import { keywordDump } from './keyword-dump.ts';

/** Latin-1, as the model's texts are. */
export function askedText(line: CommandLine): string {
  const { switches, values, files } = line;
  let text = '';
  if (switches.has('M') && (values.get('M') ?? '').split(',').includes('help')) text += MEMORY_HELP;
  if (switches.has('K')) text += keywordDump(values.get('K') ?? '');
  // A configuration with errors is not printed: whoever reads it next says what is wrong.
  if (switches.has('C')) text += dump({ files, format: 'haproxy', rules: false }).text ?? '';
  if (switches.has('L')) text += `List of loaded object files:\n${loadedObjects().join('\n')}\n`;
  return text;
}

const MEMORY_HELP = '-dM is accepted with the options of HAProxy; memory is one block here, so none has an effect.\n';

/** The program and its shared libraries, in the order of their addresses. */
function loadedObjects(): string[] {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const paths = maps
    .map((line) => /\s(\/\S.*)$/.exec(line)?.[1] ?? '')
    .filter((path) => path === process.execPath || /\.so(\.|$)/.test(path));
  return [...new Set([process.execPath, ...paths])];
}
