/**
 * A wire of the simulator. It does all that the contract allows and a kernel may do: takes a slice at once or later, in pieces,
 * delivers in pieces, notices resets late. It reads a sent slice as late as it may and spoils a block that
 * comes back from onData, so that a handler which breaks the rules of ownership is caught. It must not know protocols.
 */
import { Family, type SocketAddress } from '../../base/address.ts';
import { BLOCK_SIZE, type Block, HEADROOM, type Memory, NO_BLOCK, TAILROOM } from '../../base/memory.ts';
import type { Agenda } from '../agenda.ts';
import { Close, type CloseReason, type Task, type Wire, type WireHandler } from '../contract.ts';
import type { End, Side } from './link.ts';
import type { World } from './world.ts';

const RECEIVE_BYTES = BLOCK_SIZE - HEADROOM - TAILROOM;
/** What a returned block is filled with. */
const SPOILT = 0xdd;
/** How long a wire that finds no block waits before it looks again, ms. */
const HUNGRY_MS = 1;

interface Slice {
  readonly block: Block;
  start: number;
  readonly end: number;
}

/** What a wire needs of its host. */
export interface SimParts {
  readonly world: World;
  readonly memory: Memory;
  readonly agenda: Agenda;
  /** Receives that found no block. */
  exhausted: number;
  /** The wire is gone. */
  forget(wire: SimWire): void;
}

export class SimWire implements Wire, Task, End {
  handler: WireHandler;
  hasMore = false;
  readonly descriptor = -1;
  queued = false;
  readonly #parts: SimParts;
  readonly #port: number;
  #side: Side | null = null;
  readonly #queue: Slice[] = [];
  #pumping = false;
  #looking = false;
  #paused = false;
  #ended = false;
  #finishing = false;
  #finished = false;
  #closing = false;
  #reset = false;
  #silent = false;
  #reason: CloseReason = Close.end;
  #closed = false;

  /** @param port the server's port */
  constructor(parts: SimParts, handler: WireHandler, port: number) {
    this.#parts = parts;
    this.handler = handler;
    this.#port = port;
  }

  /** Joins it to a link; what arrived before is looked at. */
  attach(side: Side): void {
    this.#side = side;
    side.attach(this);
    this.#pumpLater();
    this.#lookLater(0);
  }

  /** The connection is there. */
  opened(side: Side): void {
    if (this.#closing) {
      side.close(this.#reset);
      return;
    }
    this.attach(side);
    this.handler.onOpen(this);
    if (this.#finishing && this.#queue.length === 0) this.#halfClose();
  }

  fail(reason: CloseReason): void {
    this.#close(reason);
  }

  get unsent(): number {
    return this.#queue.length;
  }

  send(block: Block, start: number, end: number): boolean {
    if (this.#finishing || this.#closing) return true;
    const side = this.#side;
    const { world } = this.#parts;
    if (side !== null && this.#queue.length === 0 && end - start <= side.output.room && world.chance(2)) {
      side.write(this.#parts.memory.bytes.subarray(start, end));
      return true;
    }
    this.#queue.push({ block, start, end });
    this.#pumpLater();
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#lookLater(0);
  }

  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    if (this.#queue.length === 0 && this.#side !== null) this.#halfClose();
  }

  destroy(reset: boolean): void {
    if (reset) this.#reset = true;
    this.#close(Close.local);
  }

  silence(_ttl: number): void {
    this.#silent = true;
  }

  setOption(): boolean {
    return true;
  }

  measure(): number {
    return -1;
  }

  savedSyn(): number {
    return -1;
  }

  peerAddress(into: SocketAddress): boolean {
    return this.#address(into);
  }

  localAddress(into: SocketAddress): boolean {
    return this.#address(into);
  }

  /** The network breaks this connection. */
  break(): void {
    const side = this.#side;
    if (side === null) return;
    side.broken = true;
    side.breakOther();
    this.#lookLater(0);
  }

  onArrival(): void {
    this.#look();
  }

  onRoom(): void {
    this.#pumpLater();
  }

  /** The last event. */
  run(): void {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#queue.length > 0) this.#sentFirst();
    if (this.#silent) this.#side?.vanish();
    else this.#side?.close(this.#reset);
    this.handler.onClose(this, this.#reason);
    this.#parts.forget(this);
  }

  #address(into: SocketAddress): boolean {
    into.family = Family.inet;
    into.port = this.#port;
    into.path = '';
    into.ip.fill(0);
    into.ip[0] = 127;
    into.ip[3] = 1;
    return true;
  }

  #lookLater(delayMs: number): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#parts.world.after(delayMs, () => {
      this.#looking = false;
      this.#look();
    });
  }

  /** Delivers one piece, the end or a break. */
  #look(): void {
    const side = this.#side;
    if (side === null || this.#closing) return;
    const { input } = side;
    if (!this.#paused && input.size > 0) this.#deliver(side);
    else if (side.broken && input.size === 0) this.#close(Close.reset);
    else if (!this.#paused && input.ended && !this.#ended) {
      this.#ended = true;
      this.handler.onEnd(this);
      if (this.#finished) this.#close(Close.end);
    }
  }

  #deliver(side: Side): void {
    const { memory, world } = this.#parts;
    const block = memory.take();
    if (block === NO_BLOCK) {
      this.#parts.exhausted++;
      this.#lookLater(HUNGRY_MS);
      return;
    }
    const { input } = side;
    const limit = Math.min(input.size, RECEIVE_BYTES);
    const length = world.chance(2) ? limit : 1 + world.random(limit);
    const start = memory.dataStart(block);
    input.read(memory.bytes, start, length);
    this.hasMore = input.size > 0 || input.ended;
    if (!this.handler.onData(this, block, start, start + length)) {
      memory.bytes.fill(SPOILT, memory.base(block), memory.end(block));
      memory.give(block);
    }
    this.#lookLater(world.random(2));
  }

  #pumpLater(): void {
    if (this.#pumping || this.#queue.length === 0 || this.#side === null) return;
    this.#pumping = true;
    this.#parts.world.after(this.#parts.world.random(3), () => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Sends a piece of the first slice, as much as the other side has room for. */
  #pump(): void {
    const side = this.#side;
    const slice = this.#queue[0];
    if (side === null || slice === undefined || this.#closing) return;
    const { world, memory } = this.#parts;
    const limit = Math.min(slice.end - slice.start, side.output.dead ? Number.MAX_SAFE_INTEGER : side.output.room);
    const count = limit === 0 || world.chance(2) ? limit : 1 + world.random(limit);
    side.write(memory.bytes.subarray(slice.start, slice.start + count));
    slice.start += count;
    if (slice.start >= slice.end) this.#sentFirst();
    // With no room left, the reader's next read wakes us.
    if (side.output.room > 0 || side.output.dead) this.#pumpLater();
    if (this.#finishing && this.#queue.length === 0 && !this.#closing) this.#halfClose();
  }

  #sentFirst(): void {
    const slice = this.#queue.shift();
    if (slice !== undefined) this.handler.onSent(this, slice.block);
  }

  #halfClose(): void {
    if (this.#closing || this.#finished) return;
    this.#finished = true;
    this.#side?.output.end();
    if (this.#ended) this.#close(Close.end);
  }

  #close(reason: CloseReason): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#reason = reason;
    this.#parts.agenda.later(this);
  }
}
