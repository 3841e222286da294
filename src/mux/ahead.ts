/**
 * What a client has sent ahead, behind the request that is being served: the next request, or the first bytes of a tunnel. It
 * stands in the block of the request that is served, then in the inbox, then in one more block: as much as comes until the wire is
 * paused. Between requests the inbox comes first. It knows blocks, not protocols.
 */

import { Inbox } from '../base/inbox.ts';
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import type { HttpMessage } from '../http/message.ts';

export class Ahead extends Inbox {
  /** What comes behind the inbox. */
  readonly behind = new Inbox();
  /** In the block of the request: [start, end). */
  #restStart = 0;
  #restEnd = 0;

  /** Nothing was sent ahead. */
  get isNothing(): boolean {
    return this.isEmpty && this.behind.isEmpty && this.#restStart === this.#restEnd;
  }

  /** `keep` may be called. */
  get hasRoom(): boolean {
    return this.behind.isEmpty && (this.isEmpty || this.#restStart === this.#restEnd);
  }

  /** [start, end) of the request's block is not the request's. */
  setRest(start: number, end: number): void {
    this.#restStart = start;
    this.#restEnd = end;
  }

  /** Takes over what rules of TCP mode have looked at. */
  takeBody(message: HttpMessage): void {
    const { bodyBlock, nextBlock } = message;
    if (bodyBlock !== NO_BLOCK) this.adopt(bodyBlock, message.bodyStart, message.bodyEnd);
    if (nextBlock !== NO_BLOCK) this.behind.adopt(nextBlock, message.nextStart, message.nextEnd);
    message.bodyBlock = message.nextBlock = NO_BLOCK;
  }

  /** Takes received bytes; true: the block, too. Only while there is room. */
  keep(memory: Memory, block: Block, start: number, end: number): boolean {
    if (this.isEmpty) {
      this.adopt(block, start, end);
      return true;
    }
    const taken = this.append(memory, start, end);
    if (taken === end - start) return false;
    this.behind.adopt(block, start + taken, end);
    return true;
  }

  /** The request's block goes on as the inbox, if it has bytes of what follows. */
  takeOver(request: HttpMessage): void {
    if (this.#restEnd > this.#restStart) {
      const { start, end } = this;
      if (!this.isEmpty) this.behind.adopt(this.release(), start, end);
      this.adopt(request.block, this.#restStart, this.#restEnd);
      request.block = NO_BLOCK;
    }
    this.setRest(0, 0);
  }

  /** Drops all. */
  drop(memory: Memory): void {
    this.clear(memory);
    this.behind.clear(memory);
    this.setRest(0, 0);
  }
}
