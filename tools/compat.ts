/**
 * Compares the registered keywords with HAProxy 3.5's names: `docs/compatibility.md`, and what is wrong with the
 * comparison itself. `tools/docs.ts` runs it.
 */
import { compatibilityPage, unexplained } from './compat/page.ts';
import { readTable } from './compat/table.ts';
import { unreadProblems } from './compat/unread.ts';
import { brokenVouchers } from './compat/vouched.ts';

export interface Comparison {
  readonly page: string;
  /** Each a sentence for whoever changed a keyword. */
  readonly problems: readonly string[];
}

export function compareKeywords(): Comparison {
  const rows = readTable();
  return { page: compatibilityPage(rows), problems: [...unexplained(rows), ...brokenVouchers(), ...unreadProblems()] };
}
