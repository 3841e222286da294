/**
 * The memory of one data thread: every byte that a peer sends, a rule builds or
 * the log writes lies in one Uint8Array, and a slice is a pair of offsets into
 * it. It must not know where the bytes come from (a host maps them, a test makes
 * them) and never grows: a pool that is empty answers NO_BLOCK.
 *
 * Layout, in this order:
 *   blocks   what wires receive into and send from
 *   notes    small slots that outlive blocks: what a stream keeps for its log line
 *   statics  constants interned at start: error pages, header names
 *   scratch  a ring of areas for values that live until the next event
 *   desk     one area where a head is encoded before it is put in front of its body
 * Cells are pieces of blocks: what must outlive an event in a size that nobody knows beforehand.
 */
import { CellPool } from './cells.ts';
import { copyBytes } from './words.ts';

/** Index of a block; NO_BLOCK where there is none (static bytes, an empty pool). */
export type Block = number;
export const NO_BLOCK = -1;

/** log2 of a block's size: 64 kB lets one receive carry a bulk transfer (docs/memory.md). */
export const BLOCK_SHIFT = 16;
export const BLOCK_SIZE = 1 << BLOCK_SHIFT;
/** Bytes before received data, for a head or chunk size written in front of a body. */
export const HEADROOM = 1024;
/** Bytes behind received data: rewritten header values, the CRLF that ends a chunk. */
export const TAILROOM = 1024;
export const NOTE_SIZE = 4096;
const SCRATCH_AREAS = 8;
export const SCRATCH_SIZE = 32768;
const DESK_SIZE = 65536;

export interface MemoryLayout {
  /** How many blocks of 64 kB (virtual: a page counts once touched). */
  readonly blocks: number;
  /** How many notes of 4 kB: one a stream. */
  readonly notes: number;
  /** Bytes for constants. */
  readonly statics: number;
}

/** How many bytes a host must map for this layout. */
export function memoryBytes(layout: MemoryLayout): number {
  return layout.blocks * BLOCK_SIZE + layout.notes * NOTE_SIZE + layout.statics + SCRATCH_AREAS * SCRATCH_SIZE + DESK_SIZE;
}

/** Slots of equal size over one range; last in, first out, so that few pages are touched. */
export class SlotPool {
  readonly total: number;
  /** What was given back, the last on top. */
  #free: Int32Array;
  #count = 0;
  /** The first that was never lent: behind it nothing has been touched. */
  #fresh = 0;
  /** 1 where a slot is lent: giving back what is not lent is a fault of ours and is counted, not obeyed. */
  #lent: Uint8Array;
  faults = 0;

  constructor(total: number) {
    this.total = total;
    this.#free = new Int32Array(total);
    this.#lent = new Uint8Array(total);
  }

  get free(): number {
    return this.#count + this.total - this.#fresh;
  }

  /** Lends a slot, or NO_BLOCK: the caller sheds load. */
  take(): number {
    if (this.#count === 0 && this.#fresh === this.total) return NO_BLOCK;
    const slot = this.#count === 0 ? this.#fresh++ : (this.#free[--this.#count] as number);
    this.#lent[slot] = 1;
    return slot;
  }

  give(slot: number): void {
    if (slot < 0 || this.#lent[slot] !== 1) {
      this.faults++;
      return;
    }
    this.#lent[slot] = 0;
    this.#free[this.#count++] = slot;
  }
}

export class Memory {
  readonly bytes: Uint8Array;
  /** The same bytes, for who looks at four at once. */
  readonly view: DataView;
  readonly blocks: SlotPool;
  readonly notes: SlotPool;
  readonly cells: CellPool;
  readonly deskStart: number;
  readonly deskEnd: number;
  readonly #notesBase: number;
  readonly #staticsEnd: number;
  readonly #scratchBase: number;
  #staticsAt: number;
  #scratchTurn = 0;
  readonly #interned = new Map<string, number>();

  /** @param bytes at least `memoryBytes(layout)` long */
  constructor(bytes: Uint8Array, layout: MemoryLayout) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.blocks = new SlotPool(layout.blocks);
    this.notes = new SlotPool(layout.notes);
    this.cells = new CellPool(bytes, this.blocks, BLOCK_SHIFT);
    this.#notesBase = layout.blocks * BLOCK_SIZE;
    this.#staticsAt = this.#notesBase + layout.notes * NOTE_SIZE;
    this.#staticsEnd = this.#staticsAt + layout.statics;
    this.#scratchBase = this.#staticsEnd;
    this.deskStart = this.#scratchBase + SCRATCH_AREAS * SCRATCH_SIZE;
    this.deskEnd = this.deskStart + DESK_SIZE;
  }

  /** Lends a block, or NO_BLOCK. */
  take(): Block {
    return this.blocks.take();
  }

  /** Takes a block back; NO_BLOCK (static bytes) is ignored. */
  give(block: Block): void {
    if (block !== NO_BLOCK) this.blocks.give(block);
  }

  /** Offset of a block's first byte. */
  base(block: Block): number {
    return block << BLOCK_SHIFT;
  }

  /** Offset where received data starts in a block. */
  dataStart(block: Block): number {
    return (block << BLOCK_SHIFT) + HEADROOM;
  }

  /** Offset that received data may not pass in a block. */
  dataEnd(block: Block): number {
    return (block << BLOCK_SHIFT) + BLOCK_SIZE - TAILROOM;
  }

  /** Offset behind a block's last byte. */
  end(block: Block): number {
    return (block + 1) << BLOCK_SHIFT;
  }

  noteBase(note: number): number {
    return this.#notesBase + note * NOTE_SIZE;
  }

  /** Copies [start, end) to `at`, somewhere else or further to the front; the offset behind the copy. */
  copy(start: number, end: number, at: number): number {
    return copyBytes(this.bytes, start, end, at);
  }

  /** Start of a scratch area of SCRATCH_SIZE bytes; it is handed out again after 7 more calls. */
  scratch(): number {
    this.#scratchTurn = (this.#scratchTurn + 1) & (SCRATCH_AREAS - 1);
    return this.#scratchBase + this.#scratchTurn * SCRATCH_SIZE;
  }

  /**
   * Stores a constant once and returns its offset (its length is the text's, one byte a character: latin-1).
   * At start only. @throws RangeError when the statics are full
   */
  intern(text: string): number {
    const known = this.#interned.get(text);
    if (known !== undefined) return known;
    const at = this.#claim(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    this.#interned.set(text, at);
    return at;
  }

  /** Stores constant bytes (an error page) and returns their offset. At start only. */
  internBytes(bytes: Uint8Array): number {
    const at = this.#claim(bytes.length);
    this.bytes.set(bytes, at);
    return at;
  }

  /** hot-ok: at start only */
  #claim(length: number): number {
    const at = this.#staticsAt;
    if (at + length > this.#staticsEnd) {
      throw new RangeError(`constants of the configuration need more than the ${this.#staticsEnd - at} bytes left`);
    }
    this.#staticsAt = at + length;
    return at;
  }

  /** The bytes [start, end) as latin-1 text: control paths and tests only. */
  text(start: number, end: number): string {
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(this.bytes[at] as number);
    return text;
  }
}

/** A memory for tests and the simulator, in ordinary JavaScript memory. hot-ok: once a thread */
export function plainMemory(layout: MemoryLayout): Memory {
  return new Memory(new Uint8Array(memoryBytes(layout)), layout);
}
