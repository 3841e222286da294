/**
 * Lines to a descriptor that is already open: one write is under way, the rest waits in order. What finds the queue full is
 * dropped and counted. It must not know what the lines say.
 */
import type { Block } from '../../base/memory.ts';
import type { DescriptorWriter, SentHandler } from '../contract.ts';
import { EAGAIN, EINTR } from '../errno.ts';
import { NO_SLICE } from '../slices.ts';
import type { UringCore } from './core.ts';

const OP_POLL = 6;
const OP_WRITE = 23;
const POLLOUT = 4;
/** Lines that may wait. */
const QUEUE = 1024;

export class UringWriter implements DescriptorWriter {
  dropped = 0;
  closed = false;
  readonly #core: UringCore;
  readonly #handler: SentHandler;
  readonly #descriptor: number;
  readonly #number: number;
  readonly #tag: number;
  #first = NO_SLICE;
  #last = NO_SLICE;
  #waiting = 0;
  /** Operations under way. */
  #underWay = 0;
  /** Waits until the descriptor takes more. */
  #polling = false;
  #closing = false;

  /** @param descriptor -1: nowhere, everything is dropped */
  constructor(core: UringCore, handler: SentHandler, descriptor: number, number: number, tag: number) {
    this.#core = core;
    this.#handler = handler;
    this.#descriptor = descriptor;
    this.#number = number;
    this.#tag = tag;
  }

  get busy(): boolean {
    return this.#underWay > 0;
  }

  send(block: Block, start: number, end: number): boolean {
    if (this.#closing || this.#descriptor < 0 || this.#waiting >= QUEUE) {
      this.dropped++;
      return true;
    }
    const { slices } = this.#core;
    const place = slices.take(block, start, end);
    if (this.#first === NO_SLICE) this.#first = place;
    else slices.next[this.#last] = place;
    this.#last = place;
    this.#waiting++;
    if (this.#underWay === 0) this.#transmit(place);
    return false;
  }

  /** What waits is still sent. The descriptor stays open: it is its opener's. */
  close(): void {
    this.#closing = true;
    if (!this.busy) this.closed = true;
  }

  /** Forgets what waits: the host stops. */
  abandon(): void {
    this.#closing = true;
    const { slices } = this.#core;
    while (this.#first !== NO_SLICE) {
      this.dropped++;
      this.#pop(slices.block[this.#first] as number);
    }
    this.closed = true;
  }

  complete(result: number): void {
    this.#underWay--;
    if (this.#first !== NO_SLICE) this.#wrote(result);
    if (this.#underWay === 0 && this.#closing) this.closed = true;
  }

  #wrote(result: number): void {
    if (result === -EAGAIN) {
      this.#poll();
      return;
    }
    if (this.#polling) this.#polling = false;
    else if (result !== -EINTR) this.#advance(result);
    if (this.#underWay === 0 && this.#first !== NO_SLICE) this.#transmit(this.#first);
  }

  #advance(result: number): void {
    const { slices } = this.#core;
    const place = this.#first;
    if (result < 0) this.dropped++;
    else {
      const start = (slices.start[place] as number) + result;
      slices.start[place] = start;
      if (start < (slices.end[place] as number)) return;
    }
    this.#pop(slices.block[place] as number);
  }

  #pop(block: Block): void {
    this.#first = this.#core.slices.give(this.#first);
    this.#waiting--;
    this.#handler.onBlockSent(block);
  }

  #transmit(place: number): void {
    const { slices, ring } = this.#core;
    const start = slices.start[place] as number;
    const length = (slices.end[place] as number) - start;
    const at = this.#core.entry(OP_WRITE, this.#descriptor, start, length, this.#number, this.#tag);
    // Offset -1: where the descriptor stands.
    ring.entries[at + 2] = -1;
    ring.entries[at + 3] = -1;
    this.#underWay++;
  }

  #poll(): void {
    const { ring } = this.#core;
    const at = ring.entry(OP_POLL, this.#descriptor, 0, 0, 0, this.#number, this.#tag);
    ring.entries[at + 7] = POLLOUT;
    this.#polling = true;
    this.#underWay++;
  }
}
