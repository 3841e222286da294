/**
 * The same configuration and the same bytes to the installed HAProxy and to Hawser: the
 * answers, what the server received, how the connection ended and the log lines must agree,
 * except for what is listed in differences.ts.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Case, Observed, Recorded } from '../corpus/cases.ts';
import type { Difference, Part } from '../corpus/judge.ts';
import { compare, details } from '../corpus/judge.ts';
import type { Lane } from '../corpus/sweep.ts';
import { closeLanes, configure, openLanes, sweep } from '../corpus/sweep.ts';
import { needs } from '../support/peer.ts';
import { startSubject, subjects } from '../support/subject.ts';
import type { KnownDifference } from './differences.ts';
import { DIFFERENCES } from './differences.ts';
import { REQUESTS } from './requests.ts';
import { RESPONSES } from './responses.ts';

const LANES = 40;
/** A case that differs is run again on few lanes: "at once" is a time, and another test may take the core. */
const LANES_AGAIN = 4;
const MOST_AGAIN = 40;
const PARTS: readonly Part[] = ['st', 'fwd', 'end', 'resp', 'log'];

const cases: readonly Case[] = [...REQUESTS, ...RESPONSES];
const keyOf = ({ kind, id }: Case): string => `${kind} ${id}`;

function run(lanes: readonly Lane[], played: readonly Case[]): Promise<Observed[]> {
  return sweep(
    lanes,
    played.map((entry) => ({ profile: 'default', case: entry })),
  );
}

/** Lanes of its own for each proxy: the ports of one that has just ended may still be listened on. */
async function openFor(stack: AsyncDisposableStack): Promise<Lane[]> {
  return stack.adopt(await openLanes(LANES, ['default']), closeLanes);
}

/** HAProxy's behaviour; what differs between two runs of it is marked as unstable. */
async function record(): Promise<Recorded[]> {
  await using stack = new AsyncDisposableStack();
  const lanes = await openFor(stack);
  await using _haproxy = await startSubject('haproxy', { config: configure(lanes, {}) });
  const [first, second] = [await run(lanes, cases), await run(lanes, cases)];
  return first.map((seen, at) => ({ ...seen, unstable: compare(seen, second[at] as Observed).map(({ part }) => part) }));
}

function judge(played: Case, expected: Recorded, seen: Observed): Difference[] {
  const known = DIFFERENCES[keyOf(played)];
  if (known === undefined) return [...compare(expected, seen), ...compareDetails(expected, seen)];
  const wanted: Recorded = {
    ...expected,
    st: known.st ?? expected.st,
    end: known.end ?? expected.end,
    log: known.log ?? expected.log,
    unstable: [...(known.st === undefined ? [] : ['resp']), ...(known.forwarded === undefined ? [] : ['fwd'])],
  };
  return [...compare(wanted, seen), ...compareForwarded(known, seen)];
}

function compareForwarded({ forwarded }: KnownDifference, { fwd }: Observed): Difference[] {
  if (forwarded === undefined) return [];
  const first: Record<string, unknown> = { ...fwd[0] };
  const agrees =
    forwarded === null
      ? fwd.length === 0
      : fwd.length > 0 && Object.entries(forwarded).every(([name, value]) => isDeepStrictEqual(first[name], value));
  return agrees ? [] : [{ part: 'fwd', expected: forwarded, seen: fwd }];
}

function compareDetails(expected: Recorded, seen: Observed): Difference[] {
  if (PARTS.some((part) => expected.unstable?.includes(part)) || compare(expected, seen).length > 0) return [];
  const [left, right] = [details(expected), details(seen)];
  return isDeepStrictEqual(left, right) ? [] : [{ part: 'resp', expected: left, seen: right }];
}

async function runSubject(subject: string, recorded: readonly Recorded[]): Promise<Observed[]> {
  await using stack = new AsyncDisposableStack();
  const lanes = await openFor(stack);
  await using _proxy = await startSubject(subject, { config: configure(lanes, {}) });
  const seen = await run(lanes, cases);
  const differs = (played: Case, at: number): boolean => judge(played, recorded[at] as Recorded, seen[at] as Observed).length > 0;
  const wrong = cases.flatMap((played, at) => (differs(played, at) ? [at] : []));
  if (wrong.length > MOST_AGAIN) return seen;
  const again = await run(
    lanes.slice(0, LANES_AGAIN),
    wrong.map((at) => cases[at] as Case),
  );
  for (const [index, at] of wrong.entries()) seen[at] = again[index] as Observed;
  return seen;
}

describe('HAProxy and Hawser, the same bytes', needs('haproxy'), () => {
  let recorded: Recorded[] = [];
  const results = new Map<string, Observed[]>();
  before(async () => {
    recorded = await record();
    for (const subject of subjects) results.set(subject, await runSubject(subject, recorded));
  });

  const groups = new Map<string, number[]>();
  for (const [at, { kind, group }] of cases.entries()) groups.set(`${kind} ${group}`, [...(groups.get(`${kind} ${group}`) ?? []), at]);
  for (const subject of subjects) {
    for (const [group, members] of groups) {
      test(`${subject}: ${group} (${members.length})`, () => {
        const wrong = members.flatMap((at) => {
          const played = cases[at] as Case;
          const found = judge(played, recorded[at] as Recorded, (results.get(subject) as Observed[])[at] as Observed);
          return found.length === 0 ? [] : [{ key: keyOf(played), steps: played.steps, resp: played.resp, found }];
        });
        assert.deepEqual(wrong, [], `${wrong.length} of ${members.length} differ:\n${JSON.stringify(wrong, undefined, 1)}`);
      });
    }
  }

  test('every known difference names a case', () => {
    const keys = new Set(cases.map(keyOf));
    assert.equal(keys.size, cases.length);
    assert.deepEqual(
      Object.keys(DIFFERENCES).filter((key) => !keys.has(key)),
      [],
    );
  });
});
