/**
 * What a check can find: HAProxy's status codes with their words (statistics columns check_status and
 * check_desc, log lines), and what each means for the server.
 */
import { Outcome, type OutcomeValue } from '../control/health.ts';

export interface CheckStatus {
  readonly code: string;
  readonly text: string;
  /** null: nothing is known yet. */
  readonly outcome: OutcomeValue | null;
  /** What the server has answered has a number, which is told. */
  readonly hasNumber: boolean;
}

function status(code: string, text: string, outcome: OutcomeValue | null, hasNumber = false): CheckStatus {
  return { code, text, outcome, hasNumber };
}

export const Status = {
  unknown: status('UNK', 'Unknown', null),
  initial: status('INI', 'Initializing', null),
  socketError: status('SOCKERR', 'Socket error', Outcome.failed),
  l4Ok: status('L4OK', 'Layer4 check passed', Outcome.passed),
  l4Timeout: status('L4TOUT', 'Layer4 timeout', Outcome.failed),
  l4Refused: status('L4CON', 'Layer4 connection problem', Outcome.failed),
  l6Ok: status('L6OK', 'Layer6 check passed', Outcome.passed),
  l6Timeout: status('L6TOUT', 'Layer6 timeout', Outcome.failed),
  l6Invalid: status('L6RSP', 'Layer6 invalid response', Outcome.failed),
  l7Ok: status('L7OK', 'Layer7 check passed', Outcome.passed, true),
  l7Conditional: status('L7OKC', 'Layer7 check conditionally passed', Outcome.conditional, true),
  l7Timeout: status('L7TOUT', 'Layer7 timeout', Outcome.failed),
  l7Invalid: status('L7RSP', 'Layer7 invalid response', Outcome.failed),
  l7Wrong: status('L7STS', 'Layer7 wrong status', Outcome.failed, true),
} as const;

/** By HAProxy's code, as `ok-status` and its relatives name it. @throws RangeError for another word: the parser has looked at it */
export function statusOf(code: string): CheckStatus {
  for (const each of Object.values(Status)) if (each.code === code) return each;
  throw new RangeError(`'${code}' is no status of a check`);
}

/** The result of one check, or of what is known so far. */
export interface CheckResult {
  readonly status: CheckStatus;
  /** HTTP status or another number of the server's answer, 0 without one; null: of no meaning with this status. */
  readonly code: number | null;
  /** Reason phrase or error; empty: none. */
  readonly info: string;
}

export function result(found: CheckStatus, code: number | null = null, info = ''): CheckResult {
  return { status: found, code: found.hasNumber ? (code ?? 0) : null, info };
}
