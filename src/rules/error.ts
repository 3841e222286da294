/**
 * What is wrong with a rule, as found while it is compiled at start. It knows the index of the word,
 * not files or lines: build/ adds the position and makes the diagnostic.
 */
import type { ProblemCode } from '../model/problem.ts';

export class RuleError extends Error {
  override readonly name = 'RuleError';
  /** Index among the words that were given to the compiler; -1: the keyword itself or the whole rule. */
  word: number;
  /** What kind of mistake it is, for programs. */
  code: ProblemCode = 'bad-rule';
  readonly found: string | null;
  readonly allowed: readonly string[];

  constructor(message: string, word = -1, found: string | null = null, allowed: readonly string[] = []) {
    super(message);
    this.word = word;
    this.found = found;
    this.allowed = allowed;
  }
}

/** Says that HAProxy has this and we do not yet: never ignored in silence. */
export function notSupported(thing: string, word = -1): RuleError {
  return coded('unsupported', new RuleError(`${thing} is not supported by this version`, word, thing));
}

/** The error with another code than `bad-rule`. */
export function coded(code: ProblemCode, error: RuleError): RuleError {
  error.code = code;
  return error;
}

/** Runs `compile` and, if it fails without a word index, names the word `word`. */
export function atWord<T>(word: number, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (error instanceof RuleError && error.word < 0) error.word = word;
    throw error;
  }
}
