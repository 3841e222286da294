/**
 * Datagrams to one destination: log lines. They never wait for the target (MSG_DONTWAIT), so that what is submitted leaves with
 * the turn and completes in order; a line that the target does not take is dropped and counted.
 *
 * UDP costs the kernel its way through the stack per send, not per datagram, so lines that may leave together do (segments.ts), and
 * a busy turn's lines are held for those of the next ones (host.ts decides how long). A send of several that fails is tried again
 * line by line, behind what was sent meanwhile; when cutting is what the kernel refuses, it is not tried again. A line may
 * have a second try (`mayTryAgain`). It must not know what the lines say.
 */
import { Family, type SocketAddress } from '../../base/address.ts';
import type { Block } from '../../base/memory.ts';
import type { DatagramSender, SentHandler } from '../contract.ts';
import { ECONNREFUSED } from '../errno.ts';
import { isNoCutting, linesTogether, MOST_TOGETHER, SegmentHeaders } from '../segments.ts';
import { NO_SLICE } from '../slices.ts';
import { mayTryAgain } from '../sockets.ts';
import type { UringCore } from './core.ts';

const OP_SENDMSG = 9;
const OP_SEND = 26;
/** MSG_DONTWAIT | MSG_NOSIGNAL. */
const FLAGS = 0x40 | 0x4000;
/** Lines that may wait: a power of two. */
const QUEUE = 1024;
/** Sends of several that may be under way at once. */
const HEADERS = 32;
/** Instead of the count of a send: one line, its second try. */
const SECOND = 0;

export class UringDatagrams implements DatagramSender {
  dropped = 0;
  closed = false;
  /** Lines that are not submitted yet. */
  held = 0;
  readonly #core: UringCore;
  readonly #handler: SentHandler;
  readonly #descriptor: number;
  readonly #number: number;
  readonly #tag: number;
  readonly #address: SocketAddress;
  readonly #udp: boolean;
  /** Whether several lines may leave as one send. */
  #cuts: boolean;
  readonly #headers: SegmentHeaders | null;
  #nextHeader = 0;
  #headersUsed = 0;
  #firstHeld = NO_SLICE;
  #lastHeld = NO_SLICE;
  /** Sends under way, in their order: the first line of each, and how many, or SECOND. */
  readonly #places = new Int32Array(QUEUE);
  readonly #counts = new Uint8Array(QUEUE);
  #firstSend = 0;
  #sends = 0;
  /** Lines that are held or under way. */
  #waiting = 0;
  #closing = false;

  /**
   * @param descriptor its own; -1: nowhere, everything is dropped
   * @param address where the descriptor is connected to; over UDP several lines may leave as one send
   */
  constructor(core: UringCore, handler: SentHandler, descriptor: number, address: SocketAddress, number: number, tag: number) {
    this.#core = core;
    this.#handler = handler;
    this.#descriptor = descriptor;
    this.#number = number;
    this.#tag = tag;
    this.#address = address;
    this.#udp = address.family !== Family.unix;
    this.#cuts = this.#udp && descriptor >= 0;
    this.#headers = this.#cuts ? new SegmentHeaders(HEADERS) : null;
  }

  /** Whether operations are under way. */
  get busy(): boolean {
    return this.#sends > 0;
  }

  send(block: Block, start: number, end: number): boolean {
    if (this.#closing || this.#descriptor < 0 || this.#waiting >= QUEUE) {
      this.dropped++;
      return true;
    }
    const { slices } = this.#core;
    const place = slices.take(block, start, end);
    this.#waiting++;
    // Also when cutting was refused meanwhile, what is held goes first.
    if (!this.#cuts && this.held === 0) {
      this.#sendOne(place, 1);
      return false;
    }
    if (this.held === 0) this.#firstHeld = place;
    else slices.next[this.#lastHeld] = place;
    this.#lastHeld = place;
    if (++this.held >= MOST_TOGETHER) this.flush();
    return false;
  }

  /** Submits what is held. */
  flush(): void {
    const { slices } = this.#core;
    let place = this.#firstHeld;
    while (this.held > 0) {
      const count = this.#cuts && this.#headersUsed < HEADERS ? linesTogether(slices, place, this.held) : 1;
      let next = place;
      for (let passed = 0; passed < count; passed++) next = slices.next[next] as number;
      if (count > 1) this.#sendMany(place, count);
      else this.#sendOne(place, 1);
      this.held -= count;
      place = next;
    }
    this.#firstHeld = this.#lastHeld = NO_SLICE;
  }

  /** What waits is still sent, then the socket is closed. */
  close(): void {
    if (this.#closing) return;
    this.flush();
    this.#closing = true;
    if (!this.busy) this.#end();
  }

  /** The host stops: its last turns send what is held, so a block goes back no sooner than its lines were read. */
  abandon(): void {
    this.close();
  }

  complete(result: number): void {
    const at = this.#firstSend;
    const place = this.#places[at] as number;
    const count = this.#counts[at] as number;
    this.#firstSend = (at + 1) & (QUEUE - 1);
    this.#sends--;
    if (count > 1) this.#headersUsed--;
    if (result < 0 && count > 1) this.#separate(place, count, result);
    else this.#completed(place, count, result);
    if (this.#sends === 0 && this.#closing) this.#end();
  }

  /** A line by itself, or several that have left. */
  #completed(place: number, count: number, result: number): void {
    const again = result < 0 && count === 1 && mayTryAgain(this.#descriptor, this.#address, -result);
    // Over UDP the refused line is an earlier one: that is lost.
    if (result < 0 && (!again || (this.#udp && result === -ECONNREFUSED))) this.dropped++;
    if (again) this.#sendOne(place, SECOND);
    else this.#pop(place, count === SECOND ? 1 : count);
  }

  /** @param count 1, or SECOND */
  #sendOne(place: number, count: number): void {
    const core = this.#core;
    const start = core.slices.start[place] as number;
    const length = (core.slices.end[place] as number) - start;
    const at = core.entry(OP_SEND, this.#descriptor, start, length, this.#number, this.#tag);
    core.ring.entries[at + 7] = FLAGS;
    this.#remember(place, count);
  }

  /** `count` lines from `place` on, which lie behind each other. */
  #sendMany(place: number, count: number): void {
    const core = this.#core;
    const { slices, ring } = core;
    const header = this.#nextHeader;
    this.#nextHeader = (header + 1) % HEADERS;
    this.#headersUsed++;
    const address = (this.#headers as SegmentHeaders).describe(header, core.base, slices, place, count);
    const at = ring.entry(OP_SENDMSG, this.#descriptor, address, Math.floor(address / 2 ** 32), 1, this.#number, this.#tag);
    ring.entries[at + 7] = FLAGS;
    this.#remember(place, count);
  }

  #remember(place: number, count: number): void {
    const at = (this.#firstSend + this.#sends++) & (QUEUE - 1);
    this.#places[at] = place;
    this.#counts[at] = count;
  }

  /** A send of several failed: each line has its own try. */
  #separate(first: number, count: number, result: number): void {
    if (isNoCutting(-result)) this.#cuts = false;
    let place = first;
    for (let left = count; left > 0; left--) {
      const next = this.#core.slices.next[place] as number;
      this.#sendOne(place, 1);
      place = next;
    }
  }

  /** `count` lines from `first` on are done with. */
  #pop(first: number, count: number): void {
    const { slices } = this.#core;
    let place = first;
    for (let left = count; left > 0; left--) {
      const block = slices.block[place] as number;
      place = slices.give(place);
      this.#waiting--;
      this.#handler.onBlockSent(block);
    }
  }

  /** Nothing is under way any more. */
  #end(): void {
    this.closed = true;
    if (this.#descriptor >= 0) this.#core.closeDescriptor(this.#descriptor);
    this.#headers?.close();
  }
}
