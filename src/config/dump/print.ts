/**
 * A configuration written back: `hawser dump` and `-dC`.
 *
 * What is printed are the words that the parser took, not the model: each line after quotes, variables and `.if`
 * blocks were resolved, in canonical quoting. A printer for each keyword would be a second grammar beside
 * the parser, wrong as soon as a keyword is added without one; this stays complete by itself, keeps the order
 * of rules, and both HAProxy and Hawser read it to the same model (tests do). The price: `defaults` stay sections of
 * their own instead of being spread over the proxies (the JSON form does that), and comments are lost.
 *
 * It must not know keywords, but for `if` and `unless`: quoted they are plain words.
 */
import type { Word } from '../../keywords/define.ts';

/** A line that counted: of a branch that was taken, without errors. */
export interface ParsedLine {
  readonly file: string;
  readonly line: number;
  /** It opens a section. */
  readonly isSection: boolean;
  readonly words: readonly Word[];
}

/** The text that both programs read to the same model. */
export function printLines(lines: readonly ParsedLine[]): string {
  let text = '';
  for (const { isSection, words } of lines) {
    const line = words.map(quoteWord).join(' ');
    text += isSection ? `${text === '' ? '' : '\n'}${line}\n` : `    ${line}\n`;
  }
  return text;
}

/** Nothing in it means more than itself. */
const PLAIN = /^[!%&(-[\]-~\u0080-\u00ff]+$/;
/** Single quotes keep all but themselves. */
const SINGLE = /^[ -&(-~\u0080-\u00ff]*$/;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['$', '\\$'],
]);

/** The word as it must stand in a file to be read as this text. */
export function quoteWord({ text, quoted }: Word): string {
  if (quoted && (text === 'if' || text === 'unless')) return `"${text}"`;
  if (PLAIN.test(text)) return text;
  if (SINGLE.test(text)) return `'${text}'`;
  let out = '"';
  for (const char of text) out += ESCAPES.get(char) ?? (char < ' ' || char === '\x7f' ? hex(char) : char);
  return `${out}"`;
}

function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
