/**
 * Lines of a ring on their way to one server over a stream: they wait in order while there is no connection, up to a
 * number of bytes; what comes beyond that is dropped and counted. Lines that lie next to each other go out together, one
 * piece at a time, so that a lost connection costs one piece at the most. It must not know what lines say.
 */
import type { SocketAddress } from '../base/address.ts';
import type { Block } from '../base/memory.ts';
import { NEVER, Timer, type TimerOwner } from '../base/timers.ts';
import type { ConnectOptions, Host, SentHandler, Task, Wire, WireHandler } from '../platform/contract.ts';

/** How long after a lost connection the next is tried. */
const RETRY_MS = 1000;
const DEFAULT_TIMEOUT_MS = 5000;
/** Pieces that may wait: enough for lines of 64 bytes that nothing joins. */
const LEAST_PIECES = 64;
const MOST_PIECES = 16_384;

const State = { idle: 0, connecting: 1, up: 2, leaving: 3, closed: 4 } as const;

export interface RingSettings {
  readonly address: SocketAddress;
  /** Bytes of lines that may wait. */
  readonly size: number;
  /** 0: 5 s. */
  readonly connectMs: number;
  /** How long a server may take nothing while lines wait; 0: 5 s. */
  readonly serverMs: number;
  /** Each line has its length before it and no line feed behind it; six bytes before it are free. */
  readonly countsOctets: boolean;
}

/** Bytes that must be free before a line where octets are counted: `65535 `. */
export const COUNT_ROOM = 6;

const CONNECT: ConnectOptions = { source: null };

export class RingSender implements WireHandler, TimerOwner, Task {
  dropped = 0;
  queued = false;
  readonly #host: Host;
  readonly #handler: SentHandler;
  readonly #settings: RingSettings;
  readonly #timer = new Timer(this);
  /** A ring of pieces: block, start, end. */
  readonly #pieces: Int32Array;
  readonly #capacity: number;
  #first = 0;
  #count = 0;
  /** Bytes that wait or are on their way. */
  #bytes = 0;
  #state: (typeof State)[keyof typeof State] = State.idle;
  #wire: Wire | null = null;
  /** The first piece is the wire's; nothing can be joined to it. */
  #underWay = false;

  constructor(host: Host, handler: SentHandler, settings: RingSettings) {
    this.#host = host;
    this.#handler = handler;
    this.#settings = settings;
    this.#capacity = Math.min(MOST_PIECES, Math.max(LEAST_PIECES, Math.ceil(settings.size / 64)));
    this.#pieces = new Int32Array(this.#capacity * 3);
  }

  /** Bytes that have not left yet. */
  get waiting(): number {
    return this.#bytes;
  }

  send(block: Block, start: number, end: number): boolean {
    const { countsOctets, size } = this.#settings;
    const from = countsOctets ? this.#putLength(start, end - 1) : start;
    const to = countsOctets ? end - 1 : end;
    if (this.#state === State.closed || this.#bytes + to - from > size) {
      this.dropped++;
      return true;
    }
    if (this.#state === State.up && this.#count === 0 && (this.#wire as Wire).send(block, from, to)) return true;
    if (this.#join(block, from, to)) {
      this.#bytes += to - from;
      return true;
    }
    if (this.#count === this.#capacity) {
      this.dropped++;
      return true;
    }
    this.#append(block, from, to);
    if (this.#state === State.up && this.#count === 1) this.#wait();
    else if (this.#state === State.idle && this.#timer.deadline === NEVER) this.#connect();
    return false;
  }

  /** `LENGTH ` before the line; where it begins. */
  #putLength(start: number, end: number): number {
    const { bytes } = this.#host.memory;
    let at = start - 1;
    bytes[at] = 32;
    for (let left = end - start; left > 0; left = Math.floor(left / 10)) bytes[--at] = 48 + (left % 10);
    return at;
  }

  /** Adds a line to the piece before it, if that waits and ends where the line begins. */
  #join(block: Block, start: number, end: number): boolean {
    if (this.#count < (this.#underWay ? 2 : 1)) return false;
    const at = ((this.#first + this.#count - 1) % this.#capacity) * 3;
    if (this.#pieces[at] !== block || this.#pieces[at + 2] !== start) return false;
    this.#pieces[at + 2] = end;
    return true;
  }

  #append(block: Block, start: number, end: number): void {
    const at = ((this.#first + this.#count) % this.#capacity) * 3;
    this.#pieces[at] = block;
    this.#pieces[at + 1] = start;
    this.#pieces[at + 2] = end;
    this.#count++;
    this.#bytes += end - start;
  }

  /** The first piece is on its way. */
  #wait(): void {
    this.#underWay = true;
    this.#host.timers.set(this.#timer, this.#host.now() + (this.#settings.serverMs || DEFAULT_TIMEOUT_MS));
  }

  /** Hands pieces to the wire until it keeps one: as many as the kernel has room for. */
  #flush(): void {
    const wire = this.#wire as Wire;
    this.#host.timers.stop(this.#timer);
    while (this.#count > 0) {
      const at = this.#first * 3;
      if (!wire.send(this.#pieces[at] as number, this.#pieces[at + 1] as number, this.#pieces[at + 2] as number)) {
        this.#wait();
        return;
      }
      this.#pop();
    }
  }

  #pop(): void {
    const at = this.#first * 3;
    this.#bytes -= (this.#pieces[at + 2] as number) - (this.#pieces[at + 1] as number);
    this.#first = (this.#first + 1) % this.#capacity;
    this.#count--;
    this.#handler.onBlockSent(this.#pieces[at] as number);
  }

  #connect(): void {
    this.#state = State.connecting;
    this.#wire = this.#host.connect(this.#settings.address, this, CONNECT);
    this.#host.timers.set(this.#timer, this.#host.now() + (this.#settings.connectMs || DEFAULT_TIMEOUT_MS));
  }

  /** Connecting or sending takes too long, or it is time to try again. */
  onTimer(): void {
    if (this.#state === State.idle) {
      if (this.#count > 0) this.#connect();
    } else this.#leave(true);
  }

  onOpen(): void {
    if (this.#state === State.closed) return;
    this.#state = State.up;
    this.#flush();
  }

  /** A log server has nothing to say. */
  onData(): boolean {
    return false;
  }

  onSent(): void {
    if (!this.#underWay) return;
    this.#underWay = false;
    this.#pop();
    // Not at once: a connection that broke gives back what it held before it says so, and would take the rest for nothing.
    if (this.#state === State.up && this.#count > 0 && !this.queued) this.#host.later(this);
  }

  run(): void {
    if (this.#state === State.up && !this.#underWay && this.#count > 0) this.#flush();
  }

  onEnd(): void {
    this.#leave(false);
  }

  #leave(reset: boolean): void {
    if (this.#state !== State.closed) this.#state = State.leaving;
    this.#wire?.destroy(reset);
  }

  onClose(): void {
    this.#wire = null;
    if (this.#state === State.closed) return;
    this.#state = State.idle;
    this.#host.timers.set(this.#timer, this.#host.now() + RETRY_MS);
  }

  /** What waits is given up. */
  close(): void {
    if (this.#state === State.closed) return;
    this.#state = State.closed;
    this.#host.timers.drop(this.#timer);
    const kept = this.#underWay ? 1 : 0;
    while (this.#count > kept) {
      this.dropped++;
      this.#count--;
      this.#handler.onBlockSent(this.#pieces[((this.#first + this.#count) % this.#capacity) * 3] as number);
    }
    if (this.#wire !== null) this.#wire.destroy(false);
  }
}
