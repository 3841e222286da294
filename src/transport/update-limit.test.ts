/** How often keys may change: so often in each second, counted from the first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpdateLimit } from './update-limit.ts';

test('so many changes in a second are good, and as many in the next', () => {
  const limit = new UpdateLimit();
  limit.begin(5000);
  assert.deepEqual(
    [limit.isOver({ keyUpdates: 2 }, 5000, 3), limit.isOver({ keyUpdates: 1 }, 5999, 3), limit.isOver({ keyUpdates: 1 }, 5999, 3)],
    [false, false, true],
  );
  assert.deepEqual([limit.isOver({ keyUpdates: 3 }, 6000, 3), limit.isOver({ keyUpdates: 1 }, 6500, 3)], [false, true]);
  assert.equal(limit.isOver({ keyUpdates: 4 }, 9000, 3), true);
});

test('a new connection begins anew', () => {
  const limit = new UpdateLimit();
  limit.begin(1);
  assert.equal(limit.isOver({ keyUpdates: 9 }, 2, 3), true);
  limit.begin(3);
  assert.equal(limit.isOver({ keyUpdates: 3 }, 4, 3), false);
});
