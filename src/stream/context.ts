/**
 * What the stream machine's parts share: the mux context, the pool of server connections, and the
 * errands that must not run inside an event (freed server slots). No decisions here.
 */
import type { BackPool } from '../mux/back-pool.ts';
import type { MuxContext } from '../mux/context.ts';
import type { Task } from '../platform/contract.ts';
import type { DataLimit, LimitSettings } from '../state/overrides.ts';
import { countEvent, rateTime } from '../state/rates.ts';
import type { Server, Stream } from '../state/records.ts';
import type { CannedReply } from '../state/settings.ts';
import { EarlyDataField } from './early-data.ts';

/** Ready-made answers by status, for proxies without an errorfile. */
export interface BuiltinReplies {
  /** null: this status has no page. */
  get(status: number): CannedReply | null;
  /** For a request that could not be parsed: the page with its Connection field, where HAProxy has one. */
  broken(status: number): CannedReply | null;
}

/** Bandwidth limits: src/filter/bandwidth.ts. */
export interface DataLimits {
  begin(stream: Stream, toClient: boolean, settings: LimitSettings): DataLimit;
}

export class StreamContext {
  /** Set by the worker before the first connection. */
  limits!: DataLimits;
  readonly mux: MuxContext;
  readonly backs: BackPool;
  readonly replies: BuiltinReplies;
  /** Servers of which this thread freed a slot or that changed: their queues are looked at after the turn's events. */
  readonly freed: Server[] = [];
  readonly freedTask: Task;
  /** Of all threads, by index: to wake one whose streams wait for a slot that is freed here. */
  wakeDescriptors: readonly number[] = [];
  /** How much of a body is held back at most while rules wait: what HAProxy's buffer has room for. */
  readonly holdBytes: number;
  readonly earlyData: EarlyDataField;

  /** @param onFreed looks at the queues of the servers in `freed` */
  constructor(mux: MuxContext, backs: BackPool, replies: BuiltinReplies, onFreed: (context: StreamContext) => void) {
    this.mux = mux;
    this.backs = backs;
    this.replies = replies;
    this.holdBytes = Math.max(1, mux.limits.bufferSize - mux.limits.maxRewrite);
    this.earlyData = new EarlyDataField(mux.memory);
    this.freedTask = { queued: false, run: () => onFreed(this) };
  }

  /** Looks at the server's queue, and at its backend's, after this turn's events. */
  slotFreed(server: Server): void {
    this.freed.push(server);
    this.mux.host.later(this.freedTask);
  }
}

/** Arms the stream's timer for the nearest of its deadlines: inactivity of either side, and what rules wait for. */
export function armDeadlines(context: StreamContext, stream: Stream): void {
  const { clientDeadlineMs, serverDeadlineMs, ruleDeadlineMs } = stream;
  const nearer = clientDeadlineMs < serverDeadlineMs ? clientDeadlineMs : serverDeadlineMs;
  context.mux.host.timers.set(stream.timer, nearer < ruleDeadlineMs ? nearer : ruleDeadlineMs);
}

/** now + delay, or never for 0 (HAProxy: an unset timeout is infinite). */
export function deadline(now: number, delayMs: number): number {
  return delayMs === 0 ? Number.POSITIVE_INFINITY : now + delayMs;
}

/** One more event of a rate: `cell` is a record's `live` + its rate. */
export function countRate({ mux }: StreamContext, cell: number): void {
  countEvent(mux.shared.live, cell, rateTime(mux.host.wallClock()));
}

/** Adds to one of this thread's counters: `cell` is a record's `counts` + Count.x. */
export function count(context: StreamContext, cell: number, amount: number): void {
  const { counts } = context.mux.shared;
  counts[cell] = (counts[cell] as number) + amount;
}
