/** What is wrong with what checks compute, before any check is run. Loaded by those who have such checks. */
import { CheckFault, rulesetOf } from '../check/ruleset.ts';
import type { CheckModel, CheckStepModel } from '../model/check.ts';
import type { Position } from '../model/position.ts';
import type { Compiler } from '../rules/compiler.ts';
import { coded, RuleError } from '../rules/error.ts';
import { CheckWords } from './check-words.ts';

export function judgeCheck(check: CheckModel, compiler: Compiler, report: (at: Position, error: unknown) => void): void {
  try {
    rulesetOf(check, new CheckWords(compiler));
  } catch (error) {
    if (!(error instanceof CheckFault)) throw error;
    const { step, cause } = error;
    report(step.at, cause instanceof RuleError ? named(`${check.type}-check ${nameOf(step)}`, cause) : cause);
  }
}

function named(line: string, { code, message, word, found, allowed }: RuleError): RuleError {
  return coded(code, new RuleError(`'${line}' : ${message}`, word, found, allowed));
}

function nameOf(step: CheckStepModel): string {
  switch (step.kind) {
    case 'variable':
      return `${step.action}(${step.words.join()})`;
    case 'send':
      return step.form === 'hex-format' ? 'send-binary-lf' : 'send-lf';
    case 'request':
      return 'send';
    default:
      return step.kind;
  }
}
