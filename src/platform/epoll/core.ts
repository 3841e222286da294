/**
 * What all parts of the epoll host share: the epoll descriptor, addresses of blocks, the lines of slices, the late
 * tasks. It must not know wires, listeners or senders.
 */
import { BLOCK_SIZE, type Block, HEADROOM, type Memory, NO_BLOCK } from '../../base/memory.ts';
import { Agenda } from '../agenda.ts';
import { addressOf, close, epollControl, epollCreate } from '../ffi.ts';
import { Slices } from '../slices.ts';
import { SOCKADDR_BYTES } from '../sockaddr.ts';

/** struct epoll_event is packed on x86-64 only. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
/** Word of the user data's low half. */
const EVENT_DATA = process.arch === 'x64' ? 1 : 2;
/** Events that one wait may bring. */
export const EVENTS = 512;
const EPOLL_CLOEXEC = 0o2000000;
const CTL_ADD = 1;
const CTL_DELETE = 2;

export class EpollCore {
  readonly memory: Memory;
  readonly slices = new Slices();
  readonly agenda = new Agenda();
  readonly descriptor: number;
  /** The events of a wait: see `eventMask`, `eventIndex`, `eventTag`. */
  readonly events = new Int32Array(new ArrayBuffer(EVENTS * EVENT_WORDS * 4));
  readonly eventsPointer: bigint = addressOf(this.events);
  /** A socket address for a question to the kernel. */
  readonly address = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  readonly addressPointer: bigint = addressOf(this.address);
  /** Where each block's data starts. */
  readonly #receivePointers: bigint[] = [];
  readonly #base: bigint;
  /** A block that waits to be received into: the last one that a handler did not keep. */
  #spare: Block = NO_BLOCK;
  readonly #control = new Int32Array(new ArrayBuffer(128));
  readonly #controlPointer: bigint = addressOf(this.#control);
  readonly #free: Int32Array;
  #freeCount: number;
  /** Receives that found no block. */
  exhausted = 0;
  /** Events for a record that meanwhile belongs to another. */
  stale = 0;

  constructor(memory: Memory, maxWires: number) {
    this.memory = memory;
    this.descriptor = epollCreate(EPOLL_CLOEXEC);
    this.#base = addressOf(memory.bytes);
    for (let block = 0; block < memory.blocks.total; block++) {
      this.#receivePointers.push(this.#base + BigInt(block * BLOCK_SIZE + HEADROOM));
    }
    this.#free = new Int32Array(maxWires);
    this.#freeCount = maxWires;
    for (let at = 0; at < maxWires; at++) this.#free[at] = maxWires - 1 - at;
  }

  get live(): number {
    return this.#free.length - this.#freeCount;
  }

  /** The number of a wire that may be used, or -1. */
  takeIndex(): number {
    return this.#freeCount === 0 ? -1 : (this.#free[--this.#freeCount] as number);
  }

  giveIndex(index: number): void {
    this.#free[this.#freeCount++] = index;
  }

  /** A block to receive into, or NO_BLOCK. */
  takeBlock(): Block {
    const block = this.#spare;
    if (block === NO_BLOCK) return this.memory.take();
    this.#spare = NO_BLOCK;
    return block;
  }

  /** Takes a block back that was not kept. */
  giveBlock(block: Block): void {
    if (this.#spare === NO_BLOCK) this.#spare = block;
    else this.memory.give(block);
  }

  get hasBlock(): boolean {
    return this.#spare !== NO_BLOCK || this.memory.blocks.free > 0;
  }

  receivePointer(block: Block): bigint {
    return this.#receivePointers[block] as bigint;
  }

  /** The address of an offset of the memory. */
  pointer(offset: number): bigint {
    return this.#base + BigInt(offset);
  }

  /** Watches a descriptor; its events carry both numbers. False if it cannot be watched (a regular file). */
  watch(descriptor: number, mask: number, index: number, tag: number): boolean {
    this.#control[0] = mask;
    this.#control[EVENT_DATA] = index;
    this.#control[EVENT_DATA + 1] = tag;
    return epollControl(this.descriptor, CTL_ADD, descriptor, this.#controlPointer) === 0;
  }

  unwatch(descriptor: number): void {
    epollControl(this.descriptor, CTL_DELETE, descriptor, this.#controlPointer);
  }

  eventMask(at: number): number {
    return this.events[at * EVENT_WORDS] as number;
  }

  eventIndex(at: number): number {
    return this.events[at * EVENT_WORDS + EVENT_DATA] as number;
  }

  eventTag(at: number): number {
    return this.events[at * EVENT_WORDS + EVENT_DATA + 1] as number;
  }

  close(): void {
    close(this.descriptor);
    if (this.#spare !== NO_BLOCK) this.memory.give(this.#spare);
    this.#spare = NO_BLOCK;
  }
}
