/**
 * What all parts of the io_uring host share: the ring, the blocks, the lines of slices, the late tasks and the counters.
 * It must not know wires, listeners or senders.
 */
import type { Memory } from '../../base/memory.ts';
import { Agenda } from '../agenda.ts';
import { addressOf, type Mapping } from '../ffi.ts';
import { mapAnonymous } from '../mapping.ts';
import { Slices } from '../slices.ts';
import { SOCKADDR_BYTES } from '../sockaddr.ts';
import { BufferRing } from './buffers.ts';
import type { Ring } from './ring.ts';

/** The low bits of a completion's second word tell whose it is; the rest is the generation of the record. */
export const KIND_BITS = 4;
/** A completion that nobody waits for. */
export const KIND_IGNORED = 15;

const OP_CANCEL = 14;
/** IORING_ASYNC_CANCEL_ALL */
const CANCEL_ALL = 1;
const CANCEL_EVERYTHING = 1 | 4;
const OP_CLOSE = 19;
/** IOSQE_CQE_SKIP_SUCCESS: no completion unless it fails. */
const SKIP_SUCCESS = 0x40 << 8;

export class UringCore {
  readonly ring: Ring;
  readonly memory: Memory;
  readonly buffers: BufferRing;
  readonly slices = new Slices();
  readonly agenda = new Agenda();
  /** One socket address a wire, and one more for questions. */
  readonly addresses: Mapping;
  readonly addressBytes: Uint8Array;
  /** Numbers of the wires that may be used, last in, first out. */
  readonly #free: Int32Array;
  #freeCount: number;
  /** Numbers of wires that found no buffer. */
  readonly #starving: Int32Array;
  #starvingFirst = 0;
  starvingCount = 0;
  /** Completions for a record that meanwhile belongs to another. */
  stale = 0;
  /** Receives that found no buffer. */
  exhausted = 0;
  /** Address of the memory's first byte. */
  readonly base: number;
  readonly #low: number;
  readonly #high: number;

  constructor(ring: Ring, memory: Memory, maxWires: number) {
    this.ring = ring;
    this.memory = memory;
    this.buffers = new BufferRing(memory);
    this.addresses = mapAnonymous((maxWires + 1) * SOCKADDR_BYTES);
    this.addressBytes = new Uint8Array(this.addresses.buffer);
    this.#free = new Int32Array(maxWires);
    this.#freeCount = maxWires;
    this.#starving = new Int32Array(maxWires);
    for (let at = 0; at < maxWires; at++) this.#free[at] = maxWires - 1 - at;
    const address = Number(addressOf(memory.bytes));
    this.base = address;
    this.#low = address % 2 ** 32;
    this.#high = Math.floor(address / 2 ** 32);
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

  /** Takes an entry that refers to `length` bytes at an offset of the memory. */
  entry(head: number, descriptor: number, offset: number, length: number, index: number, tag: number): number {
    const low = this.#low + offset;
    return this.ring.entry(head, descriptor, low, low >= 2 ** 32 ? this.#high + 1 : this.#high, length, index, tag);
  }

  /** Asks the kernel to end the operation with this user data; its own completion follows. */
  cancel(index: number, tag: number): void {
    this.ring.entry(OP_CANCEL | SKIP_SUCCESS, -1, index, tag, 0, 0, KIND_IGNORED);
  }

  /** All operations with this number and tag: a second cancel of one would find the first again, which has not ended yet. */
  cancelAll(index: number, tag: number): void {
    const at = this.ring.entry(OP_CANCEL | SKIP_SUCCESS, -1, index, tag, 0, 0, KIND_IGNORED);
    this.ring.entries[at + 7] = CANCEL_ALL;
  }

  cancelEverything(): void {
    const at = this.ring.entry(OP_CANCEL | SKIP_SUCCESS, -1, 0, 0, 0, 0, KIND_IGNORED);
    this.ring.entries[at + 7] = CANCEL_EVERYTHING;
  }

  closeDescriptor(descriptor: number): void {
    this.ring.entry(OP_CLOSE | SKIP_SUCCESS, descriptor, 0, 0, 0, 0, KIND_IGNORED);
  }

  /** Notes a wire that found no buffer; the host wakes it when there are blocks again. A wire is noted once. */
  starve(index: number): void {
    this.#starving[(this.#starvingFirst + this.starvingCount++) % this.#starving.length] = index;
  }

  /** The number of the wire that was noted first. */
  takeStarving(): number {
    const index = this.#starving[this.#starvingFirst] as number;
    this.#starvingFirst = (this.#starvingFirst + 1) % this.#starving.length;
    this.starvingCount--;
    return index;
  }
}
