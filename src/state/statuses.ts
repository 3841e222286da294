/** Which statuses of responses are somebody's fault: lists by default, and as the data path looks them up. */

const LAST = 599;

/** hot-ok: at start */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** A client's: HAProxy's default of http-err-codes. */
export const DEFAULT_ERRORS: readonly number[] = range(400, 499);
/** A server's: of http-fail-codes. 501 and 505 answer what a client asked for. */
export const DEFAULT_FAILURES: readonly number[] = range(500, 599).filter((status) => status !== 501 && status !== 505);

/** A cell for each status: 1, it is in the list. hot-ok: at start */
export function statusTable(statuses: readonly number[]): Uint8Array {
  const table = new Uint8Array(LAST + 1);
  for (const status of statuses) table[status] = 1;
  return table;
}

/** Shared by all frontends that say nothing else. */
export const ERRORS = statusTable(DEFAULT_ERRORS);
export const FAILURES = statusTable(DEFAULT_FAILURES);
