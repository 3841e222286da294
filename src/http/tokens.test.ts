/** Tests of the byte tables and name lookups. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf } from '../rules/answer/pages.ts';
import { HEADER_NAMES, Method } from './message.ts';
import { reasonOf } from './reasons.ts';
import { headerIdOf, isExactly, isSame, isWord, methodOf, sameText, TARGET_BYTE, TOKEN_LOWER, VALUE_STOP } from './tokens.ts';

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

test('every known name has its number, and nothing near it has', () => {
  for (const [name, id] of HEADER_NAMES) {
    assert.equal(headerIdOf(bytes(`..${name}`), 2, name.length), id, name);
    assert.equal(headerIdOf(bytes(`${name}x`), 0, name.length + 1), 0, name);
    assert.equal(headerIdOf(bytes(name.toUpperCase()), 0, name.length), 0, name);
    const other = `${name.slice(0, 1)}~${name.slice(2)}`;
    assert.equal(headerIdOf(bytes(other), 0, other.length), 0, other);
  }
  assert.equal(headerIdOf(bytes(''), 0, 0), 0);
  assert.equal(headerIdOf(bytes('x'.repeat(255)), 0, 255), 0);
});

test('methods are known by their exact name', () => {
  const names = {
    GET: 'get',
    HEAD: 'head',
    POST: 'post',
    PUT: 'put',
    DELETE: 'delete',
    CONNECT: 'connect',
    OPTIONS: 'options',
    TRACE: 'trace',
    PATCH: 'patch',
  } as const;
  for (const [name, method] of Object.entries(names)) {
    assert.equal(methodOf(bytes(`-${name}`), 1, name.length + 1), Method[method]);
    assert.equal(methodOf(bytes(name.toLowerCase()), 0, name.length), Method.other);
  }
  assert.equal(methodOf(bytes('PROPFIND'), 0, 8), Method.other);
});

test('tables follow RFC 9110 5.6.2 and what HAProxy accepts in a target', () => {
  const token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    const lower = token.includes(char.toLowerCase()) && code < 128 ? char.toLowerCase().charCodeAt(0) : 0;
    assert.equal(TOKEN_LOWER[code], lower, String(code));
    assert.equal(TARGET_BYTE[code], code > 32 && code < 127 && char !== '#' ? 1 : 0);
    assert.equal(VALUE_STOP[code], code === 0 || code === 10 || code === 13 ? 1 : 0);
  }
});

test('comparisons', () => {
  const text = bytes('Close close cloze');
  assert.ok(isWord(text, 0, 5, 'close'));
  assert.ok(!isWord(text, 0, 6, 'close'));
  assert.ok(!isExactly(text, 0, 5, 'close'));
  assert.ok(isExactly(text, 6, 11, 'close'));
  assert.ok(sameText(text, 0, 5, 6, 11));
  assert.ok(!isSame(text, 0, 5, 6, 11));
  assert.ok(!sameText(text, 6, 11, 12, 17));
});

test('reason phrases are HAProxy\u2019s', () => {
  assert.equal(reasonOf(408), 'Request Time-out');
  assert.equal(reasonOf(302), 'Moved Temporarily');
  assert.equal(reasonOf(299), 'Success');
  assert.equal(reasonOf(799), 'Other');
  assert.equal(reasonOf(400), 'Bad Request');
  assert.equal(pageOf(400).reason, 'Bad request');
  assert.equal(pageOf(502).reason, 'Bad Gateway');
  assert.equal(pageOf(504).reason, 'Gateway Time-out');
});
