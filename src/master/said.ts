/** What the process says on stderr, in HAProxy's form. It must not know why. */
import type { CommandLine } from '../config/command/arguments.ts';
import { type Diagnostic, renderDiagnostics } from '../config/report/diagnostic.ts';
import type { Loaded } from './configuration.ts';

export function fatalWarnings(line: CommandLine, { model }: Loaded): boolean {
  return line.switches.has('W') || model.global.flags['zero-warning'] === true;
}

/** True, and said, if warnings are fatal and there are some. */
export function warningsStop(line: CommandLine, loaded: Loaded): boolean {
  if (!loaded.hasWarnings || !fatalWarnings(line, loaded)) return false;
  alert("config : Some warnings were found and 'zero-warning' is set. Aborting.");
  return true;
}

/** `-q`, or `quiet` in the global section: only errors are shown. `-V` beats both. */
export function say(diagnostics: readonly Diagnostic[], line: CommandLine, { model }: Loaded): void {
  const isQuiet = line.quiet || (model.global.flags['quiet'] === true && !line.verbose);
  const shown = isQuiet ? diagnostics.filter(({ severity }) => severity === 'alert') : diagnostics;
  process.stderr.write(renderDiagnostics(shown, process.pid));
}

export function alert(text: string): void {
  process.stderr.write(`[ALERT]    (${process.pid}) : ${text}\n`);
}

export function notice(text: string): void {
  process.stderr.write(`[NOTICE]   (${process.pid}) : ${text}\n`);
}
