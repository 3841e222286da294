/** Hellos in several records: however they are cut, what is read is the same; nothing else is joined. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greasedHello } from '../../test/support/tls/hello.ts';
import { ClientHello, HelloResult } from './tls-hello.ts';
import { Joined, joinHello } from './tls-hello-records.ts';

const WHOLE = greasedHello();
const MESSAGE = WHOLE.subarray(5);
const ROOM = 20_000;

/** The message in records that end at these places of it. */
function cut(...ends: readonly number[]): Buffer {
  const bounds = [0, ...ends, MESSAGE.length];
  return Buffer.concat(
    bounds.slice(1).flatMap((end, index) => {
      const part = MESSAGE.subarray(bounds[index], end);
      return [Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part];
    }),
  );
}

/** Joins what stands behind some other bytes. */
function join(records: Buffer, length = records.length): number | Buffer {
  const bytes = Buffer.concat([Buffer.from('xyz'), records, Buffer.alloc(ROOM)]);
  const to = 3 + records.length;
  const end = joinHello(bytes, 3, 3 + length, to, bytes.length);
  return end < 0 ? end : bytes.subarray(to, end);
}

test('wherever it is cut, the whole is the same', () => {
  for (let at = 1; at < MESSAGE.length; at++) assert.deepEqual(join(cut(at)), WHOLE, `cut at ${at}`);
  assert.deepEqual(join(cut(1, 2, 3, 4, 5, 100)), WHOLE);
  assert.deepEqual(join(cut(...Array.from({ length: MESSAGE.length - 1 }, (_, at) => at + 1))), WHOLE);
  const hello = new ClientHello();
  const joined = join(cut(7, 60)) as Buffer;
  assert.equal(hello.read(joined, 0, joined.length), HelloResult.done);
  assert.equal(joined.toString('latin1', hello.serverName.start, hello.serverName.end), 'localhost');
});

test('what has not come is waited for, byte by byte', () => {
  const records = cut(2, 50, 120);
  for (let length = 1; length < records.length; length++) assert.equal(join(records, length), Joined.more, `${length}`);
});

test('what follows the hello in its last record is left out', () => {
  const last = Buffer.concat([MESSAGE.subarray(50), Buffer.from('rest')]);
  const records = Buffer.concat([
    Buffer.from([22, 3, 1, 0, 50]),
    MESSAGE.subarray(0, 50),
    Buffer.from([22, 3, 1, last.length >> 8, last.length & 255]),
    last,
  ]);
  assert.deepEqual(join(records), WHOLE);
});

test('one record, other messages and protocols, and what is too long are not joined', () => {
  assert.equal(join(WHOLE), Joined.none);
  assert.equal(join(Buffer.from('GET / HTTP/1.1\r\n\r\n')), Joined.none);
  assert.equal(join(Buffer.from([22, 3, 1, 0, 1, 2, 22, 3, 1, 0, 1, 0])), Joined.none);
  assert.equal(join(Buffer.from([22, 3, 1, 0, 2, 1, 0, 21, 3, 3, 0, 2, 1, 0])), Joined.none);
  assert.equal(join(Buffer.from([22, 3, 1, 0, 0])), Joined.none);
  assert.equal(join(Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0])), Joined.none);
});

test('spoilt bytes give an answer within the room', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 2000; round++) {
    const records = cut(...Array.from({ length: random(4) }, () => 1 + random(MESSAGE.length - 1)).sort((a, b) => a - b));
    for (let times = random(4); times > 0; times--) records[random(Math.min(records.length, 60))] = random(256);
    const room = 64 + random(600);
    const bytes = Buffer.concat([records, Buffer.alloc(room, 0xee), Buffer.from('guard')]);
    const end = joinHello(bytes, 0, random(records.length + 1), records.length, records.length + room);
    assert.ok(
      end === Joined.more || end === Joined.none || (end > records.length && end <= records.length + room),
      `round ${round}: ${end}`,
    );
    assert.equal(bytes.toString('latin1', bytes.length - 5), 'guard');
  }
});

test('more than 256 records are not joined, and not waited for', () => {
  const message = Buffer.alloc(400);
  message.set([1, 0, 1, 140]);
  const records = Buffer.concat(Array.from(message, (byte) => Buffer.from([22, 3, 1, 0, 1, byte])));
  assert.equal(join(records, 256 * 6 - 1), Joined.more);
  assert.equal(join(records, 256 * 6), Joined.none, 'the hello is longer');
  assert.equal(join(records), Joined.none);
  const fewer = Buffer.concat([records.subarray(0, 255 * 6), Buffer.from([22, 3, 1, 0, 145]), Buffer.alloc(145)]);
  assert.equal((join(fewer) as Buffer).length, 5 + 400);
});
