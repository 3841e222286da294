/**
 * The end of idle client connections at a soft stop: all at once, spread over `close-spread-time`, or never (`infinite`). It must
 * not know how a connection is closed.
 */
import { Timer, type TimerOwner } from '../base/timers.ts';
import type { MuxContext } from '../mux/context.ts';
import type { ClosableFront } from '../mux/front-desk.ts';

/** Connections are closed in this many portions at most, and no more often than this. */
const PORTIONS = 100;
const LEAST_STEP_MS = 10;

export class Closing implements TimerOwner {
  readonly #context: MuxContext;
  readonly #open: ReadonlySet<ClosableFront>;
  readonly #timer = new Timer(this);
  #portions = 0;
  #stepMs = 0;
  /** Connections that should have been closed by now, fractions kept. */
  #due = 0;

  constructor(context: MuxContext, open: ReadonlySet<ClosableFront>) {
    this.#context = context;
    this.#open = open;
  }

  /** The soft stop begins. */
  start(): void {
    const { closeSpreadMs, host } = this.#context;
    this.#context.closeEndMs = host.now() + closeSpreadMs;
    if (closeSpreadMs === 0) this.#closeSome(this.#open.size);
    if (closeSpreadMs <= 0) return;
    this.#stepMs = Math.max(LEAST_STEP_MS, closeSpreadMs / PORTIONS);
    this.#portions = Math.ceil(closeSpreadMs / this.#stepMs);
    host.timers.set(this.#timer, host.now() + this.#stepMs);
  }

  stop(): void {
    this.#context.host.timers.drop(this.#timer);
  }

  /** An exchange has ended, and its connection waits for another one. */
  onIdle(front: ClosableFront): void {
    if (this.#portions === 0 && this.#context.closeSpreadMs >= 0) front.closeIdle();
  }

  /** Of those that are left an equal part each time; after the last time all. */
  onTimer(): void {
    const { host } = this.#context;
    this.#due += this.#open.size / this.#portions;
    const portion = this.#portions === 1 ? this.#open.size : Math.floor(this.#due);
    this.#due -= portion;
    if (portion > 0) this.#closeSome(portion);
    this.#portions--;
    if (this.#portions > 0) host.timers.set(this.#timer, host.now() + this.#stepMs);
  }

  #closeSome(most: number): void {
    let left = most;
    for (const front of [...this.#open]) if (left > 0 && front.closeIdle()) left--;
  }
}
