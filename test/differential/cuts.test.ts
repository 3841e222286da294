/**
 * Where the network cuts a message must not matter: the cases marked `cut`, in two pieces, cut
 * at every byte, from the client or from the server, must end as in one piece.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Case, Observed, Play, Step } from '../corpus/cases.ts';
import { compare } from '../corpus/judge.ts';
import type { Job, Lane } from '../corpus/sweep.ts';
import { closeLanes, configure, openLanes, sweep } from '../corpus/sweep.ts';
import { startSubject, subjects } from '../support/subject.ts';
import { REQUESTS } from './requests.ts';
import { RESPONSES } from './responses.ts';

const LANES = 40;
/** Between the pieces, so that the proxy reads twice. */
const PAUSE_MS = 1;

interface Cut extends Case {
  /** How many bytes came first; 0 for the whole. */
  readonly at: number;
}

function cutText(text: string, at: number): [Step, Step, Step] {
  return [
    ['s', text.slice(0, at)],
    ['w', PAUSE_MS],
    ['s', text.slice(at)],
  ];
}

/** The case as it is, then cut at each place of what the client sends. */
function cutRequest(whole: Case): Cut[] {
  const [, text] = whole.steps[0] as ['s', string];
  const places = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
  return [{ ...whole, at: 0 }, ...places.map((at) => ({ ...whole, steps: cutText(text, at), at }))];
}

/** The same for what the server sends. */
function cutResponse(whole: Case): Cut[] {
  const [[, text], ...rest] = whole.resp as [['s', string], ...Play[]];
  const places = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
  return [{ ...whole, at: 0 }, ...places.map((at) => ({ ...whole, resp: [...cutText(text, at), ...rest], at }))];
}

const series: readonly Cut[][] = [
  ...REQUESTS.filter(({ cut }) => cut).map(cutRequest),
  ...RESPONSES.filter(({ cut }) => cut).map(cutResponse),
];

for (const subject of subjects) {
  describe(`cut at every byte, on ${subject}`, () => {
    let lanes: Lane[] = [];
    const seen = new Map<Cut, Observed>();
    before(async () => {
      lanes = await openLanes(LANES, ['default']);
      await using _proxy = await startSubject(subject, { config: configure(lanes, {}) });
      const all = series.flat();
      const jobs: Job<Cut>[] = all.map((played) => ({ profile: 'default', case: played }));
      for (const [index, result] of (await sweep(lanes, jobs)).entries()) seen.set(all[index] as Cut, result);
    });
    after(() => closeLanes(lanes));

    for (const members of series) {
      const [whole, ...pieces] = members as [Cut, ...Cut[]];
      test(`${whole.kind} ${whole.id} (${pieces.length} places)`, () => {
        const expected = seen.get(whole) as Observed;
        const wrong = pieces.flatMap((piece) => {
          const found = compare(expected, seen.get(piece) as Observed);
          return found.length === 0 ? [] : [{ at: piece.at, found }];
        });
        assert.notEqual(expected.end, 'error');
        assert.deepEqual(
          wrong,
          [],
          `${wrong.length} of ${pieces.length} places differ:\n${JSON.stringify(wrong.slice(0, 5), undefined, 1)}`,
        );
      });
    }
  });
}
