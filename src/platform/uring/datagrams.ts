/**
 * Datagrams to one destination: log lines. They never wait for the target (MSG_DONTWAIT), so that what is submitted leaves with
 * the turn and completes in order; a line that the target does not take is dropped and counted.
 *
 * UDP costs the kernel its way through the stack per send, not per datagram: several that lie behind each other in memory go
 * out as one send that the kernel cuts (UDP_SEGMENT, udp(7)), as long as each has the length of the first, but for the
 * last, which may be shorter. So a busy turn's lines are held for the next ones (host.ts decides how long). A send of several that
 * fails is tried again line by line; when cutting is what the kernel refuses, it is not tried again.
 * It must not know what the lines say.
 */
import type { Block } from '../../base/memory.ts';
import type { DatagramSender, SentHandler } from '../contract.ts';
import { EINVAL, EIO, EMSGSIZE, EOPNOTSUPP } from '../errno.ts';
import { type Mapping, unmap } from '../ffi.ts';
import { mapAnonymous } from '../mapping.ts';
import { NO_SLICE } from '../slices.ts';
import type { UringCore } from './core.ts';

const OP_SENDMSG = 9;
const OP_SEND = 26;
/** MSG_DONTWAIT | MSG_NOSIGNAL. */
const FLAGS = 0x40 | 0x4000;
/** Lines that may wait: a power of two. */
const QUEUE = 1024;
/** Lines that are held at most; a kernel cuts a send into 64 at most, later ones into 128. */
const MOST_HELD = 32;
/** A longer line goes alone: the send of several must not need fragments on any usual way (IPv6's least MTU is 1280). */
const LONGEST_SEGMENT = 1200;
/** Sends of several that may be under way at once. */
const HEADERS = 32;
/** A msghdr, its iovec and a control message, in words of four bytes. */
const HEADER_WORDS = 24;
const IOVEC = 14;
const CONTROL = 18;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

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
  /** Whether several lines may leave as one send. */
  #cuts: boolean;
  /** What the kernel reads about such sends, a place of HEADER_WORDS each. */
  #headers: Mapping | null = null;
  #headerWords: Int32Array = new Int32Array(0);
  #nextHeader = 0;
  #headersUsed = 0;
  #firstHeld = NO_SLICE;
  #lastHeld = NO_SLICE;
  /** Sends under way, in their order: the first line of each, and how many. */
  readonly #places = new Int32Array(QUEUE);
  readonly #counts = new Uint8Array(QUEUE);
  #firstSend = 0;
  #sends = 0;
  /** Lines that are held or under way. */
  #waiting = 0;
  #closing = false;
  #abandoned = false;

  /**
   * @param descriptor its own; -1: nowhere, everything is dropped
   * @param cuts whether the socket is one of UDP
   */
  constructor(core: UringCore, handler: SentHandler, descriptor: number, cuts: boolean, number: number, tag: number) {
    this.#core = core;
    this.#handler = handler;
    this.#descriptor = descriptor;
    this.#number = number;
    this.#tag = tag;
    this.#cuts = cuts && descriptor >= 0;
    if (this.#cuts) this.#describe(mapAnonymous(HEADERS * HEADER_WORDS * 4));
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
    if (!this.#cuts) {
      this.#sendOne(place);
      return false;
    }
    if (this.held === 0) this.#firstHeld = place;
    else slices.next[this.#lastHeld] = place;
    this.#lastHeld = place;
    if (++this.held >= MOST_HELD) this.flush();
    return false;
  }

  /** Submits what is held. */
  flush(): void {
    const { slices } = this.#core;
    let place = this.#firstHeld;
    while (this.held > 0) {
      const count = this.#groupAt(place);
      let next = place;
      for (let passed = 0; passed < count; passed++) next = slices.next[next] as number;
      if (count > 1) this.#sendMany(place, count);
      else this.#sendOne(place);
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

  /** The host stops: what is held leaves with its last turn, nobody waits for it. */
  abandon(): void {
    this.flush();
    this.#closing = this.#abandoned = true;
    for (let at = 0; at < this.#sends; at++) this.#pop(this.#sendAt(at), this.#counts[(this.#firstSend + at) & (QUEUE - 1)] as number);
    if (!this.busy) this.#end();
    else this.#shut();
  }

  complete(result: number): void {
    const at = this.#firstSend;
    const place = this.#places[at] as number;
    const count = this.#counts[at] as number;
    this.#firstSend = (at + 1) & (QUEUE - 1);
    this.#sends--;
    if (count > 1) this.#headersUsed--;
    if (!this.#abandoned) {
      if (result < 0 && count > 1) this.#separate(place, count, result);
      else {
        if (result < 0) this.dropped++;
        this.#pop(place, count);
      }
    }
    if (this.#sends === 0 && this.#closing) this.#end();
  }

  /** How many lines from `first` on may be cut from one send. */
  #groupAt(first: number): number {
    const { block, start, end, next } = this.#core.slices;
    const length = (end[first] as number) - (start[first] as number);
    if (!this.#cuts || length > LONGEST_SEGMENT || this.#headersUsed === HEADERS) return 1;
    let last = first;
    let count = 1;
    while (count < this.held) {
      const place = next[last] as number;
      const from = start[place] as number;
      const size = (end[place] as number) - from;
      if (from !== end[last] || block[place] !== block[first] || size > length) break;
      last = place;
      count++;
      if (size < length) break;
    }
    return count;
  }

  #sendOne(place: number): void {
    const core = this.#core;
    const start = core.slices.start[place] as number;
    const length = (core.slices.end[place] as number) - start;
    const at = core.entry(OP_SEND, this.#descriptor, start, length, this.#number, this.#tag);
    core.ring.entries[at + 7] = FLAGS;
    this.#remember(place, 1);
  }

  /** `count` lines from `place` on, which lie behind each other. */
  #sendMany(place: number, count: number): void {
    const { slices, ring } = this.#core;
    const start = slices.start[place] as number;
    let last = place;
    for (let passed = 1; passed < count; passed++) last = slices.next[last] as number;
    const header = this.#nextHeader;
    this.#nextHeader = (header + 1) % HEADERS;
    this.#headersUsed++;
    const words = this.#headerWords;
    const first = header * HEADER_WORDS;
    this.#core.writeAddress(words, first + IOVEC, start);
    words[first + IOVEC + 2] = (slices.end[last] as number) - start;
    words[first + CONTROL + 4] = (slices.end[place] as number) - start;
    const address = Number((this.#headers as Mapping).pointer) + first * 4;
    const at = ring.entry(OP_SENDMSG, this.#descriptor, address, Math.floor(address / 2 ** 32), 1, this.#number, this.#tag);
    ring.entries[at + 7] = FLAGS;
    this.#remember(place, count);
  }

  #remember(place: number, count: number): void {
    const at = (this.#firstSend + this.#sends++) & (QUEUE - 1);
    this.#places[at] = place;
    this.#counts[at] = count;
  }

  #sendAt(index: number): number {
    return this.#places[(this.#firstSend + index) & (QUEUE - 1)] as number;
  }

  /** A send of several failed: each line has its own try. */
  #separate(first: number, count: number, result: number): void {
    if (result === -EINVAL || result === -EMSGSIZE || result === -EIO || result === -EOPNOTSUPP) this.#cuts = false;
    let place = first;
    for (let left = count; left > 0; left--) {
      const next = this.#core.slices.next[place] as number;
      this.#sendOne(place);
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

  #describe(headers: Mapping): void {
    this.#headers = headers;
    const words = new Int32Array(headers.buffer);
    this.#headerWords = words;
    for (let header = 0; header < HEADERS; header++) {
      const first = header * HEADER_WORDS;
      const address = Number(headers.pointer) + first * 4;
      putPointer(words, first + 4, address + IOVEC * 4);
      words[first + 6] = 1;
      putPointer(words, first + 8, address + CONTROL * 4);
      words[first + 10] = (HEADER_WORDS - CONTROL) * 4;
      // Length of the control message without its padding: 16 bytes and a number of two.
      words[first + CONTROL] = 18;
      words[first + CONTROL + 2] = SOL_UDP;
      words[first + CONTROL + 3] = UDP_SEGMENT;
    }
  }

  #shut(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#descriptor >= 0) this.#core.closeDescriptor(this.#descriptor);
  }

  /** Nothing is under way any more. */
  #end(): void {
    this.#shut();
    if (this.#headers !== null) unmap(this.#headers);
    this.#headers = null;
  }
}

function putPointer(words: Int32Array, at: number, address: number): void {
  words[at] = address;
  words[at + 1] = Math.floor(address / 2 ** 32);
}
