/**
 * Accepts on a shared listening descriptor. Out of descriptors, it rests for a while instead of spinning. It must not
 * know what accepted connections become.
 */
import { NEVER, Timer, type TimerOwner, type TimerWheel } from '../../base/timers.ts';
import type { Listener } from '../contract.ts';
import { EAGAIN } from '../errno.ts';
import { accept4, errno } from '../ffi.ts';
import { acceptRetries } from '../reasons.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../sockets.ts';
import type { EpollCore } from './core.ts';

/** EPOLLIN | EPOLLEXCLUSIVE: of several threads that share the descriptor, one is woken. */
const WATCHED = 1 | (1 << 28);
/** Connections that one event accepts, so that the others are served too. */
const BURST = 64;
/** The same beside other threads. */
const SHARED_BURST = 4;
/** How long to rest when the process or the system is out of descriptors. */
const REST_MS = 100;

/** Takes an accepted descriptor. */
export interface AcceptSink {
  accepted(descriptor: number, listener: EpollListener): void;
}

export class EpollListener implements Listener, TimerOwner {
  readonly descriptor: number;
  readonly number: number;
  readonly #tag: number;
  readonly #core: EpollCore;
  readonly #timers: TimerWheel;
  readonly #sink: AcceptSink;
  readonly #timer = new Timer(this);
  readonly #shared: boolean;
  #watched = false;
  #wanted = true;
  #stopped = false;
  rests = 0;

  constructor(core: EpollCore, timers: TimerWheel, sink: AcceptSink, descriptor: number, number: number, tag: number, shared = false) {
    this.#core = core;
    this.#timers = timers;
    this.#sink = sink;
    this.descriptor = descriptor;
    this.number = number;
    this.#tag = tag;
    this.#shared = shared;
    this.#watch();
  }

  pause(): void {
    this.#wanted = false;
    this.#unwatch();
  }

  resume(): void {
    this.#wanted = true;
    this.#watch();
  }

  stop(): void {
    this.#stopped = true;
    this.#timers.drop(this.#timer);
    this.#unwatch();
  }

  onTimer(): void {
    this.#watch();
  }

  onEvents(): void {
    this.#accept(this.#shared ? SHARED_BURST : BURST);
    if (!this.#shared || !this.#watched) return;
    // The kernel wakes the thread that has watched longest: who has been served goes to the end.
    this.#unwatch();
    this.#watch();
  }

  #accept(most: number): void {
    for (let left = most; left > 0 && this.#watched; left--) {
      const descriptor = accept4(this.descriptor, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (descriptor >= 0) {
        this.#sink.accepted(descriptor, this);
        continue;
      }
      const code = errno();
      if (code === EAGAIN) return;
      if (!acceptRetries(code)) this.#rest();
    }
  }

  #rest(): void {
    this.rests++;
    this.#unwatch();
    this.#timers.set(this.#timer, this.#core.agenda.now + REST_MS);
  }

  #watch(): void {
    if (this.#watched || !this.#wanted || this.#stopped || this.#timer.deadline !== NEVER) return;
    this.#watched = this.#core.watch(this.descriptor, WATCHED, this.number, this.#tag);
  }

  #unwatch(): void {
    if (!this.#watched) return;
    this.#watched = false;
    this.#core.unwatch(this.descriptor);
  }
}
