/**
 * Runs the checks of all servers: first ones spread over the shortest interval so that they don't come in bursts, then
 * each server at its own pace, from the end of one check to the next. One timer for all, and a bounded number of
 * checks at once: what doesn't get its turn is late, it doesn't pile up.
 */
import type { Clock } from '../control/clock.ts';
import { applyResult } from '../control/health.ts';
import type { CheckReport } from '../control/lines.ts';
import type { ServerControl } from '../control/servers.ts';
import { ServerLive, ServerRunning } from '../state/shared.ts';
import { Agenda } from './agenda.ts';
import type { CheckedServer } from './checked.ts';
import { RunningCheck } from './connection.ts';
import type { CheckResult } from './status.ts';

export interface CheckOptions {
  readonly control: ServerControl;
  readonly servers: readonly CheckedServer[];
  /** global `spread-checks`: intervals are longer or shorter by up to this percentage. */
  readonly spreadPercent?: number;
  /** global `max-spread-checks`: first checks lie within this time; null: not limited. */
  readonly maxSpreadMs?: number | null;
  /** Checks under way at once. */
  readonly concurrency?: number;
  /** After each result, before the next is planned. For tests and statistics. */
  readonly onResult?: (checked: CheckedServer) => void;
}

export interface Checks {
  readonly servers: readonly CheckedServer[];
  /** Checks under way now. */
  readonly running: number;
  /** Checks this server again from now on (added at run time). */
  add(checked: CheckedServer): void;
  /** Never checks it again. */
  remove(checked: CheckedServer): void;
  /** No result is applied after this; resolves when every connection is closed. */
  stop(): Promise<void>;
}

const DEFAULT_CONCURRENCY = 1000;

export function startChecks(options: CheckOptions): Checks {
  const scheduler = new Scheduler(options);
  scheduler.begin();
  return scheduler;
}

class Scheduler implements Checks {
  readonly #control: ServerControl;
  readonly #clock: Clock;
  readonly #options: CheckOptions;
  readonly #agenda = new Agenda<CheckedServer>();
  readonly #known = new Set<CheckedServer>();
  readonly #running = new Map<CheckedServer, RunningCheck>();
  #cancelTimer: (() => void) | null = null;
  #wakeMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#control = options.control;
    this.#clock = options.control.clock;
  }

  get servers(): readonly CheckedServer[] {
    return [...this.#known];
  }

  get running(): number {
    return this.#running.size;
  }

  /** First checks one after the other within the shortest interval. */
  begin(): void {
    const { servers, maxSpreadMs } = this.#options;
    let spanMs = maxSpreadMs ?? Number.POSITIVE_INFINITY;
    for (const { timing } of servers) spanMs = Math.min(spanMs, timing.interMs);
    const now = this.#clock.now();
    servers.forEach((checked, rank) => {
      this.#known.add(checked);
      this.#agenda.add(now + (spanMs * rank) / servers.length, checked);
    });
    this.#arm();
  }

  add(checked: CheckedServer): void {
    if (this.#known.has(checked)) return;
    this.#known.add(checked);
    this.#agenda.add(this.#clock.now(), checked);
    this.#arm();
  }

  remove(checked: CheckedServer): void {
    this.#known.delete(checked);
    this.#running.get(checked)?.cancel();
    this.#running.delete(checked);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const check of this.#running.values()) check.cancel();
    this.#running.clear();
    // A destroyed socket is closed in the turn after.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** One timer, for the earliest check; none while as many run as may. */
  #arm(): void {
    const isFull = this.#running.size >= (this.#options.concurrency ?? DEFAULT_CONCURRENCY);
    const next = this.#isStopped || isFull ? Number.POSITIVE_INFINITY : this.#agenda.nextMs;
    if (next === this.#wakeMs && this.#cancelTimer !== null) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#wakeMs = next;
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, Math.ceil(next - this.#clock.now())), () => {
      this.#cancelTimer = null;
      this.#runDue();
    });
  }

  #runDue(): void {
    const now = this.#clock.now();
    const most = this.#options.concurrency ?? DEFAULT_CONCURRENCY;
    while (this.#running.size < most) {
      const checked = this.#agenda.takeDue(now);
      if (checked === null) break;
      if (this.#known.has(checked)) this.#run(checked, now);
    }
    this.#arm();
  }

  #run(checked: CheckedServer, now: number): void {
    const { server } = checked;
    // Also behind a tracked server's maintenance: nothing to find out, ask again later.
    if (!checked.isEnabled || this.#control.isInMaintenance(server)) {
      this.#agenda.add(now + checked.timing.interMs, checked);
      return;
    }
    checked.isRunning = true;
    const isDown = this.#control.running(server) === ServerRunning.stopped;
    const done = (found: CheckResult): void => this.#finish(checked, found, this.#clock.now() - now);
    const check = new RunningCheck(checked, isDown, done);
    this.#running.set(checked, check);
    check.begin();
  }

  #finish(checked: CheckedServer, found: CheckResult, durationMs: number): void {
    this.#running.delete(checked);
    if (this.#isStopped || !this.#known.has(checked)) return;
    const isNews = found.status !== checked.result.status;
    checked.isRunning = false;
    checked.result = found;
    checked.durationMs = durationMs;
    checked.checks++;
    const report: CheckReport = { description: found.status.text, code: found.code, info: found.info, durationMs };
    if (found.status.outcome !== null) applyResult(this.#control, checked.server, found.status.outcome, report, isNews);
    this.#options.onResult?.(checked);
    this.#agenda.add(this.#clock.now() + this.#spread(this.#intervalMs(checked)), checked);
    this.#arm();
  }

  /** inter when the state is settled UP, downinter when settled DOWN, fastinter in between. */
  #intervalMs({ server, timing }: CheckedServer): number {
    const health = this.#control.shared.live[server.live + ServerLive.health] as number;
    if (health >= server.rise + server.fall - 1) return timing.interMs;
    return (health === 0 ? timing.downinterMs : timing.fastinterMs) ?? timing.interMs;
  }

  #spread(intervalMs: number): number {
    const share = (this.#options.spreadPercent ?? 0) / 100;
    return share === 0 ? intervalMs : intervalMs * (1 + share * (2 * Math.random() - 1));
  }
}
