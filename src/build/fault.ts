/** What a failed compile step means to the user: a code, the word it is about, and the sentence. It must not know where rules are used. */
import type { Position } from '../model/position.ts';
import type { BuildProblem } from '../model/problem.ts';
import { RuleError } from '../rules/error.ts';
import { RuleFault } from '../rules/rulelist.ts';

/** The problem that an error of a compile step is; `at` is the place if the error knows none. @throws what is no such error */
export function problemOf(at: Position, error: unknown): BuildProblem {
  if (error instanceof RuleFault) {
    const { code, found, allowed } = error.error;
    return { severity: 'alert', code, at: placeOf(error), text: error.message, found, allowed };
  }
  if (error instanceof RuleError) {
    const { code, message, found, allowed } = error;
    return { severity: 'alert', code, at, text: message, found, allowed };
  }
  if (error instanceof RangeError) return { severity: 'alert', code: 'bad-value', at, text: error.message };
  throw error;
}

/** The word of the line that the error is about; the rule itself if it tells none. */
function placeOf({ model, error, inCondition }: RuleFault): Position {
  const columns = inCondition && 'condition' in model ? model.condition?.columns : model.columns;
  const column = error.word < 0 ? undefined : columns?.[error.word];
  return column === undefined ? model.at : { ...model.at, column };
}
