/**
 * Tracking: a session or a stream refers to entries of tables by the numbers of counters (track-sc0 …), and what happens to it
 * is counted there (HAProxy 3.x configuration 4.4 track-sc, 11.1). What a stream tracks counts before what its session
 * tracks under the same number.
 */
import type { HttpMessage } from '../http/message.ts';
import type { Session, Stream } from '../state/records.ts';
import { type Counting, Data, type DataType, type Entry, NO_ENTRY, type StickTable, Tracked } from '../state/tracked.ts';

/** Of a version, a status and the record that HAProxy keeps for them. */
const START_LINE = 23;

/** Entries that this thread's sessions and streams refer to: 0 once all have ended. */
export const tracking = { held: 0 };

/** What is counted at once when tracking begins: `http-request` and `http-response` rules run after these moments. */
export const Late = { request: 1, error: 2, failure: 4 } as const;
const LATE_TYPES = [
  [Late.request, Data.httpReqCnt, Data.httpReqRate],
  [Late.error, Data.httpErrCnt, Data.httpErrRate],
  [Late.failure, Data.httpFailCnt, Data.httpFailRate],
] as const;

/** What a table counts when an entry of it is tracked, by bits of `Late`. hot-ok: at start */
export function countingsOf(table: StickTable): readonly Counting[] {
  return Array.from({ length: 8 }, (_, late) => {
    const types = LATE_TYPES.flatMap(([bit, count, rate]) => ((late & bit) === 0 ? [] : [count, rate]));
    return table.countingOf([Data.connCur, Data.connCnt, Data.connRate, ...types]);
  });
}

/** What tracks: its record of entries, made when it is first needed. */
export function trackedOf(holder: Session | Stream, counters: number): Tracked {
  // hot-ok: once per record, which is pooled
  if (holder.tracked === null) holder.tracked = new Tracked(counters);
  return holder.tracked;
}

/** Tracks the table's key (see putKey) as counter `index`, which tracks nothing yet. `counting`: see countingsOf. */
export function track(tracked: Tracked, index: number, table: StickTable, counting: Counting): void {
  const entry = table.openKey(true);
  if (entry !== NO_ENTRY) {
    table.reference(entry);
    table.touch(entry);
    table.count(entry, counting);
  }
  table.close();
  if (entry === NO_ENTRY) return;
  tracked.held++;
  tracked.tables[index] = table;
  tracked.entries[index] = entry;
  tracking.held++;
}

function addBoth(table: StickTable, entry: Entry, count: DataType, rate: DataType, amount: number): void {
  table.add(entry, count, 0, amount);
  table.add(entry, rate, 0, amount);
}

/** Nothing is tracked any more: connections are counted down, and entries may expire. */
export function releaseTracked(holder: Session | Stream): void {
  const { tracked } = holder;
  if (tracked === null || tracked.held === 0) return;
  const { entries, tables } = tracked;
  tracked.held = 0;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as Entry;
    if (entry === NO_ENTRY) continue;
    leave(tables[index] as StickTable, entry);
    entries[index] = NO_ENTRY;
    tables[index] = null;
  }
}

function leave(table: StickTable, entry: Entry): void {
  if (table.countsCurrent && table.openEntry(entry)) {
    if (table.value(entry, Data.connCur, 0) > 0) table.add(entry, Data.connCur, 0, -1);
    table.touch(entry);
    table.close();
  }
  table.release(entry);
  tracking.held--;
}

/** Where counter `index` of the stream is: its own record or its session's; null: it tracks nothing. */
export function trackedAt(stream: Stream, index: number): Tracked | null {
  const { tracked, session } = stream;
  if (tracked !== null && tracked.entries[index] !== NO_ENTRY) return tracked;
  const outer = session.tracked;
  return outer !== null && outer.entries[index] !== NO_ENTRY ? outer : null;
}

/** Something happened to the stream: counted in all that it and its session track. */
function countStream(stream: Stream, count: DataType, rate: DataType): void {
  const any = stream.tracked ?? stream.session.tracked;
  if (any === null) return;
  for (let index = 0; index < any.entries.length; index++) {
    const tracked = trackedAt(stream, index);
    if (tracked !== null) countOne(tracked, index, count, rate);
  }
}

function countOne(tracked: Tracked, index: number, count: DataType, rate: DataType): void {
  const table = tracked.tables[index] as StickTable;
  if (!table.holds(count, 0) && !table.holds(rate, 0)) return;
  const entry = tracked.entries[index] as Entry;
  if (!table.openEntry(entry)) return;
  addBoth(table, entry, count, rate, 1);
  table.touch(entry);
  table.close();
}

/** A connection was accepted: its rules let it pass. */
export function countSession(session: Session): void {
  const { tracked } = session;
  if (tracked === null) return;
  for (let index = 0; index < tracked.entries.length; index++) {
    if (tracked.entries[index] !== NO_ENTRY) countOne(tracked, index, Data.sessCnt, Data.sessRate);
  }
}

/** A request came, valid or not. */
export function countRequest(stream: Stream): void {
  countStream(stream, Data.httpReqCnt, Data.httpReqRate);
}

/** The client did something wrong: an invalid request, a denied one, one that the server answers with 4xx. */
export function countError(stream: Stream): void {
  countStream(stream, Data.httpErrCnt, Data.httpErrRate);
}

/** The server did: an invalid response or 5xx. */
export function countFailure(stream: Stream): void {
  countStream(stream, Data.httpFailCnt, Data.httpFailRate);
}

/** A server's status: who is to blame for it, if anybody. */
export function countStatus(stream: Stream): void {
  const { status, frontend } = stream;
  if (frontend.errorStatuses[status] === 1) countError(stream);
  if (frontend.failureStatuses[status] === 1) countFailure(stream);
}

/** The exchange is over: what came from the client, and from the server. */
export function countBytes(stream: Stream, fromClient: number, fromServer: number): void {
  const any = stream.tracked ?? stream.session.tracked;
  if (any === null) return;
  for (let index = 0; index < any.entries.length; index++) {
    const tracked = trackedAt(stream, index);
    if (tracked !== null) countBytesIn(tracked.tables[index] as StickTable, tracked.entries[index] as Entry, fromClient, fromServer);
  }
}

/** Bytes of an answer made here: of its parts, without what separates them on the wire, as HAProxy counts. */
export function messageBytes({ headers, bodyStart, bodyEnd, reasonStart, reasonEnd }: HttpMessage): number {
  let bytes = START_LINE + reasonEnd - reasonStart + bodyEnd - bodyStart;
  for (let row = 0; row < headers.rows; row++) {
    if (!headers.isHole(row)) bytes += headers.nameLength(row) + headers.valueEnd(row) - headers.valueStart(row);
  }
  return bytes;
}

function countBytesIn(table: StickTable, entry: Entry, fromClient: number, fromServer: number): void {
  if (!table.countsBytes || !table.openEntry(entry)) return;
  const factor = table.bytesFactor;
  table.add(entry, Data.bytesInCnt, 0, fromClient);
  table.add(entry, Data.bytesInRate, 0, Math.ceil(fromClient / factor));
  table.add(entry, Data.bytesOutCnt, 0, fromServer);
  table.add(entry, Data.bytesOutRate, 0, Math.ceil(fromServer / factor));
  table.touch(entry);
  table.close();
}
