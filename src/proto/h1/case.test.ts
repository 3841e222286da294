/** The case of names in encoded heads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { plainMemory } from '../../base/memory.ts';
import { CaseMap } from './case.ts';

const memory = plainMemory({ blocks: 1, notes: 1, statics: 65536 });

function adjusted(head: string, ...names: string[]): string {
  const map = new CaseMap(memory, names);
  const { bytes, deskStart } = memory;
  for (let at = 0; at < head.length; at++) bytes[deskStart + at] = head.charCodeAt(at);
  map.adjust(bytes, deskStart, deskStart + head.length);
  return memory.text(deskStart, deskStart + head.length);
}

test('names change their case, nothing else does', () => {
  const head = 'GET /host: HTTP/1.1\r\nhost: host: a\r\ncontent-length: 3\r\nx-host: y\r\nhos: z\r\n\r\nhost: body';
  assert.equal(
    adjusted(head, 'Host', 'CONTENT-length', 'X-Other'),
    'GET /host: HTTP/1.1\r\nHost: host: a\r\nCONTENT-length: 3\r\nx-host: y\r\nhos: z\r\n\r\nhost: body',
  );
  assert.equal(adjusted('HTTP/1.1 200 OK\r\n\r\n', 'Host'), 'HTTP/1.1 200 OK\r\n\r\n');
});

test('many names', () => {
  const names = Array.from({ length: 200 }, (_, at) => `X-Name-${at}`);
  const head = `HTTP/1.1 200 OK\r\n${names.map((name) => `${name.toLowerCase()}: v\r\n`).join('')}\r\n`;
  assert.equal(adjusted(head, ...names), `HTTP/1.1 200 OK\r\n${names.map((name) => `${name}: v\r\n`).join('')}\r\n`);
});

test('it does not allocate', () => {
  const map = new CaseMap(memory, ['Host', 'Content-Length']);
  const head = 'GET / HTTP/1.1\r\nhost: a\r\naccept: b\r\n\r\n';
  const { bytes, deskStart } = memory;
  for (let at = 0; at < head.length; at++) bytes[deskStart + at] = head.charCodeAt(at);
  assertNoAllocation(() => map.adjust(bytes, deskStart, deskStart + head.length), 'adjust');
});
