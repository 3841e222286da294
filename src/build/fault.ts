/** What a failed compile step means to the user: a code, the word it is about, and the sentence. It must not know where rules are used. */
import type { ConditionModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { BuildProblem } from '../model/problem.ts';
import { RuleError } from '../rules/error.ts';
import { nearest } from '../rules/registry.ts';
import { placeOfWord, RuleFault } from '../rules/rulelist.ts';

/** A condition that belongs to no rule of a set: of a `use_backend` line. */
export class ConditionFault extends Error {
  override readonly name = 'ConditionFault';
  readonly error: RuleError;
  readonly at: Position;

  /** @param what HAProxy's name of the line, as `switching rule` */
  constructor(what: string, condition: ConditionModel, error: RuleError) {
    super(`error detected while parsing ${what} : ${error.message}.`);
    this.error = error;
    this.at = placeOfWord(condition, error.word);
  }
}

/** The problem that an error of a compile step is; `at` is the place if the error knows none. @throws what is no such error */
export function problemOf(at: Position, error: unknown): BuildProblem {
  if (error instanceof RuleFault || error instanceof ConditionFault) {
    const { code, found, allowed, message } = error.error;
    return { severity: 'alert', code, at: error.at, text: withHint(error.message, error.error), reason: message, found, allowed };
  }
  if (error instanceof RuleError) {
    const { code, message, found, allowed } = error;
    return { severity: 'alert', code, at, text: withHint(message, error), found, allowed };
  }
  if (error instanceof RangeError) return { severity: 'alert', code: 'bad-value', at, text: error.message };
  throw error;
}

/** Names among which a similar one is looked for: among more it would take too long for each error. */
const MOST_NAMES = 1000;

/** And the name that was probably meant, unless the message has one. */
function withHint(text: string, { message, found, allowed }: RuleError): string {
  if (found === null || allowed.length > MOST_NAMES || message.includes('mean') || allowed.includes(found) || /^\d+$/.test(found))
    return text;
  const near = nearest(found, allowed);
  return near === null ? text : `${text.replace(/\.$/, '')}; did you mean '${near}' maybe ?`;
}
