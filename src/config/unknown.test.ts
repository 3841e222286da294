/** What is said of keywords that no object answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Word } from '../keywords/define.ts';
import { unknownKeyword } from './unknown.ts';

function complaint(line: string): string {
  const words = line.split(' ').map((text, at): Word => ({ text, column: at }) as Word);
  return unknownKeyword('backend', words, new Map()).text;
}

test('names of HAProxy are refused as such, also with a variable in brackets', () => {
  const later = (name: string): string => `keyword '${name}' in 'backend' section is not supported by this version`;
  assert.equal(complaint('http-check unset-var(check.x)'), later('http-check unset-var'));
  assert.equal(complaint('tcp-check set-var-fmt(check.x) a'), later('tcp-check set-var-fmt'));
  assert.equal(complaint('option spop-check'), later('option spop-check'));
  assert.equal(complaint('http-check nothing(check.x)'), "'http-check' does not support 'nothing(check.x)'");
  assert.equal(complaint('nothing at all'), "unknown keyword 'nothing' in 'backend' section");
});
