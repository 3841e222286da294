/**
 * What a client has sent ahead, behind the request that is being served: the next request, or the first bytes of a tunnel. It
 * stands in the block of the request that is served, until more comes or the request is over; then in a block of its
 * own. It knows blocks, not protocols.
 */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import type { HttpMessage } from '../http/message.ts';
import { Inbox } from './inbox.ts';

export class Ahead extends Inbox {
  /** Some of it was dropped, because there was no room: nothing can follow on this connection. */
  lost = false;
  /** In the block of the request: [start, end). */
  #restStart = 0;
  #restEnd = 0;

  /** How many bytes there are. */
  get size(): number {
    return this.isEmpty ? this.#restEnd - this.#restStart : this.end - this.start;
  }

  /** [start, end) of the request's block is not the request's. */
  setRest(start: number, end: number): void {
    this.#restStart = start;
    this.#restEnd = end;
  }

  /** Takes received bytes; true: the block, too. Look at `lost`. */
  keep(memory: Memory, block: Block, start: number, end: number): boolean {
    const rest = this.#restEnd - this.#restStart;
    if (rest > 0 && this.append(memory, this.#restStart, this.#restEnd) < rest) this.lost = true;
    this.setRest(0, 0);
    if (this.isEmpty) {
      this.adopt(block, start, end);
      return true;
    }
    if (this.append(memory, start, end) < end - start) this.lost = true;
    return false;
  }

  /** The request's block goes on as this one, if it has bytes of what follows. */
  takeOver(request: HttpMessage): void {
    if (this.#restEnd > this.#restStart) {
      this.adopt(request.block, this.#restStart, this.#restEnd);
      request.block = NO_BLOCK;
    }
    this.setRest(0, 0);
  }

  /** Nothing is here any more. */
  empty(memory: Memory): void {
    this.clear(memory);
    this.setRest(0, 0);
    this.lost = false;
  }
}
