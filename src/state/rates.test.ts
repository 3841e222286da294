/** Rates over a second that begins anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countEvent, delayToFit, eventsPerSecond, rateTime } from './rates.ts';

test('the second before counts in proportion, and is forgotten after another one', () => {
  const live = new Int32Array(new SharedArrayBuffer(12));
  const before = rateTime(1_795_166_475_000);
  countEvent(live, 0, before);
  // The first second that begins after the first event.
  const start = before + 1000 - (before - (live[0] as number));
  for (let at = 0; at < 100; at++) countEvent(live, 0, start + at);
  assert.equal(eventsPerSecond(live, 0, start + 500), 100);
  for (let at = 0; at < 10; at++) countEvent(live, 0, start + 1100);
  assert.equal(eventsPerSecond(live, 0, start + 1100), 10 + 90);
  assert.equal(eventsPerSecond(live, 0, start + 1900), 10 + 10);
  assert.equal(eventsPerSecond(live, 0, start + 2500), 5);
  assert.equal(eventsPerSecond(live, 0, start + 9000), 0);
  countEvent(live, 0, start + 20_000);
  assert.equal(eventsPerSecond(live, 0, start + 20_000), 1);
  assert.equal(eventsPerSecond(live, 0, start + 20_900), 1);
});

test('the delay until one more fits is the first moment at which it does', () => {
  const start = rateTime(1_795_166_475_000);
  for (const [limit, events] of [
    [1, 1],
    [1, 5],
    [4, 4],
    [10, 10],
    [10, 40],
    [3, 3],
  ] as const) {
    const live = new Int32Array(new SharedArrayBuffer(12));
    for (let at = 0; at < events; at++) countEvent(live, 0, start);
    for (let at = 0; at < 2500; at += 50) {
      const delay = delayToFit(live, 0, limit, start + at);
      const fits = eventsPerSecond(live, 0, start + at) < limit;
      assert.equal(delay === 0, fits);
      if (fits) continue;
      assert.ok(delay >= 1 && delay <= 1000);
      // Not before that, and never more than the end of a window away from it.
      assert.ok(eventsPerSecond(live, 0, start + at + delay - 1) >= limit, `${limit} ${events} ${at}: ${delay} is too long`);
    }
  }
});
