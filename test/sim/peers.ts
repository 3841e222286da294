/**
 * Scripted clients and servers of exchanges: they write in pieces with pauses, read slowly, break off where they are
 * told to. What is right is for others to say.
 */
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import type { World } from '../../src/platform/sim/world.ts';
import { type Exchange, join, requestBytes, responseBytes } from './exchange.ts';
import { MessageReader } from './messages.ts';
import type { SimRig } from './rig.ts';

/** How a side breaks off: closing (a reset if bytes are unread), resetting, half-closing, or falling silent. */
export type Break = 'close' | 'reset' | 'end' | 'stall';
export const BREAKS: readonly Break[] = ['close', 'reset', 'end', 'stall'];

export interface Fault {
  readonly kind: Break;
  /** After so many bytes were written. */
  readonly at: number;
}

/** The longest pause between two pieces, ms. */
const PAUSE_MS = 6;

/** Writes bytes in random pieces with pauses; `after` follows. */
export function drip(rig: SimRig, dice: World, peer: SimPeer, bytes: Uint8Array, after: () => void = () => {}): void {
  const whole = dice.chance(3);
  const most = dice.chance(2) ? 40 : 1 + dice.random(bytes.length + 1);
  const next = (from: number): void => {
    if (from >= bytes.length) {
      after();
      return;
    }
    const to = whole ? bytes.length : Math.min(bytes.length, from + 1 + dice.random(bytes.length > 3000 ? bytes.length : most));
    peer.write(bytes.subarray(from, to));
    if (dice.chance(3)) rig.host.world.after(dice.random(PAUSE_MS), () => next(to));
    else next(to);
  };
  next(0);
}

/** Ends a connection in one of the ways. */
export function breakOff(peer: SimPeer, kind: Break): void {
  if (kind === 'close') peer.close();
  else if (kind === 'reset') peer.reset();
  else if (kind === 'end') peer.end();
}

/** Stops reading now and then. */
export function readSlowly(rig: SimRig, dice: World, peer: SimPeer, times: number): void {
  const turn = (left: number): void => {
    if (left === 0) {
      peer.read();
      return;
    }
    if (peer.reading) peer.reading = false;
    else peer.read();
    rig.host.world.after(1 + dice.random(20), () => turn(left - 1));
  };
  if (times > 0) turn(times);
}

export interface ClientOptions {
  readonly pipelined?: boolean;
  readonly fault?: Fault | null;
  /** Pauses in reading. */
  readonly pauses?: number;
}

/** One connection that asks for exchanges in order. */
export class Client {
  readonly peer: SimPeer;
  readonly reader: MessageReader;
  readonly exchanges: readonly Exchange[];
  /** It has broken off by itself. */
  hasBroken = false;
  readonly #rig: SimRig;
  readonly #dice: World;
  readonly #fault: Fault | null;
  #asked = 0;
  #written = 0;
  #writing = false;
  #closed = false;

  constructor(rig: SimRig, dice: World, port: number, exchanges: readonly Exchange[], options: ClientOptions = {}) {
    this.#rig = rig;
    this.#dice = dice;
    this.#fault = options.fault ?? null;
    this.exchanges = exchanges;
    this.peer = rig.host.dial(port);
    this.reader = new MessageReader(this.peer.received, (index) => exchanges[index]?.method ?? 'GET');
    this.peer.onEvent = () => this.#onEvent();
    readSlowly(rig, dice, this.peer, options.pauses ?? 0);
    if (options.pipelined === true) this.#ask(exchanges.length);
    else this.#ask(1);
  }

  /** The connection is over, or all was answered. */
  get isDone(): boolean {
    return this.isOver || this.reader.messages.filter(({ complete }) => complete).length >= this.exchanges.length;
  }

  get isOver(): boolean {
    return this.peer.ended || this.peer.broken || (this.hasBroken && this.#fault?.kind !== 'end' && this.#fault?.kind !== 'stall');
  }

  /** Closes what is still open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.peer.close();
  }

  /** Sends the next `count` requests. */
  #ask(count: number): void {
    const more = this.exchanges.slice(this.#asked, this.#asked + count);
    this.#asked += more.length;
    if (more.length > 0) this.#write(join(more.map((one) => requestBytes(one, this.#dice))));
  }

  #write(bytes: Uint8Array): void {
    const left = this.#fault === null ? Number.POSITIVE_INFINITY : this.#fault.at - this.#written;
    this.#written += bytes.length;
    this.#writing = true;
    if (bytes.length < left) {
      drip(this.#rig, this.#dice, this.peer, bytes, () => {
        this.#writing = false;
        this.#askNext();
      });
      return;
    }
    drip(this.#rig, this.#dice, this.peer, bytes.subarray(0, Math.max(0, left)), () => this.#break());
  }

  #break(): void {
    if (this.#closed || this.hasBroken) return;
    this.hasBroken = true;
    const kind = this.#fault?.kind ?? 'stall';
    this.#closed = kind === 'close' || kind === 'reset';
    breakOff(this.peer, kind);
  }

  #onEvent(): void {
    this.reader.advance();
    if (!this.peer.ended) {
      this.#askNext();
      return;
    }
    this.reader.end();
    this.close();
  }

  /** The next request goes out when the one before was answered, and was sent: an answer may come early. */
  #askNext(): void {
    const answered = this.reader.messages.filter(({ complete }) => complete).length;
    if (answered === this.#asked && !this.#writing && !this.hasBroken && !this.#closed) this.#ask(1);
  }
}

export interface ServerOptions {
  /** What goes wrong on the connection with this number (from 0 on). */
  readonly fault?: (connection: number) => (Fault & { readonly when: 'accept' | 'request' | 'response' }) | null;
  readonly pauses?: (connection: number) => number;
}

/** A server at a port that answers exchanges by their target. */
export class Origin {
  readonly connections: Served[] = [];
  readonly exchanges = new Map<number, Exchange>();

  constructor(rig: SimRig, dice: World, port: number, options: ServerOptions = {}) {
    rig.host.answer(port, (peer) => {
      const number = this.connections.length;
      readSlowly(rig, dice, peer, options.pauses?.(number) ?? 0);
      this.connections.push(new Served(rig, dice, peer, this.exchanges, options.fault?.(number) ?? null));
    });
  }

  add(exchanges: readonly Exchange[]): void {
    for (const one of exchanges) this.exchanges.set(one.id, one);
  }
}

/** One connection of a server. */
export class Served {
  readonly peer: SimPeer;
  readonly reader: MessageReader;
  /** It has broken off. */
  hasBroken = false;
  /** Bytes of answers that were written. */
  written = 0;
  readonly #rig: SimRig;
  readonly #dice: World;
  readonly #exchanges: ReadonlyMap<number, Exchange>;
  readonly #fault: ReturnType<NonNullable<ServerOptions['fault']>>;
  #answered = 0;
  #answering = false;
  #closed = false;

  constructor(
    rig: SimRig,
    dice: World,
    peer: SimPeer,
    exchanges: ReadonlyMap<number, Exchange>,
    fault: ReturnType<NonNullable<ServerOptions['fault']>>,
  ) {
    this.#rig = rig;
    this.#dice = dice;
    this.peer = peer;
    this.#exchanges = exchanges;
    this.#fault = fault;
    this.reader = new MessageReader(peer.received);
    peer.onEvent = () => this.#onEvent();
    if (fault?.when === 'accept') this.#break();
  }

  #onEvent(): void {
    if (this.#closed) return;
    this.reader.advance();
    const fault = this.#fault;
    if (fault?.when === 'request' && !this.hasBroken && this.peer.received.length >= fault.at) this.#break();
    if (!this.hasBroken) this.#answer();
    // The proxy has let go.
    if (this.peer.ended && !this.#closed && !this.#answering) this.#close();
  }

  #answer(): void {
    const message = this.reader.messages[this.#answered];
    if (message === undefined || this.#answering || this.hasBroken) return;
    const one = this.#exchanges.get(Number(/ \/x(\d+) /.exec(message.start)?.[1]));
    if (one === undefined || !(message.complete || one.early)) return;
    this.#answering = true;
    const bytes = responseBytes(one, this.#dice);
    const fault = this.#fault;
    const left = fault?.when === 'response' ? fault.at - this.written : Number.POSITIVE_INFINITY;
    this.written += Math.min(bytes.length, left);
    if (bytes.length < left) drip(this.#rig, this.#dice, this.peer, bytes, () => this.#answeredAll(one));
    else drip(this.#rig, this.#dice, this.peer, bytes.subarray(0, Math.max(0, left)), () => this.#break());
  }

  #answeredAll(one: Exchange): void {
    this.#answered++;
    this.#answering = false;
    if (one.serverCloses || one.response.framing === 'close') {
      this.peer.end();
      this.hasBroken = true;
    } else this.#answer();
    if (this.peer.ended && !this.#closed) this.#close();
  }

  #break(): void {
    if (this.hasBroken || this.#closed) return;
    this.hasBroken = true;
    const kind = this.#fault?.kind ?? 'stall';
    this.#closed = kind === 'close' || kind === 'reset';
    breakOff(this.peer, kind);
  }

  #close(): void {
    this.#closed = true;
    this.peer.close();
  }
}
