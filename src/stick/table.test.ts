/** A table on a virtual clock: keys, time to live, the oldest that is purged, references, all types of data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StickTableModel } from '../model/config.ts';
import { Data, type Entry, NO_ENTRY } from '../state/tracked.ts';
import { Header, Stripe, tableLayout } from './layout.ts';
import { SharedTable } from './table.ts';

const clock = { ms: 1_000_000 };

function model(given: Partial<StickTableModel>): StickTableModel {
  const base = { type: 'integer' as const, length: 32, size: 10, expireMs: 0, nopurge: false, srvkey: 'name' as const, bratesFactor: 1 };
  return { ...base, store: [], at: { file: '', line: 0, column: 0 }, ...given };
}

function newTable(given: Partial<StickTableModel>, thread = 0, buffer?: SharedArrayBuffer, inOrder = process.arch === 'x64'): SharedTable {
  const made = model(given);
  const layout = tableLayout(made);
  const options = { expireMs: made.expireMs, nopurge: made.nopurge, bytesFactor: 1, inOrder };
  return new SharedTable('t', layout, options, buffer ?? new SharedArrayBuffer(layout.bytes), thread, () => clock.ms | 0);
}

function putNumber(table: SharedTable, key: number): void {
  new DataView(table.keyRegister.buffer).setInt32(0, key, true);
  table.setKey(4);
}

function putText(table: SharedTable, text: string): void {
  table.keyRegister.set(Buffer.from(text));
  table.setKey(text.length);
}

/** Makes the key's entry, or touches it. */
function touch(table: SharedTable, key: number): Entry {
  putNumber(table, key);
  const entry = table.openKey(true);
  if (entry !== NO_ENTRY) table.touch(entry);
  table.close();
  return entry;
}

function has(table: SharedTable, key: number): boolean {
  putNumber(table, key);
  const entry = table.openKey(false);
  table.close();
  return entry !== NO_ENTRY;
}

const store = (name: string, elements = 1, periodMs = 0): StickTableModel['store'][number] => ({ name, elements, periodMs });

test('a key is found again, others are not', () => {
  const table = newTable({ size: 5000 });
  for (let key = 0; key < 5000; key++) touch(table, key * 7);
  assert.equal(table.used, 5000);
  for (let key = 0; key < 5000; key++) assert.ok(has(table, key * 7), `key ${key * 7}`);
  for (let key = 0; key < 5000; key++) assert.ok(!has(table, key * 7 + 1), `key ${key * 7 + 1}`);
});

test('texts that begin alike are different keys', () => {
  const table = newTable({ type: 'string', length: 10 });
  for (const text of ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdefghij']) {
    putText(table, text);
    assert.equal(table.openKey(false), NO_ENTRY, text);
    table.close();
    table.openKey(true);
    table.close();
  }
  putText(table, 'abcd');
  const entry = table.openKey(false);
  const bytes = new Uint8Array(16);
  assert.equal(Buffer.from(bytes.subarray(0, table.copyKey(entry, bytes, 0))).toString(), 'abcd');
  table.close();
});

test('a full table loses the one that was touched longest ago', () => {
  const table = newTable({ size: 3 });
  for (const key of [1, 2, 3]) touch(table, key);
  touch(table, 1);
  touch(table, 4);
  assert.deepEqual(
    [1, 2, 3, 4].filter((key) => has(table, key)),
    [1, 3, 4],
  );
  assert.equal(table.used, 3);
});

test('nopurge: a full table takes no more until one has expired', () => {
  const table = newTable({ size: 2, nopurge: true, expireMs: 100 });
  touch(table, 1);
  touch(table, 2);
  assert.equal(touch(table, 3), NO_ENTRY);
  clock.ms += 101;
  assert.notEqual(touch(table, 3), NO_ENTRY);
});

test('looking does not keep an entry alive, touching does', () => {
  const table = newTable({ expireMs: 100 });
  touch(table, 1);
  touch(table, 2);
  clock.ms += 60;
  assert.ok(has(table, 1));
  touch(table, 2);
  clock.ms += 60;
  assert.ok(!has(table, 1));
  assert.ok(has(table, 2));
  assert.equal(table.used, 1);
});

test('what is referenced neither expires nor is purged, and its time goes on', () => {
  const table = newTable({ size: 2, expireMs: 100 });
  const entry = touch(table, 1);
  assert.ok(table.openEntry(entry));
  table.reference(entry);
  table.close();
  clock.ms += 500;
  for (const key of [2, 3, 4]) touch(table, key);
  assert.ok(has(table, 1));
  assert.ok(!has(table, 3));
  table.release(entry);
  assert.ok(!has(table, 1));
});

test('who looks for the oldest steps over what is referenced, which comes back at its age when it is let go', () => {
  const table = newTable({ size: 3 });
  const [first, second] = [touch(table, 1), touch(table, 2)];
  for (const entry of [first, second]) {
    table.openEntry(entry);
    table.reference(entry);
    table.close();
  }
  clock.ms++;
  for (const key of [3, 4]) touch(table, key);
  assert.ok(!has(table, 3), 'only this one could be purged');
  table.release(second);
  table.release(first);
  for (const key of [5, 6]) touch(table, key);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].filter((key) => has(table, key)),
    [4, 5, 6],
  );
});

test('what is let go while its stripe is locked for too long is put in order by the control thread', () => {
  const table = newTable({ expireMs: 100 });
  const other = newTable({ expireMs: 100 }, 1, table.cells.buffer as SharedArrayBuffer);
  const entry = touch(table, 1);
  table.openEntry(entry);
  table.reference(entry);
  table.close();
  clock.ms += 101;
  table.sweep(0, 8);
  other.openEntry(entry);
  table.release(entry);
  other.close();
  table.sweep(0, 8);
  assert.equal(table.used, 1, 'it is in no list');
  table.adopt();
  assert.equal(table.used, 0);
  assert.equal(table.cells[Header.orphans], 0);
});

test('a table whose entries are all referenced takes no more', () => {
  const table = newTable({ size: 2 });
  for (const key of [1, 2]) {
    const entry = touch(table, key);
    table.openEntry(entry);
    table.reference(entry);
    table.close();
  }
  assert.equal(touch(table, 3), NO_ENTRY);
});

test('a full table finds the oldest that is not referenced behind hundreds that are', () => {
  const table = newTable({ size: 1000 });
  for (let key = 0; key < 1000; key++) {
    const entry = touch(table, key);
    if (key >= 600) continue;
    table.openEntry(entry);
    table.reference(entry);
    table.close();
  }
  assert.notEqual(touch(table, 5000), NO_ENTRY);
  assert.ok(!has(table, 600));
  assert.ok(has(table, 601) && has(table, 599));
});

test('a large table purges in another stripe if its own has nothing to give', () => {
  const table = newTable({ size: 2048 });
  const held: Entry[] = [];
  for (let key = 0; key < 2048; key++) {
    const entry = touch(table, key);
    if (key === 1000) continue;
    table.openEntry(entry);
    table.reference(entry);
    table.close();
    held.push(entry);
  }
  assert.ok(has(table, 1000));
  assert.notEqual(touch(table, 5000), NO_ENTRY);
  assert.ok(!has(table, 1000));
  assert.equal(table.used, 2048);
});

test('counters, wide counters, arrays and tags', () => {
  const table = newTable({ store: [store('conn_cnt'), store('bytes_in_cnt'), store('gpc', 3), store('gpt0')] });
  const entry = touch(table, 1);
  table.add(entry, Data.connCnt, 0, 2 ** 32 - 1);
  table.add(entry, Data.connCnt, 0, 2);
  assert.equal(table.value(entry, Data.connCnt, 0), 1, 'a counter of 32 bits begins anew');
  table.add(entry, Data.bytesInCnt, 0, 2 ** 33 + 5);
  table.add(entry, Data.bytesInCnt, 0, 2 ** 32);
  assert.equal(table.value(entry, Data.bytesInCnt, 0), 2 ** 33 + 2 ** 32 + 5);
  table.add(entry, Data.gpc, 2, 7);
  table.add(entry, Data.gpc, 3, 7);
  assert.deepEqual(
    [0, 1, 2].map((at) => table.value(entry, Data.gpc, at)),
    [0, 0, 7],
  );
  assert.ok(!table.holds(Data.gpc, 3));
  assert.ok(!table.holds(Data.sessCnt, 0));
  table.set(entry, Data.gpt0, 0, 4_000_000_000);
  assert.equal(table.value(entry, Data.gpt0, 0), 4_000_000_000);
});

test('an entry begins with zeros although its place was used before', () => {
  const table = newTable({ size: 1, store: [store('conn_cnt'), store('http_req_rate', 1, 1000)] });
  const first = touch(table, 1);
  table.add(first, Data.connCnt, 0, 9);
  table.add(first, Data.httpReqRate, 0, 9);
  const second = touch(table, 2);
  assert.equal(second, first);
  assert.equal(table.value(second, Data.connCnt, 0), 0);
  assert.equal(table.value(second, Data.httpReqRate, 0), 0);
});

/** Opens the entry again after that time: an open one stands still. */
function reopenLater(table: SharedTable, entry: Entry, ms: number): void {
  table.close();
  clock.ms += ms;
  assert.ok(table.openEntry(entry));
}

test('a rate slides: what is left of the last period counts in part', () => {
  const table = newTable({ store: [store('http_req_rate', 1, 2000)] });
  const entry = touch(table, 1);
  table.add(entry, Data.httpReqRate, 0, 6);
  assert.equal(table.value(entry, Data.httpReqRate, 0), 6);
  reopenLater(table, entry, 2200);
  assert.equal(table.value(entry, Data.httpReqRate, 0), 5);
  table.add(entry, Data.httpReqRate, 0, 1);
  assert.equal(table.value(entry, Data.httpReqRate, 0), 6);
  reopenLater(table, entry, 1800);
  assert.equal(table.value(entry, Data.httpReqRate, 0), 1);
  reopenLater(table, entry, 1999);
  assert.equal(table.value(entry, Data.httpReqRate, 0), 1, 'a single event is told for a whole period more');
  reopenLater(table, entry, 2);
  assert.equal(table.value(entry, Data.httpReqRate, 0), 0);
  table.close();
});

test('a rate goes on over the end of 32 bits', () => {
  const table = newTable({ store: [store('http_req_rate', 1, 10_000)] });
  clock.ms = 2 ** 32 - 500;
  const entry = touch(table, 1);
  table.add(entry, Data.httpReqRate, 0, 3);
  reopenLater(table, entry, 1000);
  table.add(entry, Data.httpReqRate, 0, 1);
  assert.equal(table.value(entry, Data.httpReqRate, 0), 4);
  table.close();
});

test('expired entries are swept away', () => {
  const table = newTable({ size: 100, expireMs: 100 });
  for (let key = 0; key < 50; key++) touch(table, key);
  clock.ms += 50;
  touch(table, 99);
  assert.equal(table.sweep(0, 64), 50);
  clock.ms += 51;
  assert.equal(table.sweep(0, 20), 0);
  assert.equal(table.used, 31);
  assert.equal(table.sweep(0, 64), 49);
  assert.equal(table.used, 1);
});

test('the key of one table is looked up in another of the same type', () => {
  const one = newTable({});
  const other = newTable({});
  const entry = touch(one, 77);
  touch(other, 77);
  assert.ok(other.takeKey(one, entry));
  assert.notEqual(other.openKey(false), NO_ENTRY);
  other.close();
  assert.ok(!newTable({ type: 'string' }).takeKey(one, entry));
});

test('a table takes the memory that docs/memory.md says', () => {
  const { bytes } = tableLayout(model({ type: 'ip', size: 2 ** 20, store: [store('http_req_rate', 1, 10_000), store('conn_cur')] }));
  assert.equal(bytes, 64 + 16 * 64 + 2 ** 20 * (4 + 48));
});

test('two views of the same memory see each other', () => {
  const one = newTable({ store: [store('conn_cnt')] });
  const other = newTable({ store: [store('conn_cnt')] }, 1, one.cells.buffer as SharedArrayBuffer);
  const entry = touch(one, 5);
  one.add(entry, Data.connCnt, 0, 3);
  assert.equal(touch(other, 5), entry);
  assert.equal(other.value(entry, Data.connCnt, 0), 3);
});

test('what is referenced is read without a lock where the processor keeps order, else with one', () => {
  for (const inOrder of [true, false]) {
    const table = newTable({ store: [store('conn_cnt'), store('http_req_rate', 1, 1000), store('bytes_in_cnt')] }, 0, undefined, inOrder);
    const lock = table.layout.stripesAt + Stripe.lock;
    const entry = touch(table, 1);
    assert.ok(table.openEntry(entry));
    table.reference(entry);
    table.add(entry, Data.connCnt, 0, 4);
    table.add(entry, Data.httpReqRate, 0, 5);
    table.add(entry, Data.bytesInCnt, 0, 2 ** 33);
    table.close();
    assert.equal(table.cells[lock], 0);
    assert.ok(table.openToRead(entry));
    assert.equal(table.cells[lock], inOrder ? 0 : 1);
    assert.equal(table.value(entry, Data.connCnt, 0), 4);
    assert.equal(table.value(entry, Data.httpReqRate, 0), 5);
    assert.equal(table.value(entry, Data.bytesInCnt, 0), 2 ** 33);
    assert.equal(table.references(entry), 1);
    assert.equal(table.cells[lock], inOrder ? 0 : 1);
    // The words of a rate while they change: what is left by one who died says nothing.
    table.cells[entry + (table.layout.offsets[Data.httpReqRate] as number)] = -(2 ** 31);
    assert.equal(table.value(entry, Data.httpReqRate, 0), 0);
    table.close();
    assert.equal(table.cells[lock], 0);
  }
});

test('a lock that is never given back is given up on, and counted', () => {
  const one = newTable({});
  const other = newTable({}, 1, one.cells.buffer as SharedArrayBuffer);
  putNumber(one, 1);
  one.openKey(true);
  assert.equal(one.cells[one.layout.stripesAt + Stripe.lock], 1);
  assert.equal(touch(other, 1), NO_ENTRY);
  one.close();
  assert.notEqual(touch(other, 1), NO_ENTRY);
});

test('100,000 keys in a table of 10,000: never more entries, the newest are there, no step takes long', () => {
  const table = newTable({ size: 10_000, expireMs: 30_000, store: [store('http_req_rate', 1, 10_000)] });
  // Time on the processor of a thousand steps at once: none of them can have taken longer, and who else runs here does not count.
  let longestMs = 0;
  for (let key = 0; key < 100_000; key += 1000) {
    const before = process.threadCpuUsage();
    for (let at = key; at < key + 1000; at++) if (touch(table, at) === NO_ENTRY) assert.fail(`no room for ${at}`);
    const { user, system } = process.threadCpuUsage(before);
    if (key >= 10_000) longestMs = Math.max(longestMs, (user + system) / 1000);
  }
  assert.equal(table.used, 10_000);
  let found = 0;
  for (let key = 92_000; key < 100_000; key++) if (has(table, key)) found++;
  assert.equal(found, 8000, 'stripes age nearly alike');
  assert.ok(longestMs < 5, `a thousand steps took up to ${longestMs} ms`);
});
