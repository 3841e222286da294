/** Tables as the runtime API will show and change them; sweeping; what a dead thread leaves behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planTables } from '../build/table-plan.ts';
import { openTables } from '../build/tables.ts';
import { parseText } from '../config/parse.ts';
import { Data } from '../state/tracked.ts';
import { Header, Stripe } from '../stick/layout.ts';
import { recoverTable } from '../stick/recover.ts';
import { serverTexts } from '../stick/servers.ts';
import type { SharedTable } from '../stick/table.ts';
import { clearEntries, clearEntry, getEntry, listEntries, setEntry, startSweeping, typeName } from './tables.ts';

const clock = { ms: 1_000_000 };

/** Views of one table by several threads. */
function views(line: string, threads = 1): SharedTable[] {
  const { model } = parseText(`backend st\n  ${line}\n`, 'test', { environment: {}, localPeer: 'peer' });
  const plans = planTables(model);
  const buffers = plans.map(({ layout }) => new SharedArrayBuffer(layout.bytes));
  return Array.from({ length: threads }, (_, thread) => openTables(plans, buffers, thread, () => clock.ms | 0).get('st') as SharedTable);
}

const table = (line: string): SharedTable => views(line)[0] as SharedTable;
const keys = (of: SharedTable): string[] => listEntries(of, 0, []).entries.map(({ key }) => key);

test('entries are set, shown and cleared by keys of every type', () => {
  const cases: [string, string, string][] = [
    ['ip', '192.0.2.7', '2001:db8::1'],
    ['ipv6', '2001:db8::1', '192.0.2.7'],
    ['integer', '4000000000', 'x'],
    ['string len 8', 'ann', ''],
    ['binary len 4', '0A0B0000', 'xyz'],
  ];
  for (const [type, key, wrong] of cases) {
    const one = table(`stick-table type ${type} size 10 expire 30s store gpc0,http_req_rate(10s)`);
    assert.equal(typeName(one), type.split(' ')[0]);
    if (wrong !== '') assert.equal(getEntry(one, wrong, []), undefined, type);
    assert.equal(getEntry(one, key, []), null);
    assert.equal(setEntry(one, key, [{ name: 'gpc0', value: 7 }]), null);
    const entry = getEntry(one, key, []);
    assert.deepEqual(entry, {
      key,
      uses: 0,
      leftMs: 30_000,
      values: [
        { name: 'gpc0', element: 0, isArray: false, periodMs: 0, value: 7, text: null },
        { name: 'http_req_rate', element: 0, isArray: false, periodMs: 10_000, value: 0, text: null },
      ],
    });
    assert.equal(clearEntry(one, key), null);
    assert.equal(getEntry(one, key, []), null);
  }
});

test('what a table does not hold is not set', () => {
  const one = table('stick-table type ip size 10 store gpc(2)');
  assert.match(setEntry(one, '192.0.2.7', [{ name: 'gpc0', value: 1 }]) ?? '', /not stored/);
  assert.match(setEntry(one, '192.0.2.7', [{ name: 'gpc', element: 2, value: 1 }]) ?? '', /not stored/);
  assert.match(setEntry(one, '192.0.2.7', [{ name: 'gpcx', value: 1 }]) ?? '', /Unknown data type/);
  assert.equal(one.used, 0);
  assert.equal(setEntry(one, '192.0.2.7', [{ name: 'gpc', element: 1, value: 1 }]), null);
});

test('what is tracked is not cleared', () => {
  const one = table('stick-table type string size 10 store conn_cur');
  setEntry(one, 'a', []);
  setEntry(one, 'b', []);
  const entry = one.openNumber(0);
  one.reference(entry);
  one.close();
  assert.equal(clearEntry(one, 'a'), 'Entry currently in use, cannot remove');
  assert.equal(
    clearEntries(one, () => true, []),
    1,
  );
  assert.deepEqual(keys(one), ['a']);
});

test('entries are listed in batches and cleared by what they hold', () => {
  const one = table('stick-table type integer size 1000 store gpc0');
  for (let key = 0; key < 600; key++) setEntry(one, String(key), [{ name: 'gpc0', value: key }]);
  const first = listEntries(one, 0, []);
  assert.equal(first.entries.length, 256);
  assert.equal(first.next, 256);
  assert.equal(listEntries(one, 512, []).next, -1);
  assert.equal(
    clearEntries(one, ({ values }) => (values[0]?.value ?? 0) >= 100, []),
    500,
  );
  assert.equal(one.used, 100);
});

test('a server_key is shown as the name or the address that it stands for', () => {
  const { model } = parseText(
    'backend app\n  stick on src table st\n  server one 127.0.0.1:80\n  server two 127.0.0.1:81\nbackend st\n  stick-table type ip size 10\n',
    'test',
    { environment: {}, localPeer: 'peer' },
  );
  const plans = planTables(model);
  const one = openTables(plans, [new SharedArrayBuffer(plans[0]?.layout.bytes ?? 0)], 0, () => 0).get('st') as SharedTable;
  const texts = serverTexts(model.proxies.flatMap(({ servers }) => servers));
  assert.deepEqual(texts, ['name one', 'addr 127.0.0.1:80', 'name two', 'addr 127.0.0.1:81']);
  setEntry(one, '192.0.2.7', [
    { name: 'server_id', value: 2 },
    { name: 'server_key', value: 3 },
  ]);
  assert.deepEqual(
    getEntry(one, '192.0.2.7', texts)?.values.map(({ value, text }) => text ?? value),
    [2, 'two'],
  );
});

test('sweeping removes what has expired, and asks to be called when the next is due', () => {
  const one = table('stick-table type integer size 5000 expire 10s');
  for (let key = 0; key < 3000; key++) setEntry(one, String(key), []);
  const pauses: number[] = [];
  let run = (): void => undefined;
  const stop = startSweeping([one], {
    now: () => clock.ms,
    after: (ms, then) => {
      pauses.push(ms);
      run = then;
      return () => undefined;
    },
  });
  assert.deepEqual(pauses, [1000], 'nothing is due for long: it looks again in a second');
  clock.ms += 9500;
  setEntry(one, '5000', []);
  run();
  assert.equal(pauses[1], 500);
  clock.ms += 501;
  run();
  assert.equal(one.used, 1);
  stop();
});

test('locks and lists of a dead thread are put in order', () => {
  const [dead, alive] = views('stick-table type integer size 5000 store gpc0', 2) as [SharedTable, SharedTable];
  for (let key = 0; key < 100; key++) setEntry(dead, String(key), [{ name: 'gpc0', value: key }]);
  const { cells, layout } = dead;
  // It dies with an entry open and the free list locked, its chains cut.
  dead.keyRegister.fill(0);
  dead.setKey(4);
  dead.openKey(false);
  cells[Header.freeLock] = 1;
  for (let bucket = 0; bucket < layout.buckets; bucket++) {
    const stripe = layout.stripesAt + (bucket & (layout.stripes - 1)) * 16;
    if (cells[stripe + Stripe.lock] === 1) cells[layout.bucketsAt + bucket] = 0;
  }
  assert.equal(recoverTable(cells, layout, 0, 1), 2);
  assert.equal(cells[Header.orphans], 1, 'the next sweep looks for what it let go');
  for (let key = 0; key < 100; key++) assert.equal(getEntry(alive, String(key), [])?.values[0]?.value, key, `key ${key}`);
  assert.equal(alive.used, 100);
  for (let key = 100; key < 6000; key++) assert.equal(setEntry(alive, String(key), []), null);
  assert.equal(alive.used, 5000);
  const first = alive.openNumber(0);
  assert.equal(alive.holds(Data.gpc0, 0), true);
  assert.notEqual(first, 0);
  alive.close();
});
