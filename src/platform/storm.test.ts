/**
 * Random use of every host by a seed: sends of any size, pauses, half-closes, destroys and resets at any event. Whatever
 * happens, each side gets a prefix of what the other sent, in order; a connection that both finished is whole; after its
 * close nothing comes; in the end every block is home.
 */
import assert from 'node:assert/strict';
import type { SocketAddress } from '../base/address.ts';
import { type Block, NO_BLOCK } from '../base/memory.ts';
import { Timer } from '../base/timers.ts';
import { Close, type CloseReason, type Wire, type WireHandler } from './contract.ts';
import { World } from './sim/world.ts';
import { ALL_HOSTS, type Bench, onBench } from './suite.ts';

const CONNECTIONS = 60;
const LANES = 8;

/** One side of a connection that does what chance tells it. */
class Actor implements WireHandler {
  other: Actor | null = null;
  wire: Wire | null = null;
  sent = 0;
  received = 0;
  finished = false;
  destroyed = false;
  ended = false;
  closed = false;
  opened = false;
  reason: CloseReason = Close.local;
  readonly #storm: Storm;
  readonly #mark: number;

  constructor(storm: Storm, mark: number) {
    this.#storm = storm;
    this.#mark = mark;
  }

  /** The byte at a place of this side's output. */
  byteAt(place: number): number {
    return (this.#mark * 89 + place * 7 + (place >> 8)) & 255;
  }

  onOpen(wire: Wire): void {
    this.wire = wire;
    this.opened = true;
    this.act(wire);
  }

  onData(wire: Wire, block: Block, start: number, end: number): boolean {
    this.#check();
    assert.ok(!this.ended, 'no data after the end');
    const { other } = this;
    const { memory, world } = this.#storm;
    if (other !== null) {
      for (let at = start; at < end; at += 101) assert.equal(memory.bytes[at], other.byteAt(this.received + at - start), 'in order');
    }
    this.received += end - start;
    this.act(wire);
    if (world.chance(4)) {
      this.#storm.later(() => memory.give(block));
      return true;
    }
    return false;
  }

  onSent(wire: Wire, block: Block): void {
    this.#check();
    this.#storm.memory.give(block);
    this.act(wire);
  }

  onEnd(wire: Wire): void {
    this.#check();
    assert.ok(!this.ended, 'one end');
    this.ended = true;
    this.act(wire);
    if (!this.destroyed && this.#storm.world.chance(2)) this.finish(wire);
  }

  onClose(wire: Wire, reason: CloseReason): void {
    this.#check();
    assert.equal(wire.unsent, 0);
    // A destroy may come after the end has begun.
    if (!this.destroyed) assert.ok(reason === Close.end || reason === Close.reset, `reason ${reason}`);
    if (reason === Close.end) assert.ok(this.ended && this.finished, 'an orderly end has two');
    this.closed = true;
    this.reason = reason;
  }

  /** Does something, or nothing. */
  act(wire: Wire): void {
    if (this.destroyed || this.closed) return;
    const { world } = this.#storm;
    const choice = world.random(40);
    if (choice < 24) this.#send(wire, choice);
    else if (choice < 30) wire.pause();
    else if (choice < 36) wire.resume();
    else if (choice === 36 && world.chance(4)) this.finish(wire);
    else if (choice === 37 && world.chance(8)) this.destroy(wire, world.chance(2));
    if (world.chance(3)) {
      wire.pause();
      this.#storm.later(() => {
        if (!this.closed) wire.resume();
      });
    }
  }

  finish(wire: Wire): void {
    this.finished = true;
    wire.finish();
  }

  destroy(wire: Wire, reset: boolean): void {
    this.destroyed = true;
    wire.destroy(reset);
  }

  #send(wire: Wire, choice: number): void {
    const { memory, world } = this.#storm;
    if (this.finished || wire.unsent > 6) return;
    const block = memory.take();
    if (block === NO_BLOCK) return;
    const start = memory.dataStart(block);
    const length = choice < 12 ? world.random(200) : world.random(60_000);
    for (let at = 0; at < length; at++) memory.bytes[start + at] = this.byteAt(this.sent + at);
    this.sent += length;
    if (wire.send(block, start, start + length)) memory.give(block);
  }

  #check(): void {
    assert.ok(!this.closed, 'nothing comes after the close');
  }
}

/** A listener that serves one connection at a time, so that both of its sides know each other. */
class Lane {
  near: Actor | null = null;
  far: Actor | null = null;
  readonly #storm: Storm;
  readonly #address: SocketAddress;

  constructor(storm: Storm) {
    this.#storm = storm;
    this.#address = storm.bench.serve((wire) => this.#accept(wire)).address;
  }

  get idle(): boolean {
    return this.near === null || (this.near.closed && this.far?.closed === true);
  }

  begin(): void {
    this.#verify();
    this.near = new Actor(this.#storm, this.#storm.world.random(256));
    this.far = null;
    this.near.wire = this.#storm.bench.connect(this.#address, this.near);
  }

  #accept(wire: Wire): Actor {
    const { near } = this;
    assert.ok(near !== null && this.far === null, 'one connection at a time');
    const far = new Actor(this.#storm, this.#storm.world.random(256));
    far.wire = wire;
    far.opened = true;
    far.other = near;
    near.other = far;
    this.far = far;
    return far;
  }

  /** What must hold when both sides have closed. */
  #verify(): void {
    const { near, far } = this;
    if (near === null || far === null) return;
    assert.ok(near.received <= far.sent && far.received <= near.sent);
    if (near.destroyed || far.destroyed) return;
    assert.equal(near.reason, Close.end);
    assert.equal(far.reason, Close.end);
    assert.equal(near.received, far.sent);
    assert.equal(far.received, near.sent);
    this.#storm.whole++;
  }

  /** Brings its connection to an end by and by. */
  stir(): void {
    this.#push(this.near);
    this.#push(this.far);
  }

  #push(actor: Actor | null): void {
    if (actor === null || !actor.opened || actor.closed || actor.wire === null) return;
    const { world } = this.#storm;
    actor.act(actor.wire);
    if (world.chance(4)) actor.wire.resume();
    if (world.chance(10)) actor.finish(actor.wire);
    if (world.chance(60)) actor.destroy(actor.wire, world.chance(2));
  }
}

class Storm {
  readonly bench: Bench;
  readonly world: World;
  /** Connections that both sides finished. */
  whole = 0;
  readonly #lanes: Lane[] = [];
  readonly #chores: (() => void)[] = [];
  readonly #timer = new Timer(this);
  #begun = 0;
  done = false;

  constructor(bench: Bench, seed: number) {
    this.bench = bench;
    this.world = new World(seed);
    for (let lane = 0; lane < LANES; lane++) this.#lanes.push(new Lane(this));
    this.onTimer();
  }

  get memory(): Bench['memory'] {
    return this.bench.memory;
  }

  /** Runs `chore` soon, outside any event of a wire. */
  later(chore: () => void): void {
    this.#chores.push(chore);
  }

  onTimer(): void {
    for (const chore of this.#chores.splice(0)) chore();
    let busy = 0;
    for (const lane of this.#lanes) {
      lane.stir();
      if (lane.idle && this.#begun < CONNECTIONS) {
        this.#begun++;
        lane.begin();
      }
      if (!lane.idle) busy++;
    }
    this.done = busy === 0 && this.#chores.length === 0;
    if (!this.done) this.bench.host.timers.set(this.#timer, this.bench.host.now() + 1);
    this.bench.poke();
  }
}

for (const name of ALL_HOSTS) {
  for (const seed of [1, 2, 3]) {
    onBench(name, `a storm of random calls, seed ${seed}`, { blocks: 160, maxWires: 64, seed }, async (bench) => {
      const storm = new Storm(bench, seed);
      await bench.until('the end of the storm', () => storm.done);
      assert.ok(storm.whole > CONNECTIONS / 8, `${storm.whole} orderly connections`);
    });
  }
}
