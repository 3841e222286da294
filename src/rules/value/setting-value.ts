/** Numbers that an action takes as a constant or as an expression: times, marks, priorities. Compiled at start. */
import type { Stream } from '../../state/records.ts';
import type { CompileContext } from '../define.ts';
import { atWord, RuleError } from '../error.ts';
import { canCast, cast, SampleType } from '../sample.ts';
import { readSize, readTimeMs, type Words } from '../words.ts';

/** The number for a stream; NaN: the expression gives none. */
export type NumberStep = (stream: Stream) => number;

/** The next word as a time in milliseconds, or as an expression that gives milliseconds; no words may follow. */
export function compileTime(words: Words, context: CompileContext): NumberStep {
  return compileNumber(words, 'a time, or an expression that gives milliseconds', readTimeMs, context);
}

/** As compileTime, with other words behind it. */
export function compileTimeOf(words: Words, context: CompileContext): NumberStep {
  return compileWord(words, 'a time, or an expression that gives milliseconds', readTimeMs, context);
}

/** The next word as a size in bytes, or as an expression; other words may follow. */
export function compileSizeOf(words: Words, context: CompileContext): NumberStep {
  return compileWord(words, 'a size, or an expression that gives bytes', readSize, context);
}

/** The next word as an integer within bounds, or as an expression; no words may follow. Decimal, or hexadecimal behind 0x. */
export function compileInteger(words: Words, what: string, min: number, max: number, context: CompileContext): NumberStep {
  return compileNumber(words, what, (word) => readInteger(word, words.at - 1, min, max), context);
}

function readInteger(word: string, at: number, min: number, max: number): number | null {
  if (!/^(-?\d{1,15}|0x[0-9a-f]{1,8})$/i.test(word)) return null;
  const value = Number(word);
  if (value >= min && value <= max) return value;
  throw new RuleError(`'${word}' is out of range: an integer from ${min} to ${max} is expected`, at, word, [`${min}-${max}`]);
}

function compileNumber(words: Words, what: string, read: (word: string) => number | null, context: CompileContext): NumberStep {
  const step = compileWord(words, what, read, context);
  words.end();
  return step;
}

function compileWord(words: Words, what: string, read: (word: string) => number | null, context: CompileContext): NumberStep {
  const word = words.next(what);
  const at = words.at - 1;
  const constant = read(word);
  if (constant !== null) return () => constant;
  const expression = atWord(at, () => context.expression(word));
  if (!canCast(expression.type, SampleType.int)) throw new RuleError(`'${word}' gives no number`, at, word);
  const { sample } = context.thread;
  return (stream) => (expression.run(sample, stream) && cast(sample, SampleType.int) ? sample.int : Number.NaN);
}
