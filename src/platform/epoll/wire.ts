/**
 * A connected socket on epoll, edge-triggered: registered once for both directions, so that neither pausing nor waiting
 * to send costs a call. What `send` cannot place at once waits in a line for the next edge. A receive that does not
 * fill its block has emptied the socket (epoll(7)). Records are pooled; each use has a generation of its own, so a late event
 * never reaches a successor. It must not know protocols or timeouts.
 */
import type { SocketAddress } from '../../base/address.ts';
import { BLOCK_SIZE, type Block, HEADROOM, NO_BLOCK, TAILROOM } from '../../base/memory.ts';
import { Close, type CloseReason, type Task, type TcpFigureValue, type Wire, type WireHandler, type WireOptionValue } from '../contract.ts';
import { EAGAIN, EINPROGRESS, EINTR } from '../errno.ts';
import { close, connect, errno, read, shutdown, write } from '../ffi.ts';
import { nobody } from '../nobody.ts';
import { connectFailure } from '../reasons.ts';
import { NO_SLICE } from '../slices.ts';
import { localAddress, measure, peerAddress, resetOnClose, savedSyn, setWireOption, silence, socketError } from '../socketinfo.ts';
import type { EpollCore } from './core.ts';

const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;
const EPOLLHUP = 16;
const EPOLLRDHUP = 0x2000;
const EPOLLET = 1 << 31;
const WATCHED = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
const ENDING = EPOLLERR | EPOLLHUP | EPOLLRDHUP;

const RECEIVE_BYTES = BLOCK_SIZE - HEADROOM - TAILROOM;
const SHUT_WR = 1;
/** The high half of an event's user data; other kinds of events have negative ones. */
const GENERATIONS = 0x7fffffff;

/** Told of wires that found no block to receive into. */
export interface Hungry {
  starve(wire: EpollWire): void;
}

export class EpollWire implements Wire, Task {
  handler: WireHandler = nobody;
  hasMore = false;
  unsent = 0;
  descriptor = -1;
  queued = false;
  tag = 0;
  readonly #core: EpollCore;
  readonly #hungry: Hungry;
  readonly #index: number;
  #connecting = false;
  #paused = false;
  /** The socket may have something to read. */
  #readable = false;
  /** An end or an error was seen: reading goes on until it is met. */
  #ending = false;
  #starving = false;
  /** onEnd was delivered. */
  #ended = false;
  #finishing = false;
  /** The sending side has failed: what is sent goes nowhere; reading goes on until it ends too. */
  #broken = false;
  /** Its end has begun, or it has no life: whoever still calls it changes nothing. */
  #closing = true;
  #reset = false;
  #reason: CloseReason = Close.end;
  #sendFirst = NO_SLICE;
  #sendLast = NO_SLICE;

  /** @param index its number; -1 for one that never was opened and only reports its end */
  constructor(core: EpollCore, hungry: Hungry, index: number) {
    this.#core = core;
    this.#hungry = hungry;
    this.#index = index;
  }

  // Called by the host.

  accepted(descriptor: number): void {
    this.#begin(descriptor);
  }

  start(handler: WireHandler): void {
    this.handler = handler;
    if (!this.#closing) this.#core.watch(this.descriptor, WATCHED, this.#index, this.tag);
  }

  /** Nobody wants the accepted connection. */
  refuse(): void {
    close(this.descriptor);
    this.#end();
  }

  /** Begins to connect to the address of `length` bytes in the core. */
  connect(descriptor: number, handler: WireHandler, length: number): void {
    this.#begin(descriptor);
    this.handler = handler;
    if (connect(descriptor, this.#core.addressPointer, length) < 0) {
      const code = errno();
      if (code !== EINPROGRESS && code !== EINTR) {
        this.#close(connectFailure(code));
        return;
      }
    }
    this.#connecting = true;
    this.#core.watch(descriptor, WATCHED, this.#index, this.tag);
  }

  /** Ends a wire that could not even begin; onClose follows at the end of the turn. */
  fail(descriptor: number, handler: WireHandler, reason: CloseReason): void {
    this.#begin(descriptor);
    this.handler = handler;
    this.#close(reason);
  }

  onEvents(mask: number): void {
    if (this.#closing) return;
    if (this.#connecting) this.#connected();
    else if ((mask & EPOLLOUT) !== 0 && this.#sendFirst !== NO_SLICE) this.#flush();
    if ((mask & ENDING) !== 0) this.#ending = true;
    if ((mask & (EPOLLIN | ENDING)) === 0) return;
    this.#readable = true;
    this.#receive();
  }

  /** There are blocks again. */
  feed(): void {
    this.#starving = false;
    this.#receive();
  }

  /** A late event: the close, a failed send, or more to read. */
  run(): void {
    if (this.#closing) this.#settle();
    else if (this.#broken && (this.#ended || this.#sendFirst !== NO_SLICE)) this.#breakSending();
    else this.#receive();
  }

  // The contract.

  send(block: Block, start: number, end: number): boolean {
    if (this.#finishing || this.#closing || this.#broken) return true;
    let from = start;
    if (this.#sendFirst === NO_SLICE && !this.#connecting) {
      from += this.#place(start, end - start);
      if (from >= end || this.#broken) return true;
    }
    const { slices } = this.#core;
    const place = slices.take(block, from, end);
    if (this.#sendFirst === NO_SLICE) this.#sendFirst = place;
    else slices.next[this.#sendLast] = place;
    this.#sendLast = place;
    this.unsent++;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused || this.#closing) return;
    this.#paused = false;
    if (this.#readable) this.#core.agenda.later(this);
  }

  finish(): void {
    if (this.#finishing || this.#closing) return;
    this.#finishing = true;
    if (this.#sendFirst === NO_SLICE && !this.#connecting) this.#halfClose();
  }

  destroy(reset: boolean): void {
    if (reset && (!this.#closing || this.#reason === Close.local)) this.#reset = true;
    this.#close(Close.local);
  }

  silence(ttl: number): void {
    silence(this.descriptor, ttl);
  }

  setOption(option: WireOptionValue, value: number): boolean {
    return setWireOption(this.descriptor, option, value);
  }

  measure(figure: TcpFigureValue): number {
    return measure(this.descriptor, figure);
  }

  savedSyn(into: Uint8Array, at: number, most: number): number {
    return savedSyn(this.descriptor, into, at, most);
  }

  peerAddress(into: SocketAddress): boolean {
    return peerAddress(this.descriptor, into);
  }

  localAddress(into: SocketAddress): boolean {
    return localAddress(this.descriptor, into);
  }

  // Receiving.

  /** One receive; more follow at the end of the turn, so that a fast peer does not keep the others waiting. */
  #receive(): void {
    if (!this.#readable || this.#paused || this.#closing || this.#ended || this.#starving || this.#connecting) return;
    const core = this.#core;
    const block = core.takeBlock();
    if (block === NO_BLOCK) {
      core.exhausted++;
      this.#starving = true;
      this.#hungry.starve(this);
      return;
    }
    const count = read(this.descriptor, core.receivePointer(block), RECEIVE_BYTES);
    if (count <= 0) {
      const code = count < 0 ? errno() : 0;
      core.giveBlock(block);
      this.#receivedNone(code);
      return;
    }
    this.#readable = count === RECEIVE_BYTES || this.#ending;
    this.hasMore = this.#readable;
    const start = core.memory.dataStart(block);
    if (!this.handler.onData(this, block, start, start + count)) core.giveBlock(block);
    if (this.#readable && !this.#paused && !this.#closing) core.agenda.later(this);
  }

  #receivedNone(code: number): void {
    if (code === EAGAIN) this.#readable = false;
    else if (code === EINTR) this.#core.agenda.later(this);
    else if (code !== 0 || this.#broken) this.#close(Close.reset);
    else {
      this.#ended = true;
      this.handler.onEnd(this);
      if (this.#finishing && this.#sendFirst === NO_SLICE) this.#close(Close.end);
    }
  }

  // Sending.

  /** Sends what the socket takes at once and returns the number of bytes. */
  #place(start: number, length: number): number {
    if (length === 0) return 0;
    const count = write(this.descriptor, this.#core.pointer(start), length);
    if (count >= 0) return count;
    const code = errno();
    if (code !== EAGAIN && code !== EINTR) {
      // Its end is there to be read now, behind what the peer sent before.
      this.#broken = true;
      this.#readable = true;
      this.#ending = true;
      this.#core.agenda.later(this);
    }
    return 0;
  }

  #flush(): void {
    const { slices } = this.#core;
    while (this.#sendFirst !== NO_SLICE && !this.#closing) {
      const place = this.#sendFirst;
      const end = slices.end[place] as number;
      const from = (slices.start[place] as number) + this.#place(slices.start[place] as number, end - (slices.start[place] as number));
      slices.start[place] = from;
      if (from < end) return;
      const block = slices.block[place] as number;
      this.#sendFirst = slices.give(place);
      this.unsent--;
      this.handler.onSent(this, block);
    }
    if (this.#finishing && this.#sendFirst === NO_SLICE && !this.#broken) this.#halfClose();
  }

  /** The peer takes no more. What it sent before may still be read; its end follows by itself. */
  #breakSending(): void {
    this.#returnUnsent();
    if (this.#ended) this.#close(Close.reset);
    else this.#receive();
  }

  #returnUnsent(): void {
    const { slices } = this.#core;
    while (this.#sendFirst !== NO_SLICE) {
      const block = slices.block[this.#sendFirst] as number;
      this.#sendFirst = slices.give(this.#sendFirst);
      this.unsent--;
      this.handler.onSent(this, block);
    }
  }

  #halfClose(): void {
    if (this.#closing) return;
    if (this.#ended) this.#close(Close.end);
    else shutdown(this.descriptor, SHUT_WR);
  }

  // Opening and closing.

  #connected(): void {
    const code = socketError(this.descriptor);
    if (code !== 0) {
      this.#close(connectFailure(code));
      return;
    }
    this.#connecting = false;
    this.handler.onOpen(this);
    if (this.#closing) return;
    if (this.#sendFirst !== NO_SLICE) this.#flush();
    else if (this.#finishing) this.#halfClose();
  }

  #close(reason: CloseReason): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#reason = reason;
    this.#core.agenda.later(this);
  }

  /** Blocks go back, the descriptor closes, the last event is told. */
  #settle(): void {
    this.#returnUnsent();
    if (this.descriptor >= 0) {
      if (this.#reset) resetOnClose(this.descriptor);
      close(this.descriptor);
    }
    this.handler.onClose(this, this.#reason);
    this.#end();
  }

  /** Makes the record as new. */
  #begin(descriptor: number): void {
    this.descriptor = descriptor;
    this.tag = (this.tag + 1) % GENERATIONS;
    this.#connecting = false;
    this.#paused = false;
    this.#readable = false;
    this.#ending = false;
    this.#starving = false;
    this.#ended = false;
    this.#finishing = false;
    this.#broken = false;
    this.#closing = false;
    this.#reset = false;
  }

  /** Gives the record back. */
  #end(): void {
    this.handler = nobody;
    this.descriptor = -1;
    this.#closing = true;
    // An event of this life that the same wait has brought no longer matches.
    this.tag = (this.tag + 1) % GENERATIONS;
    if (this.#index >= 0) this.#core.giveIndex(this.#index);
  }
}
