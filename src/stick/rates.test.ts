/** Rates of events: periods that follow each other, clocks that differ, words of two periods. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countEvents, eventsPerPeriod, setEvents, TORN } from './rates.ts';

const PERIOD_MS = 1000;

function counted(...events: readonly (readonly [atMs: number, amount: number])[]): Int32Array {
  const cells = new Int32Array(new SharedArrayBuffer(12));
  for (const [atMs, amount] of events) countEvents(cells, 0, atMs, PERIOD_MS, amount);
  return cells;
}

test('what happened in the last period counts in part, what is older not at all', () => {
  const cells = counted([10_000, 8]);
  for (const [atMs, events] of [
    [10_000, 8],
    [11_000, 8],
    [11_500, 4],
    [12_001, 0],
  ] as const) {
    assert.equal(eventsPerPeriod(cells, 0, atMs, PERIOD_MS), events, `at ${atMs}`);
  }
});

test('a thread whose clock is behind adds to what another has counted', () => {
  const cells = counted([10_000, 8], [11_000, 5], [10_997, 2], [10_999, 1]);
  assert.equal(eventsPerPeriod(cells, 0, 11_000, PERIOD_MS), 16);
  assert.equal(eventsPerPeriod(cells, 0, 10_998, PERIOD_MS), 16, 'and reads it');
});

test('after some weeks without an event a rate is nothing, and counts again', () => {
  for (const weeks of [1, 3, 4, 5, 7]) {
    const later = (10_000 + weeks * 7 * 86_400_000) | 0;
    const cells = counted([10_000, 8]);
    assert.equal(eventsPerPeriod(cells, 0, later, PERIOD_MS), 0, `${weeks} weeks`);
    countEvents(cells, 0, later, PERIOD_MS, 3);
    assert.equal(eventsPerPeriod(cells, 0, later, PERIOD_MS), 3, `${weeks} weeks`);
  }
});

test('a period may begin at any tick', () => {
  for (const tick of [-(2 ** 31), -(2 ** 31) + 1, -1, 0, 1, 2 ** 31 - 1]) {
    const cells = counted([tick, 4], [(tick + 1) | 0, 1]);
    assert.equal(eventsPerPeriod(cells, 0, (tick + 2) | 0, PERIOD_MS), 5, `tick ${tick}`);
    setEvents(cells, 0, tick, 7);
    assert.equal(eventsPerPeriod(cells, 0, tick, PERIOD_MS), 7, `tick ${tick}`);
  }
});

test('a new rate turns in the minute before the ticks come to 0 as well', () => {
  const cells = counted();
  for (let tick = -50_000; tick < -10_000; tick += 100) countEvents(cells, 0, tick, PERIOD_MS, 1);
  const events = eventsPerPeriod(cells, 0, -10_000, PERIOD_MS);
  assert.ok(Math.abs(events - 10) <= 1, `${events} events`);
});

test('words that change are not told', () => {
  const cells = counted([10_000, 8]);
  cells[0] = -(2 ** 31);
  assert.equal(eventsPerPeriod(cells, 0, 10_000, PERIOD_MS), TORN);
});

type Words = Record<number, number>;

/** What the words hold before and after each store of `change`. */
function statesOf(first: Words, change: (cells: Int32Array) => void): Words[] {
  const states = [{ ...first }];
  const cells = new Proxy(
    { ...first },
    {
      set: (words, at, value) => {
        words[Number(at)] = value;
        states.push({ ...words });
        return true;
      },
    },
  );
  change(cells as never);
  return states;
}

/** Every way to read `reads` times while the words go through these states. */
function interleavings(states: number, reads: number, from = 0): number[][] {
  if (reads === 0) return [[]];
  const ways: number[][] = [];
  for (let state = from; state < states; state++) for (const rest of interleavings(states, reads - 1, state)) ways.push([state, ...rest]);
  return ways;
}

test('whoever reads while others count sees words that belong together, or knows that they do not', ({ mock }) => {
  mock.method(Atomics, 'store', (cells: Words, at: number, value: number) => {
    cells[at] = value;
  });
  mock.method(Atomics, 'load', (cells: Words, at: number) => cells[at]);
  const nowMs = 12_000;
  const states = statesOf({ 0: 10_000, 1: 10, 2: 500 }, (cells) => {
    for (const atMs of [11_000, 12_000]) countEvents(cells, 0, atMs, PERIOD_MS, atMs);
  });
  const possible = new Set(states.map((state) => eventsPerPeriod(state as never, 0, nowMs, PERIOD_MS)));
  let told = 0;
  const ways = interleavings(states.length, 4);
  for (const way of ways) {
    let reads = 0;
    const cells = new Proxy({}, { get: (_, at) => states[way[reads++] as number]?.[Number(at)] });
    const events = eventsPerPeriod(cells as never, 0, nowMs, PERIOD_MS);
    assert.ok(possible.has(events), `${events} events, read at ${way}`);
    if (events !== TORN) told++;
  }
  assert.ok(told > 0 && told < ways.length, `${told} of ${ways.length}`);
});
