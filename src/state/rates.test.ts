/** Rates over a second that begins anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countEvent, eventsPerSecond, rateTime } from './rates.ts';

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
