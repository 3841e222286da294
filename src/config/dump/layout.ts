/**
 * `hawser fmt`: one layout for all configurations. Sections and lines of the preprocessor (`.if` …) at column 0, all else
 * four spaces in; one space between words; one empty line between sections, at most one inside; comments kept, those right above a
 * section with it. Quotes and escapes stay as they were written.
 *
 * A line whose words would change is left alone: a layout must never be a meaning. It must not know keywords, only
 * which words open a section.
 */
import { knownNames } from '../../keywords/known.ts';
import { wordEnd } from '../report/report.ts';
import { splitWords } from '../words.ts';

const INDENT = '    ';

/** What a line is for the layout. */
type LineKind = 'blank' | 'comment' | 'section' | 'block' | 'line';

interface LaidLine {
  readonly kind: LineKind;
  /** Without indentation; or the whole line, if it must stay as it is. */
  readonly text: string;
  /** It stays as it is. */
  readonly isRaw: boolean;
  /** It began at column 0. */
  readonly isOuter: boolean;
}

/** The text of a file in canonical layout; what follows the last line feed stays, as HAProxy refuses it. */
export function formatText(text: string): string {
  const lines = text.split('\n');
  const rest = lines.pop() as string;
  const laid = lines.map(layLine);
  const out: string[] = [];
  for (const [at, line] of laid.entries()) {
    if (line.kind === 'blank') continue;
    if (out.length > 0 && wantsGap(laid, at)) out.push('');
    out.push(indented(laid, at));
  }
  return `${out.map((line) => `${line}\n`).join('')}${rest}`;
}

const SECTIONS = new Set(['global', 'defaults', 'frontend', 'backend', 'listen', 'program']);

function layLine(line: string): LaidLine {
  const isOuter = /^\S/.test(line);
  const parts = wordsOf(line);
  const [first = ''] = parts;
  if (first === '') return { kind: 'blank', text: '', isRaw: false, isOuter };
  if (first.startsWith('#')) return { kind: 'comment', text: first, isRaw: false, isOuter };
  const text = parts.join(' ');
  if (!isSame(line, text)) return { kind: 'line', text: line, isRaw: true, isOuter };
  return { kind: kindOf(first), text, isRaw: false, isOuter };
}

function kindOf(first: string): LineKind {
  if (first.startsWith('.')) return 'block';
  return SECTIONS.has(first) || knownNames('section').includes(first) ? 'section' : 'line';
}

/** The words as they are written, and behind them the comment, if there is one. */
function wordsOf(line: string): string[] {
  const parts: string[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line[at] as string;
    if (BLANKS.includes(char)) {
      at++;
      continue;
    }
    if (char === '#') {
      parts.push(line.slice(at).trimEnd());
      break;
    }
    const end = wordEnd(line, at);
    parts.push(line.slice(at, end));
    at = end;
  }
  return parts;
}

const BLANKS = ' \t\r\v\f';

/** Both lines are read as the same words, or as the same mistake: variables stand for their names. */
function isSame(before: string, after: string): boolean {
  if (before.includes('\0')) return before === after;
  const one = splitWords(before, nameOf);
  const other = splitWords(after, nameOf);
  if (one.problem !== null || other.problem !== null) return false;
  return one.words.length === other.words.length && one.words.every((word, at) => sameWord(word, other.words[at]));
}

function sameWord(a: { text: string; quoted: boolean }, b: { text: string; quoted: boolean } | undefined): boolean {
  return b !== undefined && a.text === b.text && a.quoted === b.quoted;
}

function nameOf(name: string): string {
  return `<${name}>`;
}

/** A comment goes with the next line if nothing stands between; `.if`, `.elif` and `.else` open what they stand above. */
function opensBelow(line: LaidLine): boolean {
  return line.kind === 'comment' || (line.kind === 'block' && /^\.(if|elif|else)\b/.test(line.text));
}

/** The index of the line that a run of comments and openers ends with; what follows an empty line is another run. */
function targetOf(laid: readonly LaidLine[], from: number): number {
  let at = from;
  while (at + 1 < laid.length && opensBelow(laid[at] as LaidLine) && (laid[at + 1] as LaidLine).kind !== 'blank') at++;
  return at;
}

/** Whether an empty line stands before the line at `at`: above sections, and where one was inside them. */
function wantsGap(laid: readonly LaidLine[], at: number): boolean {
  const before = laid[at - 1];
  if (before === undefined) return false;
  const hadGap = before.kind === 'blank';
  if (!hadGap && opensBelow(before) && targetOf(laid, at - 1) !== at - 1) return false;
  if (hadGap) return !isRightBelowSection(laid, at);
  return (laid[targetOf(laid, at)] as LaidLine).kind === 'section';
}

/** Nothing but empty lines between a section's first line and this one: they go. */
function isRightBelowSection(laid: readonly LaidLine[], at: number): boolean {
  let above = at - 1;
  while (above >= 0 && (laid[above] as LaidLine).kind === 'blank') above--;
  if (above < 0 || (laid[above] as LaidLine).kind !== 'section') return false;
  return (laid[targetOf(laid, at)] as LaidLine).kind !== 'section';
}

function indented(laid: readonly LaidLine[], at: number): string {
  const line = laid[at] as LaidLine;
  if (line.isRaw) return line.text;
  return isIndented(laid, at) ? INDENT + line.text : line.text;
}

function isIndented(laid: readonly LaidLine[], at: number): boolean {
  const line = laid[at] as LaidLine;
  if (line.kind !== 'comment') return line.kind === 'line';
  const target = laid[targetOf(laid, at)] as LaidLine;
  if (target.kind === 'comment') return !line.isOuter;
  return target.kind === 'line';
}
