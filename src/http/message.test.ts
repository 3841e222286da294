/** The table of fields against a plain list: many names of many lengths, added, found and removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderTable, HttpMessage } from './message.ts';
import { headerIdOf } from './tokens.ts';

const NAMES = ['host', 'content-length', 'transfer-encoding', 'x-a', 'x-b', 'x-tenant', 'x-region', 'connection', `x-${'y'.repeat(37)}`];

let state = 3;
function random(below: number): number {
  state = (Math.imul(state, 1103515245) + 12345) >>> 1;
  return (state >>> 8) % below;
}

/** Where each name stands in `bytes`, and its number. */
function namesIn(bytes: Uint8Array): readonly { readonly start: number; readonly length: number; readonly id: number }[] {
  let at = 1;
  return NAMES.map((name) => {
    bytes.set(Buffer.from(name, 'latin1'), at);
    const start = at;
    at += name.length;
    return { start, length: name.length, id: headerIdOf(bytes, start, name.length) };
  });
}

test('what is found in a table is what was added and not removed', () => {
  const bytes = new Uint8Array(1024);
  const names = namesIn(bytes);
  const table = new HeaderTable();
  for (let round = 0; round < 500; round++) {
    table.clear();
    const rows: (number | null)[] = [];
    for (let step = 0; step < 12; step++) {
      const which = random(NAMES.length);
      const { id, start, length } = names[which] as (typeof names)[number];
      if (random(4) === 0) {
        table.removeName(id, bytes, start, length);
        for (const [row, name] of rows.entries()) if (name === which) rows[row] = null;
      } else {
        table.add(id, start, length, 0, 0);
        rows.push(which);
      }
      for (const [asked, { id, start, length }] of names.entries()) {
        assert.equal(table.findName(id, bytes, start, length, 0), rows.indexOf(asked));
        assert.equal(table.findLastName(id, bytes, start, length), rows.lastIndexOf(asked));
        assert.equal(table.find(bytes, start, length, 0), rows.indexOf(asked));
      }
    }
  }
});

test('another target has another path', () => {
  const message = new HttpMessage();
  message.setTarget(10, 20);
  message.pathEnd = 15;
  message.setTarget(30, 40);
  assert.equal(message.pathEnd, 0);
  message.pathEnd = 35;
  message.reset();
  assert.equal(message.pathEnd, 0);
});
