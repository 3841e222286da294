/**
 * Stick tables as the control thread sees and changes them: what the runtime API's `show table`, `set table` and `clear table`
 * stand on, and the sweeping of expired entries. Keys and values are texts and numbers here. It must not know how commands are worded.
 */
import { Family, ipText, newAddress, parseIp } from '../base/address.ts';
import { Data, type Entry, KeyType, NO_ENTRY } from '../state/tracked.ts';
import { DATA_INFOS, type DataInfo } from '../stick/data.ts';
import type { SharedTable } from '../stick/table.ts';
import type { Clock } from './clock.ts';

export interface TableValue {
  /** HAProxy's name: `gpc0`, `http_req_rate`. */
  readonly name: string;
  /** Of arrays, else 0. */
  readonly element: number;
  readonly isArray: boolean;
  /** Of rates, else 0. */
  readonly periodMs: number;
  readonly value: number;
  /** A server_key's name or address; else null. */
  readonly text: string | null;
}

export interface TableEntry {
  readonly key: string;
  /** Sessions and streams that track it. */
  readonly uses: number;
  /** 0: it does not expire. */
  readonly leftMs: number;
  readonly values: readonly TableValue[];
}

/** What to set: a data type by HAProxy's name. */
export interface TableChange {
  readonly name: string;
  readonly element?: number;
  readonly value: number;
}

const TYPE_NAMES = ['ip', 'ipv6', 'integer', 'string', 'binary'] as const;
/** Entries that are listed, cleared or swept with a stripe locked or without a pause. */
const BATCH = 256;
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;

/** `type`, as `show table` has it. */
export function typeName(table: SharedTable): string {
  return TYPE_NAMES[table.keyType];
}

/**
 * Entries from number `from` on (0 first), at most a batch, and the number to go on from, -1 at the end. Between two batches
 * entries may come and go: nobody sees the table as it was at one moment.
 */
export function listEntries(
  table: SharedTable,
  from: number,
  serverTexts: readonly string[],
): { readonly entries: readonly TableEntry[]; readonly next: number } {
  const entries: TableEntry[] = [];
  const end = Math.min(from + BATCH, table.fresh);
  for (let number = from; number < end; number++) {
    const entry = table.openNumber(number);
    if (entry === NO_ENTRY) continue;
    entries.push(describe(table, entry, serverTexts));
    table.close();
  }
  return { entries, next: end < table.fresh ? end : -1 };
}

/** The entry of a key; null: there is none. undefined: the text is no key of this table. */
export function getEntry(table: SharedTable, key: string, serverTexts: readonly string[]): TableEntry | null | undefined {
  if (!putKeyText(table, key)) return undefined;
  const entry = table.openKey(false);
  const found = entry === NO_ENTRY ? null : describe(table, entry, serverTexts);
  table.close();
  return found;
}

/** Makes the key's entry if need be, and sets values. Answers what is wrong; null: it is done. */
export function setEntry(table: SharedTable, key: string, changes: readonly TableChange[]): string | null {
  for (const { name, element = 0 } of changes) {
    const info = DATA_INFOS.find((one) => one.name === name);
    if (info === undefined) return `Unknown data type '${name}'`;
    if (!table.holds(info.type, element)) return `Data type '${name}' not stored in this table`;
  }
  if (!putKeyText(table, key)) return `'${key}' is no key of type ${typeName(table)}`;
  const entry = table.openKey(true);
  if (entry !== NO_ENTRY) {
    for (const { name, element = 0, value } of changes) table.set(entry, infoOf(name).type, element, value);
    table.touch(entry);
  }
  table.close();
  return entry === NO_ENTRY ? 'Unable to allocate a new entry' : null;
}

/** Removes the key's entry. Answers what is wrong; null: it is gone, or never was there. */
export function clearEntry(table: SharedTable, key: string): string | null {
  if (!putKeyText(table, key)) return `'${key}' is no key of type ${typeName(table)}`;
  const entry = table.openKey(false);
  const isGone = entry === NO_ENTRY || table.remove(entry);
  table.close();
  return isGone ? null : 'Entry currently in use, cannot remove';
}

/** Removes all entries that nobody tracks and that `isMeant`; how many. */
export function clearEntries(table: SharedTable, isMeant: (entry: TableEntry) => boolean, serverTexts: readonly string[]): number {
  let cleared = 0;
  for (let number = 0; number < table.fresh; number++) {
    const entry = table.openNumber(number);
    if (entry === NO_ENTRY) continue;
    if (isMeant(describe(table, entry, serverTexts)) && table.remove(entry)) cleared++;
    table.close();
  }
  return cleared;
}

function infoOf(name: string): DataInfo {
  return DATA_INFOS.find((one) => one.name === name) as DataInfo;
}

function describe(table: SharedTable, entry: Entry, serverTexts: readonly string[]): TableEntry {
  const { layout } = table;
  const values: TableValue[] = [];
  for (const { type, name, isArray } of DATA_INFOS) {
    for (let element = 0; element < (layout.elements[type] as number); element++) {
      const value = table.value(entry, type, element);
      const text = type === Data.serverKey ? (serverTexts[value - 1]?.slice(5) ?? null) : null;
      values.push({ name, element, isArray, periodMs: layout.periodsMs[type] as number, value, text });
    }
  }
  const leftMs = table.expireMs === 0 ? 0 : Math.max(0, table.leftMs(entry));
  return { key: keyText(table, entry), uses: table.references(entry), leftMs, values };
}

// Keys as text ------------------------------------------------------------------------------------------

function keyText(table: SharedTable, entry: Entry): string {
  const bytes = new Uint8Array(Math.max(16, table.keyBytes));
  const key = Buffer.from(bytes.buffer, 0, table.copyKey(entry, bytes, 0));
  switch (table.keyType) {
    case KeyType.ip:
    case KeyType.ipv6:
      return ipText({ ...newAddress(), family: table.keyType === KeyType.ip ? Family.inet : Family.inet6, ip: bytes });
    case KeyType.integer:
      return String(key.readUInt32LE(0));
    case KeyType.string:
      return key.toString('latin1');
    case KeyType.binary:
      return key.toString('hex').toUpperCase();
  }
}

/** Makes the text the key of the table's next `openKey`. False: it is none of its type. */
function putKeyText(table: SharedTable, text: string): boolean {
  const bytes = keyBytes(table, text);
  if (bytes === null) return false;
  const length = Math.min(bytes.length, table.keyBytes);
  table.keyRegister.fill(0);
  table.keyRegister.set(bytes.subarray(0, length));
  table.setKey(table.keyType === KeyType.string ? length : table.keyBytes);
  return true;
}

function keyBytes(table: SharedTable, text: string): Uint8Array | null {
  switch (table.keyType) {
    case KeyType.ip:
    case KeyType.ipv6: {
      const parsed = parseIp(text);
      const family = table.keyType === KeyType.ip ? Family.inet : Family.inet6;
      return parsed === null || parsed.family !== family ? null : parsed.ip;
    }
    case KeyType.integer: {
      if (!/^-?\d{1,10}$/.test(text)) return null;
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(Number(text) | 0);
      return bytes;
    }
    case KeyType.string:
      return Buffer.from(text, 'latin1');
    case KeyType.binary:
      return /^([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : null;
  }
}

// Sweeping ----------------------------------------------------------------------------------------------

/** Removes what has expired, soon after: entries are dead to everybody at once, but counted until then. Adopts orphans. Answers how to end it. */
export function startSweeping(tables: readonly SharedTable[], clock: Clock): () => void {
  if (tables.length === 0) return () => undefined;
  let cancel = (): void => undefined;
  const run = (): void => {
    cancel = clock.after(sweepAll(tables), run);
  };
  run();
  return () => cancel();
}

/** One batch of every stripe; how long to wait for the next time. */
function sweepAll(tables: readonly SharedTable[]): number {
  let pauseMs = LONGEST_PAUSE_MS;
  for (const table of tables) {
    table.adopt();
    for (let stripe = 0; stripe < table.layout.stripes; stripe++) {
      const leftMs = table.sweep(stripe, BATCH);
      if (leftMs >= 0) pauseMs = Math.min(pauseMs, leftMs);
    }
  }
  return Math.max(SHORTEST_PAUSE_MS, pauseMs);
}
