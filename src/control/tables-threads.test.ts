/** Several threads on one table at once: nothing is counted twice or lost, what is tracked stays, and the lists are whole afterwards. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { StickTableModel } from '../model/config.ts';
import { Data, type Entry, NO_ENTRY } from '../state/tracked.ts';
import { Entries, Header, STRIPE_WORDS, Stripe, tableLayout } from '../stick/layout.ts';
import { SharedTable } from '../stick/table.ts';
import type { RateTask } from './rates.fixture.ts';
import type { Task } from './tables.fixture.ts';

const ROUNDS = 60_000;
/** Periods that end while another thread reads. */
const TURNS = 300_000;
const IN_ORDER = process.arch === 'x64';

function model(size: number, given: Partial<StickTableModel> = {}): StickTableModel {
  const base = { type: 'integer' as const, length: 32, expireMs: 0, nopurge: false, srvkey: 'name' as const, bratesFactor: 1 };
  const store = ['conn_cnt', 'conn_cur'].map((name) => ({ name, elements: 1, periodMs: 0 }));
  return { ...base, size, store, at: { file: '', line: 0, column: 0 }, ...given };
}

function open(made: StickTableModel, buffer: SharedArrayBuffer, thread: number, tick: () => number): SharedTable {
  const options = { expireMs: made.expireMs, nopurge: made.nopurge, bytesFactor: 1, inOrder: IN_ORDER };
  return new SharedTable('t', tableLayout(made), options, buffer, thread, tick);
}

async function hammer(
  made: StickTableModel,
  keys: number,
  threads: number,
  rounds: number,
  inOrder = IN_ORDER,
): Promise<{ table: SharedTable; tracks: number }> {
  const buffer = new SharedArrayBuffer(tableLayout(made).bytes);
  const running = Array.from({ length: threads }, (_, thread) => {
    const task: Task = { model: made, buffer, thread, keys, rounds, width: 4, inOrder };
    return new Promise<number>((resolve, reject) => {
      const worker = new Worker(new URL('./tables.fixture.ts', import.meta.url), { workerData: task });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  });
  const tracks = (await Promise.all(running)).reduce((sum, one) => sum + one, 0);
  return { table: open(made, buffer, 9, () => 0), tracks };
}

/** Every entry once: nobody refers to it, it can be found by its key, and it is in a list. */
function inspect(table: SharedTable): { entries: number; connections: number; current: number } {
  let connections = 0;
  let current = 0;
  const listed = listedEntries(table);
  const found = new Set<Entry>();
  const key = new Uint8Array(4);
  for (let number = 0; number < table.fresh; number++) {
    const entry = table.openNumber(number);
    if (entry === NO_ENTRY) continue;
    assert.equal(table.references(entry), 0);
    table.copyKey(entry, key, 0);
    found.add(entry);
    connections += table.value(entry, Data.connCnt, 0);
    if (table.countsCurrent) current += table.value(entry, Data.connCur, 0);
    table.close();
    table.keyRegister.set(key);
    table.setKey(4);
    assert.equal(table.openKey(false), entry);
    table.close();
  }
  assert.deepEqual(listed, found);
  assert.equal(table.used, found.size);
  return { entries: found.size, connections, current };
}

/** What the stripes' lists hold, read from both ends. */
function listedEntries({ cells, layout }: SharedTable): Set<Entry> {
  const listed = new Set<Entry>();
  for (let stripe = 0; stripe < layout.stripes; stripe++) {
    const at = layout.stripesAt + stripe * STRIPE_WORDS;
    let older = 0;
    for (let entry = cells[at + Stripe.oldest] as number; entry !== 0; entry = cells[entry + Entries.newer] as number) {
      assert.ok(!listed.has(entry), 'no entry is listed twice');
      assert.equal(cells[entry + Entries.older], older);
      listed.add(entry);
      older = entry;
    }
    assert.equal(cells[at + Stripe.newest], older);
  }
  return listed;
}

// Every processor can do with the locks of those that keep no order.
for (const inOrder of new Set([IN_ORDER, false])) {
  test(`threads that share keys lose no count${inOrder ? '' : ', with all locks'}`, async () => {
    const { table, tracks } = await hammer(model(4096), 50, 2, ROUNDS, inOrder);
    assert.equal(tracks, 2 * ROUNDS);
    assert.deepEqual(inspect(table), { entries: 50, connections: tracks, current: 0 });
    assert.equal(table.cells[Header.timeouts], 0);
  });
}

test('threads that push each other out keep the lists whole', async () => {
  const { table, tracks } = await hammer(model(2048), 20_000, 2, ROUNDS);
  assert.equal(tracks, 2 * ROUNDS);
  const { entries, current } = inspect(table);
  assert.equal(entries, 2048);
  assert.equal(current, 0);
  assert.equal(table.cells[Header.timeouts], 0);
});

// Twelve entries are tracked at any time, so some must be stepped over, and some threads find the table full.
test('what is tracked is never purged from a table that has hardly room for it', async () => {
  const { table } = await hammer(model(13), 40, 3, ROUNDS / 2);
  assert.equal(inspect(table).entries, 13);
  assert.equal(table.cells[Header.orphans], 0);
});

test('what is tracked never expires, and expires when it is let go', async () => {
  const store = [{ name: 'conn_cnt', elements: 1, periodMs: 0 }];
  for (const [size, keys] of [
    [2048, 3000],
    [20, 30],
  ] as const) {
    const made = model(size, { expireMs: 1, store });
    const { table } = await hammer(made, keys, 3, ROUNDS / 3);
    const later = open(made, table.cells.buffer as SharedArrayBuffer, 8, () => performance.now() | 0);
    const end = performance.now() + 2000;
    while (table.used > 0 && performance.now() < end) {
      for (let stripe = 0; stripe < table.layout.stripes; stripe++) later.sweep(stripe, size);
    }
    assert.equal(table.used, 0);
    assert.deepEqual(listedEntries(table), new Set());
  }
});

test('a rate that is read without a lock is never of two periods', async () => {
  const made = model(10, { store: [{ name: 'http_req_rate', elements: 1, periodMs: 1 }] });
  const buffer = new SharedArrayBuffer(tableLayout(made).bytes);
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const table = open(made, buffer, 0, () => Atomics.load(cells, 0));
  table.setKey(4);
  const entry = table.openKey(true);
  table.reference(entry);
  table.close();
  const task: RateTask = { model: made, buffer, entry, cells, amounts: [10, 1000] };
  const worker = new Worker(new URL('./rates.fixture.ts', import.meta.url), { workerData: task });
  while (Atomics.load(cells, 0) < 1000) await new Promise((resolve) => setTimeout(resolve, 1));
  const seen = new Set<number>();
  while (Atomics.load(cells, 0) < TURNS) {
    table.openToRead(entry);
    seen.add(table.value(entry, Data.httpReqRate, 0));
    table.close();
  }
  Atomics.store(cells, 1, 1);
  await once(worker, 'exit');
  // The last one, this one, both; nothing, for who was asleep for many periods.
  for (const rate of seen) assert.ok([0, 10, 1000, 1010].includes(rate), `a rate of ${rate}`);
});
