/**
 * Turns the words behind a keyword into the typed values its object asks for. It must not know any
 * keyword: only argument specifications.
 */
import type { ArgumentSpec, Complaint, Word } from '../keywords/define.ts';
import { type Parsed, parseInteger, parseSize, parseTime } from './units.ts';

const MOST = Number.MAX_SAFE_INTEGER;

export interface Reading {
  readonly values: unknown[];
  /** How many words were taken. */
  readonly taken: number;
}

/**
 * Reads the arguments of `keyword` from `words`. Answers null after a complaint.
 * @param isOpen more words may follow, as behind an option of a bind line
 */
export function readArguments(
  keyword: string,
  specs: readonly ArgumentSpec[],
  words: readonly Word[],
  complain: (complaint: Complaint) => void,
  isOpen: boolean,
): Reading | null {
  const values: unknown[] = [];
  let at = 0;
  for (const spec of specs) {
    if (spec.kind === 'rest') {
      values.push(words.slice(at));
      at = words.length;
      continue;
    }
    const word = words[at];
    if (word === undefined) {
      if (spec.optional !== true) {
        complain({ text: missingText(keyword, spec), ...(spec.choices === undefined ? {} : { allowed: spec.choices }) });
        return null;
      }
      values.push(null);
      continue;
    }
    const value = readOne(keyword, spec, word, complain);
    if (value === null) return null;
    values.push(value);
    at++;
  }
  if (!isOpen && at < words.length) {
    complain({ text: `'${keyword}' cannot handle unexpected argument '${(words[at] as Word).text}'.`, word: words[at] });
    return null;
  }
  return { values, taken: at };
}

function missingText(keyword: string, spec: ArgumentSpec): string {
  const kinds = {
    integer: 'an integer argument',
    time: 'a time',
    size: 'a size in bytes',
    choice: 'one of several words',
    text: 'an argument',
    word: 'an argument',
    rest: '',
  };
  return `'${keyword}' expects ${kinds[spec.kind]}: <${spec.name}>`;
}

function readOne(keyword: string, spec: ArgumentSpec, word: Word, complain: (complaint: Complaint) => void): unknown {
  switch (spec.kind) {
    case 'word':
      return word;
    case 'text':
      return word.text;
    case 'choice':
      if (spec.choices?.includes(word.text)) return word.text;
      complain({
        text: `'${keyword}' does not know its <${spec.name}>`,
        word,
        found: word.text,
        allowed: spec.choices ?? [],
        near: spec.choices ?? [],
      });
      return null;
    default:
      return readNumber(keyword, spec, word, complain);
  }
}

/** A number, time or size within the bounds of the specification. */
export function readNumber(keyword: string, spec: ArgumentSpec, word: Word, complain: (complaint: Complaint) => void): number | null {
  const parsed = parseNumber(spec, word.text);
  if ('value' in parsed) return parsed.value;
  const { problem } = parsed;
  if (problem.startsWith('must')) complain({ text: `'${keyword}' : <${spec.name}> ${problem}`, word });
  else if (problem.endsWith('integer')) complain({ text: `'${keyword}' expects an integer argument: ${problem}`, word });
  else complain({ text: `'${keyword}' : ${problem} in argument <${spec.name}>`, word });
  return null;
}

function parseNumber(spec: ArgumentSpec, text: string): Parsed {
  const min = spec.min ?? 0;
  const max = spec.max ?? MOST;
  if (spec.kind === 'integer') return parseInteger(text, min, max);
  const parsed = spec.kind === 'time' ? parseTime(text, spec.unit) : parseSize(text);
  if ('problem' in parsed || (parsed.value >= min && parsed.value <= max)) return parsed;
  const unit = spec.kind === 'time' ? ' ms' : '';
  return { problem: `must be ${max === MOST ? `at least ${min}${unit}` : `between ${min} and ${max}${unit}`} (was ${text})` };
}
