/**
 * Diagnostics for programs: `-c --format json` and `--format sarif` (SARIF 2.1.0, OASIS). Field names are stable.
 * Texts are read as UTF-8, columns count UTF-16 units from 1, as editors do. It must not know keywords.
 */

import { HAWSER_VERSION } from '../command/version.ts';
import { CODES, type DiagnosticCode } from './codes.ts';
import { type Diagnostic, diagnosticText } from './diagnostic.ts';
import type { Severity } from './severity.ts';

export type ReportFormat = 'json' | 'sarif';

export interface CheckOutcome {
  /** No alert, and no warning that `-dW` makes one. */
  readonly valid: boolean;
  /** Something listens: without it a valid configuration does not start. */
  readonly listens: boolean;
}

/** The whole report with a line feed behind it. */
export function reportText(format: ReportFormat, diagnostics: readonly Diagnostic[], outcome: CheckOutcome): string {
  const report = format === 'json' ? jsonReport(diagnostics, outcome) : sarifReport(diagnostics, outcome);
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Where a diagnostic points to. `column` is left out for a whole line, `line` for the whole configuration. */
interface Region {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Behind the word. */
  readonly endColumn?: number;
}

function regionOf({ position, line }: Diagnostic): Region {
  if (position === null) return {};
  const { file, line: number, column } = position;
  const place = { file: utf8(file), line: number };
  if (column === 0) return place;
  if (line === undefined) return { ...place, column };
  const end = wordEnd(line, column - 1);
  return { ...place, column: utf8(line.slice(0, column - 1)).length + 1, endColumn: utf8(line.slice(0, end)).length + 1 };
}

/** Index behind the word that starts at `start`: quotes and escapes keep it together. */
export function wordEnd(line: string, start: number): number {
  let quote = '';
  let at = start;
  for (; at < line.length; at++) {
    const char = line[at] as string;
    if (char === '\\' && quote !== "'") at++;
    else if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (/[\s#]/.test(char)) break;
  }
  return Math.min(at, line.length);
}

/** Texts of the model are bytes. */
function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function jsonReport(diagnostics: readonly Diagnostic[], { valid, listens }: CheckOutcome): unknown {
  return {
    format: 1,
    program: { name: 'hawser', version: HAWSER_VERSION },
    valid,
    listens,
    diagnostics: diagnostics.map((diagnostic) => {
      const { code, severity, found, allowed, near } = diagnostic;
      return {
        code,
        severity,
        ...regionOf(diagnostic),
        message: utf8(diagnosticText(diagnostic)),
        ...(found === undefined ? {} : { found: utf8(found) }),
        ...(allowed === undefined ? {} : { allowed: allowed.map(utf8) }),
        ...(near === undefined ? {} : { near: utf8(near) }),
      };
    }),
  };
}

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  alert: 'error',
  warning: 'warning',
  notice: 'note',
  diag: 'note',
};

function sarifReport(diagnostics: readonly Diagnostic[], { valid }: CheckOutcome): unknown {
  const codes = [...new Set(diagnostics.map(({ code }) => code))];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'hawser', version: HAWSER_VERSION, rules: codes.map(sarifRule) } },
        columnKind: 'utf16CodeUnits',
        invocations: [{ executionSuccessful: valid }],
        results: diagnostics.map((diagnostic) => ({
          ruleId: diagnostic.code,
          ruleIndex: codes.indexOf(diagnostic.code),
          level: LEVELS[diagnostic.severity],
          message: { text: utf8(diagnosticText(diagnostic)) },
          locations: sarifLocations(regionOf(diagnostic)),
        })),
      },
    ],
  };
}

function sarifRule(code: DiagnosticCode): unknown {
  const { meaning, advice, severities } = CODES[code];
  return {
    id: code,
    shortDescription: { text: meaning },
    help: { text: advice },
    defaultConfiguration: { level: LEVELS[severities[0]] },
  };
}

function sarifLocations({ file, line, column, endColumn }: Region): unknown[] {
  if (file === undefined || line === undefined) return [];
  const region = {
    startLine: line,
    ...(column === undefined ? {} : { startColumn: column }),
    ...(endColumn === undefined ? {} : { endColumn }),
  };
  return [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region } }];
}

/** Relative paths stay relative: who reads the report knows the folder. */
function uriOf(file: string): string {
  const path = encodeURI(file).replace(/[?#]/g, encodeURIComponent);
  return file.startsWith('/') ? `file://${path}` : path;
}
