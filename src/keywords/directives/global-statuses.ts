/** Which statuses are a client's fault and which a server's, for the counters of stick tables (HAProxy 3.x configuration 3.1). */
import type { GlobalModel } from '../../model/config.ts';
import { DEFAULT_ERRORS, DEFAULT_FAILURES } from '../../state/statuses.ts';
import { type Directive, type DirectiveContext, defineGlobal, type Word } from '../define.ts';

const FIRST = 100;
const LAST = 599;

/** `400,402-444`; null after a complaint. */
function readRanges(text: string, word: Word, context: DirectiveContext): number[] | null {
  const statuses: number[] = [];
  for (const range of text.split(',')) {
    const match = /^(\d{3})(?:-(\d{3}))?$/.exec(range);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (match === null || from < FIRST || to > LAST || from > to) {
      const form = `a status or a range as ${FIRST}-${LAST} is expected, with commas between them`;
      context.error({ text: `'${context.keyword}' : invalid status range '${range}': ${form}`, word, found: range });
      return null;
    }
    for (let status = from; status <= to; status++) statuses.push(status);
  }
  return statuses;
}

function defineStatuses(name: string, field: 'errorStatuses' | 'failureStatuses', standard: readonly number[], doc: string): Directive {
  return defineGlobal({
    name,
    args: [
      { name: 'range', kind: 'word' },
      { name: 'ranges', kind: 'rest' },
    ],
    doc: `${doc} Each word replaces the list, adds to it (\`+\`) or takes from it (\`-\`).`,
    examples: [
      { text: `${name} 404,410-411`, gives: { [field]: [404, 410, 411] } },
      { text: `${name} 400-403 -402 +500,502`, gives: { [field]: [400, 401, 403, 500, 502] } },
      { text: `${name} 99`, says: "invalid status range '99'" },
      { text: `${name} 500-400`, says: "invalid status range '500-400'" },
    ],
    apply(global, [first, rest], context) {
      let statuses = new Set(global[field] ?? standard);
      for (const word of [first, ...rest]) {
        const sign = /^[+-]/.exec(word.text)?.[0];
        const given = readRanges(word.text.slice(sign === undefined ? 0 : 1), word, context);
        if (given === null) return;
        if (sign === '-') for (const status of given) statuses.delete(status);
        else statuses = new Set(sign === '+' ? [...statuses, ...given] : given);
      }
      (global as Pick<GlobalModel, typeof field>)[field] = [...statuses].sort((a, b) => a - b);
    },
  });
}

export const httpErrCodes = defineStatuses(
  'http-err-codes',
  'errorStatuses',
  DEFAULT_ERRORS,
  'Statuses of responses that count in http_err_cnt and http_err_rate: 400 to 499 if unset.',
);
export const httpFailCodes = defineStatuses(
  'http-fail-codes',
  'failureStatuses',
  DEFAULT_FAILURES,
  'Statuses of responses that count in http_fail_cnt and http_fail_rate: 500 to 599 but 501 and 505 if unset.',
);
