/**
 * Early data of a connection (RFC 8446 2.3) on its way to the handler: a block of its own, as the handshake behind it must be read
 * whether or not the handler takes it. It must not know wires.
 */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import type { TlsEngine } from '../platform/tls/contract.ts';
import { reading, readRecords } from './reading.ts';

export class EarlyData {
  /** What `read` answers if there is no block left. */
  static readonly noRoom = -4;
  /** The handshake goes on. */
  isOn = false;
  /** Nothing has been read yet. */
  isNew = true;
  /** The handler has sent all, or has left: that is told when the handshake is done. */
  finishes = false;
  leaves = false;
  /** NO_BLOCK: nothing waits for the handler. */
  block: Block = NO_BLOCK;
  start = 0;
  end = 0;
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  begin(): void {
    this.isOn = this.finishes = this.leaves = false;
    this.isNew = true;
  }

  /** Reads all that was offered up to `end`, as far as there is room: what the engine has said last. */
  read(engine: TlsEngine, end: number): number {
    const memory = this.#memory;
    this.isNew = false;
    if (this.block === NO_BLOCK) {
      this.block = memory.take();
      if (this.block === NO_BLOCK) return EarlyData.noRoom;
      this.start = this.end = memory.dataStart(this.block);
    }
    this.end = readRecords(engine, this.end, memory.dataEnd(this.block), end);
    return reading.last;
  }

  /** The block is somebody else's now. */
  forget(): void {
    this.block = NO_BLOCK;
  }

  drop(): void {
    this.#memory.give(this.block);
    this.block = NO_BLOCK;
    this.isOn = false;
  }
}
