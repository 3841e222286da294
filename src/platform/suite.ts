/**
 * What the tests of all hosts share: a bench that makes a host with its memory, handlers that echo, feed and record, and a way to
 * wait for a condition without sleeping. Tests only.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyAddress, Family, newAddress, parseIp, type SocketAddress } from '../base/address.ts';
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import { Timer } from '../base/timers.ts';
import type { CloseReason, Host, Listener, Wire, WireHandler } from './contract.ts';
import { createEpollHost } from './epoll/host.ts';
import { mapMemory } from './mapping.ts';
import { createSimHost, type SimHost } from './sim/host.ts';
import { closeDescriptor, isFailure, openListener } from './sockets.ts';
import { createUringHost } from './uring/host.ts';

export type HostName = 'uring' | 'epoll' | 'sim';
export const REAL_HOSTS: readonly HostName[] = ['uring', 'epoll'];
export const ALL_HOSTS: readonly HostName[] = ['uring', 'epoll', 'sim'];

export interface BenchOptions {
  readonly blocks?: number;
  readonly maxWires?: number;
  readonly seed?: number;
}

/** How long a condition may take before the test fails, ms. */
const PATIENCE_MS = 5000;
/** A condition is looked at again after every event, and this often, ms. */
const LOOK_MS = 20;

/** One running host and its listeners. */
export class Bench {
  readonly name: HostName;
  readonly host: Host;
  readonly memory: Memory;
  /** Called after every event of the handlers below. */
  poke: () => void = () => {};
  readonly #descriptors: number[] = [];
  #port = 1000;
  #stopped = false;

  constructor(name: HostName, options: BenchOptions = {}) {
    this.name = name;
    const layout = { blocks: options.blocks ?? 128, notes: 1, statics: 64 };
    this.memory = mapMemory(layout);
    const hostOptions = { memory: this.memory, maxWires: options.maxWires ?? 256 };
    if (name === 'uring') this.host = createUringHost(hostOptions);
    else if (name === 'epoll') this.host = createEpollHost(hostOptions);
    else this.host = createSimHost(options.seed ?? 1, hostOptions);
    this.host.start();
  }

  /** Opens a listening socket (the simulator: a port), not yet accepting. */
  open(at: SocketAddress = loopback()): { descriptor: number; address: SocketAddress } {
    if (this.name === 'sim') {
      const address = newAddress();
      copyAddress(at, address);
      address.port = ++this.#port;
      return { descriptor: address.port, address };
    }
    const opened = openListener(at, { mode: 0o600 });
    if (isFailure(opened)) throw new Error(opened.text);
    this.#descriptors.push(opened.descriptor);
    return opened;
  }

  /** Listens, each wire with a handler of its own. Returns the address to connect to. */
  serve(make: (wire: Wire) => WireHandler | null, at?: SocketAddress): { address: SocketAddress; listener: Listener; descriptor: number } {
    const { descriptor, address } = this.open(at);
    return { address, listener: this.host.listen(descriptor, make), descriptor };
  }

  connect(address: SocketAddress, handler: WireHandler): Wire {
    return this.host.connect(address, handler, { source: null });
  }

  /** Closes a listening descriptor (the simulator forgets its ports with their listeners). */
  shut(descriptor: number): void {
    const at = this.#descriptors.indexOf(descriptor);
    if (at < 0) return;
    this.#descriptors.splice(at, 1);
    closeDescriptor(descriptor);
  }

  /** An address to which there is no way: a UNIX path that does not exist; a port of its own in the simulator. */
  nowhere(): SocketAddress {
    if (this.name !== 'sim') return { family: Family.unix, ip: new Uint8Array(16), port: 0, path: '/nowhere/at.all' };
    const address = loopback('127.0.0.1', 9);
    (this.host as SimHost).cutOff(9);
    return address;
  }

  /** Waits until the condition holds. @throws Error when it does not in time */
  until(what: string, condition: () => boolean): Promise<void> {
    if (this.name === 'sim') {
      (this.host as SimHost).run(condition);
      return Promise.resolve();
    }
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const end = (done: () => void): void => {
        clearInterval(look);
        this.poke = () => {};
        done();
      };
      this.poke = () => {
        if (condition()) end(resolve);
        else if (performance.now() - started > PATIENCE_MS) {
          end(() => reject(new Error(`${this.name}: waited too long: ${what} ${JSON.stringify(this.host.counters())}`)));
        }
      };
      const look = setInterval(() => this.poke(), LOOK_MS);
      setImmediate(() => this.poke());
    });
  }

  /** Lets a number of milliseconds of the host's clock pass by its own timers. */
  async pass(ms: number): Promise<void> {
    const start = this.host.now();
    let fired = false;
    const timer = new Timer({
      onTimer: () => {
        fired = true;
        this.poke();
      },
    });
    this.host.timers.set(timer, start + ms);
    await this.until('the timer', () => fired);
  }

  /** Stops the host. A second call does nothing. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.host.stop();
    for (const descriptor of this.#descriptors) closeDescriptor(descriptor);
  }

  /** Stops the host; every block must be home. */
  async close(): Promise<void> {
    await this.stop();
    assert.equal(this.memory.blocks.free, this.memory.blocks.total, 'every block is home');
    assert.equal(this.memory.blocks.faults, 0, 'no block was given back twice');
  }
}

/** A test with a bench of its own; at its end nothing may be left. */
export function onBench(name: HostName, what: string, options: BenchOptions, body: (bench: Bench) => Promise<void>): void {
  test(`${name}: ${what}`, async () => {
    const bench = new Bench(name, options);
    try {
      await body(bench);
      await bench.close();
    } finally {
      // Two hosts that run on one thread would wait for each other.
      await bench.stop();
    }
  });
}

/** 127.0.0.1, port 0. */
export function loopback(text = '127.0.0.1', port = 0): SocketAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return { ...parsed, port, path: '' };
}

/** Counts what happens to a wire; keeps the text of what arrives if it is asked to. */
export class Recorder implements WireHandler {
  readonly bench: Bench;
  wire: Wire | null = null;
  opened = 0;
  received = 0;
  text = '';
  keepText = false;
  sent = 0;
  ends = 0;
  closes = 0;
  reason: CloseReason | -1 = -1;
  /** Sum over the received bytes, each times its place: tells order and loss. */
  sum = 0;

  constructor(bench: Bench) {
    this.bench = bench;
  }

  get open(): boolean {
    return this.opened > 0 && this.closes === 0;
  }

  onOpen(wire: Wire): void {
    this.wire = wire;
    this.opened++;
    this.bench.poke();
  }

  onData(_wire: Wire, _block: Block, start: number, end: number): boolean {
    assert.equal(this.closes, 0, 'no data after the close');
    assert.equal(this.ends, 0, 'no data after the end');
    this.take(start, end);
    this.bench.poke();
    return false;
  }

  protected take(start: number, end: number): void {
    const { bytes } = this.bench.memory;
    for (let at = start; at < end; at++) this.sum = (this.sum * 31 + (bytes[at] as number)) | 0;
    this.received += end - start;
    if (this.keepText) this.text += this.bench.memory.text(start, end);
  }

  onSent(_wire: Wire, block: Block): void {
    this.sent++;
    this.bench.memory.give(block);
    this.bench.poke();
  }

  onEnd(wire: Wire): void {
    this.ends++;
    wire.finish();
    this.bench.poke();
  }

  onClose(wire: Wire, reason: CloseReason): void {
    assert.equal(wire.unsent, 0, 'every block came back before the close');
    this.closes++;
    this.reason = reason;
    this.bench.poke();
  }
}

/** Sends back what it gets, in the very block it came in. */
export class Echo extends Recorder {
  override onData(wire: Wire, block: Block, start: number, end: number): boolean {
    this.received += end - start;
    this.bench.poke();
    return !wire.send(block, start, end);
  }
}

/** Sends `total` bytes of a pattern, a few blocks at a time, then half-closes. */
export class Feeder extends Recorder {
  left: number;
  /** The sum that a Recorder of the same bytes comes to. */
  expected = 0;
  #at = 0;
  readonly #chunk: number;
  readonly #blocks: number;

  constructor(bench: Bench, total: number, chunk = 50000, blocks = 4) {
    super(bench);
    this.left = total;
    this.#chunk = chunk;
    this.#blocks = blocks;
  }

  override onOpen(wire: Wire): void {
    super.onOpen(wire);
    this.feed(wire);
  }

  feed(wire: Wire): void {
    const { memory } = this.bench;
    while (this.left > 0 && wire.unsent < this.#blocks) {
      const block = memory.take();
      if (block === NO_BLOCK) return;
      const start = memory.dataStart(block);
      const length = Math.min(this.left, this.#chunk);
      for (let at = start; at < start + length; at++) {
        const byte = (this.#at++ * 7) & 255;
        memory.bytes[at] = byte;
        this.expected = (this.expected * 31 + byte) | 0;
      }
      this.left -= length;
      if (wire.send(block, start, start + length)) memory.give(block);
    }
    if (this.left === 0) wire.finish();
  }

  override onSent(wire: Wire, block: Block): void {
    super.onSent(wire, block);
    if (this.left > 0) this.feed(wire);
  }

  override onEnd(): void {
    this.ends++;
    this.bench.poke();
  }
}

/** Sends a text in a block of its own; the handler's onSent gives it back. */
export function sendText(bench: Bench, wire: Wire, text: string): void {
  const { memory } = bench;
  const block = memory.take();
  assert.notEqual(block, NO_BLOCK);
  const start = memory.dataStart(block);
  for (let at = 0; at < text.length; at++) memory.bytes[start + at] = text.charCodeAt(at);
  if (wire.send(block, start, start + text.length)) memory.give(block);
}
