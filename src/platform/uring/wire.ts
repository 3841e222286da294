/**
 * A connected socket on io_uring. Records are pooled: one is used again only after every operation of its connection
 * has completed, and each use has a generation of its own, so a late completion never reaches a successor.
 *
 * Receiving: a receive stays armed for many completions (multishot) while receives are small. An accepted connection's
 * first one is armed once: if it carries one request and closes, nothing has to be cancelled. `pause` cancels
 * nothing by itself; only data that arrives while paused does, and from then on receives are armed one by one
 * as long as they are large. It must not know protocols or timeouts.
 */
import type { SocketAddress } from '../../base/address.ts';
import { BLOCK_SIZE, type Block, NO_BLOCK } from '../../base/memory.ts';
import { Close, type CloseReason, type Task, type TcpFigureValue, type Wire, type WireHandler, type WireOptionValue } from '../contract.ts';
import { EAGAIN, ECANCELED, EINTR, ENOBUFS } from '../errno.ts';
import { shutdown } from '../ffi.ts';
import { nobody } from '../nobody.ts';
import { connectFailure } from '../reasons.ts';
import { NO_SLICE } from '../slices.ts';
import { SOCKADDR_BYTES } from '../sockaddr.ts';
import { localAddress, measure, peerAddress, resetOnClose, savedSyn, setWireOption, silence } from '../socketinfo.ts';
import { BUFFER_GROUP } from './buffers.ts';
import { KIND_BITS, type UringCore } from './core.ts';

/** Kinds of a wire's completions: the low bits of the user data's second word. Kinds above are not a wire's. */
const RECEIVED = 1;
const SENT = 2;
const CONNECTED = 3;
export const LAST_WIRE_KIND = 3;
const KIND_MASK = (1 << KIND_BITS) - 1;
const GENERATIONS = 1 << (31 - KIND_BITS);

const OP_CONNECT = 16;
const OP_SEND = 26;
/** IORING_OP_RECV with IOSQE_BUFFER_SELECT; IORING_RECV_MULTISHOT and IORING_RECVSEND_POLL_FIRST in ioprio. */
const RECEIVE_ONCE = 27 | (0x20 << 8);
const RECEIVE_MANY = RECEIVE_ONCE | (2 << 16);
const POLL_FIRST = 1 << 16;
/** MSG_NOSIGNAL | MSG_WAITALL: the kernel goes on after a partial send. */
const SEND_FLAGS = 0x4000 | 0x100;
/** MSG_MORE: the next slice follows at once, so a segment may wait to be filled. */
const SEND_MORE = SEND_FLAGS | 0x8000;
const F_BUFFER = 1;
const F_MORE = 2;
const F_SOCK_NONEMPTY = 4;
const SHUT_WR = 1;
/** A receive below this ends bulk mode. */
const SMALL_RECEIVE = BLOCK_SIZE >> 2;

/** What waits behind held data. */
const END_NONE = 0;
const END_OF_INPUT = 1;
const END_BROKEN = 2;

export class UringWire implements Wire, Task {
  handler: WireHandler = nobody;
  hasMore = false;
  unsent = 0;
  descriptor = -1;
  queued = false;
  readonly #core: UringCore;
  readonly #index: number;
  #tag = 0;
  #connecting = false;
  #paused = false;
  /** A receive is armed; `many`: for many completions; `cancelled`: its cancellation is under way. */
  #receiving = false;
  #many = false;
  #cancelled = false;
  #starving = false;
  /** The core has it in its list of the starving, perhaps from a former life. */
  #listed = false;
  /** The next receive is armed once. */
  #once = false;
  /** The socket has probably no data: a try before waiting would be wasted. */
  #pollFirst = false;
  #sending = false;
  #sendFirst = NO_SLICE;
  #sendLast = NO_SLICE;
  #heldFirst = NO_SLICE;
  #heldLast = NO_SLICE;
  #heldEnd = END_NONE;
  /** onEnd was delivered, or never will be. */
  #ended = false;
  #finishing = false;
  /** The sending side has failed: what is sent goes nowhere; reading goes on until it ends too. */
  #broken = false;
  /** Its end has begun, or it has no life: whoever still calls it changes nothing. */
  #closing = true;
  #reset = false;
  #reason: CloseReason = Close.end;

  /** @param index its number; -1 for one that never was opened and only reports its end */
  constructor(core: UringCore, index: number) {
    this.#core = core;
    this.#index = index;
  }

  // Called by the host.

  /** Begins a connection's life on an accepted descriptor. `start` follows, or `refuse`. */
  accepted(descriptor: number): void {
    this.#begin(descriptor);
    this.#once = true;
  }

  /** Starts receiving on an accepted wire. */
  start(handler: WireHandler): void {
    this.handler = handler;
    this.#arm();
  }

  /** Nobody wants the accepted connection. */
  refuse(): void {
    this.#core.closeDescriptor(this.descriptor);
    this.#end();
  }

  /** Begins to connect; the address lies in the wire's place of the core's addresses. */
  connect(descriptor: number, handler: WireHandler, length: number): void {
    this.#begin(descriptor);
    this.handler = handler;
    this.#connecting = true;
    this.#pollFirst = true;
    const address = Number(this.#core.addresses.pointer) + this.#index * SOCKADDR_BYTES;
    const { ring } = this.#core;
    const at = ring.entry(OP_CONNECT, descriptor, address, Math.floor(address / 2 ** 32), 0, this.#index, this.#tag | CONNECTED);
    ring.entries[at + 2] = length;
  }

  /** Ends a wire that could not even begin; onClose follows at the end of the turn. */
  fail(descriptor: number, handler: WireHandler, reason: CloseReason): void {
    this.#begin(descriptor);
    this.handler = handler;
    this.#close(reason);
  }

  /** A completion with this wire's number. */
  complete(word: number, result: number, flags: number): void {
    if ((word & ~KIND_MASK) !== this.#tag) {
      this.#core.stale++;
      if ((flags & F_BUFFER) !== 0) this.#reoffer(flags >>> 16);
      return;
    }
    switch (word & KIND_MASK) {
      case RECEIVED:
        this.#received(result, flags);
        return;
      case SENT:
        this.#sent(result);
        return;
      case CONNECTED:
        this.#connected(result);
    }
  }

  /** There are blocks again. */
  feed(): void {
    this.#listed = false;
    if (!this.#starving) return;
    this.#starving = false;
    this.#arm();
  }

  /** A late event: the close, or data held while paused. */
  run(): void {
    if (this.#closing) this.#settle();
    else this.#deliverHeld();
  }

  // The contract.

  send(block: Block, start: number, end: number): boolean {
    if (this.#finishing || this.#closing || this.#broken) return true;
    const { slices } = this.#core;
    const place = slices.take(block, start, end);
    if (this.#sendFirst === NO_SLICE) this.#sendFirst = place;
    else slices.next[this.#sendLast] = place;
    this.#sendLast = place;
    this.unsent++;
    if (!this.#sending && !this.#connecting) this.#transmit();
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused || this.#closing) return;
    this.#paused = false;
    if (this.#heldFirst !== NO_SLICE || this.#heldEnd !== END_NONE) this.#core.agenda.later(this);
    else this.#arm();
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

  #arm(): void {
    if (this.#receiving || this.#paused || this.#closing || this.#ended || this.#starving || this.#connecting) return;
    const many = !this.#once;
    const { ring } = this.#core;
    let head = many ? RECEIVE_MANY : RECEIVE_ONCE;
    if (this.#pollFirst) head |= POLL_FIRST;
    const at = ring.entry(head, this.descriptor, 0, 0, 0, this.#index, this.#tag | RECEIVED);
    ring.entries[at + 10] = BUFFER_GROUP;
    this.#pollFirst = false;
    this.#receiving = true;
    this.#cancelled = false;
    this.#many = many;
  }

  #received(result: number, flags: number): void {
    if ((flags & F_MORE) === 0) this.#receiving = false;
    let block = NO_BLOCK;
    if ((flags & F_BUFFER) !== 0) {
      block = flags >>> 16;
      this.#core.buffers.used(result);
    }
    if (this.#closing || result <= 0) this.#receivedNone(block, result);
    else if (this.#paused || this.#heldFirst !== NO_SLICE) this.#hold(block, result);
    else {
      this.hasMore = (flags & F_SOCK_NONEMPTY) !== 0;
      this.#pollFirst = !this.hasMore;
      if (this.#once) this.#once = result >= SMALL_RECEIVE;
      const { buffers, memory } = this.#core;
      const start = memory.dataStart(block);
      if (!this.handler.onData(this, block, start, start + result)) buffers.offer(block);
    }
    if (!this.#receiving) this.#arm();
  }

  #receivedNone(block: Block, result: number): void {
    if (block !== NO_BLOCK) this.#core.buffers.offer(block);
    if (this.#closing) this.#drained();
    else if (result === -ENOBUFS) {
      this.#starving = true;
      this.#core.exhausted++;
      if (!this.#listed) this.#core.starve(this.#index);
      this.#listed = true;
    } else if (result === 0) this.#inputEnds(END_OF_INPUT);
    else if (result !== -ECANCELED && result !== -EINTR && result !== -EAGAIN) this.#inputEnds(END_BROKEN);
  }

  /** Data for a paused wire waits here; the kernel is asked to bring no more. */
  #hold(block: Block, length: number): void {
    const { slices, memory } = this.#core;
    const start = memory.dataStart(block);
    const place = slices.take(block, start, start + length);
    if (this.#heldFirst === NO_SLICE) this.#heldFirst = place;
    else slices.next[this.#heldLast] = place;
    this.#heldLast = place;
    if (length >= SMALL_RECEIVE) this.#once = true;
    if (!this.#receiving || !this.#many || this.#cancelled) return;
    this.#cancelled = true;
    this.#core.cancel(this.#index, this.#tag | RECEIVED);
  }

  #inputEnds(end: number): void {
    if (this.#ended) return;
    if (this.#heldFirst !== NO_SLICE || (this.#paused && end === END_OF_INPUT)) this.#heldEnd = end;
    else if (end === END_BROKEN || this.#broken) this.#close(Close.reset);
    else {
      this.#ended = true;
      this.handler.onEnd(this);
      if (this.#finishing && this.#sendFirst === NO_SLICE) this.#close(Close.end);
    }
    this.#ended = true;
  }

  #deliverHeld(): void {
    const { slices, memory } = this.#core;
    while (this.#heldFirst !== NO_SLICE && !this.#paused && !this.#closing) {
      const place = this.#heldFirst;
      const block = slices.block[place] as number;
      const start = slices.start[place] as number;
      const end = slices.end[place] as number;
      this.#heldFirst = slices.give(place);
      this.hasMore = this.#heldFirst !== NO_SLICE || this.#heldEnd !== END_NONE;
      if (!this.handler.onData(this, block, start, end)) memory.give(block);
    }
    if (this.#heldFirst !== NO_SLICE || this.#paused || this.#closing) return;
    if (this.#heldEnd === END_NONE) this.#arm();
    else {
      const end = this.#heldEnd;
      this.#heldEnd = END_NONE;
      this.#ended = false;
      this.#inputEnds(end);
    }
  }

  /** Offers a block again that a completion without an owner brought. */
  #reoffer(block: Block): void {
    this.#core.buffers.used(0);
    this.#core.buffers.offer(block);
  }

  // Sending.

  #transmit(): void {
    const { slices, ring } = this.#core;
    const place = this.#sendFirst;
    const start = slices.start[place] as number;
    const length = (slices.end[place] as number) - start;
    const at = this.#core.entry(OP_SEND, this.descriptor, start, length, this.#index, this.#tag | SENT);
    ring.entries[at + 7] = slices.next[place] === NO_SLICE ? SEND_FLAGS : SEND_MORE;
    this.#sending = true;
  }

  #sent(result: number): void {
    this.#sending = false;
    if (this.#closing) this.#drained();
    else if (result < 0 && result !== -EAGAIN && result !== -EINTR) this.#breakSending();
    else this.#sentBytes(Math.max(result, 0));
  }

  #sentBytes(count: number): void {
    const { slices } = this.#core;
    const place = this.#sendFirst;
    const start = (slices.start[place] as number) + count;
    if (start < (slices.end[place] as number)) {
      slices.start[place] = start;
      this.#transmit();
      return;
    }
    const block = slices.block[place] as number;
    this.#sendFirst = slices.give(place);
    this.unsent--;
    if (this.#sendFirst !== NO_SLICE) this.#transmit();
    this.handler.onSent(this, block);
    if (this.#finishing && this.#sendFirst === NO_SLICE && !this.#closing) this.#halfClose();
  }

  /** The peer takes no more. What it sent before may still be read; its end follows by itself. */
  #breakSending(): void {
    this.#broken = true;
    this.#returnUnsent();
    if (this.#closing) return;
    if (this.#ended && this.#heldFirst === NO_SLICE && this.#heldEnd === END_NONE) this.#close(Close.reset);
    else this.#arm();
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
    if (this.#ended && this.#heldEnd === END_NONE) this.#close(Close.end);
    else shutdown(this.descriptor, SHUT_WR);
  }

  // Opening and closing.

  #connected(result: number): void {
    this.#connecting = false;
    if (this.#closing) this.#drained();
    else if (result < 0) this.#close(connectFailure(-result));
    else this.#opened();
  }

  #opened(): void {
    this.handler.onOpen(this);
    if (this.#closing) return;
    if (this.#sendFirst !== NO_SLICE && !this.#sending) this.#transmit();
    else if (this.#finishing && this.#sendFirst === NO_SLICE) this.#halfClose();
    this.#arm();
  }

  /** Ends the wire: cancels what is under way; onClose follows when it has drained. */
  #close(reason: CloseReason): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#reason = reason;
    if (this.#receiving && !this.#cancelled) this.#core.cancel(this.#index, this.#tag | RECEIVED);
    if (this.#sending) this.#core.cancel(this.#index, this.#tag | SENT);
    if (this.#connecting) this.#core.cancel(this.#index, this.#tag | CONNECTED);
    this.#drained();
  }

  #drained(): void {
    if (!this.#receiving && !this.#sending && !this.#connecting) this.#core.agenda.later(this);
  }

  /** Nothing is under way any more: blocks go back, the descriptor closes, the last event is told. */
  #settle(): void {
    const { slices, memory } = this.#core;
    if (this.#receiving || this.#sending || this.#connecting) return;
    while (this.#heldFirst !== NO_SLICE) {
      memory.give(slices.block[this.#heldFirst] as number);
      this.#heldFirst = slices.give(this.#heldFirst);
    }
    this.#returnUnsent();
    if (this.descriptor >= 0) {
      if (this.#reset) resetOnClose(this.descriptor);
      this.#core.closeDescriptor(this.descriptor);
    }
    this.handler.onClose(this, this.#reason);
    this.#end();
  }

  /** Makes the record as new. */
  #begin(descriptor: number): void {
    this.descriptor = descriptor;
    this.#tag = (((this.#tag >> KIND_BITS) + 1) % GENERATIONS) << KIND_BITS;
    this.#paused = false;
    this.#starving = false;
    this.#once = false;
    this.#pollFirst = false;
    this.#heldEnd = END_NONE;
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
    if (this.#index >= 0) this.#core.giveIndex(this.#index);
  }
}
