/**
 * Datagrams to one destination: log lines. Those of UDP wait for the end of the turn, when all that may leave together do
 * (segments.ts); others are sent at once. What the target does not take now waits in order; what finds the queue full is
 * dropped and counted. A send of several that fails is tried again line by line, a line may have a second
 * try (`mayTryAgain`). It must not know what the lines say.
 */
import { Family, type SocketAddress } from '../../base/address.ts';
import type { Block } from '../../base/memory.ts';
import type { DatagramSender, SentHandler, Task } from '../contract.ts';
import { EAGAIN, ECONNREFUSED, EINTR } from '../errno.ts';
import { close, errno, sendmsg, write } from '../ffi.ts';
import { isNoCutting, linesTogether, MOST_TOGETHER, SegmentHeaders } from '../segments.ts';
import { NO_SLICE } from '../slices.ts';
import { mayTryAgain } from '../sockets.ts';
import type { EpollCore } from './core.ts';

/** EPOLLOUT, level-triggered, watched only while the target takes nothing. */
const EPOLLOUT = 4;
/** Lines that may wait. */
const QUEUE = 1024;

export class EpollDatagrams implements DatagramSender, Task {
  dropped = 0;
  queued = false;
  closed = false;
  readonly #core: EpollCore;
  readonly #handler: SentHandler;
  readonly #descriptor: number;
  readonly #number: number;
  readonly #tag: number;
  readonly #header: SegmentHeaders | null;
  /** Address of the memory's first byte. */
  readonly #base: number;
  readonly #address: SocketAddress;
  readonly #udp: boolean;
  /** Whether several lines may leave as one send. */
  #cuts: boolean;
  #first = NO_SLICE;
  #last = NO_SLICE;
  #waiting = 0;
  #watched = false;
  #closing = false;

  /**
   * @param descriptor its own, closed at the end; -1: nowhere, everything is dropped
   * @param address where the descriptor is connected to; over UDP several lines may leave as one send
   */
  constructor(core: EpollCore, handler: SentHandler, descriptor: number, address: SocketAddress, number: number, tag: number) {
    this.#core = core;
    this.#handler = handler;
    this.#descriptor = descriptor;
    this.#number = number;
    this.#tag = tag;
    this.#base = Number(core.pointer(0));
    this.#address = address;
    this.#udp = address.family !== Family.unix;
    this.#cuts = this.#udp && descriptor >= 0;
    this.#header = this.#cuts ? new SegmentHeaders(1) : null;
  }

  send(block: Block, start: number, end: number): boolean {
    if (this.#closing || this.#descriptor < 0 || this.#waiting >= QUEUE) {
      this.dropped++;
      return true;
    }
    if (!this.#cuts && this.#first === NO_SLICE && this.#sendOne(start, end)) return true;
    const { slices } = this.#core;
    const place = slices.take(block, start, end);
    if (this.#first === NO_SLICE) this.#first = place;
    else slices.next[this.#last] = place;
    this.#last = place;
    this.#waiting++;
    if (this.#watched) return false;
    if (!this.#cuts) this.#watch();
    else if (this.#waiting >= MOST_TOGETHER) this.run();
    else this.#core.agenda.later(this);
    return false;
  }

  /** What waits is still sent. */
  close(): void {
    this.#closing = true;
    this.run();
  }

  /** Forgets what the target does not take now: the host stops. */
  abandon(): void {
    this.#closing = true;
    this.run();
    while (this.#first !== NO_SLICE) {
      this.dropped++;
      this.#pop();
    }
    this.#end();
  }

  onEvents(): void {
    this.run();
  }

  /** The turn ends, or the target takes more. */
  run(): void {
    const { slices } = this.#core;
    while (this.#first !== NO_SLICE) {
      const count = this.#cuts ? linesTogether(slices, this.#first, this.#waiting) : 1;
      if (count > 1 && this.#sendMany(count)) this.#popMany(count);
      else if (!this.#sendEach(count)) {
        this.#watch();
        return;
      }
    }
    this.#unwatch();
    if (this.#closing) this.#end();
  }

  /** The first `count` lines, one by one; false: the target takes no more now. */
  #sendEach(count: number): boolean {
    const { slices } = this.#core;
    for (let left = count; left > 0; left--) {
      const place = this.#first;
      if (!this.#sendOne(slices.start[place] as number, slices.end[place] as number)) return false;
      this.#pop();
    }
    return true;
  }

  /** Sends a line, or drops it if it fails; false: it has to wait. */
  #sendOne(start: number, end: number): boolean {
    for (let again = false; ; ) {
      if (write(this.#descriptor, this.#core.pointer(start), end - start) >= 0) return true;
      const code = errno();
      if (code === EAGAIN) return false;
      if (code === EINTR) continue;
      again = !again && mayTryAgain(this.#descriptor, this.#address, code);
      // Over UDP the refused line is an earlier one: that is lost.
      if (!again || (this.#udp && code === ECONNREFUSED)) this.dropped++;
      if (!again) return true;
    }
  }

  /** The first `count` lines in one send; false: each is to have its own try. */
  #sendMany(count: number): boolean {
    const header = this.#header as SegmentHeaders;
    header.describe(0, this.#base, this.#core.slices, this.#first, count);
    if (sendmsg(this.#descriptor, header.pointer, 0) >= 0) return true;
    if (isNoCutting(errno())) this.#cuts = false;
    return false;
  }

  #popMany(count: number): void {
    for (let left = count; left > 0; left--) this.#pop();
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
    this.#header?.close();
  }
}
