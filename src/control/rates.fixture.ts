/** Run by tables-threads.test.ts as a thread: lets a rate's period end and counts in the next one, again and again, until it is told to stop. */
import { workerData } from 'node:worker_threads';
import type { StickTableModel } from '../model/config.ts';
import { Data, type Entry } from '../state/tracked.ts';
import { tableLayout } from '../stick/layout.ts';
import { SharedTable } from '../stick/table.ts';

export interface RateTask {
  readonly model: StickTableModel;
  readonly buffer: SharedArrayBuffer;
  readonly entry: Entry;
  /** Ticks, then 1: stop. */
  readonly cells: Int32Array;
  /** What is counted in one period and in the next. */
  readonly amounts: readonly [number, number];
}

const { model, buffer, entry, cells, amounts } = workerData as RateTask;
const options = { expireMs: 0, nopurge: false, bytesFactor: 1, inOrder: process.arch === 'x64' };
const table = new SharedTable('t', tableLayout(model), options, buffer, 1, () => Atomics.load(cells, 0));

for (let turn = 0; Atomics.load(cells, 1) === 0; turn++) {
  Atomics.add(cells, 0, 1);
  if (!table.openEntry(entry)) throw new Error('the table stays locked');
  table.add(entry, Data.httpReqRate, 0, amounts[turn & 1] as number);
  table.close();
}
