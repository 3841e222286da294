/** How long records are: while a transfer begins, once it runs, after a pause. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordSize } from './record-size.ts';
import { DEFAULT_TLS_TUNING } from './tls-tuning.ts';

test('without limits records are as long as what is sent', () => {
  assert.equal(new RecordSize().most(100_000, 0, DEFAULT_TLS_TUNING), Number.POSITIVE_INFINITY);
});

test('records are short while a transfer begins, and again after a pause', () => {
  const size = new RecordSize();
  const tuning = { ...DEFAULT_TLS_TUNING, maxRecord: 1000, hardMaxRecord: 5000, idleMs: 100 };
  size.begin();
  assert.deepEqual([size.most(60_000, 10, tuning), size.most(6000, 20, tuning), size.most(1, 30, tuning)], [1000, 1000, 5000]);
  assert.equal(size.most(1, 129, tuning), 5000);
  assert.equal(size.most(1, 229, tuning), 1000);
  assert.equal(size.most(1, 230, { ...tuning, maxRecord: Number.POSITIVE_INFINITY }), 5000);
});

test('the lower of both limits holds at the beginning', () => {
  const size = new RecordSize();
  assert.equal(size.most(1, 0, { ...DEFAULT_TLS_TUNING, maxRecord: 3000, hardMaxRecord: 500 }), 500);
});
