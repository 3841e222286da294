/**
 * Pieces of memory of any size up to a block, for values that live as long as a stream or a session: variables. Blocks are
 * lent from the thread's pool and cut into cells of one size each, a power of two; a block without cells in use
 * goes back at once. It must not know what the cells hold, and takes at most a quarter of all blocks.
 */

/** Where blocks come from: the pool of a thread's memory. */
export interface BlockSource {
  readonly total: number;
  /** -1: none is left. */
  take(): number;
  give(block: number): void;
}

/** log2 of the smallest cell. */
const LEAST_SHIFT = 6;
const CLASSES = 32;
export const NO_CELL = -1;

/** Columns by block; 0 in a link is none, so that untouched memory is right as it is. */
export class CellPool {
  readonly #blocks: BlockSource;
  readonly #blockShift: number;
  /** The memory in words of four bytes: a free cell's first word links to the next one. */
  readonly #words: Int32Array;
  #shifts = new Uint8Array(0);
  /** Cells in use. */
  #used = new Int32Array(0);
  /** Cells that were cut off so far. */
  #cut = new Int32Array(0);
  /** Offset of the first free cell + 1. */
  #free = new Int32Array(0);
  /** Neighbours + 1 in the list of blocks of one size that have room. */
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** First block + 1 with room, by log2 of the size. */
  readonly #roomy = new Int32Array(CLASSES);
  readonly #most: number;
  #lent = 0;

  /** At start. @param bytes the memory that blocks are offsets into; aligned to four bytes */
  constructor(bytes: Uint8Array, blocks: BlockSource, blockShift: number) {
    this.#blocks = blocks;
    this.#blockShift = blockShift;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#most = Math.max(1, blocks.total >> 2);
  }

  /** hot-ok: once, for the first value: most configurations keep none */
  #makeColumns(): void {
    const { total } = this.#blocks;
    this.#shifts = new Uint8Array(total);
    this.#used = new Int32Array(total);
    this.#cut = new Int32Array(total);
    this.#free = new Int32Array(total);
    this.#next = new Int32Array(total);
    this.#previous = new Int32Array(total);
  }

  /** Offset of at least `size` bytes, aligned to 64; NO_CELL: it is more than a block, or no block is left. */
  take(size: number): number {
    const shift = size <= 1 << LEAST_SHIFT ? LEAST_SHIFT : 32 - Math.clz32(size - 1);
    if (shift > this.#blockShift) return NO_CELL;
    let block = (this.#roomy[shift] as number) - 1;
    if (block < 0) block = this.#lend(shift);
    if (block < 0) return NO_CELL;
    const cell = this.#carve(block, shift);
    this.#used[block] = (this.#used[block] as number) + 1;
    if (this.#isFull(block, shift)) this.#unlink(block, shift);
    return cell;
  }

  /** How many bytes the cell has. */
  sizeOf(cell: number): number {
    return 1 << (this.#shifts[cell >> this.#blockShift] as number);
  }

  give(cell: number): void {
    const block = cell >> this.#blockShift;
    const shift = this.#shifts[block] as number;
    const wasFull = this.#isFull(block, shift);
    this.#words[cell >> 2] = this.#free[block] as number;
    this.#free[block] = cell + 1;
    const used = (this.#used[block] as number) - 1;
    this.#used[block] = used;
    if (used > 0) {
      if (wasFull) this.#link(block, shift);
      return;
    }
    if (!wasFull) this.#unlink(block, shift);
    this.#lent--;
    this.#blocks.give(block);
  }

  #isFull(block: number, shift: number): boolean {
    return (this.#used[block] as number) === 1 << (this.#blockShift - shift);
  }

  #carve(block: number, shift: number): number {
    const free = (this.#free[block] as number) - 1;
    if (free >= 0) {
      this.#free[block] = this.#words[free >> 2] as number;
      return free;
    }
    const cut = this.#cut[block] as number;
    this.#cut[block] = cut + 1;
    return (block << this.#blockShift) + (cut << shift);
  }

  #lend(shift: number): number {
    if (this.#lent >= this.#most) return NO_CELL;
    const block = this.#blocks.take();
    if (block < 0) return NO_CELL;
    if (this.#shifts.length === 0) this.#makeColumns();
    this.#lent++;
    this.#shifts[block] = shift;
    this.#used[block] = 0;
    this.#cut[block] = 0;
    this.#free[block] = 0;
    this.#link(block, shift);
    return block;
  }

  #link(block: number, shift: number): void {
    const first = this.#roomy[shift] as number;
    this.#next[block] = first;
    this.#previous[block] = 0;
    if (first > 0) this.#previous[first - 1] = block + 1;
    this.#roomy[shift] = block + 1;
  }

  #unlink(block: number, shift: number): void {
    const next = this.#next[block] as number;
    const previous = this.#previous[block] as number;
    if (next > 0) this.#previous[next - 1] = previous;
    if (previous > 0) this.#next[previous - 1] = next;
    else this.#roomy[shift] = next;
  }
}
