/**
 * Seeded fuzzer of TLS between wires, in the simulator: several connections at once over one library, cut and delayed as the dice
 * fall, with pauses, kept blocks, key updates, half-closes and breaks at any byte, with strangers who talk nonsense in between, and
 * with few blocks. What arrives is what was said, in order; who breaks nothing gets all of it; and everything comes home.
 * SIM_SEED=N runs one seed, SIM_TIMES=N runs N times as many.
 */
import assert from 'node:assert/strict';
import ffi from 'node:ffi';
import { readFileSync } from 'node:fs';
import { type Block, NO_BLOCK } from '../../src/base/memory.ts';
import type { CloseReason, Wire, WireHandler } from '../../src/platform/contract.ts';
import type { SimHost } from '../../src/platform/sim/host.ts';
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { World } from '../../src/platform/sim/world.ts';
import { Bench } from '../../src/platform/suite.ts';
import { OpenSslContext } from '../../src/platform/tls/context.ts';
import { type OpenSslEngine, TlsLibrary } from '../../src/platform/tls/engine.ts';
import { bundleOf } from '../../src/platform/tls/pem.ts';
import { PLAIN_TLS } from '../../src/platform/tls/settings.fixture.ts';
import { TlsGround } from '../../src/transport/tls-ground.ts';
import type { TlsOwner } from '../../src/transport/tls-owner.ts';
import { TlsWire } from '../../src/transport/tls-wire.ts';
import { eachSeed } from '../sim/seeds.ts';

const PEM = readFileSync(new URL('../support/tls/server.pem', import.meta.url));
const updateKeys = new ffi.DynamicLibrary(null).getFunction('SSL_key_update', { arguments: ['pointer', 'int32'], return: 'int32' });
/** SSL_KEY_UPDATE_REQUESTED: the peer shall do the same. */
const BOTH_SIDES = 1;
const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;
const LARGEST_PIECE = 62_000;
/** More virtual time than the timeouts of handshakes and farewells together. */
const FAREWELL_MS = 10_000;

/** The byte at a place of what somebody says. */
function byteAt(voice: number, place: number): number {
  return (Math.imul(place + 1, 0x9e37_79b1) >>> (voice & 15)) & 255;
}

interface Manner {
  /** How many bytes it says before it half-closes. */
  readonly total: number;
  /** Breaks off when so many bytes have been said or heard; Infinity: never. */
  readonly breaksAt: number;
  readonly pauses: boolean;
  readonly updatesKeys: boolean;
}

/** One side of a connection. */
class Talker implements WireHandler {
  readonly #rig: Rig;
  readonly #voice: number;
  readonly #manner: Manner;
  other!: Talker;
  wire: Wire | null = null;
  said = 0;
  heard = 0;
  ended = false;
  closed = false;
  broken = false;
  #finished = false;
  #paused = false;

  constructor(rig: Rig, voice: number, manner: Manner) {
    this.#rig = rig;
    this.#voice = voice;
    this.#manner = manner;
  }

  get total(): number {
    return this.#manner.total;
  }

  get isOver(): boolean {
    return this.closed || this.#rig.isLost(this);
  }

  onOpen(wire: Wire): void {
    this.wire = wire;
    this.#later(() => this.#talk());
  }

  /** Of the server's side. */
  start(wire: Wire): void {
    if (this.#manner.pauses && this.#rig.dice.chance(3)) {
      wire.pause();
      this.#paused = true;
      this.#later(() => this.#goOn());
    }
    this.onOpen(wire);
  }

  #later(task: () => void): void {
    this.#rig.world.after(this.#rig.dice.random(4), task);
  }

  #goOn(): void {
    this.#paused = false;
    if (!this.broken && !this.closed) this.wire?.resume();
  }

  #talk(): void {
    const { wire } = this;
    const { dice, bench } = this.#rig;
    if (wire === null || this.broken || this.closed || this.#finished) return;
    if (this.said >= this.#manner.total) {
      this.#finished = true;
      wire.finish();
      return;
    }
    const block = wire.unsent < 4 ? bench.memory.take() : NO_BLOCK;
    if (block !== NO_BLOCK)
      this.#say(wire, block, Math.min(this.#manner.total - this.said, 1 + dice.random(dice.chance(2) ? 400 : LARGEST_PIECE)));
    this.#breakIfDue();
    this.#later(() => this.#talk());
  }

  #say(wire: Wire, block: Block, count: number): void {
    const { dice, bench } = this.#rig;
    const { bytes } = bench.memory;
    const start = bench.memory.dataStart(block);
    for (let at = 0; at < count; at++) bytes[start + at] = byteAt(this.#voice, this.said + at);
    if (this.#manner.updatesKeys && dice.chance(2)) {
      const { ssl } = (wire as TlsWire).engine as OpenSslEngine;
      updateKeys(ssl, BOTH_SIDES);
    }
    this.said += count;
    if (wire.send(block, start, start + count)) bench.memory.give(block);
  }

  #breakIfDue(): void {
    if (this.broken || Math.max(this.said, this.heard) < this.#manner.breaksAt) return;
    this.broken = true;
    this.wire?.destroy(this.#rig.dice.chance(2));
  }

  onData(_: Wire, block: Block, start: number, end: number): boolean {
    const { dice, bench } = this.#rig;
    const { bytes } = bench.memory;
    assert.ok(!this.#paused, 'data while it is paused');
    assert.ok(!this.ended && !this.closed && !this.broken, 'data after the end');
    for (let at = start; at < end; at++) {
      if (bytes[at] !== byteAt(this.other.#voice, this.heard + at - start)) assert.fail(`other bytes at ${this.heard + at - start}`);
    }
    this.heard += end - start;
    assert.ok(this.heard <= this.other.said, 'more than was said');
    this.#breakIfDue();
    if (this.#manner.pauses && !this.broken && dice.chance(3)) {
      this.#paused = true;
      this.wire?.pause();
      this.#later(() => this.#goOn());
    }
    if (!dice.chance(3)) return false;
    this.#later(() => bench.memory.give(block));
    return true;
  }

  onSent(_: Wire, block: Block): void {
    this.#rig.bench.memory.give(block);
  }

  onEnd(): void {
    assert.ok(!this.ended && !this.closed && !this.broken, 'one end');
    this.ended = true;
  }

  onClose(wire: Wire, _reason: CloseReason): void {
    assert.ok(!this.closed, 'one close');
    assert.equal(wire.unsent, 0);
    // Whatever else happens, the records of one connection never reach another.
    assert.equal((wire as TlsWire).engine?.reason, '');
    this.closed = true;
  }
}

class Rig implements TlsOwner<TlsWire> {
  readonly dice: World;
  readonly bench: Bench;
  readonly library: TlsLibrary;
  readonly ground: TlsGround;
  readonly server: OpenSslContext;
  readonly client: OpenSslContext;
  readonly talkers: Talker[] = [];
  readonly #clients = new Map<TlsWire, Talker>();
  readonly #servers = new Map<TlsWire, Talker>();
  readonly #lost = new Set<Talker>();
  /** TLS 1.3, where keys can be updated. */
  readonly #isNew: boolean;

  constructor(seed: number, isScarce: boolean) {
    this.dice = new World(seed * 7919 + 5);
    this.bench = new Bench('sim', { seed, blocks: isScarce ? 2 + this.dice.random(16) : 512 });
    this.library = new TlsLibrary(this.bench.memory);
    this.ground = new TlsGround(this.bench.host);
    this.server = new OpenSslContext(this.library, { ...PLAIN_TLS, role: 'server', bundle: bundleOf(PEM, null) });
    this.#isNew = !this.dice.chance(3);
    this.client = new OpenSslContext(this.library, { ...PLAIN_TLS, maxVersion: this.#isNew ? TLS_1_3 : TLS_1_2 });
  }

  get world(): World {
    return (this.bench.host as SimHost).world;
  }

  #manner(breaks: boolean, updatesKeys: boolean): Manner {
    const { dice } = this;
    const total = dice.chance(6) ? 0 : dice.random(dice.chance(3) ? 300_000 : 3000);
    const pauses = dice.chance(2);
    return { total, breaksAt: breaks && dice.chance(2) ? dice.random(total + 2) : Number.POSITIVE_INFINITY, pauses, updatesKeys };
  }

  /** A connection of two who talk. */
  join(voice: number, breaks: boolean): void {
    const updates = this.#isNew && this.dice.chance(2);
    const one = new Talker(this, voice, this.#manner(breaks, updates));
    const two = new Talker(this, voice + 1, this.#manner(breaks, updates));
    one.other = two;
    two.other = one;
    this.talkers.push(one, two);
    const { address } = this.#listen(two, true);
    const engine = this.client.openTo(0, 0);
    assert.ok(engine !== null);
    const wire = new TlsWire(this.ground);
    this.#clients.set(wire, one);
    wire.handler = one;
    wire.connect(engine, this);
    wire.setLower(this.bench.connect(address, wire));
  }

  /** Somebody who speaks no TLS, or leaves in the middle, or goes on when there is no certificate for him. */
  intrude(): void {
    const { dice, bench, world } = this;
    const { address } = this.#listen(null, dice.chance(2));
    const host = bench.host as SimHost;
    world.after(dice.random(20), () => {
      const peer = host.dial(address.port);
      const says = this.#nonsense();
      let at = 0;
      const talk = (): void => {
        if (peer.broken || peer.ended) peer.close();
        else if (at >= says.length) leave(peer, dice);
        else {
          const to = at + 1 + dice.random(dice.chance(2) ? 20 : 2000);
          peer.write(says.subarray(at, to));
          at = to;
          world.after(dice.random(5), talk);
        }
      };
      talk();
    });
  }

  #nonsense(): Uint8Array {
    const { dice } = this;
    const hello = this.hello();
    const noise = Uint8Array.from({ length: dice.random(400) }, () => dice.random(256));
    if (dice.chance(3)) return noise;
    const said = dice.chance(2) ? hello : hello.subarray(0, dice.random(hello.length + 1));
    return dice.chance(2) ? said : Buffer.concat([said, noise]);
  }

  /** What a client says first. */
  hello(): Uint8Array {
    const engine = this.client.openTo(0, 0) as OpenSslEngine;
    engine.offer(0, 0);
    engine.handshake();
    const { deskStart, bytes } = this.bench.memory;
    const hello = bytes.slice(deskStart, deskStart + engine.output(deskStart, deskStart + 4096));
    engine.free();
    return hello;
  }

  #listen(talker: Talker | null, knows: boolean): ReturnType<Bench['serve']> {
    return this.bench.serve((lower) => {
      const wire = new TlsWire(this.ground);
      if (talker !== null) this.#servers.set(wire, talker);
      wire.accept(lower, { needsHello: this.dice.chance(2), asked: null, choose: () => (knows ? this.server : null) }, this, 2000);
      return wire;
    });
  }

  isLost(talker: Talker): boolean {
    return this.#lost.has(talker);
  }

  onSettled(): void {}

  onSecured(wire: TlsWire): void {
    const server = this.#servers.get(wire);
    if (server !== undefined) {
      wire.handler = server;
      server.start(wire);
    } else assert.ok(this.#clients.has(wire), 'a stranger has come in');
  }

  onUnsecured(wire: TlsWire): void {
    const talker = this.#servers.get(wire) ?? this.#clients.get(wire);
    if (talker === undefined) return;
    assert.equal(wire.engine?.reason ?? '', '');
    this.#lost.add(talker);
  }

  onHello(): void {}

  recycle(): void {}
}

function leave(peer: SimPeer, dice: World): void {
  const how = dice.random(4);
  if (how === 0) peer.end();
  else if (how === 1) peer.reset();
  else if (how === 2) peer.close();
}

interface Shape {
  readonly breaks: boolean;
  readonly isScarce?: boolean;
}

function play(seed: number, { breaks, isScarce = false }: Shape): void {
  const rig = new Rig(seed, isScarce);
  const { dice, bench } = rig;
  for (let voice = 0; voice < 2 + dice.random(4) * 2; voice += 2) rig.join(voice, breaks);
  for (let count = dice.random(6); count > 0; count--) rig.intrude();
  const host = bench.host as SimHost;
  host.run(() => rig.talkers.every(({ isOver }) => isOver));
  host.settle(FAREWELL_MS);
  for (const talker of rig.talkers) judge(talker, isScarce);
  assert.equal(rig.library.open, 0, 'engines');
  void bench.close();
  assert.equal(bench.memory.blocks.free, bench.memory.blocks.total, 'blocks');
}

function judge(talker: Talker, isScarce: boolean): void {
  const { other } = talker;
  if (isScarce || talker.broken || other.broken) return;
  assert.ok(talker.wire !== null, 'a handshake');
  assert.equal(talker.heard, other.total, 'everything that was said');
  assert.ok(talker.ended, 'the end');
}

eachSeed('TLS between wires', 80, (seed) => play(seed, { breaks: false }));

eachSeed('TLS between wires that break off', 80, (seed) => play(seed, { breaks: true }));

eachSeed('TLS between wires with few blocks', 80, (seed) => play(seed, { breaks: true, isScarce: true }));
