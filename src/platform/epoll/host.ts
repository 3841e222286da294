/**
 * The epoll host: for kernels and containers that refuse io_uring. One epoll_wait a turn, receives and sends as calls
 * of their own. The thread's own event loop is served beside it (nodeloop.ts). It must not know protocols, timeouts
 * or who uses it.
 */
import { fstatSync } from 'node:fs';
import type { SocketAddress } from '../../base/address.ts';
import type { Memory } from '../../base/memory.ts';
import { NEVER, TimerWheel } from '../../base/timers.ts';
import type { HostOptions, Listener, SentHandler, Task, Wire, WireHandler } from '../contract.ts';
import { type Acceptor, Close, type ConnectOptions, type DatagramSender, type DescriptorWriter, type Host } from '../contract.ts';
import { area, close, epollWait, eventfd, fcntl, read, write } from '../ffi.ts';
import { NodeLoop } from '../nodeloop.ts';
import { connectFailure } from '../reasons.ts';
import { encodeSockaddr } from '../sockaddr.ts';
import { setPacketOptions } from '../socketinfo.ts';
import { connectingSocket, keepAlive, lineSocket, SOCK_NONBLOCK } from '../sockets.ts';
import { EpollCore, EVENTS } from './core.ts';
import { EpollDatagrams } from './datagrams.ts';
import { type AcceptSink, EpollListener } from './listener.ts';
import { EpollWire, type Hungry } from './wire.ts';
import { EpollWriter, Target } from './writer.ts';

/** High halves of the user data of events that are not a wire's. */
const ACCEPTED = -1;
const SENDER = -2;
const NODE = -3;
const WOKEN = -4;

const EPOLLIN = 1;
const EFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
const F_DUPFD_CLOEXEC = 1030;
/** The longest wait that epoll_wait takes, ms. */
const LONGEST_MS = 0x7fffffff;

const wakeValue = area(8);
wakeValue.words[0] = 1;
const drained = area(8);

export class EpollHost implements Host, AcceptSink, Hungry {
  readonly name = 'epoll';
  readonly memory: Memory;
  readonly timers: TimerWheel;
  readonly wakeDescriptor: number;
  onWake: (() => void) | null = null;
  readonly #core: EpollCore;
  readonly #node = new NodeLoop();
  readonly #wires: EpollWire[] = [];
  readonly #listeners: EpollListener[] = [];
  readonly #acceptors: Acceptor[] = [];
  readonly #senders: (EpollDatagrams | EpollWriter)[] = [];
  readonly #starving: EpollWire[] = [];
  readonly #maxWires: number;
  #starvingCount = 0;
  #nodeReady = false;
  #running = false;
  #stopping = false;
  #closed = false;
  #stopped: (() => void) | null = null;
  #end: Promise<void> | null = null;
  readonly #sharesListeners: boolean;
  #turns = 0;
  #accepts = 0;
  #refused = 0;
  #visits = 0;

  constructor(options: HostOptions) {
    this.memory = options.memory;
    this.#maxWires = options.maxWires;
    this.#sharesListeners = options.sharesListeners === true;
    this.#core = new EpollCore(options.memory, options.maxWires);
    this.timers = new TimerWheel(this.#core.agenda.now);
    this.wakeDescriptor = eventfd(0, EFD_CLOEXEC_NONBLOCK);
    this.#core.watch(this.wakeDescriptor, EPOLLIN, 0, WOKEN);
    this.#core.watch(this.#node.descriptor, EPOLLIN, 0, NODE);
  }

  now(): number {
    return this.#core.agenda.now;
  }

  wallClock(): number {
    return this.#core.agenda.wallClock();
  }

  listen(descriptor: number, accept: Acceptor): Listener {
    const listener = new EpollListener(this.#core, this.timers, this, descriptor, this.#listeners.length, ACCEPTED, this.#sharesListeners);
    this.#listeners.push(listener);
    this.#acceptors.push(accept);
    return listener;
  }

  connect(address: SocketAddress, handler: WireHandler, options: ConnectOptions): Wire {
    const index = this.#stopping ? -1 : this.#core.takeIndex();
    if (index < 0) {
      this.#refused++;
      const wire = new EpollWire(this.#core, this, -1);
      wire.fail(-1, handler, Close.resources);
      return wire;
    }
    const wire = this.#wireAt(index);
    const descriptor = connectingSocket(address, options.source, SOCK_NONBLOCK);
    if (options.keepAlive === true && descriptor >= 0) keepAlive(descriptor);
    setPacketOptions(descriptor, options);
    const length = encodeSockaddr(address, this.#core.address, 0);
    if (descriptor < 0) wire.fail(-1, handler, connectFailure(-descriptor));
    else if (length === 0) wire.fail(descriptor, handler, Close.unreachable);
    else wire.connect(descriptor, handler, length);
    return wire;
  }

  datagrams(address: SocketAddress, handler: SentHandler): DatagramSender {
    const descriptor = lineSocket(address, SOCK_NONBLOCK);
    const number = this.#freeSender();
    const sender = new EpollDatagrams(this.#core, handler, descriptor, address, number, SENDER);
    this.#senders[number] = sender;
    return sender;
  }

  writer(descriptor: number, handler: SentHandler): DescriptorWriter {
    const target = fstatSync(descriptor).isFile() ? Target.file : Target.stream;
    const number = this.#freeSender();
    const sender = new EpollWriter(this.#core, handler, fcntl(descriptor, F_DUPFD_CLOEXEC, 0), target, number, SENDER);
    this.#senders[number] = sender;
    return sender;
  }

  later(task: Task): void {
    this.#core.agenda.later(task);
  }

  wake(descriptor: number): void {
    write(descriptor, wakeValue.pointer, 8);
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#node.open();
    setImmediate(this.#loop);
  }

  stop(): Promise<void> {
    this.#end ??= new Promise((resolve) => {
      this.#stopped = resolve;
      this.#beginStop();
    });
    return this.#end;
  }

  #beginStop(): void {
    this.start();
    this.#stopping = true;
    for (const listener of this.#listeners) listener.stop();
    for (const wire of this.#wires) wire.destroy(false);
    for (const sender of this.#senders) sender.abandon();
  }

  counters(): Readonly<Record<string, number>> {
    return {
      turns: this.#turns,
      ...this.#core.agenda.turnCounters(),
      visits: this.#visits,
      wires: this.#core.live,
      maxWires: this.#maxWires,
      accepts: this.#accepts,
      refused: this.#refused,
      acceptRests: this.#listeners.reduce((sum, listener) => sum + listener.rests, 0),
      exhausted: this.#core.exhausted,
      stale: this.#core.stale,
      slices: this.#core.slices.used,
    };
  }

  /** An accepted descriptor, from a listener. */
  accepted(descriptor: number, listener: EpollListener): void {
    const index = this.#core.takeIndex();
    if (index < 0) {
      this.#refused++;
      close(descriptor);
      return;
    }
    this.#accepts++;
    const wire = this.#wireAt(index);
    wire.accepted(descriptor);
    const handler = (this.#acceptors[listener.number] as Acceptor)(wire, listener);
    if (handler === null) wire.refuse();
    else wire.start(handler);
  }

  /** Notes a wire that found no block. */
  starve(wire: EpollWire): void {
    this.#starving[this.#starvingCount++] = wire;
  }

  #wireAt(index: number): EpollWire {
    const known = this.#wires[index];
    if (known !== undefined) return known;
    // Numbers are first handed out in order, so the array has no holes.
    const wire = new EpollWire(this.#core, this, index);
    this.#wires[index] = wire;
    return wire;
  }

  #freeSender(): number {
    const number = this.#senders.findIndex((sender) => sender.closed);
    return number < 0 ? this.#senders.length : number;
  }

  // The loop.

  readonly #loop = (): void => {
    try {
      while (!this.#turn()) {
        if (this.#stopping && this.#core.live === 0 && this.#core.agenda.pending === 0) {
          this.#shutDown();
          return;
        }
      }
    } finally {
      // Also after an error of a handler, if whoever runs us survives it.
      if (!this.#closed) this.#visit();
    }
  };

  #visit(): void {
    this.#visits++;
    this.#node.visit(this.#loop);
  }

  /** One turn: waits, delivers. True: libuv wants a visit. */
  #turn(): boolean {
    const core = this.#core;
    const { agenda } = core;
    const nodeWait = this.#node.wait(agenda.now);
    const waits = nodeWait !== 0 && agenda.pending === 0 && !this.#stopping;
    const count = epollWait(core.descriptor, core.eventsPointer, EVENTS, waits ? this.#timeout(nodeWait) : 0);
    this.#turns++;
    agenda.tick();
    this.#nodeReady = nodeWait === 0;
    for (let at = 0; at < count; at++) this.#deliver(at);
    this.timers.advance(agenda.now);
    agenda.run();
    if (this.#starvingCount > 0) this.#feedStarving();
    this.#node.drain();
    agenda.endTurn();
    return this.#nodeReady;
  }

  #timeout(nodeWait: number): number {
    let wait = this.timers.wait(this.#core.agenda.now);
    if (nodeWait > 0 && nodeWait < wait) wait = nodeWait;
    return wait === NEVER ? -1 : Math.min(Math.ceil(wait), LONGEST_MS);
  }

  #deliver(at: number): void {
    const core = this.#core;
    const index = core.eventIndex(at);
    const tag = core.eventTag(at);
    if (tag >= 0) {
      const wire = this.#wires[index] as EpollWire;
      if (wire.tag === tag) wire.onEvents(core.eventMask(at));
      else core.stale++;
    } else this.#deliverOther(tag, index);
  }

  #deliverOther(tag: number, index: number): void {
    switch (tag) {
      case ACCEPTED:
        this.#listeners[index]?.onEvents();
        return;
      case SENDER:
        this.#senders[index]?.onEvents();
        return;
      case NODE:
        this.#nodeReady = true;
        return;
      case WOKEN:
        if (read(this.wakeDescriptor, drained.pointer, 8) === 8) this.onWake?.();
    }
  }

  /** Feeds those that starved before this call; one that starves again waits for the next turn. */
  #feedStarving(): void {
    for (let left = this.#starvingCount; left > 0 && this.#core.hasBlock; left--) {
      const wire = this.#starving[--this.#starvingCount] as EpollWire;
      wire.feed();
    }
  }

  #shutDown(): void {
    this.#closed = true;
    this.#core.close();
    close(this.wakeDescriptor);
    this.#node.close();
    this.#stopped?.();
  }
}

export function createEpollHost(options: HostOptions): Host {
  return new EpollHost(options);
}
