/**
 * The io_uring host: one ring a thread, one io_uring_enter a turn, which submits all that the turn produced and brings
 * what has happened meanwhile. The thread's own event loop is served beside it (nodeloop.ts). It must not know
 * protocols, timeouts or who uses it.
 */
import type { SocketAddress } from '../../base/address.ts';
import type { Memory } from '../../base/memory.ts';
import { NEVER, TimerWheel } from '../../base/timers.ts';
import type { HostOptions, Listener, SentHandler, Task, Wire, WireHandler } from '../contract.ts';
import { type Acceptor, Close, type ConnectOptions, type DatagramSender, type DescriptorWriter, type Host } from '../contract.ts';
import { errnoName, errnoText } from '../errno.ts';
import { area, close, errno, eventfd, type Mapping, unmap, write } from '../ffi.ts';
import { mapAnonymous } from '../mapping.ts';
import { NodeLoop } from '../nodeloop.ts';
import { connectFailure } from '../reasons.ts';
import { encodeSockaddr, SOCKADDR_BYTES } from '../sockaddr.ts';
import { setPacketOptions } from '../socketinfo.ts';
import { connectingSocket, keepAlive, lineSocket } from '../sockets.ts';
import { KIND_BITS, KIND_IGNORED, UringCore } from './core.ts';
import { UringDatagrams } from './datagrams.ts';
import { type AcceptSink, UringListener } from './listener.ts';
import { openRing } from './ring.ts';
import { LAST_WIRE_KIND, UringWire } from './wire.ts';
import { UringWriter } from './writer.ts';

/** Kinds of completions that are not a wire's. */
const ACCEPTED = 4;
const SENDER = 5;
const TIMER = 6;
const NODE = 7;
const WOKEN = 8;
const KIND_MASK = (1 << KIND_BITS) - 1;

const OP_POLL = 6;
const OP_TIMEOUT = 11;
/** IORING_OP_TIMEOUT_REMOVE with IORING_TIMEOUT_UPDATE moves a timeout; a success has no completion. */
const OP_TIMEOUT_UPDATE = 12 | (0x40 << 8);
const TIMEOUT_UPDATE = 2;
const OP_READ = 22;
const POLLIN = 1;
const EFD_CLOEXEC = 0o2000000;
/** A timeout that comes at most this much too late is left as it is, ms. */
const TIMER_SLACK_MS = 0.5;

/** Words of the small page that the kernel reads and writes: a timespec, and the value read from the wake descriptor. */
const PAGE_BYTES = 64;
const TIMESPEC = 0;
const WAKE_VALUE = 8;

const wakeValue = area(8);
wakeValue.words[0] = 1;

export class UringHost implements Host, AcceptSink {
  readonly name = 'uring';
  readonly memory: Memory;
  readonly timers: TimerWheel;
  readonly wakeDescriptor: number;
  onWake: (() => void) | null = null;
  readonly #core: UringCore;
  readonly #sharesListeners: boolean;
  readonly #node = new NodeLoop();
  readonly #wires: UringWire[] = [];
  readonly #listeners: (UringListener | null)[] = [];
  readonly #acceptors: Acceptor[] = [];
  readonly #senders: (UringWriter | UringDatagrams | null)[] = [];
  readonly #datagrams: UringDatagrams[] = [];
  #heldSince = 0;
  readonly #page: Mapping;
  readonly #pageWords: Int32Array;
  /** When the armed timeout ends, ms; NEVER when none is armed. */
  #timeout = NEVER;
  #polling = false;
  #reading = false;
  #running = false;
  #stopping = false;
  #closed = false;
  #stopped: (() => void) | null = null;
  #end: Promise<void> | null = null;
  #turns = 0;
  #accepts = 0;
  #refused = 0;
  #visits = 0;
  #overflows = 0;

  constructor(core: UringCore, wakeDescriptor: number, sharesListeners: boolean) {
    this.#core = core;
    this.#sharesListeners = sharesListeners;
    this.memory = core.memory;
    this.timers = new TimerWheel(core.agenda.now);
    this.wakeDescriptor = wakeDescriptor;
    this.#page = mapAnonymous(PAGE_BYTES);
    this.#pageWords = new Int32Array(this.#page.buffer);
    core.buffers.refill();
  }

  now(): number {
    return this.#core.agenda.now;
  }

  wallClock(): number {
    return this.#core.agenda.wallClock();
  }

  listen(descriptor: number, accept: Acceptor): Listener {
    const number = this.#listeners.length;
    const listener = new UringListener(this.#core, this.timers, this, descriptor, number, ACCEPTED, this.#sharesListeners);
    this.#listeners.push(listener);
    this.#acceptors.push(accept);
    return listener;
  }

  connect(address: SocketAddress, handler: WireHandler, options: ConnectOptions): Wire {
    const index = this.#stopping ? -1 : this.#core.takeIndex();
    if (index < 0) {
      this.#refused++;
      const wire = new UringWire(this.#core, -1);
      wire.fail(-1, handler, Close.resources);
      return wire;
    }
    const wire = this.#wireAt(index);
    const descriptor = connectingSocket(address, options.source, 0);
    if (options.keepAlive === true && descriptor >= 0) keepAlive(descriptor);
    setPacketOptions(descriptor, options);
    if (descriptor < 0) {
      wire.fail(-1, handler, connectFailure(-descriptor));
      return wire;
    }
    const length = encodeSockaddr(address, this.#core.addressBytes, index * SOCKADDR_BYTES);
    if (length === 0) wire.fail(descriptor, handler, Close.unreachable);
    else wire.connect(descriptor, handler, length);
    return wire;
  }

  datagrams(address: SocketAddress, handler: SentHandler): DatagramSender {
    const number = this.#freeSender();
    const sender = new UringDatagrams(this.#core, handler, lineSocket(address, 0), address, number, SENDER);
    this.#senders[number] = sender;
    const place = this.#datagrams.findIndex(({ closed }) => closed);
    this.#datagrams[place < 0 ? this.#datagrams.length : place] = sender;
    return sender;
  }

  writer(descriptor: number, handler: SentHandler): DescriptorWriter {
    const number = this.#freeSender();
    const sender = new UringWriter(this.#core, handler, descriptor, number, SENDER);
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
    this.#readWakes();
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
    for (const listener of this.#listeners) listener?.stop();
    for (const wire of this.#wires) wire.destroy(false);
    for (const sender of this.#senders) sender?.abandon();
    this.#core.cancelEverything();
  }

  counters(): Readonly<Record<string, number>> {
    const core = this.#core;
    return {
      turns: this.#turns,
      ...core.agenda.turnCounters(),
      enters: core.ring.enters,
      failures: core.ring.failures,
      visits: this.#visits,
      wires: core.live,
      accepts: this.#accepts,
      refused: this.#refused,
      acceptRests: this.#listeners.reduce((sum, listener) => sum + (listener?.rests ?? 0), 0),
      exhausted: core.exhausted,
      offered: core.buffers.offered,
      overflows: this.#overflows,
      stale: core.stale,
      slices: core.slices.used,
    };
  }

  /** An accepted descriptor, from a listener. */
  accepted(descriptor: number, listener: UringListener): void {
    const index = this.#stopping ? -1 : this.#core.takeIndex();
    if (index < 0) {
      this.#refused++;
      this.#core.closeDescriptor(descriptor);
      return;
    }
    this.#accepts++;
    const wire = this.#wireAt(index);
    wire.accepted(descriptor);
    const accept = this.#acceptors[listener.number] as Acceptor;
    const handler = accept(wire, listener);
    if (handler === null) wire.refuse();
    else wire.start(handler);
  }

  #wireAt(index: number): UringWire {
    const known = this.#wires[index];
    if (known !== undefined) return known;
    // Numbers are first handed out in order, so the array has no holes.
    const wire = new UringWire(this.#core, index);
    this.#wires[index] = wire;
    return wire;
  }

  #freeSender(): number {
    const number = this.#senders.findIndex((sender) => sender === null || (sender.closed && !sender.busy));
    return number < 0 ? this.#senders.length : number;
  }

  // The loop.

  readonly #loop = (): void => {
    try {
      while (!this.#turn()) {
        if (this.#stopping && this.#idle()) {
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

  /** One turn: submits, waits, delivers. True: libuv wants a visit. */
  #turn(): boolean {
    const { ring, agenda, buffers } = this.#core;
    const nodeWait = this.#node.wait(agenda.now);
    const waits = nodeWait !== 0 && agenda.pending === 0 && !this.#stopping;
    if (!this.#polling && !this.#stopping) this.#pollNode();
    if (waits) this.#armTimeout(nodeWait);
    const holds = this.#holdLines();
    ring.enter(waits && !holds ? 1 : 0);
    this.#turns++;
    agenda.tick();
    const polled = this.#polling;
    this.#complete();
    this.timers.advance(agenda.now);
    agenda.run();
    buffers.refill();
    if (this.#core.starvingCount > 0) this.#feedStarving();
    this.#node.drain();
    agenda.endTurn();
    if (ring.overflowing) this.#overflows++;
    return nodeWait === 0 || polled !== this.#polling;
  }

  /** Lines of a busy turn wait for company until a turn begins a millisecond after the last send; else they leave now. Whether some wait. */
  #holdLines(): boolean {
    const { ring, agenda } = this.#core;
    const senders = this.#datagrams;
    let held = 0;
    for (let at = 0; at < senders.length; at++) held += (senders[at] as UringDatagrams).held;
    if (held === 0) {
      this.#heldSince = agenda.now;
      return false;
    }
    if (ring.stirred && agenda.now - this.#heldSince < 1 && !this.#stopping) return true;
    for (let at = 0; at < senders.length; at++) (senders[at] as UringDatagrams).flush();
    this.#heldSince = agenda.now;
    return false;
  }

  /** Delivers every completion that is there. */
  #complete(): void {
    const { words, completionHead, completionTail, completionMask, completions } = this.#core.ring;
    let head = words[completionHead] as number;
    const tail = words[completionTail] as number;
    while (head !== tail) {
      const at = completions + ((head & completionMask) << 2);
      const index = words[at] as number;
      const word = words[at + 1] as number;
      const result = words[at + 2] as number;
      const flags = words[at + 3] as number;
      head = (head + 1) | 0;
      // Given back at once: a handler may fill the submission queue, which enters the kernel.
      words[completionHead] = head;
      if ((word & KIND_MASK) <= LAST_WIRE_KIND) (this.#wires[index] as UringWire).complete(word, result, flags);
      else this.#completeOther(word, index, result, flags);
    }
  }

  #completeOther(word: number, index: number, result: number, flags: number): void {
    switch (word & KIND_MASK) {
      case ACCEPTED:
        this.#listeners[index]?.complete(word, result, flags);
        return;
      case SENDER:
        this.#senders[index]?.complete(result);
        return;
      case TIMER:
        this.#timeout = NEVER;
        return;
      case NODE:
        this.#polling = false;
        return;
      case WOKEN:
        this.#reading = false;
        if (this.#stopping) return;
        this.#readWakes();
        if (result === 8) this.onWake?.();
        return;
      case KIND_IGNORED:
    }
  }

  #feedStarving(): void {
    const core = this.#core;
    let meals = Math.min(core.starvingCount, core.buffers.offered);
    while (meals-- > 0) this.#wires[core.takeStarving()]?.feed();
  }

  /** Sees to it that the wait ends when a timer is due. */
  #armTimeout(nodeWait: number): void {
    const { agenda, ring } = this.#core;
    let wait = this.timers.wait(agenda.now);
    if (nodeWait > 0 && nodeWait < wait) wait = nodeWait;
    if (wait === NEVER || this.#timeout <= agenda.now + wait + TIMER_SLACK_MS) return;
    const armed = this.#timeout !== NEVER;
    this.#timeout = agenda.now + wait;
    const seconds = Math.floor(wait / 1000);
    this.#pageWords[TIMESPEC] = seconds;
    this.#pageWords[TIMESPEC + 2] = Math.floor((wait - seconds * 1000) * 1e6);
    const address = Number(this.#page.pointer);
    const high = Math.floor(address / 2 ** 32);
    if (armed) {
      const at = ring.entry(OP_TIMEOUT_UPDATE, -1, 0, TIMER, 0, 0, KIND_IGNORED);
      ring.entries[at + 2] = address;
      ring.entries[at + 3] = high;
      ring.entries[at + 7] = TIMEOUT_UPDATE;
    } else ring.entry(OP_TIMEOUT, -1, address, high, 1, 0, TIMER);
  }

  #pollNode(): void {
    const { ring } = this.#core;
    const at = ring.entry(OP_POLL, this.#node.descriptor, 0, 0, 0, 0, NODE);
    ring.entries[at + 7] = POLLIN;
    this.#polling = true;
  }

  #readWakes(): void {
    const address = Number(this.#page.pointer) + WAKE_VALUE * 4;
    this.#core.ring.entry(OP_READ, this.wakeDescriptor, address, Math.floor(address / 2 ** 32), 8, 0, WOKEN);
    this.#reading = true;
  }

  /** Whether nothing is under way in the kernel any more (the stop has cancelled it all). */
  #idle(): boolean {
    if (this.#core.live > 0 || this.#reading || this.#polling || this.#timeout !== NEVER || this.#core.agenda.pending > 0) return false;
    return this.#listeners.every((listener) => listener?.underWay === 0) && this.#senders.every((sender) => sender?.busy !== true);
  }

  #shutDown(): void {
    this.#closed = true;
    const core = this.#core;
    core.ring.enter(0);
    core.ring.close();
    core.buffers.close();
    unmap(core.addresses);
    unmap(this.#page);
    close(this.wakeDescriptor);
    this.#node.close();
    this.#stopped?.();
  }
}

/** @throws Error when the kernel refuses: ask `probeUring` first */
export function createUringHost(options: HostOptions): Host {
  const ring = openRing();
  if (typeof ring === 'number') throw new Error(`io_uring: ${errnoText(ring)} (${errnoName(ring)})`);
  const core = new UringCore(ring, options.memory, options.maxWires);
  if (core.buffers.register(ring) < 0) throw new Error(`io_uring buffers: ${errnoText(errno())} (${errnoName(errno())})`);
  return new UringHost(core, eventfd(0, EFD_CLOEXEC), options.sharesListeners === true);
}
