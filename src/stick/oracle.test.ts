/** The table against the plainest one that does the same: random steps, after each of which both must agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Data, type Entry, NO_ENTRY } from '../state/tracked.ts';
import { tableLayout } from './layout.ts';
import { SharedTable } from './table.ts';

const EXPIRE_MS = 1000;

interface Plain {
  readonly key: number;
  expire: number;
  references: number;
  count: number;
}

/** Entries in an array, searched from end to end. */
class Oracle {
  /** By age, oldest first. */
  entries: Plain[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  find(key: number, now: number): Plain | null {
    const found = this.entries.find((one) => one.key === key) ?? null;
    if (found === null || found.references > 0 || found.expire > now) return found;
    this.entries = this.entries.filter((one) => one !== found);
    return null;
  }

  create(key: number, now: number): Plain | null {
    // The table removes two expired ones on its way.
    for (let sweep = 0; sweep < 2; sweep++) {
      const oldest = this.entries.find(({ references }) => references === 0);
      if (oldest === undefined || oldest.expire > now) break;
      this.entries = this.entries.filter((one) => one !== oldest);
    }
    if (this.entries.length === this.#size) {
      const oldest = this.entries.find(({ references }) => references === 0);
      if (oldest === undefined) return null;
      this.entries = this.entries.filter((one) => one !== oldest);
    }
    const made = { key, expire: now + EXPIRE_MS, references: 0, count: 0 };
    this.entries.push(made);
    return made;
  }

  /** Puts it where its age belongs: behind all that expire no later. */
  place(entry: Plain): void {
    const rest = this.entries.filter((one) => one !== entry);
    const older = rest.filter((one) => one.expire <= entry.expire);
    this.entries = [...older, entry, ...rest.filter((one) => !older.includes(one))];
  }
}

function step(random: () => number, table: SharedTable, oracle: Oracle, clock: { ms: number }, held: Map<number, Entry>): void {
  const key = random() % 14;
  new DataView(table.keyRegister.buffer).setInt32(0, key, true);
  table.setKey(4);
  const choice = random() % 10;
  const expected = oracle.find(key, clock.ms) ?? (choice < 5 ? oracle.create(key, clock.ms) : null);
  const entry = table.openKey(choice < 5);
  assert.equal(entry !== NO_ENTRY, expected !== null, `key ${key}`);
  if (expected !== null) {
    assert.equal(table.value(entry, Data.connCnt, 0), expected.count);
    assert.equal(table.references(entry), expected.references);
    change(random, table, entry, oracle, expected, clock.ms, held);
  }
  table.close();
  assert.equal(table.used, oracle.entries.length);
}

function change(
  random: () => number,
  table: SharedTable,
  entry: Entry,
  oracle: Oracle,
  expected: Plain,
  now: number,
  held: Map<number, Entry>,
): void {
  switch (random() % 5) {
    case 0:
      table.touch(entry);
      expected.expire = now + EXPIRE_MS;
      oracle.place(expected);
      return;
    case 1:
      table.add(entry, Data.connCnt, 0, 3);
      expected.count += 3;
      return;
    case 2:
      if (held.size > 3) return;
      table.reference(entry);
      held.set(expected.key, entry);
      expected.references++;
      return;
    case 3:
      release(table, entry, oracle, expected, now, held);
      return;
    default:
  }
}

function release(table: SharedTable, entry: Entry, oracle: Oracle, expected: Plain, now: number, held: Map<number, Entry>): void {
  if (expected.references === 0) return;
  table.close();
  table.release(entry);
  expected.references--;
  if (expected.references > 0) return;
  held.delete(expected.key);
  if (expected.expire > now) oracle.place(expected);
  else oracle.entries = oracle.entries.filter((one) => one !== expected);
}

test('20,000 random steps leave the same entries in the same order of age', () => {
  const store = [{ name: 'conn_cnt', elements: 1, periodMs: 0 }];
  const base = { type: 'integer' as const, length: 32, size: 8, expireMs: EXPIRE_MS, nopurge: false, srvkey: 'name' as const };
  const layout = tableLayout({ ...base, bratesFactor: 1, store, at: { file: '', line: 0, column: 0 } });
  const clock = { ms: 1_000_000 };
  const options = { expireMs: EXPIRE_MS, nopurge: false, bytesFactor: 1, inOrder: process.arch === 'x64' };
  const table = new SharedTable('t', layout, options, new SharedArrayBuffer(layout.bytes), 0, () => clock.ms | 0);
  const oracle = new Oracle(8);
  const held = new Map<number, Entry>();
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 8;
  };
  for (let count = 0; count < 20_000; count++) {
    step(random, table, oracle, clock, held);
    clock.ms += 1 + (random() % 60);
  }
});
