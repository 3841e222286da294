/**
 * Where a data thread's log lines for one destination lie until they are sent: blocks of its memory that many lines share. A
 * block goes back when every line in it was sent. When no block is left, or too many wait for a slow target, a
 * line is dropped and counted: logging never holds up traffic. It must not know what a line says.
 */
import { BLOCK_SIZE, type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import type { DatagramSender, SentHandler } from '../platform/contract.ts';

/** Where lines go to: what the host makes, or a ring. */
export type LineSender = DatagramSender;

/** Blocks that may wait for one slow destination: 512 kB a data thread. */
const MOST_BLOCKS = 8;

export class LogLines implements SentHandler {
  /** Lines that found no room. */
  dropped = 0;
  readonly memory: Memory;
  /** Lines of each block that are on their way. */
  readonly #pending: Int32Array;
  #held = 0;
  #block: Block = NO_BLOCK;
  #at = 0;

  /** Blocks that may be in use at once. */
  readonly #most: number;

  constructor(memory: Memory, most = MOST_BLOCKS) {
    this.memory = memory;
    this.#most = most;
    this.#pending = new Int32Array(memory.blocks.total);
  }

  /** Where a line of up to `room` bytes may be written; -1: nowhere, it is dropped. `room` is at most a block. */
  open(room: number): number {
    if (this.#block !== NO_BLOCK) {
      const base = this.memory.base(this.#block);
      if (this.#pending[this.#block] === 0) this.#at = base;
      if (this.#at + room <= base + BLOCK_SIZE) return this.#at;
    }
    return this.#turn(room);
  }

  /** Goes on in another block. */
  #turn(room: number): number {
    const block = room > BLOCK_SIZE || this.#held >= this.#most ? NO_BLOCK : this.memory.take();
    if (block === NO_BLOCK) {
      this.dropped++;
      return -1;
    }
    this.#held++;
    this.#block = block;
    this.#at = this.memory.base(block);
    return this.#at;
  }

  /** Sends [start, end), which was written where `open` said. */
  send(sender: LineSender, start: number, end: number): void {
    const block = this.#block;
    this.#at = end;
    if (!sender.send(block, start, end)) this.#pending[block] = (this.#pending[block] as number) + 1;
  }

  onBlockSent(block: Block): void {
    const left = (this.#pending[block] as number) - 1;
    this.#pending[block] = left;
    if (left > 0 || block === this.#block) return;
    this.#held--;
    this.memory.give(block);
  }

  /** No line follows: the current block goes back once its lines are sent. */
  close(): void {
    const block = this.#block;
    this.#block = NO_BLOCK;
    if (block === NO_BLOCK || this.#pending[block] !== 0) return;
    this.#held--;
    this.memory.give(block);
  }
}
