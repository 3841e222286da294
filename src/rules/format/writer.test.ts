/** Escaped texts against the slow way: every byte looked at by itself, for every byte at every place and every room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { plainMemory } from '../../base/memory.ts';
import { Escape, type EscapeValue, Writer } from './writer.ts';

const memory = plainMemory({ blocks: 2, notes: 1, statics: 1024 });
const out = new Writer(memory);
const FROM = 4096;
const TO = 65_536;

function isUnsafe(code: number, how: EscapeValue): boolean {
  const isControl = code < 32 || code === 127;
  const char = String.fromCharCode(code);
  if (how === Escape.header) return isControl && char !== '\t';
  if (how === Escape.line) return isControl;
  return isControl || code > 127 || '"#'.includes(char) || (how === Escape.capture && '{|}'.includes(char));
}

function slowly(text: string, how: EscapeValue, room: number): string {
  let written = '';
  for (const char of text) {
    const code = char.charCodeAt(0);
    const hex = code.toString(16).toUpperCase().padStart(2, '0');
    const piece = isUnsafe(code, how) ? `${how === Escape.header ? '%' : '#'}${hex}` : char;
    if (written.length + piece.length > room) return written;
    written += piece;
  }
  return written;
}

function fast(text: string, how: EscapeValue, room: number): string {
  for (let at = 0; at < text.length; at++) memory.bytes[FROM + at] = text.charCodeAt(at);
  out.open(TO, TO + room);
  out.escaped(FROM, FROM + text.length, how, false);
  return memory.text(TO, out.at);
}

for (const [name, how] of Object.entries(Escape)) {
  if (how === Escape.none) continue;
  test(`escape ${name}: every byte at every place among plain ones`, () => {
    for (let code = 0; code < 256; code++) {
      for (let at = 0; at < 9; at++) {
        const text = `${'ab ~z!$yx'.slice(0, at)}${String.fromCharCode(code)}${'cd}e\tfgh'.slice(at % 3)}`;
        assert.equal(fast(text, how, 200), slowly(text, how, 200), `byte ${code} at ${at}`);
      }
    }
  });

  test(`escape ${name}: cut where the room ends`, () => {
    const text = 'plain text "quoted" {and|more}\u0001\u00e9 of it~~';
    for (let room = 0; room < 60; room++) assert.equal(fast(text, how, room), slowly(text, how, room), `room ${room}`);
  });
}

test('copies are cut where the room ends', () => {
  const text = 'abcdefghij'.repeat(12);
  for (let at = 0; at < text.length; at++) memory.bytes[FROM + at] = text.charCodeAt(at);
  for (const size of [0, 1, 39, 40, 41, 120]) {
    for (const room of [0, 1, 38, 39, 40, 41, 200]) {
      out.open(TO, TO + room);
      out.copy(FROM, FROM + size);
      assert.equal(memory.text(TO, out.at), text.slice(0, Math.min(size, room)));
      assert.equal(out.overflow, size > room);
    }
  }
});

test('escaping does not allocate, whatever the bytes', () => {
  const text = `Mozilla/5.0 {a|b} "c" ${'\u00fe\u00ff~}'.repeat(9)} plain`;
  fast(text, Escape.capture, 500);
  assertNoAllocation(() => {
    out.open(TO, TO + 500);
    out.escaped(FROM, FROM + text.length, Escape.capture, false);
  }, 'escaped');
});
