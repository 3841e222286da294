/** Two threads on one table at once: nothing is counted twice or lost, and the lists are whole afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { StickTableModel } from '../model/config.ts';
import { Data, NO_ENTRY } from '../state/tracked.ts';
import { Header, tableLayout } from '../stick/layout.ts';
import { SharedTable } from '../stick/table.ts';
import type { Task } from './tables.fixture.ts';

const ROUNDS = 60_000;

function model(size: number): StickTableModel {
  const base = { type: 'integer' as const, length: 32, expireMs: 0, nopurge: false, srvkey: 'name' as const, bratesFactor: 1 };
  const store = ['conn_cnt', 'conn_cur'].map((name) => ({ name, elements: 1, periodMs: 0 }));
  return { ...base, size, store, at: { file: '', line: 0, column: 0 } };
}

async function hammer(size: number, keys: number): Promise<{ table: SharedTable; tracks: number }> {
  const made = model(size);
  const layout = tableLayout(made);
  const buffer = new SharedArrayBuffer(layout.bytes);
  const threads = [0, 1].map((thread) => {
    const task: Task = { model: made, buffer, thread, keys, rounds: ROUNDS, width: 4 };
    return new Promise<number>((resolve, reject) => {
      const worker = new Worker(new URL('./tables.fixture.ts', import.meta.url), { workerData: task });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  });
  const tracks = (await Promise.all(threads)).reduce((sum, one) => sum + one, 0);
  return { table: new SharedTable('t', layout, { expireMs: 0, nopurge: false, bytesFactor: 1 }, buffer, 5, () => 0), tracks };
}

/** Every entry once: nobody refers to it, and it can be found by its key. */
function inspect(table: SharedTable): { entries: number; connections: number; current: number } {
  let entries = 0;
  let connections = 0;
  let current = 0;
  const key = new Uint8Array(4);
  for (let number = 0; number < table.fresh; number++) {
    const entry = table.openNumber(number);
    if (entry === NO_ENTRY) continue;
    assert.equal(table.references(entry), 0);
    table.copyKey(entry, key, 0);
    entries++;
    connections += table.value(entry, Data.connCnt, 0);
    current += table.value(entry, Data.connCur, 0);
    table.close();
    table.keyRegister.set(key);
    table.setKey(4);
    assert.equal(table.openKey(false), entry);
    table.close();
  }
  return { entries, connections, current };
}

test('threads that share keys lose no count', async () => {
  const { table, tracks } = await hammer(4096, 50);
  assert.equal(tracks, 2 * ROUNDS);
  assert.deepEqual(inspect(table), { entries: 50, connections: tracks, current: 0 });
  assert.equal(table.cells[Header.timeouts], 0);
});

test('threads that push each other out keep the lists whole', async () => {
  const { table, tracks } = await hammer(2048, 20_000);
  assert.equal(tracks, 2 * ROUNDS);
  const { entries, current } = inspect(table);
  assert.equal(entries, 2048);
  assert.equal(table.used, 2048);
  assert.equal(current, 0);
  assert.equal(table.cells[Header.timeouts], 0);
});
