/** Asks the program itself whether it takes a piece of configuration: parsed and built as `-c` does. */
import { planOf } from '../../src/build/plan.ts';
import { parseText } from '../../src/config/parse.ts';
import { type Diagnostic, hasErrors } from '../../src/config/report/diagnostic.ts';
import { tryToBuild } from '../../src/master/dry-build.ts';

/** Room for the constants of a small configuration. */
const SMALL = 1 << 18;

/** What is said about a text, without warnings; empty: it is taken. */
export function alertsFor(text: string): readonly Diagnostic[] {
  const { model, diagnostics } = parseText(text, 'probe', { environment: {}, localPeer: 'peer' });
  const all = hasErrors(diagnostics) ? diagnostics : [...diagnostics, ...tryToBuild(model, planOf(model), SMALL)];
  return all.filter(({ severity }) => severity === 'alert');
}

/** True if nothing is wrong with a text. */
export function accepts(text: string): boolean {
  return alertsFor(text).length === 0;
}

/** What the parser alone says: enough where nothing is built. */
export function parserAlerts(text: string): readonly Diagnostic[] {
  return parseText(text, 'probe', { environment: {}, localPeer: 'peer' }).diagnostics.filter(({ severity }) => severity === 'alert');
}
