/**
 * Lines to a descriptor that is already open. What is not taken at once waits in order; what finds the queue full is dropped and
 * counted. It must not know what the lines say.
 *
 * A descriptor such as stdout is shared with other processes, so it is not made non-blocking: poll(2) is asked first, and
 * what is no regular file gets at most PIPE_BUF bytes at a time, which it then takes without blocking.
 */
import type { Block } from '../../base/memory.ts';
import type { DescriptorWriter, SentHandler, Task } from '../contract.ts';
import { EAGAIN, EINTR } from '../errno.ts';
import { area, close, errno, poll, write } from '../ffi.ts';
import { NO_SLICE } from '../slices.ts';
import type { EpollCore } from './core.ts';

/** EPOLLOUT, level-triggered, watched only while something waits. */
const EPOLLOUT = 4;
const POLLOUT = 4;
const PIPE_BUF = 4096;
/** Lines that may wait. */
const QUEUE = 1024;

const question = area(8);

/** What a sender writes to. */
export const Target = { stream: 0, file: 1 } as const;
export type Target = (typeof Target)[keyof typeof Target];

export class EpollWriter implements DescriptorWriter, Task {
  dropped = 0;
  queued = false;
  closed = false;
  readonly #core: EpollCore;
  readonly #handler: SentHandler;
  readonly #descriptor: number;
  readonly #target: Target;
  readonly #number: number;
  readonly #tag: number;
  #first = NO_SLICE;
  #last = NO_SLICE;
  #waiting = 0;
  #watched = false;
  #closing = false;

  /** @param descriptor its own, closed at the end; -1: nowhere, everything is dropped */
  constructor(core: EpollCore, handler: SentHandler, descriptor: number, target: Target, number: number, tag: number) {
    this.#core = core;
    this.#handler = handler;
    this.#descriptor = descriptor;
    this.#target = target;
    this.#number = number;
    this.#tag = tag;
  }

  send(block: Block, start: number, end: number): boolean {
    if (this.#closing || this.#descriptor < 0 || this.#waiting >= QUEUE) {
      this.dropped++;
      return true;
    }
    const from = this.#first === NO_SLICE ? this.#place(start, end) : start;
    if (from >= end) return true;
    const { slices } = this.#core;
    const place = slices.take(block, from, end);
    if (this.#first === NO_SLICE) this.#first = place;
    else slices.next[this.#last] = place;
    this.#last = place;
    this.#waiting++;
    this.#watch();
    return false;
  }

  /** What waits is still sent. */
  close(): void {
    this.#closing = true;
    if (this.#first === NO_SLICE) this.#end();
  }

  /** Forgets what waits: the host stops. */
  abandon(): void {
    this.#closing = true;
    while (this.#first !== NO_SLICE) {
      this.dropped++;
      this.#pop();
    }
    this.#end();
  }

  onEvents(): void {
    this.run();
  }

  /** The descriptor takes more. */
  run(): void {
    const { slices } = this.#core;
    while (this.#first !== NO_SLICE) {
      const place = this.#first;
      const from = this.#place(slices.start[place] as number, slices.end[place] as number);
      slices.start[place] = from;
      if (from < (slices.end[place] as number)) return;
      this.#pop();
    }
    this.#unwatch();
    if (this.#closing) this.#end();
  }

  /** Sends what is taken now; returns where the rest starts. A line that fails is dropped. */
  #place(start: number, end: number): number {
    let from = start;
    while (from < end) {
      const count = this.#attempt(from, end - from);
      if (count === -EAGAIN) return from;
      if (count === -EINTR) continue;
      if (count < 0) {
        this.dropped++;
        return end;
      }
      from += count;
    }
    return end;
  }

  /** One call: the bytes taken, or a negated error number. */
  #attempt(start: number, length: number): number {
    const pointer = this.#core.pointer(start);
    let count: number;
    if (this.#target === Target.file) count = write(this.#descriptor, pointer, length);
    else {
      if (!this.#takes()) return -EAGAIN;
      count = write(this.#descriptor, pointer, Math.min(length, PIPE_BUF));
    }
    return count >= 0 ? count : -errno();
  }

  #takes(): boolean {
    question.words[0] = this.#descriptor;
    question.words[1] = POLLOUT;
    return poll(question.pointer, 1n, 0) > 0;
  }

  #pop(): void {
    const block = this.#core.slices.block[this.#first] as number;
    this.#first = this.#core.slices.give(this.#first);
    this.#waiting--;
    this.#handler.onBlockSent(block);
  }

  #watch(): void {
    if (this.#watched) return;
    this.#watched = this.#core.watch(this.#descriptor, EPOLLOUT, this.#number, this.#tag);
  }

  #unwatch(): void {
    if (!this.#watched) return;
    this.#watched = false;
    this.#core.unwatch(this.#descriptor);
  }

  #end(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#descriptor >= 0) close(this.#descriptor);
  }
}
