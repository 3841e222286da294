/**
 * Bytes that a connection has received and not yet consumed: at most one block. It knows blocks,
 * not protocols.
 */
import { BLOCK_SIZE, type Block, HEADROOM, type Memory, NO_BLOCK, TAILROOM } from './memory.ts';

/** What one can hold at most. */
export const INBOX_SIZE = BLOCK_SIZE - HEADROOM - TAILROOM;

export class Inbox {
  block: Block = NO_BLOCK;
  start = 0;
  end = 0;

  get isEmpty(): boolean {
    return this.block === NO_BLOCK;
  }

  /** Takes over a block with [start, end) in it. Only when empty. */
  adopt(block: Block, start: number, end: number): void {
    this.block = block;
    this.start = start;
    this.end = end;
  }

  /** Copies what fits of [start, end) behind what is there (a block is taken if there is none); how much it was. */
  append(memory: Memory, start: number, end: number): number {
    if (this.block === NO_BLOCK) {
      const block = memory.take();
      if (block === NO_BLOCK) return 0;
      this.adopt(block, memory.dataStart(block), memory.dataStart(block));
    }
    const count = Math.min(end - start, memory.dataEnd(this.block) - this.end);
    memory.bytes.copyWithin(this.end, start, start + count);
    this.end += count;
    return count;
  }

  /** Moves the bytes to the start of the block, for the most room behind them: offsets into them become invalid. False: they are there. */
  moveToStart(memory: Memory): boolean {
    const to = memory.dataStart(this.block);
    if (this.start <= to) return false;
    memory.bytes.copyWithin(to, this.start, this.end);
    this.end = to + this.end - this.start;
    this.start = to;
    return true;
  }

  /** Hands the block to somebody else. */
  release(): Block {
    const { block } = this;
    this.block = NO_BLOCK;
    return block;
  }

  clear(memory: Memory): void {
    memory.give(this.block);
    this.block = NO_BLOCK;
  }
}
