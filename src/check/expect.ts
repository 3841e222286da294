/** http-check expect: which answers pass. Statuses are known with the head; content may need the whole body. */
import type { ExpectModel } from '../model/config.ts';
import { compileRegex } from '../rules/regex/regex.ts';
import type { Answer } from './answer.ts';
import { type CheckResult, result, Status } from './status.ts';

export type Judge = (answer: Answer) => CheckResult | null;

/** @throws SyntaxError for a pattern that is no regular expression or list of statuses */
export function compileExpect(expect: ExpectModel | null): Judge {
  if (expect === null) return byStatus((status) => status >= 200 && status < 400);
  const { negate, pattern } = expect;
  if (expect.kind === 'status') {
    const ranges = parseStatuses(pattern);
    return byStatus((status) => ranges.some(([low, high]) => status >= low && status <= high) !== negate);
  }
  if (expect.kind === 'string') return byContent((body) => body.includes(pattern), negate);
  const matches = matcher(pattern);
  if (expect.kind === 'rstatus') return byStatus((status) => matches(String(status)) !== negate);
  return byContent(matches, negate);
}

/** A body is a server's: what it is matched with must end in bounded time, which V8's own expressions do not promise. */
function matcher(pattern: string): (text: string) => boolean {
  const expression = compileRegex(pattern, false);
  return (text) => expression.test(Buffer.from(text, 'latin1'), 0, text.length);
}

/** `200,300-310` as pairs. @throws SyntaxError */
export function parseStatuses(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const range = /^\s*(\d{1,3})(?:-(\d{1,3}))?\s*$/.exec(part);
    if (range === null) throw new SyntaxError(`'${part}' is no status and no range of statuses, expected for example 200 or 300-310`);
    const low = Number(range[1]);
    const high = Number(range[2] ?? range[1]);
    if (high < low) throw new SyntaxError(`range '${part}' ends before it begins`);
    return [low, high];
  });
}

function byStatus(isGood: (status: number) => boolean): Judge {
  return ({ status, reason }) => result(isGood(status) ? Status.l7Ok : Status.l7Wrong, status, reason);
}

/** What is wanted may pass before the end; that it isn't there is known only at the end. */
function byContent(matches: (body: string) => boolean, negate: boolean): Judge {
  return ({ status, reason, body, isComplete }) => {
    const found = matches(body);
    if (found && negate) return result(Status.l7Invalid, null, 'HTTP check matched unwanted content');
    if (found) return result(Status.l7Ok, status, reason);
    if (!isComplete) return null;
    if (negate) return result(Status.l7Ok, status, reason);
    return result(Status.l7Invalid, null, 'HTTP content check did not match');
  };
}
