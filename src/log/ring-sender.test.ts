/** Rings on the simulator: lines wait while a server is away, go out in order, joined; bounds, lengths, and where blocks are at the end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Family, newAddress } from '../base/address.ts';
import { plainMemory } from '../base/memory.ts';
import { SimHost } from '../platform/sim/host.ts';
import type { SimPeer } from '../platform/sim/peer.ts';
import { LogLines } from './lines.ts';
import { COUNT_ROOM, RingSender } from './ring-sender.ts';

const PORT = 601;

class Desk {
  readonly host: SimHost;
  readonly memory = plainMemory({ blocks: 8, notes: 1, statics: 16 });
  readonly lines: LogLines;
  readonly ring: RingSender;
  readonly peers: SimPeer[] = [];
  readonly #gap: number;

  constructor(seed: number, size = 4096, countsOctets = false) {
    this.host = new SimHost(seed, { memory: this.memory, maxWires: 4 });
    this.lines = new LogLines(this.memory, 4);
    this.#gap = countsOctets ? COUNT_ROOM : 0;
    const address = { ...newAddress(), family: Family.inet, port: PORT };
    this.ring = new RingSender(this.host, this.lines, { address, size, connectMs: 0, serverMs: 0, countsOctets });
  }

  listen(): void {
    this.host.answer(PORT, (peer) => void this.peers.push(peer));
  }

  say(text: string): void {
    const place = this.lines.open(this.#gap + text.length + 1);
    if (place < 0) return;
    const start = place + this.#gap;
    for (let at = 0; at < text.length; at++) this.memory.bytes[start + at] = text.charCodeAt(at);
    this.memory.bytes[start + text.length] = 10;
    this.lines.send(this.ring, start, start + text.length + 1);
  }

  get text(): string {
    return this.peers.map((peer) => peer.text).join('');
  }

  /** Everything has come home. */
  close(): void {
    this.ring.close();
    this.lines.close();
    this.host.settle(100);
    assert.equal(this.memory.blocks.free, 8);
    assert.equal(this.memory.blocks.faults, 0);
  }
}

describe('a ring and its server', () => {
  test('lines of any seed arrive in order', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const desk = new Desk(seed);
      desk.listen();
      let wanted = '';
      for (let line = 0; line < 60; line++) {
        desk.say(`line ${line}`);
        wanted += `line ${line}\n`;
        if (line % 7 === seed % 7) desk.host.settle(1);
      }
      desk.host.settle(200);
      assert.equal(desk.text, wanted, `seed ${seed}`);
      assert.equal(desk.ring.waiting, 0);
      assert.equal(desk.ring.dropped, 0);
      desk.close();
    }
  });

  test('without a server lines wait, and go out a second after it came', () => {
    const desk = new Desk(1);
    desk.say('early');
    desk.host.settle(500);
    desk.say('later');
    desk.listen();
    desk.host.settle(2000);
    assert.equal(desk.text, 'early\nlater\n');
    desk.close();
  });

  test('more than its size is dropped and counted', () => {
    const desk = new Desk(2, 1000);
    for (let line = 0; line < 50; line++) desk.say('x'.repeat(99));
    assert.equal(desk.ring.waiting, 1000);
    assert.equal(desk.ring.dropped, 40);
    desk.listen();
    desk.host.settle(3000);
    assert.equal(desk.text.length, 1000);
    desk.close();
  });

  test('a server that leaves is connected to again', () => {
    const desk = new Desk(3);
    desk.listen();
    desk.say('one');
    desk.host.settle(100);
    desk.peers[0]?.close();
    desk.host.settle(100);
    desk.say('two');
    desk.host.settle(3000);
    assert.equal(desk.peers.length, 2);
    assert.equal(desk.text, 'one\ntwo\n');
    desk.close();
  });

  test('a server that reads nothing is left after the timeout; what was not under way is kept', () => {
    const desk = new Desk(4, 1 << 20);
    desk.host.answer(PORT, (peer) => {
      peer.reading = desk.peers.length > 0;
      desk.peers.push(peer);
    });
    for (let round = 0; round < 5; round++) {
      for (let line = 0; line < 2000; line++) desk.say('y'.repeat(120));
      desk.host.settle(10);
    }
    assert.ok(desk.ring.waiting > 1 << 16);
    desk.host.settle(20_000);
    assert.ok(desk.peers.length > 1);
    assert.ok(desk.text.endsWith(`${'y'.repeat(120)}\n`));
    assert.equal(desk.ring.waiting, 0);
    desk.close();
  });

  test('octets are counted', () => {
    const desk = new Desk(5, 4096, true);
    desk.listen();
    desk.say('hello');
    desk.say('x'.repeat(120));
    desk.host.settle(100);
    assert.equal(desk.text, `5 hello120 ${'x'.repeat(120)}`);
    desk.close();
  });

  test('closing gives up what waits', () => {
    const desk = new Desk(6);
    for (let line = 0; line < 20; line++) desk.say('gone');
    desk.close();
    assert.ok(desk.ring.dropped > 0);
  });
});
