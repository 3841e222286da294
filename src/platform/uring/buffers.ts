/**
 * The blocks that the kernel may receive into (IORING_REGISTER_PBUF_RING): a buffer is chosen when data is there, so a
 * connection that waits owns none. A block's number is its buffer number. It must not know who receives.
 *
 * The kernel takes buffers first in, first out and thus touches all that are offered. Small receives touch a page of each: as
 * many are offered as recent turns have used. Large ones touch them whole, and once those no longer fit the cache a
 * megabyte costs 440 instead of 260 us: few are offered. Blocks come from the memory's last-in-first-out pool.
 */
import { BLOCK_SIZE, type Block, HEADROOM, type Memory, NO_BLOCK, TAILROOM } from '../../base/memory.ts';
import { addressOf, area, type Mapping, unmap } from '../ffi.ts';
import { mapAnonymous } from '../mapping.ts';
import type { Ring } from './ring.ts';

export const BUFFER_GROUP = 1;
/** The largest receive. */
export const BUFFER_BYTES = BLOCK_SIZE - HEADROOM - TAILROOM;
/** Entries: a power of two; one page. */
const ENTRIES = 256;
const ENTRY_BYTES = 16;
/** The ring's tail lies in the first entry's unused half-word. */
const TAIL = 7;
const FIRST_OFFERED = 32;
/** How many are offered while receives are large: a megabyte, the size of a core's own cache. */
const BULK_OFFERED = 16;
/** The mean receive that counts as large, as a shift: 16 kB. */
const BULK_SHIFT = 14;
/** The mean is over about so many receives. */
const MEAN_OVER = 64;
/** After so many turns the number offered is looked at again. */
const REVIEW_TURNS = 1024;
/** The pool keeps at least this part for everybody else. */
const MEMORY_PART = 4;

const REGISTER_PBUF_RING = 22;
/** struct io_uring_buf_reg. */
const REGISTRATION_BYTES = 40;

export class BufferRing {
  /** Blocks that the kernel has. */
  offered = 0;
  readonly #memory: Memory;
  readonly #mapping: Mapping;
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #low: number;
  readonly #high: number;
  readonly #most: number;
  #aim: number;
  #tail = 0;
  #lowest = 0;
  #received = 0;
  #receives = 0;
  #turns = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#mapping = mapAnonymous(ENTRIES * ENTRY_BYTES);
    this.#words = new Int32Array(this.#mapping.buffer);
    this.#halves = new Uint16Array(this.#mapping.buffer);
    const address = Number(addressOf(memory.bytes));
    this.#low = address % 2 ** 32;
    this.#high = Math.floor(address / 2 ** 32);
    this.#most = Math.max(1, Math.min(ENTRIES, Math.floor(memory.blocks.total / MEMORY_PART)));
    this.#aim = Math.min(FIRST_OFFERED, this.#most);
  }

  /** Tells the kernel. Returns a negative number when it refuses (see `errno`). */
  register(ring: Ring): number {
    const given = area(REGISTRATION_BYTES);
    const argument = new DataView(given.bytes.buffer);
    argument.setBigUint64(0, this.#mapping.pointer, true);
    argument.setUint32(8, ENTRIES, true);
    argument.setUint16(12, BUFFER_GROUP, true);
    return ring.register(REGISTER_PBUF_RING, given.pointer, 1);
  }

  /** Offers a block to the kernel (again). */
  offer(block: Block): void {
    const entry = this.#tail & (ENTRIES - 1);
    const low = this.#low + block * BLOCK_SIZE + HEADROOM;
    const at = entry << 2;
    this.#words[at] = low;
    this.#words[at + 1] = low >= 2 ** 32 ? this.#high + 1 : this.#high;
    this.#words[at + 2] = BUFFER_BYTES;
    this.#halves[(entry << 3) + 6] = block;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.#halves[TAIL] = this.#tail;
    this.offered++;
  }

  /** The kernel has used a block for `length` bytes. */
  used(length: number): void {
    this.offered--;
    this.#received += length;
    if (++this.#receives < MEAN_OVER) return;
    this.#received >>= 1;
    this.#receives >>= 1;
  }

  /** At the end of a turn: offers as many as recent turns needed. */
  refill(): void {
    const aim = this.#received > this.#receives << BULK_SHIFT ? Math.min(BULK_OFFERED, this.#most) : this.#aimSmall();
    while (this.offered < aim) {
      const block = this.#memory.take();
      if (block === NO_BLOCK) return;
      this.offer(block);
    }
  }

  #aimSmall(): number {
    const { offered } = this;
    if (offered < this.#lowest) this.#lowest = offered;
    if (offered * 4 < this.#aim && this.#aim < this.#most) this.#aim = Math.min(this.#aim * 2, this.#most);
    if (++this.#turns >= REVIEW_TURNS) this.#review();
    return this.#aim;
  }

  #review(): void {
    if (this.#lowest * 2 > this.#aim && this.#aim > FIRST_OFFERED) this.#aim >>= 1;
    this.#lowest = this.offered;
    this.#turns = 0;
  }

  /** Gives the blocks that the kernel still had back to the pool; only after the ring is closed. */
  close(): void {
    const { offered } = this;
    for (let back = 1; back <= offered; back++) {
      const entry = (this.#tail - back) & (ENTRIES - 1);
      this.#memory.give(this.#halves[(entry << 3) + 6] as number);
    }
    this.offered = 0;
    unmap(this.#mapping);
  }
}
