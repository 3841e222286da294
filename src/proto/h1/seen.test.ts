/** Heads that follow each other, with names that come again, change, are missing or are new: the learned names change no result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpMessage } from '../../http/message.ts';
import { HeadParser, HeadResult } from './head.ts';

const NAMES = [
  'Host',
  'User-Agent',
  'accept',
  'ACCEPT-Encoding',
  'Te',
  'X-Tenant',
  'x-tenanT',
  'Content-Type',
  'X-Request-Identifier',
  'Age',
];
const LONG = [
  'Content-Security-Policy-Report-Only',
  `x-${'y'.repeat(300)}`,
  'X-Exactly-Thirty-Two-Bytes-Long-',
  'X-Exactly-Thirty-Three-Bytes-Long',
];
const ALL = [...NAMES, ...LONG];

let state = 7;
function random(below: number): number {
  state = (Math.imul(state, 1103515245) + 12345) >>> 1;
  return (state >>> 8) % below;
}

function head(names: readonly string[]): string {
  return `GET /a HTTP/1.1\r\n${names.map((name, at) => `${name}:${at % 3 === 0 ? '' : ' '}v${at}\r\n`).join('')}\r\n`;
}

/** Rows as texts, and the bytes of the head: names are lower case there. */
function parse(text: string, fast: boolean): readonly unknown[] {
  const bytes = new Uint8Array(Buffer.from(`${text}${'.'.repeat(64)}`, 'latin1'));
  const parser = new HeadParser('request');
  const message = new HttpMessage();
  parser.fields.fast = fast;
  const result = parser.parse(message, bytes, 0, text.length);
  const { headers } = message;
  const rows = Array.from({ length: headers.rows }, (_, row) => [
    headers.id(row),
    Buffer.from(bytes.subarray(headers.nameStart(row), headers.nameStart(row) + headers.nameLength(row))).toString('latin1'),
    Buffer.from(bytes.subarray(headers.valueStart(row), headers.valueEnd(row))).toString('latin1'),
  ]);
  return [result, parser.headEnd, parser.error, parser.errorAt, ...rows];
}

test('names that are learned give what the state machine gives', () => {
  let names: string[] = ALL.slice(0, 6);
  for (let round = 0; round < 4000; round++) {
    if (round % 40 === 0) names = Array.from({ length: 1 + random(40) }, () => ALL[random(ALL.length)] as string);
    const now = names.slice();
    if (random(3) === 0) now.splice(random(now.length), 1);
    if (random(3) === 0) now.splice(random(now.length + 1), 0, ALL[random(ALL.length)] as string);
    const text = head(now);
    const cut = random(4) === 0 ? text.slice(0, random(text.length)) : text;
    assert.deepEqual(parse(cut, true), parse(cut, false), cut);
  }
});

test('a learned name counts only with its colon and its case', () => {
  const learned = head(['Host', 'X-Tenant', 'Accept']);
  for (let round = 0; round < 40; round++) assert.equal(parse(learned, true)[0], HeadResult.done);
  for (const names of [
    ['Host', 'X-Tenants', 'Accept'],
    ['Host', 'X-Tenan', 'Accept'],
    ['HOST', 'x-tenant', 'Accept'],
    ['Host', 'X Tenant', 'Accept'],
    ['Host', 'X-Tenant ', 'Accept'],
  ]) {
    assert.deepEqual(parse(head(names), true), parse(head(names), false), names.join());
  }
});
