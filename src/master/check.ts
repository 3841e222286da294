/** `-c`: loads the configuration, builds it for nothing, and says what is wrong. It must not load what serves. */
import type { CommandLine } from '../config/command/arguments.ts';
import { load } from './configuration.ts';
import { fatalWarnings, say, warningsStop } from './said.ts';

/** The exit code. */
export async function check(line: CommandLine): Promise<number> {
  const loaded = await load(line, true);
  const listens = loaded.plan.listeners.length > 0 || loaded.model.global.statsSockets.length > 0;
  if (line.format !== 'text') {
    const valid = loaded.isValid && !(loaded.hasWarnings && fatalWarnings(line, loaded));
    const { reportText } = await import('../config/report/report.ts');
    process.stdout.write(reportText(line.format, loaded.diagnostics, { valid, listens }));
    return valid ? (listens ? 0 : 2) : 1;
  }
  say(loaded.diagnostics, line, loaded);
  if (!loaded.isValid || warningsStop(line, loaded)) return 1;
  if (!listens) {
    process.stderr.write('Configuration file has no error but will not start (no listener) => exit(2).\n');
    return 2;
  }
  if (line.verbose) process.stdout.write(`${loaded.hasWarnings ? 'Warnings were found.\n' : ''}Configuration file is valid\n`);
  return 0;
}
