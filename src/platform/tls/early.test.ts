/** Early data that came with a hello is its own engine's: not another's, whatever becomes of the first. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Memory } from '../../base/memory.ts';
import { mapMemory } from '../mapping.ts';
import { OpenSslContext } from './context.ts';
import { type OpenSslEngine, TlsLibrary } from './engine.ts';
import { bundleOf } from './pem.ts';
import { PLAIN_TLS } from './settings.fixture.ts';

const SERVER = readFileSync(new URL('../../../test/support/tls/server.pem', import.meta.url));

const TEXT = 'of one connection';

/** A library with two engines; the bytes are the first one's, as they are when its handshake has answered `early`. */
function begin(): { library: TlsLibrary; context: OpenSslContext; one: OpenSslEngine; other: OpenSslEngine; into: number; memory: Memory } {
  const memory = mapMemory({ blocks: 2, notes: 1, statics: 64 });
  const library = new TlsLibrary(memory);
  const context = new OpenSslContext(library, { ...PLAIN_TLS, role: 'server', bundle: bundleOf(SERVER, null), takesEarly: true });
  const [one, other] = [context.open(), context.open()];
  assert.ok(one !== null && other !== null);
  library.early.bytes.set(Buffer.from(TEXT));
  library.keepEarly(one, TEXT.length);
  return { library, context, one, other, memory, into: memory.dataStart(memory.take()) };
}

test('early data is taken by its own engine, once', () => {
  const { library, one, other, memory, into } = begin();
  assert.equal(library.takeEarly(other, into), 0);
  assert.equal(memory.bytes[into], 0);
  assert.equal(library.takeEarly(one, into), TEXT.length);
  assert.equal(Buffer.from(memory.bytes.subarray(into, into + TEXT.length)).toString(), TEXT);
  assert.equal(library.takeEarly(one, into), 0);
});

test('early data goes with its engine: not to the connection that uses the engine next', () => {
  const { library, context, one, into } = begin();
  one.free();
  const next = context.open();
  assert.equal(next, one);
  assert.equal(library.takeEarly(one, into), 0);
});

test('the next early data takes the place of what nobody took', () => {
  const { library, one, other, into } = begin();
  library.keepEarly(other, 2);
  assert.equal(library.takeEarly(one, into), 0);
  assert.equal(library.takeEarly(other, into), 2);
  one.free();
  assert.equal(library.open, 1);
});

test('an engine that is freed leaves the early data of another', () => {
  const { library, one, other, into } = begin();
  other.free();
  assert.equal(library.takeEarly(one, into), TEXT.length);
});
