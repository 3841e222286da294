/** Whether what was seen agrees with what was recorded. What a proxy is free to vary is left out on both sides. */
import { isDeepStrictEqual } from 'node:util';
import type { Observed, Recorded, SeenRequest, SeenResponse } from './cases.ts';

const PARTS = ['st', 'fwd', 'end', 'resp', 'log'] as const;
export type Part = (typeof PARTS)[number];

export interface Difference {
  readonly part: Part;
  readonly expected: unknown;
  readonly seen: unknown;
}

/** The parts that count and differ; a part that was unstable on the reference does not count. */
export function compare(expected: Recorded, seen: Observed): Difference[] {
  const [left, right] = [reduce(expected), reduce(seen)];
  return PARTS.filter((part) => expected.unstable?.includes(part) !== true && !isDeepStrictEqual(left[part], right[part])).map((part) => ({
    part,
    expected: left[part],
    seen: right[part],
  }));
}

function reduce(seen: Observed): Record<Part, unknown> {
  return { st: seen.st, fwd: seen.fwd.map(reduceRequest), end: seen.end, resp: seen.resp.map(reduceResponse), log: [...seen.log].sort() };
}

function reduceRequest(request: SeenRequest): SeenRequest {
  if (request.raw !== undefined) return { raw: 'raw' };
  const { case: _, body, ...rest } = request;
  return body === undefined || /^(aborted|bad)/.test(request.fr ?? '') ? rest : { ...rest, body };
}

function reduceResponse(response: SeenResponse): SeenResponse {
  if (response.junk !== undefined) return { junk: 'junk' };
  const { reason: _, ...rest } = response;
  if (!isErrorPage(response)) return rest;
  return { ...rest, body: '(error page)', h: (rest.h ?? []).filter(([name]) => name !== 'content-length') };
}

function isErrorPage({ status, h }: SeenResponse): boolean {
  return (status ?? 0) >= 400 && h?.some(([name, value]) => name === 'content-type' && value === 'text/html') === true;
}

/** What `compare` lets pass: reason phrases, the text of error pages, the letter case of forwarded names. */
export function details(seen: Observed): unknown {
  return {
    reasons: seen.resp.map(({ reason }) => reason),
    pages: seen.resp.filter(isErrorPage).map(({ body }) => body),
    cases: seen.fwd.map((request) => request.case),
  };
}
