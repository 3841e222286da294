/**
 * What the parser has to say, as data, and its text form: HAProxy's prefixes, so that tools which read
 * them go on working, with the offending line and a caret below. It must not know keywords.
 */
import type { Position } from '../../model/position.ts';
import type { DiagnosticCode } from './codes.ts';
import type { Severity } from './severity.ts';

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable name of the problem: see codes.ts. */
  readonly code: DiagnosticCode;
  /** null: about the whole configuration. */
  readonly position: Position | null;
  readonly text: string;
  /** The line as it stands in the file; with a column it is shown with a caret. */
  readonly line?: string | undefined;
  readonly found?: string | undefined;
  readonly allowed?: readonly string[] | undefined;
  /** A similar name that exists. */
  readonly near?: string | undefined;
  /** The text says all of it: `found`, `allowed` and `near` are for programs. */
  readonly isWhole?: boolean;
}

const LABELS: Record<Severity, string> = {
  alert: '[ALERT]    ',
  warning: '[WARNING]  ',
  notice: '[NOTICE]   ',
  diag: '[DIAG]     ',
};

/** The lines for stderr, each with its line feed; latin-1 text as in the model. */
export function renderDiagnostic(diagnostic: Diagnostic, pid: number): string {
  const { position, severity } = diagnostic;
  const place = position === null ? '' : `parsing [${position.file}:${position.line}] : `;
  return `${LABELS[severity]}(${pid}) : config : ${place}${diagnosticText(diagnostic)}\n${caret(diagnostic)}`;
}

/** The sentence: what is wrong, what was found, what is allowed, what was probably meant. */
export function diagnosticText({ text, found, allowed, near, isWhole }: Diagnostic): string {
  if (isWhole === true) return text;
  const says = found !== undefined || (allowed !== undefined && allowed.length > 0) || near !== undefined;
  let sentence = says ? text.replace(/\.$/, '') : text;
  if (found !== undefined && !text.includes(`'${found}'`)) sentence += `, found '${found}'`;
  if (allowed !== undefined && allowed.length > 0) sentence += `, allowed: ${allowed.map((name) => `'${name}'`).join(', ')}`;
  if (near !== undefined) sentence += `; did you mean '${near}' maybe ?`;
  return sentence;
}

function caret({ position, line, severity }: Diagnostic): string {
  if (severity !== 'alert' || position === null || position.column === 0 || line === undefined) return '';
  const from = Math.max(0, Math.min(position.column - 1 - SHOWN_BEFORE, line.length - MOST_SHOWN));
  const shown = line.slice(from, from + MOST_SHOWN);
  const head = from > 0 ? '...' : '';
  const tail = from + MOST_SHOWN < line.length ? '...' : '';
  const before = shown.slice(0, position.column - 1 - from).replace(/[^\t]/g, ' ');
  return `  ${head}${shown}${tail}\n  ${head === '' ? '' : '   '}${before}^\n`;
}

/** Of a long line only a part is shown: so much, and so much of it before the caret. */
const MOST_SHOWN = 400;
const SHOWN_BEFORE = 200;

/** Everything for stderr, errors last counted as HAProxy does. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], pid: number): string {
  let text = '';
  const files = new Set<string>();
  for (const diagnostic of diagnostics) {
    text += renderDiagnostic(diagnostic, pid);
    if (diagnostic.severity === 'alert' && diagnostic.position !== null) files.add(diagnostic.position.file);
  }
  for (const file of files) text += `${LABELS.alert}(${pid}) : config : Error(s) found in configuration file : ${file}\n`;
  if (hasErrors(diagnostics)) text += `${LABELS.alert}(${pid}) : config : Fatal errors found in configuration.\n`;
  return text;
}

/** Errors behind which the shape of the configuration is not known: what would be found then may be wrong itself. */
const STRUCTURAL = new Set<DiagnosticCode>([
  'bad-condition',
  'bad-name',
  'duplicate-name',
  'message',
  'missing-line-feed',
  'open-block',
  'out-of-section',
  'shared-rules',
  'too-many-errors',
  'unknown-defaults',
  'unreadable',
  'zero-byte',
]);

/** Whether it makes sense to look for more errors than `diagnostics`. */
export function hasShape(diagnostics: readonly Diagnostic[]): boolean {
  return !diagnostics.some(({ severity, code }) => severity === 'alert' && STRUCTURAL.has(code));
}

/** Of what was found behind errors, what is worth telling: errors at words about which nothing was said yet. */
export function furtherErrors(found: readonly Diagnostic[], told: readonly Diagnostic[]): Diagnostic[] {
  const placeOf = ({ position }: Diagnostic): string => (position === null ? '' : `${position.file}:${position.line}:${position.column}`);
  const places = new Set(told.map(placeOf));
  return found.filter((diagnostic) => diagnostic.severity === 'alert' && !places.has(placeOf(diagnostic)));
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'alert');
}

export function hasWarnings(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'warning');
}
