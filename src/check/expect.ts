/**
 * What all `expect` lines have in common: the statuses and words of their results, and texts that are matched in bounded time.
 * It must not know what is looked for, nor where.
 */
import type { ExpectStepModel } from '../model/check.ts';
import { compileRegex } from '../rules/regex/regex.ts';
import { type CheckLanguage, render, type Scene, textOf } from './language.ts';
import { type CheckStatus, result, Status, statusOf } from './status.ts';
import type { Verdict } from './steps.ts';

export interface Outcomes {
  /** What came holds. `code`: of the answer, if it has one */
  good(scene: Scene | null, code?: number): Verdict;
  /** It does not. `info`: why, if the line has no text of its own */
  bad(scene: Scene | null, status: CheckStatus, info: string, code?: number): Verdict;
  readonly timeoutStatus: CheckStatus;
}

/** @param goodInfo told of a good answer, if the line has no text of its own. @param comment of the step; empty: none. @throws RuleError */
export function outcomesOf(expect: ExpectStepModel | null, goodInfo: string, comment: string, language: CheckLanguage | null): Outcomes {
  const { okStatus = null, errorStatus = null, timeoutStatus = null, onSuccess = null, onError = null, statusCode = null } = expect ?? {};
  const passed = okStatus === null ? Status.l7Ok : statusOf(okStatus);
  const behind = comment === '' ? '' : ` comment: ${comment}`;
  const goodText = onSuccess === null ? goodInfo : textOf(onSuccess, language);
  const badText = onError === null ? null : textOf(onError, language);
  const number = statusCode === null || language === null ? null : language.value(statusCode);
  const told = (scene: Scene | null, code: number | undefined): number | null => {
    const computed = number === null || scene === null ? null : number(scene);
    return computed === null ? (code ?? null) : Number.parseInt(String(computed), 10) || 0;
  };
  return {
    good: (scene, code) => ({ isGood: true, result: result(passed, told(scene, code), render(goodText, scene) ?? '') }),
    bad: (scene, status, info, code) => {
      const found = errorStatus === null ? status : statusOf(errorStatus);
      const words = badText === null ? info : (render(badText, scene) ?? '');
      return { isGood: false, result: result(found, told(scene, code), `${words}${behind}`) };
    },
    timeoutStatus: timeoutStatus === null ? Status.l7Timeout : statusOf(timeoutStatus),
  };
}

/**
 * An answer is a server's: what it is matched with must end in bounded time, which V8's own expressions do not promise.
 * @param text latin-1. @throws RuleError for a pattern that is no regular expression
 */
export function textMatcher(pattern: string, ignoresCase = false): (text: string) => boolean {
  const expression = compileRegex(pattern, ignoresCase);
  return (text) => expression.test(Buffer.from(text, 'latin1'), 0, text.length);
}

/** The same for bytes. @throws RuleError */
export function bytesMatcher(pattern: string): (bytes: Uint8Array) => boolean {
  const expression = compileRegex(pattern, false);
  return (bytes) => expression.test(bytes, 0, bytes.length);
}
