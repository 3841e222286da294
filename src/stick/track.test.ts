/** Whom an event is counted for: what the stream tracks before what its session does; bytes in units of the table's factor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session, Stream } from '../state/records.ts';
import { DEFAULT_ERRORS, DEFAULT_FAILURES, statusTable } from '../state/statuses.ts';
import { type Counting, Data, type DataType } from '../state/tracked.ts';
import { tableLayout } from './layout.ts';
import { SharedTable } from './table.ts';
import {
  countBytes,
  countingsOf,
  countRequest,
  countSession,
  countStatus,
  Late,
  releaseTracked,
  track,
  trackedAt,
  trackedOf,
  tracking,
} from './track.ts';

const NAMES = ['conn_cur', 'sess_cnt', 'http_req_cnt', 'http_err_cnt', 'http_fail_cnt', 'bytes_in_cnt'];

function newTable(bytesFactor = 1): SharedTable {
  const store = [...NAMES.map((name) => ({ name, elements: 1, periodMs: 0 })), { name: 'bytes_in_rate', elements: 1, periodMs: 60_000 }];
  const base = {
    type: 'integer' as const,
    length: 32,
    size: 10,
    expireMs: 0,
    nopurge: false,
    srvkey: 'name' as const,
    bratesFactor: bytesFactor,
  };
  const layout = tableLayout({ ...base, store, at: { file: '', line: 0, column: 0 } });
  const options = { expireMs: 0, nopurge: false, bytesFactor, inOrder: process.arch === 'x64' };
  return new SharedTable('t', layout, options, new SharedArrayBuffer(layout.bytes), 0, () => 1_000_000);
}

function newStream(): Stream {
  const stream = new Stream();
  stream.session = new Session();
  stream.frontend = { errorStatuses: statusTable(DEFAULT_ERRORS), failureStatuses: statusTable(DEFAULT_FAILURES) } as Stream['frontend'];
  return stream;
}

function follow(holder: Session | Stream, index: number, table: SharedTable, key: number, late = 0): void {
  new DataView(table.keyRegister.buffer).setInt32(0, key, true);
  table.setKey(4);
  track(trackedOf(holder, 3), index, table, countingsOf(table)[late] as Counting);
}

function read(table: SharedTable, key: number, data: DataType): number {
  new DataView(table.keyRegister.buffer).setInt32(0, key, true);
  table.setKey(4);
  const value = table.value(table.openKey(true), data, 0);
  table.close();
  return value;
}

test('under one number the stream counts before its session, under others both count', () => {
  const table = newTable();
  const stream = newStream();
  follow(stream.session, 0, table, 1);
  follow(stream.session, 1, table, 2);
  follow(stream, 0, table, 3, Late.request);
  countSession(stream.session);
  countRequest(stream);
  assert.deepEqual(
    [1, 2, 3].map((key) => read(table, key, Data.httpReqCnt)),
    [0, 1, 2],
  );
  assert.deepEqual(
    [1, 2, 3].map((key) => read(table, key, Data.sessCnt)),
    [1, 1, 0],
  );
  assert.equal(trackedAt(stream, 0), stream.tracked);
  assert.equal(trackedAt(stream, 1), stream.session.tracked);
  assert.equal(trackedAt(stream, 2), null);
  releaseTracked(stream);
  assert.equal(trackedAt(stream, 0), stream.session.tracked);
  assert.deepEqual(
    [1, 2, 3].map((key) => read(table, key, Data.connCur)),
    [1, 1, 0],
  );
  releaseTracked(stream.session);
  assert.equal(tracking.held, 0);
});

test('a status is an error, a failure or neither', () => {
  const table = newTable();
  const stream = newStream();
  follow(stream, 0, table, 1);
  for (stream.status of [200, 302, 399, 400, 499, 500, 501, 505, 599, 0, 999]) countStatus(stream);
  assert.equal(read(table, 1, Data.httpErrCnt), 2);
  assert.equal(read(table, 1, Data.httpFailCnt), 2);
  releaseTracked(stream);
});

test('brates-factor: rates count blocks of bytes, a part of one as a whole', () => {
  const table = newTable(100);
  const stream = newStream();
  follow(stream, 0, table, 1);
  countBytes(stream, 250, 0);
  countBytes(stream, 0, 99);
  assert.equal(read(table, 1, Data.bytesInCnt), 250);
  assert.equal(read(table, 1, Data.bytesInRate), 3);
  releaseTracked(stream);
});
