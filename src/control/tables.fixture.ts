/**
 * Run by tables-threads.test.ts as a thread: tracks and lets go of keys of a shared table as fast as it can, among them those of
 * the other threads, and says how often it did.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { StickTableModel } from '../model/config.ts';
import { Data, NO_ENTRY, Tracked } from '../state/tracked.ts';
import { tableLayout } from '../stick/layout.ts';
import { SharedTable, tickOf } from '../stick/table.ts';
import { track } from '../stick/track.ts';

export interface Task {
  readonly model: StickTableModel;
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
  readonly keys: number;
  readonly rounds: number;
  /** Entries tracked at once. */
  readonly width: number;
}

const { model, buffer, thread, keys, rounds, width } = workerData as Task;
const options = { expireMs: model.expireMs, nopurge: model.nopurge, bytesFactor: 1 };
const table = new SharedTable('t', tableLayout(model), options, buffer, thread, tickOf(performance.now.bind(performance), 0));
const tracked = new Tracked(width);
let random = thread * 7919 + 1;
let tracks = 0;

for (let round = 0; round < rounds; round++) {
  const slot = round % width;
  const entry = tracked.entries[slot] as number;
  if (entry !== NO_ENTRY && table.openEntry(entry)) {
    table.add(entry, Data.connCur, 0, -1);
    table.release(entry);
    table.close();
    tracked.entries[slot] = NO_ENTRY;
  }
  random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
  new DataView(table.keyRegister.buffer).setUint32(0, (random >>> 8) % keys, true);
  table.setKey(4);
  track(tracked, slot, table, 0);
  if (tracked.entries[slot] !== NO_ENTRY) tracks++;
}
for (const [slot, entry] of tracked.entries.entries()) {
  if (entry === NO_ENTRY || !table.openEntry(entry)) continue;
  table.add(entry, Data.connCur, 0, -1);
  table.release(entry);
  table.close();
  tracked.entries[slot] = NO_ENTRY;
}
parentPort?.postMessage(tracks);
