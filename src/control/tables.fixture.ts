/**
 * Run by tables-threads.test.ts as a thread: tracks and lets go of keys of a shared table as fast as it can, among them those of
 * the other threads, looks whether what it tracks is still there, and says how often it tracked something.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { StickTableModel } from '../model/config.ts';
import { type Counting, Data, type Entry, NO_ENTRY, Tracked } from '../state/tracked.ts';
import { tableLayout } from '../stick/layout.ts';
import { SharedTable, tickOf } from '../stick/table.ts';
import { countingsOf, track } from '../stick/track.ts';

export interface Task {
  readonly model: StickTableModel;
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
  readonly keys: number;
  readonly rounds: number;
  /** Entries tracked at once. */
  readonly width: number;
  readonly inOrder: boolean;
}

const { model, buffer, thread, keys, rounds, width, inOrder } = workerData as Task;
const options = { expireMs: model.expireMs, nopurge: model.nopurge, bytesFactor: 1, inOrder };
const table = new SharedTable('t', tableLayout(model), options, buffer, thread, tickOf(performance.now.bind(performance), 0));
const key = new DataView(table.keyRegister.buffer);
const copy = new Uint8Array(4);
const copied = new DataView(copy.buffer);
const tracked = new Tracked(width);
const counting = countingsOf(table)[0] as Counting;
const kept = new Int32Array(width);
let random = thread * 7919 + 1;
let tracks = 0;

function letGo(slot: number): void {
  const entry = tracked.entries[slot] as Entry;
  if (entry === NO_ENTRY) return;
  check(slot, entry);
  if (table.countsCurrent && table.openEntry(entry)) {
    table.add(entry, Data.connCur, 0, -1);
    table.close();
  }
  table.release(entry);
  tracked.entries[slot] = NO_ENTRY;
}

/** It has its key, and what is counted of it is possible. */
function check(slot: number, entry: Entry): void {
  table.copyKey(entry, copy, 0);
  const found = copied.getInt32(0, true);
  if (found !== kept[slot]) throw new Error(`the entry of key ${kept[slot]} has become that of ${found}`);
  if (!table.openToRead(entry)) throw new Error('the table stays locked');
  const references = table.references(entry);
  if (references < 1 || references > 100) throw new Error(`${references} references to an entry that is tracked`);
  table.close();
}

for (let round = 0; round < rounds; round++) {
  const slot = round % width;
  letGo(slot);
  random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
  kept[slot] = (random >>> 8) % keys;
  key.setInt32(0, kept[slot] as number, true);
  table.setKey(4);
  track(tracked, slot, table, counting);
  if (tracked.entries[slot] !== NO_ENTRY) tracks++;
  if (round % 1000 === 0) table.sweep(random & (table.layout.stripes - 1), 8);
}
for (let slot = 0; slot < width; slot++) letGo(slot);
parentPort?.postMessage(tracks);
