/**
 * What all `expect` lines have in common: the statuses and words of their results, and texts that are matched in bounded time.
 * It must not know what is looked for, nor where.
 */
import type { ExpectStepModel } from '../model/check.ts';
import { compileRegex } from '../rules/regex/regex.ts';
import { type CheckStatus, result, Status, statusOf } from './status.ts';
import type { Verdict } from './steps.ts';

export interface Outcomes {
  /** What came holds. `code`: of the answer, if it has one */
  good(code?: number): Verdict;
  /** It does not. `info`: why, if the line has no text of its own */
  bad(status: CheckStatus, info: string, code?: number): Verdict;
  readonly timeoutStatus: CheckStatus;
}

/** @param goodInfo told of a good answer, if the line has no text of its own. @param comment of the step; empty: none */
export function outcomesOf(expect: ExpectStepModel | null, goodInfo: string, comment: string): Outcomes {
  const { okStatus = null, errorStatus = null, timeoutStatus = null, onSuccess = null, onError = null } = expect ?? {};
  const good = okStatus === null ? Status.l7Ok : statusOf(okStatus);
  const behind = comment === '' ? '' : ` comment: ${comment}`;
  return {
    good: (code) => ({ isGood: true, result: result(good, code, onSuccess ?? goodInfo) }),
    bad: (status, info, code) => {
      const found = errorStatus === null ? status : statusOf(errorStatus);
      return { isGood: false, result: result(found, code, `${onError ?? info}${behind}`) };
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
