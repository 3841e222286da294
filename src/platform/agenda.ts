/**
 * What a host has to do beside the kernel's events: tasks for the end of a turn, and the clock read once a turn.
 * A host's own late events (a close, a resume) are tasks too, so no event is delivered from inside a call.
 */
import type { Task } from './contract.ts';

export class Agenda {
  /** Milliseconds, monotonic, of this turn. */
  now = performance.now();
  /** Tasks that wait for the end of this turn. */
  pending = 0;
  #tasks: Task[] = [];
  #running: Task[] = [];
  #wall = 0;
  #wallRead = false;

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

  /** Reads the clock anew. */
  tick(): void {
    this.now = performance.now();
    this.#wallRead = false;
  }

  wallClock(): number {
    if (!this.#wallRead) {
      this.#wallRead = true;
      this.#wall = Date.now();
    }
    return this.#wall;
  }
}
