/**
 * The simulator: a host in memory with a virtual clock and seeded chance, for tests that run thousands of cases a second
 * and can be repeated exactly. A descriptor is a port here. `run` drives it; nothing happens by itself.
 * It must not know protocols.
 */
import type { SocketAddress } from '../../base/address.ts';
import { BLOCK_SIZE, type Block, type Memory, NO_BLOCK } from '../../base/memory.ts';
import { NEVER, TimerWheel } from '../../base/timers.ts';
import { Agenda } from '../agenda.ts';
import type { HostOptions, Listener, SentHandler, Task, Wire, WireHandler } from '../contract.ts';
import { type Acceptor, Close, type ConnectOptions, type DatagramSender, type DescriptorWriter, type Host } from '../contract.ts';
import { nobody } from '../nobody.ts';
import { makeLink, type Side } from './link.ts';
import { SimPeer } from './peer.ts';
import { type SimParts, SimWire } from './wire.ts';
import { World } from './world.ts';

/** Virtual time starts here, ms since the epoch: 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000;
/** More steps than any test needs: it goes round in circles. */
const MOST_STEPS = 2_000_000;
/** Connections that a port holds for a paused listener; more are refused. */
const BACKLOG = 64;

/** What listens at a port. */
interface Port {
  accept: (side: Side, port: number) => void;
  paused: boolean;
  readonly waiting: Side[];
}

/** A datagram or a written slice, as text of latin-1. */
export interface SimLine {
  readonly to: string;
  readonly text: string;
}

export class SimHost implements Host, SimParts {
  readonly name = 'sim';
  readonly memory: Memory;
  readonly timers = new TimerWheel(0);
  readonly world: World;
  readonly agenda = new Agenda();
  /** How many events that are due at the same time a turn may hold, as a kernel delivers many before the late tasks run. */
  burst = 1;
  readonly wakeDescriptor = -1;
  onWake: (() => void) | null = null;
  exhausted = 0;
  /** What datagram senders and writers have sent. */
  readonly lines: SimLine[] = [];
  readonly #ports = new Map<number, Port>();
  readonly #unreachable = new Set<number>();
  readonly #silent = new Set<number>();
  readonly #wires = new Set<SimWire>();
  readonly #maxWires: number;
  #refused = 0;
  #accepts = 0;
  #steps = 0;

  constructor(seed: number, options: HostOptions) {
    this.world = new World(seed);
    this.memory = options.memory;
    this.#maxWires = options.maxWires;
    this.agenda.now = 0;
  }

  now(): number {
    return this.world.now;
  }

  wallClock(): number {
    return EPOCH_MS + Math.floor(this.world.now);
  }

  listen(descriptor: number, accept: Acceptor): Listener {
    const listener: Listener = {
      descriptor,
      pause: () => this.#pausePort(descriptor, true),
      resume: () => this.#pausePort(descriptor, false),
      stop: () => void this.#ports.delete(descriptor),
    };
    this.#ports.set(descriptor, { accept: (side, port) => this.#accept(side, port, accept, listener), paused: false, waiting: [] });
    return listener;
  }

  connect(address: SocketAddress, handler: WireHandler, _options: ConnectOptions): Wire {
    const wire = new SimWire(this, handler, address.port);
    this.#wires.add(wire);
    if (this.#wires.size > this.#maxWires) {
      this.#refused++;
      wire.fail(Close.resources);
      return wire;
    }
    this.world.after(this.world.random(4), () => this.#open(wire, address.port));
    return wire;
  }

  datagrams(address: SocketAddress, handler: SentHandler): DatagramSender {
    return this.#sender(`port ${address.port}`, handler);
  }

  writer(descriptor: number, handler: SentHandler): DescriptorWriter {
    return this.#sender(`fd ${descriptor}`, handler);
  }

  later(task: Task): void {
    this.agenda.later(task);
  }

  wake(): void {
    this.world.after(0, () => this.onWake?.());
  }

  start(): void {}

  stop(): Promise<void> {
    this.#ports.clear();
    for (const wire of this.#wires) wire.destroy(false);
    this.run(() => this.#wires.size === 0 && this.agenda.pending === 0);
    return Promise.resolve();
  }

  counters(): Readonly<Record<string, number>> {
    return {
      turns: this.#steps,
      wires: this.#wires.size,
      accepts: this.#accepts,
      refused: this.#refused,
      exhausted: this.exhausted,
    };
  }

  // For tests.

  /** Goes on until the condition holds. @throws Error when nothing is left to happen, or it never ends */
  run(until: () => boolean): void {
    for (let steps = 0; !until(); steps++) {
      if (steps > MOST_STEPS) throw new Error(`the simulation does not end: ${JSON.stringify(this.counters())}`);
      if (!this.step()) throw new Error(`the simulation is stuck at ${this.world.now} ms: ${JSON.stringify(this.counters())}`);
    }
  }

  /** Goes on until nothing is left to happen but timers that lie more than `ms` ahead. */
  settle(ms = 0): void {
    const end = this.world.now + ms;
    while (this.agenda.pending > 0 || Math.min(this.world.next, this.#timerDue()) <= end) if (!this.step()) return;
  }

  /** Lets one thing happen. False if there is none. */
  step(): boolean {
    this.#steps++;
    if (this.agenda.pending === 0) {
      const due = this.#timerDue();
      if (this.world.next <= due) {
        if (this.world.next === NEVER) return false;
        this.world.step();
        for (let more = this.burst > 1 ? this.world.random(this.burst) : 0; more > 0 && this.world.next <= this.world.now; more--)
          this.world.step();
      } else this.world.now = due;
      this.agenda.now = this.world.now;
      this.timers.advance(this.world.now);
    }
    this.agenda.run();
    return true;
  }

  /** A scripted client of a port. */
  dial(port: number): SimPeer {
    const [near, far] = makeLink(this.world);
    this.world.after(this.world.random(4), () => this.#arrive(far, port));
    return new SimPeer(near);
  }

  /** Scripted servers at a port: `onPeer` gets each connection. */
  answer(port: number, onPeer: (peer: SimPeer) => void): void {
    const accept = (side: Side): void => {
      const peer = new SimPeer(side);
      onPeer(peer);
      // What arrived before it was accepted waits for it.
      this.world.after(0, () => peer.onArrival());
    };
    this.#ports.set(port, { accept, paused: false, waiting: [] });
  }

  /** Nobody listens there any more. */
  hangUp(port: number): void {
    this.#ports.delete(port);
  }

  /** There is no way to this port. */
  cutOff(port: number): void {
    this.#unreachable.add(port);
  }

  /** Who connects to this port hears nothing, ever. */
  ignore(port: number): void {
    this.#silent.add(port);
  }

  /** The network breaks the connection of a wire: both sides see a reset. */
  break(wire: Wire): void {
    (wire as SimWire).break();
  }

  forget(wire: SimWire): void {
    this.#wires.delete(wire);
  }

  #timerDue(): number {
    return this.world.now + this.timers.wait(this.world.now);
  }

  #open(wire: SimWire, port: number): void {
    if (this.#silent.has(port)) return;
    const served = this.#ports.get(port);
    if (this.#unreachable.has(port) || port === 0) wire.fail(Close.unreachable);
    else if (served === undefined || served.waiting.length >= BACKLOG) wire.fail(Close.refused);
    else {
      const [near, far] = makeLink(this.world);
      wire.opened(near);
      this.world.after(this.world.random(4), () => this.#arrive(far, port));
    }
  }

  /** A connection comes to a port. */
  #arrive(side: Side, port: number): void {
    const served = this.#ports.get(port);
    if (served === undefined) side.close(true);
    else if (served.paused) served.waiting.push(side);
    else served.accept(side, port);
  }

  #pausePort(port: number, paused: boolean): void {
    const served = this.#ports.get(port);
    if (served === undefined) return;
    served.paused = paused;
    if (paused) return;
    for (const side of served.waiting.splice(0)) this.world.after(this.world.random(2), () => this.#arrive(side, port));
  }

  #accept(side: Side, port: number, accept: Acceptor, listener: Listener): void {
    if (this.#wires.size >= this.#maxWires) {
      this.#refused++;
      side.close(false);
      return;
    }
    this.#accepts++;
    const wire = new SimWire(this, nobody, port);
    this.#wires.add(wire);
    const handler = accept(wire, listener);
    if (handler === null) {
      this.#wires.delete(wire);
      side.close(false);
      return;
    }
    wire.handler = handler;
    wire.attach(side);
  }

  #sender(to: string, handler: SentHandler): DatagramSender {
    let closed = false;
    const sender = {
      dropped: 0,
      send: (block: Block, start: number, end: number): boolean => {
        if (closed || block >= this.memory.bytes.length / BLOCK_SIZE) {
          sender.dropped++;
          return true;
        }
        const write = (): void => void this.lines.push({ to, text: this.memory.text(start, end) });
        if (block === NO_BLOCK || this.world.chance(2)) {
          write();
          return true;
        }
        this.world.after(this.world.random(2), () => {
          write();
          handler.onBlockSent(block);
        });
        return false;
      },
      close: (): void => {
        closed = true;
      },
    };
    return sender;
  }
}

export function createSimHost(seed: number, options: HostOptions): SimHost {
  return new SimHost(seed, options);
}
