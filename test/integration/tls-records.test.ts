/**
 * Records that no library sends, after a good handshake of TLS 1.3: floods of empty records, of warnings, of updated keys, broken and
 * oversized records, ends without a word. Each is answered and logged as HAProxy 2.6 does it, and bounded.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { exchange } from '../support/connection.ts';
import { startRawOrigin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { startSyslog } from '../support/syslog.ts';
import { tlsFile, tlsPath } from '../support/tls-client.ts';
import { RecordClient, RecordType, serveRecords } from '../support/tls-records.ts';
import { until } from '../support/wait.ts';
import { get, httpLine, onSubjects } from './rig.ts';

const GET = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
const NOTIFY = Uint8Array.from([1, 0]);
const UNEXPECTED = 'ERR_SSL_SSL/TLS_ALERT_UNEXPECTED_MESSAGE';
const OVERFLOW = 'ERR_SSL_TLSV1_ALERT_RECORD_OVERFLOW';

const times = (count: number, make: () => Buffer): Buffer => Buffer.concat(Array.from({ length: count }, make));
const empty = (client: RecordClient) => (): Buffer => client.seal(RecordType.data, Buffer.alloc(0));
const warning = (client: RecordClient, what = 90) => client.seal(RecordType.alert, Uint8Array.from([1, what]));
const message = (client: RecordClient, ...bytes: number[]): Buffer => client.seal(RecordType.handshake, Uint8Array.from(bytes));
/** A byte of a record turned over. */
const spoil = (record: Buffer): Buffer => {
  record[20] = (record[20] as number) ^ 1;
  return record;
};

/** What a client sends; the alert it gets, or '' for an answer (200), or null for a connection that just ends. */
const CASES: readonly (readonly [string, (client: RecordClient) => Buffer, string | null])[] = [
  ['a request', (c) => c.seal(RecordType.data, GET), ''],
  ['a request in records of one byte', (c) => Buffer.concat(Array.from(GET, (byte) => c.seal(RecordType.data, Uint8Array.of(byte)))), ''],
  ['some empty records', (c) => Buffer.concat([times(31, empty(c)), c.seal(RecordType.data, GET)]), ''],
  ['too many empty records', (c) => times(100, empty(c)), UNEXPECTED],
  ['some warnings', (c) => Buffer.concat([times(3, () => warning(c)), c.seal(RecordType.data, GET)]), ''],
  ['too many warnings', (c) => times(10, () => warning(c)), UNEXPECTED],
  ['a warning that ends', (c) => warning(c, 100), null],
  ['a fatal alert', (c) => c.seal(RecordType.alert, Uint8Array.from([2, 80])), null],
  ['many updates of keys', (c) => Buffer.concat([times(500, () => c.sealUpdate()), c.seal(RecordType.data, GET)]), ''],
  ['many updates that ask for none', (c) => Buffer.concat([times(500, () => c.sealUpdate(false)), c.seal(RecordType.data, GET)]), ''],
  ['an update with more behind it', (c) => message(c, 24, 0, 0, 1, 0, 24, 0, 0, 1, 0), UNEXPECTED],
  ['an update of no kind', (c) => message(c, 24, 0, 0, 1, 7), 'ERR_SSL_SSL/TLS_ALERT_ILLEGAL_PARAMETER'],
  ['half an update, then data', (c) => Buffer.concat([message(c, 24, 0, 0), c.seal(RecordType.data, GET)]), UNEXPECTED],
  ['a second hello', (c) => message(c, 1, 0, 0, 50, ...Buffer.alloc(50)), UNEXPECTED],
  ['a message without an end', (c) => message(c, 4, 0xff, 0xff, 0xff, ...Buffer.alloc(50)), UNEXPECTED],
  ['a record of no kind', (c) => c.seal(99, Buffer.from('x')), UNEXPECTED],
  ['a broken record', (c) => spoil(c.seal(RecordType.data, GET)), 'ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC'],
  ['a record that is no cipher', () => Buffer.from([23, 3, 3, 0, 5, 1, 2, 3, 4, 5]), 'ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC'],
  ['a record too long', () => Buffer.concat([Buffer.from([23, 3, 3, 0x41, 0x20]), Buffer.alloc(0x4120)]), OVERFLOW],
  ['too much in a record', (c) => c.seal(RecordType.data, Buffer.alloc(16_385, 65)), OVERFLOW],
  ['a change of ciphers', () => Buffer.from([20, 3, 3, 0, 1, 1]), UNEXPECTED],
];

onSubjects('records that no library sends', async ({ start }) => {
  await using log = await startSyslog();
  const port = await freePort();
  await start(`global\n  nbthread 1\n  log 127.0.0.1:${log.port} local0\ndefaults\n  mode http\n  log global\n  option httplog
  timeout client 5s\n  timeout server 1s\n  timeout connect 1s
frontend f\n  bind 127.0.0.1:${port} ssl crt ${tlsPath('server.pem')}\n  http-request return status 200\n`);
  let lines = log.messages.length;
  for (const [what, make, alert] of CASES) {
    using client = await RecordClient.open(port);
    await client.write(make(client));
    await until(() => client.closed, `the end after ${what}`);
    assert.equal(client.error, alert ?? '', what);
    assert.equal(client.received.slice(9, 12), alert === '' ? '200' : '', what);
    await log.waitForCount(++lines);
    const { status, termination, request } = httpLine(log.messages.at(-1) as string);
    assert.deepEqual([status, termination, request], alert === '' ? [200, 'LR--', 'GET / HTTP/1.1'] : [400, 'CR--', '<BADREQ>'], what);
  }
});

onSubjects('clients that end in the middle, with and without a word', async ({ start, old }) => {
  await using log = await startSyslog();
  const port = await freePort();
  // It has the head and the start of the body, and waits for the rest.
  await using origin = await startRawOrigin(async (connection) => void (await connection.readToEnd()));
  await start(`global\n  nbthread 1\n  log 127.0.0.1:${log.port} local0\ndefaults\n  mode http\n  log global\n  option httplog
  timeout client 5s\n  timeout server 5s\n  timeout connect 1s
frontend f\n  bind 127.0.0.1:${port} ssl crt ${tlsPath('server.pem')}\n  default_backend b
backend b\n  server s 127.0.0.1:${origin.port}\n`);
  let lines = log.messages.length;
  const ends: readonly (readonly [string, (client: RecordClient) => void, number])[] = [
    ['without a word', (c) => c.plain.end(), 400],
    ['with a word', (c) => void c.plain.write(c.seal(RecordType.alert, NOTIFY)), 400],
    ['in the middle of a record', (c) => void c.plain.end(c.seal(RecordType.data, Buffer.from('yyyyyyyyyyyy')).subarray(0, 20)), 400],
    ['with a broken record', (c) => void c.plain.write(spoil(c.seal(RecordType.data, Buffer.from('yyyyyyyyyyyy')))), -1],
    ['with a reset', (c) => void c.plain.resetAndDestroy(), -1],
  ];
  for (const framing of ['Content-Length: 100\r\n\r\nxxxxx', 'Transfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n']) {
    for (const [what, end, status] of ends) {
      using client = await RecordClient.open(port);
      const index = origin.connections.length;
      await client.say(`POST / HTTP/1.1\r\nHost: x\r\n${framing}`);
      await until(() => origin.connections[index]?.received.includes('xxxxx') === true, 'the start of the body');
      end(client);
      await log.waitForCount(++lines);
      const line = httpLine(log.messages.at(-1) as string);
      assert.equal(line.request, 'POST / HTTP/1.1');
      // 2.6 tells it all as a broken body; 3.5 tells who broke it, and answers those who can still hear.
      assert.deepEqual([line.status, line.termination], old ? [-1, 'CD--'] : [status, 'CH--'], what);
    }
  }
});

/** What a server says before it is gone; the status and the letters that follow. */
const CUTS: readonly (readonly [string, string, number, string])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello', 200, 'SD--'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 200, 'SD--'],
  ['half a head', 'HTTP/1.1 200 OK\r\nConte', 502, 'SH--'],
  ['nothing', '', 502, 'SH--'],
  // Nothing tells that something is missing: HAProxy takes it for the end, with and without a word.
  ['no framing', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello', 200, '----'],
];

onSubjects('servers that end in the middle, with and without a word', async ({ start }) => {
  await using log = await startSyslog();
  const port = await freePort();
  const serve = (leave: (tls: TLSSocket, plain: Socket) => void) =>
    serveRecords(tlsFile('server.pem'), (tls, plain) => {
      tls.once('data', (asked: Buffer) => {
        const says = CUTS[Number(/^GET \/\w+\/(\d)/.exec(asked.toString('latin1'))?.[1])]?.[1] ?? '';
        if (says === '') leave(tls, plain);
        else tls.write(says, () => leave(tls, plain));
      });
    });
  await using silent = await serve((_, plain) => plain.end());
  await using proper = await serve((tls) => tls.end());
  await start(`global\n  nbthread 1\n  log 127.0.0.1:${log.port} local0\ndefaults\n  mode http\n  log global\n  option httplog
  timeout client 5s\n  timeout server 5s\n  timeout connect 1s\n  retries 0
frontend f\n  bind 127.0.0.1:${port}\n  use_backend %[path,field(2,/)]
backend silent\n  server s 127.0.0.1:${silent.port} ssl verify none\nbackend proper\n  server s 127.0.0.1:${proper.port} ssl verify none\n`);
  for (const backend of ['silent', 'proper']) {
    for (const [index, [what, , status, letters]] of CUTS.entries()) {
      await exchange(port, get(`/${backend}/${index}`, 'Connection: close'));
      const line = httpLine(await log.waitFor(new RegExp(`GET /${backend}/${index} `)));
      assert.deepEqual([line.status, line.termination], [status, letters], `${what} ${backend}`);
    }
  }
});
