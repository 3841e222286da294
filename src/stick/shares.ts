/**
 * Bandwidth limits that streams share by a key (HAProxy 3.x configuration 9.7): what has passed is the entry's rate of bytes, in
 * shared memory, so that the streams of all threads see each other. Each stream that takes part refers to the entry and is given
 * an equal part of what is left. It must not know who passes data.
 */
import type { BandwidthLimitModel } from '../model/config.ts';
import type { SharedLimits } from '../state/shared-limits.ts';
import { Data, type DataType, type Entry, NO_ENTRY, type StickTable } from '../state/tracked.ts';

/** The rate that a limit counts in. */
export function rateOfLimit({ toClient }: BandwidthLimitModel): DataType {
  return toClient ? Data.bytesOutRate : Data.bytesInRate;
}

/** Takes part in a limit under the table's key (see putKey), and no longer under another key. */
export function joinLimit(shared: SharedLimits, limit: BandwidthLimitModel, table: StickTable): void {
  const entry = table.openKey(true);
  if (entry !== NO_ENTRY) {
    table.reference(entry);
    table.touch(entry);
  }
  table.close();
  if (entry === NO_ENTRY) return;
  let at = 0;
  while (at < shared.count && shared.limits[at] !== limit) at++;
  if (at === shared.limits.length) {
    release(table, entry);
    return;
  }
  if (at < shared.count) release(shared.tables[at] as StickTable, shared.entries[at] as Entry);
  else shared.count++;
  shared.limits[at] = limit;
  shared.tables[at] = table;
  shared.entries[at] = entry;
}

/** Takes part in none any more. */
export function leaveLimits(shared: SharedLimits): void {
  for (let at = 0; at < shared.count; at++) release(shared.tables[at] as StickTable, shared.entries[at] as Entry);
  shared.count = 0;
}

function release(table: StickTable, entry: Entry): void {
  if (table.openEntry(entry)) {
    table.touch(entry);
    table.close();
  }
  table.release(entry);
}

/** What `allowance` found: the bytes that are worth a slice, and how long this stream's part of them takes to come (milliseconds). */
export const slice = { bytes: 0, waitMs: 0 };

/** Bytes that this stream may pass now by all its limits: of each an equal part of what is left, at least `min-size` if so much is. */
export function allowance(shared: SharedLimits, sliceMs: number): number {
  let allowed = Number.POSITIVE_INFINITY;
  slice.bytes = 1;
  slice.waitMs = 0;
  for (let at = 0; at < shared.count; at++)
    allowed = Math.min(
      allowed,
      allowedBy(shared.limits[at] as BandwidthLimitModel, shared.tables[at] as StickTable, shared.entries[at] as Entry, sliceMs),
    );
  return allowed;
}

function allowedBy(limit: BandwidthLimitModel, table: StickTable, entry: Entry, sliceMs: number): number {
  // Somebody holds it too long: later.
  if (!table.openToRead(entry)) return 0;
  const rate = rateOfLimit(limit);
  const most = limit.bytes as number;
  const left = Math.max(0, most - table.value(entry, rate, 0) * table.bytesFactor);
  const users = Math.max(1, table.references(entry));
  const periodMs = table.periodMs(rate);
  table.close();
  const least = Math.min(limit.leastBytes, most);
  const part = Math.ceil(left / users);
  const worth = Math.max(1, least, Math.floor((most * sliceMs) / periodMs / users));
  slice.bytes = slice.bytes === 1 ? worth : Math.min(slice.bytes, worth);
  slice.waitMs = Math.max(slice.waitMs, (worth * users * periodMs) / most);
  return part >= least ? part : left >= least ? least : 0;
}

/** So many have passed. */
export function countPassed(shared: SharedLimits, bytes: number): void {
  for (let at = 0; at < shared.count; at++) {
    const table = shared.tables[at] as StickTable;
    const entry = shared.entries[at] as Entry;
    if (!table.openEntry(entry)) continue;
    table.add(entry, rateOfLimit(shared.limits[at] as BandwidthLimitModel), 0, Math.ceil(bytes / table.bytesFactor));
    table.touch(entry);
    table.close();
  }
}
