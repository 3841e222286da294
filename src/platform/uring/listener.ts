/**
 * Accepts on a listening descriptor. Alone on it, with one operation that completes many times. Beside other threads, with a few
 * that complete once: the kernel wakes the one that waits longest, and an operation that stays armed would always be that one and
 * leave nothing to the others. Out of descriptors, it rests for a while instead of spinning. It must not know what accepted
 * connections become.
 */
import { Timer, type TimerOwner, type TimerWheel } from '../../base/timers.ts';
import type { Listener } from '../contract.ts';
import { acceptRetries } from '../reasons.ts';
import { SOCK_CLOEXEC } from '../sockets.ts';
import { KIND_BITS, type UringCore } from './core.ts';

const OP_ACCEPT = 13;
const OP_ACCEPT_MANY = OP_ACCEPT | (1 << 16);
/** How many connections a thread takes in a row from a descriptor that others accept on too. */
const IN_A_ROW = 4;
const F_MORE = 2;
/** How long to rest when the process or the system is out of descriptors. */
const REST_MS = 100;
const GENERATIONS = 1 << (31 - KIND_BITS);

/** Takes an accepted descriptor. */
export interface AcceptSink {
  accepted(descriptor: number, listener: UringListener): void;
}

export class UringListener implements Listener, TimerOwner {
  readonly descriptor: number;
  /** Its number in the completions. */
  readonly number: number;
  readonly #kind: number;
  readonly #core: UringCore;
  readonly #timers: TimerWheel;
  readonly #sink: AcceptSink;
  readonly #timer = new Timer(this);
  readonly #operation: number;
  readonly #depth: number;
  #generation = 0;
  /** How many accepts of this generation are armed. */
  #armed = 0;
  #wanted = true;
  #stopped = false;
  /** Accepts that are armed, the cancelled ones too. */
  underWay = 0;
  rests = 0;

  constructor(core: UringCore, timers: TimerWheel, sink: AcceptSink, descriptor: number, number: number, kind: number, shared = false) {
    this.#core = core;
    this.#timers = timers;
    this.#sink = sink;
    this.descriptor = descriptor;
    this.number = number;
    this.#kind = kind;
    this.#operation = shared ? OP_ACCEPT : OP_ACCEPT_MANY;
    this.#depth = shared ? IN_A_ROW : 1;
    this.#arm();
  }

  pause(): void {
    this.#wanted = false;
    this.#cancel();
  }

  resume(): void {
    this.#wanted = true;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timers.drop(this.#timer);
    this.#cancel();
  }

  onTimer(): void {
    this.#arm();
  }

  /** A connection, or why there is none. What was accepted before a pause took effect is still delivered. */
  complete(word: number, result: number, flags: number): void {
    const generation = word >> KIND_BITS;
    if ((flags & F_MORE) === 0) {
      this.underWay--;
      if (generation === this.#generation) this.#armed--;
    }
    if (result >= 0) this.#sink.accepted(result, this);
    else if (!acceptRetries(-result)) this.#rest();
    this.#arm();
  }

  #rest(): void {
    if (this.#stopped || this.#timer.deadline !== Number.POSITIVE_INFINITY) return;
    this.rests++;
    this.#timers.set(this.#timer, this.#core.agenda.now + REST_MS);
  }

  #arm(): void {
    if (!this.#wanted || this.#stopped || this.#timer.deadline !== Number.POSITIVE_INFINITY) return;
    while (this.#armed < this.#depth) {
      this.#armed++;
      this.underWay++;
      const at = this.#core.ring.entry(this.#operation, this.descriptor, 0, 0, 0, this.number, this.#tag());
      this.#core.ring.entries[at + 7] = SOCK_CLOEXEC;
    }
  }

  #tag(): number {
    return (this.#generation << KIND_BITS) | this.#kind;
  }

  #cancel(): void {
    if (this.#armed === 0) return;
    this.#core.cancelAll(this.number, this.#tag());
    this.#armed = 0;
    this.#generation = (this.#generation + 1) % GENERATIONS;
  }
}
