/**
 * What is known about one name, and the questions that find it out: all name servers at once, the first good answer counts. An
 * error of all of them makes it ask for the other family; silence, and errors that may pass, make it ask again, `resolve_retries` times in all.
 * Answers keep what the last ones had for `hold obsolete`. It must not know what the addresses are for.
 */
import type { Clock } from '../control/clock.ts';
import type { HoldsModel, ResolversModel } from '../model/sections.ts';
import { type AddressAnswer, type AnswerRecord, type Question, RecordType, type ServiceAnswer } from './message.ts';
import { type Asked, type Reply, Status, type StatusValue } from './nameserver.ts';

/** Addresses of a name, or services (SRV records) under it. */
export type Wanted = 'ipv4' | 'ipv6' | 'service';

export interface Held {
  readonly record: AddressAnswer | ServiceAnswer;
  /** When an answer had it last (clock). */
  seenMs: number;
}

/** Records that are kept for a name. */
const MOST_HELD = 1000;

/** What a section gives to all its resolutions. */
export interface Ground {
  readonly model: ResolversModel;
  readonly nameservers: readonly Asked[];
  readonly clock: Clock;
  /** Families that may be asked for: `dns-accept-family`. */
  readonly families: readonly number[];
}

export class Resolution {
  readonly name: string;
  readonly wanted: Wanted;
  /** Of the last run that has ended. */
  status: StatusValue = Status.none;
  /** Milliseconds of the clock. Before the first valid answer: when it was made, as with HAProxy. */
  lastValidMs: number;
  /** -Infinity: never. */
  lastDoneMs = Number.NEGATIVE_INFINITY;
  startedMs = Number.NEGATIVE_INFINITY;
  held: Held[] = [];
  /** Of the last valid answer. */
  additional: readonly AnswerRecord[] = [];
  /** Name server that gave it. */
  source = '';
  isRunning = false;
  readonly #ground: Ground;
  readonly #types: readonly Question['type'][];
  readonly #done: (resolution: Resolution) => void;
  #step = 0;
  #triesLeft = 0;
  #waiting = new Set<Asked>();
  #lastError: StatusValue = Status.timeout;
  #cancels: (() => void)[] = [];
  #cancelTimer: () => void = () => {};

  /** @param done called whenever a run has ended */
  constructor(name: string, wanted: Wanted, ground: Ground, done: (resolution: Resolution) => void) {
    this.name = name;
    this.wanted = wanted;
    this.#ground = ground;
    this.lastValidMs = ground.clock.now();
    this.#types = typesOf(wanted, ground.families);
    this.#done = done;
  }

  /** Asks, unless it does already. */
  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.startedMs = this.#ground.clock.now();
    this.#triesLeft = Math.max(1, this.#ground.model.retries) - 1;
    this.#step = 0;
    this.#ask();
  }

  /** Asks no more and calls nobody. */
  stop(): void {
    this.#cancel();
    this.isRunning = false;
  }

  /** Has the last good answer been too long ago, after what came last? */
  isOverdue(): boolean {
    const hold = this.#ground.model.holdMs[HOLD_OF[this.status] ?? 'other'];
    return this.#ground.clock.now() >= this.lastValidMs + hold;
  }

  #cancel(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
    this.#cancelTimer();
  }

  #ask(): void {
    const { nameservers, clock, model } = this.#ground;
    this.#cancel();
    const type = this.#types[this.#step];
    this.#lastError = Status.timeout;
    this.#waiting = new Set(nameservers);
    this.#cancelTimer = clock.after(type === undefined ? 0 : model.retryMs, () => this.#onSilence());
    if (type === undefined) return;
    for (const server of nameservers) this.#cancels.push(server.ask({ name: this.name, type }, (reply) => this.#onReply(server, reply)));
  }

  #onReply(server: Asked, reply: Reply): void {
    this.#waiting.delete(server);
    if (reply.status === Status.valid) {
      this.#take(server, reply);
      this.#finish(Status.valid);
      return;
    }
    server.counts.anyErrors++;
    this.#lastError = reply.status;
    if (this.#waiting.size > 0) return;
    if (this.#step + 1 < this.#types.length) this.#askOther();
    // Who does not exist is not asked for again; other errors may pass, when the time for answers is over.
    else if (reply.status === Status.nx || this.#triesLeft === 0) this.#finish(reply.status);
  }

  #askOther(): void {
    this.#step++;
    this.#ask();
  }

  /** Not all have answered in time, and none of those who did well. */
  #onSilence(): void {
    for (const server of this.#waiting) server.counts.timeout++;
    const hasError = this.#lastError !== Status.timeout;
    if (hasError && this.#step + 1 < this.#types.length) this.#askOther();
    else if (this.#triesLeft > 0) {
      this.#triesLeft--;
      this.#step = 0;
      this.#ask();
    } else this.#finish(this.#types.length === 0 ? Status.other : this.#lastError);
  }

  #finish(status: StatusValue): void {
    this.#cancel();
    this.isRunning = false;
    this.status = status;
    this.lastDoneMs = this.#ground.clock.now();
    if (status === Status.valid) this.lastValidMs = this.lastDoneMs;
    this.#done(this);
  }

  /** What is new comes behind what is known; what was missing for too long goes. */
  #take(server: Asked, { records, additional }: Reply): void {
    const now = this.#ground.clock.now();
    const known = new Map(this.held.map((held) => [keyOf(held.record), held]));
    const before = known.size;
    for (const record of records) {
      if (record.kind !== 'alias') known.set(keyOf(record), { record, seenMs: now });
    }
    const { obsolete } = this.#ground.model.holdMs;
    const held = [...known.values()].filter(({ seenMs }) => seenMs === now || now - seenMs < obsolete).slice(0, MOST_HELD);
    if (known.size !== before || held.length !== before) server.counts.update++;
    this.held = held;
    this.additional = additional;
    this.source = server.name;
  }
}

const HOLD_OF: Readonly<Partial<Record<StatusValue, keyof HoldsModel>>> = {
  [Status.nx]: 'nx',
  [Status.refused]: 'refused',
  [Status.timeout]: 'timeout',
};

/** In the order in which they are asked for. */
function typesOf(wanted: Wanted, families: readonly number[]): Question['type'][] {
  if (wanted === 'service') return [RecordType.srv];
  const order = wanted === 'ipv4' ? [4, 6] : [6, 4];
  return order.filter((family) => families.includes(family)).map((family) => (family === 4 ? RecordType.a : RecordType.aaaa));
}

function keyOf(record: AddressAnswer | ServiceAnswer): string {
  return record.kind === 'address' ? record.address : `${record.target}:${record.port}`;
}
