/**
 * What a host has to do beside the kernel's events: tasks for the end of a turn, and the clock read once a turn.
 * A host's own late events (a close, a resume) are tasks too, so no event is delivered from inside a call.
 */
import type { Task } from './contract.ts';

/** Turns that take longer are counted: everybody else waits as long. */
const LONG_MS = 1;
const VERY_LONG_MS = 5;

export class Agenda {
  /** Milliseconds, monotonic, of this turn. */
  now = performance.now();
  /** Tasks that wait for the end of this turn. */
  pending = 0;
  #tasks: Task[] = [];
  #running: Task[] = [];
  #wall = 0;
  #wallRead = false;
  #longTurns = 0;
  #veryLongTurns = 0;
  #longestMs = 0;

  later(task: Task): void {
    if (task.queued) return;
    task.queued = true;
    this.#tasks[this.pending++] = task;
  }

  /** Runs what was queued before this call; what it queues runs next time. */
  run(): void {
    const count = this.pending;
    if (count === 0) return;
    const tasks = this.#tasks;
    this.#tasks = this.#running;
    this.#running = tasks;
    this.pending = 0;
    for (let at = 0; at < count; at++) {
      const task = tasks[at] as Task;
      task.queued = false;
      task.run();
    }
  }

  /** Reads the clock anew: a turn begins. */
  tick(): void {
    this.now = performance.now();
    this.#wallRead = false;
  }

  /** The turn is over. Its time counts from `tick` on: what the kernel does when it is entered, and waiting there, are not in it. */
  endTurn(): void {
    const tookMs = performance.now() - this.now;
    if (tookMs < LONG_MS) return;
    this.#longTurns++;
    if (tookMs >= VERY_LONG_MS) this.#veryLongTurns++;
    if (tookMs > this.#longestMs) this.#longestMs = tookMs;
  }

  /** How long turns took, for `counters` of a host. */
  turnCounters(): Readonly<Record<string, number>> {
    return { turnsOver1Ms: this.#longTurns, turnsOver5Ms: this.#veryLongTurns, longestTurnUs: Math.round(this.#longestMs * 1000) };
  }

  wallClock(): number {
    if (!this.#wallRead) {
      this.#wallRead = true;
      this.#wall = Date.now();
    }
    return this.#wall;
  }
}
