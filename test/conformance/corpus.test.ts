/**
 * The recorded HTTP/1 cases, on both hosts: statuses, responses, what the server received,
 * how the connection ended and the log line must be those of HAProxy 3.5.
 *
 *     HAWSER_TEST_SUBJECTS=haproxy node test/conformance/corpus.test.ts    how far the installed HAProxy agrees
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Observed, Recorded, RecordedCase } from '../corpus/cases.ts';
import { loadCases } from '../corpus/cases.ts';
import type { Difference } from '../corpus/judge.ts';
import { compare, details } from '../corpus/judge.ts';
import type { Job, Lane } from '../corpus/sweep.ts';
import { closeLanes, configure, openLanes, sweep } from '../corpus/sweep.ts';
import { startSubject, subjects } from '../support/subject.ts';
import { DIFFERENCES } from './differences.ts';

const PROFILES = ['default', 'lenient'];
const REFERENCE = 'haproxy-3.5-dev';
const LANES = 40;
/** "At once" is a time, and another test may take the core: a few cases that differ are run again, a few at a time. */
const AGAIN = 2;
const MOST_AGAIN = 40;
const LANES_AGAIN = 4;

const cases = loadCases();
const jobs: Job<RecordedCase>[] = cases.flatMap((played) =>
  PROFILES.filter((profile) => played.profiles.includes(profile)).map((profile) => ({ profile, case: played })),
);

function recordOf({ profile, case: played }: Job<RecordedCase>): Recorded {
  return played.expect[REFERENCE]?.[profile] as Recorded;
}

function difference(job: Job<RecordedCase>, seen: Observed): Difference[] {
  const known = DIFFERENCES[`${job.case.id} ${job.profile}`];
  return compare(recordOf(job), seen).filter(({ part }) => known?.parts.includes(part) !== true);
}

/** Words of HAProxy 3.5; 2.6 has the older ones. */
const ACCEPT = {
  new: ['accept-unsafe-violations-in-http-request', 'accept-unsafe-violations-in-http-response'],
  old: ['accept-invalid-http-request', 'accept-invalid-http-response'],
} as const;

async function runAll(subject: string, lanes: readonly Lane[]): Promise<Observed[]> {
  const [request, response] = ACCEPT[subject === 'haproxy' ? 'old' : 'new'];
  const config = configure(lanes, {
    frontend: (profile) => (profile === 'lenient' ? `    option ${request}` : ''),
    backend: (profile) => (profile === 'lenient' ? `    option ${response}` : ''),
  });
  await using _proxy = await startSubject(subject, { config });
  const seen = await sweep(lanes, jobs);
  for (let time = 0; time < AGAIN; time++) {
    const wrong = jobs.flatMap((job, at) => (difference(job, seen[at] as Observed).length > 0 ? [at] : []));
    if (wrong.length === 0 || wrong.length > MOST_AGAIN) break;
    const again = await sweep(
      lanes.slice(0, LANES_AGAIN),
      wrong.map((at) => jobs[at] as Job),
    );
    for (const [index, at] of wrong.entries()) seen[at] = again[index] as Observed;
  }
  return seen;
}

for (const subject of subjects) {
  describe(`recorded cases on ${subject}`, () => {
    let lanes: Lane[] = [];
    let seen: Observed[] = [];
    before(async () => {
      lanes = await openLanes(LANES, PROFILES);
      seen = await runAll(subject, lanes);
    });
    after(() => closeLanes(lanes));

    const groups = new Map<string, number[]>();
    for (const [at, { profile, case: played }] of jobs.entries()) {
      const name = `${played.group}, ${profile}`;
      groups.set(name, [...(groups.get(name) ?? []), at]);
    }
    for (const [group, members] of groups) {
      test(`${group} (${members.length})`, () => {
        const wrong = members.flatMap((at) => {
          const job = jobs[at] as Job<RecordedCase>;
          const found = difference(job, seen[at] as Observed);
          return found.length === 0 ? [] : [{ id: job.case.id, steps: job.case.steps, resp: job.case.resp, found }];
        });
        assert.deepEqual(wrong, [], `${wrong.length} of ${members.length} differ:\n${JSON.stringify(wrong, undefined, 1)}`);
      });
    }

    test('reason phrases, error pages and lower-case names', () => {
      const wrong = jobs.flatMap((job, at) => {
        const [expected, found] = [recordOf(job), seen[at] as Observed];
        if (expected.unstable !== undefined || difference(job, found).length > 0) return [];
        if (isDeepStrictEqual(details(expected), details(found))) return [];
        return [{ id: job.case.id, profile: job.profile, expected: details(expected), seen: details(found) }];
      });
      assert.deepEqual(wrong, [], JSON.stringify(wrong, undefined, 1));
    });
  });
}
