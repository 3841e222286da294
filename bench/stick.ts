/**
 * What a stick table costs: tracking a key and letting it go (the way of a request with one `track-sc`), with few and with many
 * entries, and the same while another thread does it too, with keys of its own and with the very same one.
 *
 * node bench/stick.ts
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import type { StickTableModel } from '../src/model/config.ts';
import { type Counting, NO_ENTRY, Tracked } from '../src/state/tracked.ts';
import { tableLayout } from '../src/stick/layout.ts';
import { SharedTable } from '../src/stick/table.ts';
import { countingsOf, Late, track } from '../src/stick/track.ts';

const ROUNDS = 5;
const CALLS = 300_000;
const SIZE = 1 << 20;

interface Task {
  readonly buffer: SharedArrayBuffer;
  readonly keys: number;
  readonly first: number;
  readonly running: Int32Array;
}

function model(): StickTableModel {
  const base = { type: 'ip' as const, length: 4, size: SIZE, expireMs: 30_000, nopurge: false, srvkey: 'name' as const, bratesFactor: 1 };
  const store = [
    { name: 'http_req_rate', elements: 1, periodMs: 10_000 },
    { name: 'conn_cur', elements: 1, periodMs: 0 },
  ];
  return { ...base, store, at: { file: '', line: 0, column: 0 } };
}

const layout = tableLayout(model());

function view(buffer: SharedArrayBuffer, thread: number): SharedTable {
  return new SharedTable(
    'bench',
    layout,
    { expireMs: 30_000, nopurge: false, bytesFactor: 1, inOrder: process.arch === 'x64' },
    buffer,
    thread,
    () => 1_000_000,
  );
}

/** Tracks and lets go of keys in an order that no cache guesses. */
function loop(table: SharedTable, keys: number, first: number, calls: number): void {
  const tracked = new Tracked(1);
  const counting = countingsOf(table)[Late.request] as Counting;
  const key = new DataView(table.keyRegister.buffer);
  let random = 1;
  for (let call = 0; call < calls; call++) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    key.setUint32(0, first + ((random >>> 4) % keys), true);
    table.setKey(4);
    track(tracked, 0, table, counting);
    const entry = tracked.entries[0] as number;
    if (entry === NO_ENTRY) throw new Error('the table is full');
    table.release(entry);
    tracked.entries[0] = NO_ENTRY;
  }
}

function best(table: SharedTable, keys: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    loop(table, keys, 0, CALLS);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / CALLS);
  }
  return least;
}

function say(ns: number, text: string): void {
  process.stdout.write(`${ns.toFixed(0).padStart(6)} ns  ${text}\n`);
}

async function besideAnother(keys: number, first: number, text: string): Promise<void> {
  const buffer = new SharedArrayBuffer(layout.bytes);
  const running = new Int32Array(new SharedArrayBuffer(4));
  const task: Task = { buffer, keys, first, running };
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  while (Atomics.load(running, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const table = view(buffer, 0);
  loop(table, keys, 0, CALLS);
  say(best(table, keys), text);
  Atomics.store(running, 0, 2);
  await new Promise((resolve) => worker.once('exit', resolve));
}

async function main(): Promise<void> {
  for (const keys of [10, 1000, 1_000_000]) {
    const table = view(new SharedArrayBuffer(layout.bytes), 0);
    loop(table, keys, 0, keys * 3);
    say(best(table, keys), `one thread, ${keys.toLocaleString('en')} keys, ${table.used.toLocaleString('en')} entries`);
  }
  await besideAnother(1000, 1000, 'two threads, 1,000 keys each, 2,000 entries');
  await besideAnother(1000, 0, 'two threads, the same 1,000 keys');
  await besideAnother(1, 0, 'two threads, the same single key');
}

if (isMainThread) await main();
else {
  const { buffer, keys, first, running } = workerData as Task;
  const table = view(buffer, 1);
  Atomics.store(running, 0, 1);
  while (Atomics.load(running, 0) === 1) loop(table, keys, first, 1000);
}
