/** Fetches, casts, missing values and conditions over messages of many shapes, on which HAProxy 2.6 and we must agree. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { needs } from '../support/peer.ts';
import { type Answers, askHaproxy, askOurselves } from './evaluation.ts';
import { DIFFERENCES, SHAPES } from './samples.ts';

for (const shape of SHAPES) {
  describe(shape.name, needs('haproxy'), () => {
    let theirs: Answers;
    let ours: Answers;
    before(async () => {
      theirs = await askHaproxy(shape);
      ours = askOurselves(shape);
    });
    for (const [at, text] of shape.expressions.entries()) {
      test(text, () => {
        const differs = DIFFERENCES[`${shape.name}: ${text}`] !== undefined;
        if (differs) assert.notDeepEqual(ours.values[at], theirs.values[at]);
        else assert.deepEqual(ours.values[at], theirs.values[at]);
      });
    }
    for (const [at, condition] of shape.conditions.entries()) {
      test(`if ${condition}`, () => assert.equal(ours.verdicts[at], theirs.verdicts[at]));
    }
  });
}

test('every difference is of a case that is there', () => {
  const cases = new Set(SHAPES.flatMap(({ name, expressions }) => expressions.map((text) => `${name}: ${text}`)));
  assert.deepEqual(
    Object.keys(DIFFERENCES).filter((key) => !cases.has(key)),
    [],
  );
});
