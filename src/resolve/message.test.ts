/** DNS messages: what is asked for, and answers of every kind, whole, cut and broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordType, readAnswer, readName, writeQuestion } from './message.ts';

test('names', () => {
  const long = `${'a'.repeat(63)}.`.repeat(4);
  const table: readonly (readonly [string, string | null])[] = [
    ['Web.Test', 'web.test'],
    ['web.test.', 'web.test'],
    ['_http._tcp.x', '_http._tcp.x'],
    ['a', 'a'],
    ['', null],
    ['.', null],
    ['a..b', null],
    [`${'a'.repeat(64)}.b`, null],
    [long, null],
    ['a b', null],
    ['a\u00e9', null],
  ];
  for (const [text, wanted] of table) assert.equal(readName(text), wanted, text);
});

test('a question has its name, type and payload size', () => {
  const { id, bytes } = writeQuestion({ name: 'ab.c', type: RecordType.aaaa }, 4096);
  const hex = Buffer.from(bytes).toString('hex');
  assert.equal(hex.slice(0, 4), id.toString(16).padStart(4, '0'));
  assert.equal(hex.slice(4), '01000001000000000001' + '0261620163' + '00' + '001c0001' + '00' + '0029' + '1000' + '00000000' + '0000');
});

/** Of `x.t`: an alias to y.t, an address of it, an SRV record, one of a type that is not read; all names but the first are pointers. */
const ANSWER = [
  '1234 8180 0001 0004 0000 0001',
  '0178 0174 00 0001 0001', // 12: x.t
  'c00c 0005 0001 00000001 0004 0179 c00e', // 21: x.t is y.t, whose name stands at 33
  'c021 0001 0001 00000001 0004 7f000002',
  'c00c 0021 0001 00000001 0008 0001 0100 1f90 c021',
  'c00c 0010 0001 00000001 0003 026869',
  'c021 001c 0001 00000001 0010 20010db8 00000000 00000000 00000001',
]
  .join('')
  .replaceAll(' ', '');

test('records of an answer, with compressed names', () => {
  assert.deepEqual(readAnswer(Buffer.from(ANSWER, 'hex')), {
    id: 0x1234,
    code: 0,
    isTruncated: false,
    question: { name: 'x.t', type: 1 },
    answers: [
      { kind: 'alias', name: 'x.t', target: 'y.t' },
      { kind: 'address', name: 'y.t', address: '127.0.0.2', family: 4 },
      { kind: 'service', name: 'x.t', weight: 256, port: 8080, target: 'y.t' },
    ],
    additional: [{ kind: 'address', name: 'y.t', address: '2001:db8::1', family: 6 }],
  });
});

test('what is cut anywhere is no answer, unless it says so', () => {
  const whole = Buffer.from(ANSWER, 'hex');
  for (let size = 0; size < whole.length; size++) assert.equal(readAnswer(whole.subarray(0, size)), null, String(size));
  const cut = Buffer.from(whole.subarray(0, 30));
  cut.writeUInt16BE(0x8380, 2);
  assert.equal(readAnswer(cut)?.isTruncated, true);
});

test('any change of any byte ends, and soon', () => {
  const whole = Buffer.from(ANSWER, 'hex');
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 1, 0x3f, 0x40, 0x7f, 0xc0, 0xff]) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      readAnswer(changed);
    }
  }
  // A pointer to itself, and one forward.
  for (const pointer of ['c00c', 'c00e'])
    assert.equal(readAnswer(Buffer.from(`1234818000010000000000${'00'}${pointer}00010001`, 'hex')), null);
});
