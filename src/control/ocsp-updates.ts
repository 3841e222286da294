/**
 * Responses of OCSP servers kept fresh: which certificate is asked about next and when, one at a time, and what is logged of it. It must
 * not know how a server is asked (HAProxy 3.x configuration 5.1 `ocsp-update`, 3.1 `ocsp-update.mindelay`).
 */
import { ocspRequest } from '../platform/tls/ocsp.ts';
import type { Clock } from './clock.ts';
import type { AskOcsp, OcspQuestion } from './ocsp-client.ts';
import type { OcspEntry, OcspResponses } from './ocsp-responses.ts';
import { done, type Reply, refused } from './reply.ts';
import type { TlsStore } from './tls-store.ts';

/** How an update has ended: the number is told with the text. */
export const UPDATE_STATES = [
  'Unknown',
  'Update successful',
  'HTTP error',
  'Missing "ocsp-response" header',
  'OCSP response check failure',
  'Error during insertion',
] as const;
const NO_ISSUER = 'who signed the certificate is not known';
const State = { unknown: 0, done: 1, http: 2, type: 3, check: 4, insertion: 5 } as const;

export interface UpdateSettings {
  /** Of certificates for which nothing is said. */
  readonly isOn: boolean;
  /** Nothing is updated, whatever is said. */
  readonly isDisabled: boolean;
  readonly minDelayS: number;
  readonly maxDelayS: number;
  readonly proxy: OcspQuestion['proxy'];
}

export interface Update {
  readonly entry: OcspEntry;
  /** Milliseconds since 1970; 0: at once. */
  nextMs: number;
  /** 0: there was none. */
  lastMs: number;
  successes: number;
  failures: number;
  /** Failures in a row. */
  streak: number;
  /** Of UPDATE_STATES. */
  state: number;
  /** More about a failure; '' : nothing. */
  detail: string;
  /** Asked for by hand: it is not repeated. */
  isOnce: boolean;
}

export interface UpdateParts {
  readonly store: TlsStore;
  readonly responses: OcspResponses;
  readonly settings: UpdateSettings;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly ask: AskOcsp;
  /** A line for the log. */
  readonly log: (text: string) => void;
}

/** A response is fetched anew so long before it ends. */
const MARGIN_MS = 60_000;
/** After a first failure twice as long, then doubled each time. */
const RETRY_MS = 60_000;
/** Certificates that are looked at in a row. */
const AT_ONCE = 50;
/** Timers of Node are not longer. */
const LONGEST_WAIT_MS = 0x7fff_ffff;

export class OcspUpdates {
  readonly #parts: UpdateParts;
  readonly #updates = new Map<OcspEntry, Update>();
  readonly #stop = new AbortController();
  #cancel: (() => void) | null = null;
  #running: Update | null = null;

  constructor(parts: UpdateParts) {
    this.#parts = parts;
    parts.responses.onChanged = (path) => this.refresh(path);
  }

  start(): void {
    this.#followSome([...this.#parts.store.certificates.keys()]);
  }

  /** There may be thousands: others come in between. */
  #followSome(paths: readonly string[]): void {
    if (this.#stop.signal.aborted) return;
    for (const path of paths.slice(0, AT_ONCE)) this.#follow(path);
    if (paths.length > AT_ONCE) this.#parts.clock.after(0, () => this.#followSome(paths.slice(AT_ONCE)));
    this.#schedule();
  }

  stop(): void {
    this.#stop.abort();
    this.#cancel?.();
    this.#cancel = null;
  }

  /** The next first. */
  list(): readonly Update[] {
    return [...this.#updates.values()].sort((a, b) => a.nextMs - b.nextMs);
  }

  /** A certificate has come into use, or has other contents. */
  refresh(path: string): void {
    for (const entry of this.#updates.keys()) if (entry.paths.size === 0) this.#updates.delete(entry);
    this.#follow(path);
    this.#schedule();
  }

  #follow(path: string): void {
    const { store, responses, settings } = this.#parts;
    if (settings.isDisabled || !(store.certificates.get(path)?.ocspUpdate ?? settings.isOn)) return;
    const stored = store.certificates.get(path);
    if (stored === undefined || stored.material === null) return;
    const entry = responses.entry(path);
    if (entry === null && responses.namesServer(stored.material))
      this.#parts.log(`<OCSP-UPDATE> ${path} ${State.unknown} "${UPDATE_STATES[0]} (${NO_ISSUER})" 0 0`);
    // Whoever names no server is not asked about, as in HAProxy.
    if (entry === null || entry.uri === null || this.#updates.has(entry)) return;
    const update = newUpdate(entry, false);
    update.nextMs = this.#next(entry);
    this.#updates.set(entry, update);
  }

  /** Asks about a certificate at once, also if nothing is updated by itself. */
  update(path: string): Reply {
    const fail = (why: string): Reply => refused(`${why}\nCan't send ocsp request for ${path}!`);
    const { store, responses } = this.#parts;
    if (!store.certificates.has(path))
      return fail("Unknown certificate! 'update ssl ocsp-response' expects an already known certificate file name.");
    const entry = responses.entry(path);
    if (entry === null || entry.uri === null)
      return fail("'update ssl ocsp-response' only works on certificates that name an OCSP server and whose issuer is known.");
    const known = this.#updates.get(entry) ?? newUpdate(entry, true);
    known.nextMs = 0;
    this.#updates.set(entry, known);
    this.#schedule();
    return done('');
  }

  /** At least, at most, and a minute before the response ends; without one at once. */
  #next({ response, untilMs }: OcspEntry): number {
    const { settings, now } = this.#parts;
    const atMost = Math.min(now() + settings.maxDelayS * 1000, Math.max(0, untilMs - MARGIN_MS));
    return response === null ? atMost : Math.max(atMost, now() + settings.minDelayS * 1000);
  }

  #schedule(): void {
    this.#cancel?.();
    this.#cancel = null;
    const [first] = this.list();
    if (first === undefined || this.#running !== null || this.#stop.signal.aborted) return;
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(0, first.nextMs - this.#parts.now()));
    this.#cancel = this.#parts.clock.after(waitMs, () => this.#run());
  }

  #run(): void {
    this.#cancel = null;
    const [first] = this.list();
    if (first === undefined || this.#running !== null || this.#stop.signal.aborted) return;
    if (first.nextMs > this.#parts.now()) {
      this.#schedule();
      return;
    }
    this.#running = first;
    void this.#fetch(first).then(() => {
      this.#running = null;
      this.#schedule();
    });
  }

  async #fetch(update: Update): Promise<void> {
    const { entry } = update;
    const [path = ''] = entry.paths;
    update.state = State.unknown;
    const { state, detail } = await this.#attempt(entry);
    if (this.#stop.signal.aborted) return;
    this.#record(update, state, detail);
    this.#parts.log(`<OCSP-UPDATE> ${path} ${state} "${textOf(update)}" ${update.failures} ${update.successes}`);
    if (update.isOnce || entry.paths.size === 0) this.#updates.delete(entry);
  }

  async #attempt(entry: OcspEntry): Promise<{ readonly state: number; readonly detail: string }> {
    const { ask, responses, settings } = this.#parts;
    try {
      const question = { uri: entry.uri ?? '', request: ocspRequest(entry.id), proxy: settings.proxy };
      const { status, isTyped, body } = await ask(question, this.#stop.signal);
      if (status !== 200) return { state: State.http, detail: '' };
      if (!isTyped) return { state: State.type, detail: '' };
      const { isSound, problem } = await responses.take(entry, body);
      if (problem === null) return { state: State.done, detail: '' };
      return { state: isSound ? State.insertion : State.check, detail: problem };
    } catch {
      return { state: State.http, detail: '' };
    }
  }

  #record(update: Update, state: number, detail: string): void {
    const { now, settings } = this.#parts;
    update.state = state;
    update.detail = detail;
    update.nextMs = this.#next(update.entry);
    if (state === State.done) {
      update.successes++;
      update.streak = 0;
      update.lastMs = now();
      return;
    }
    update.failures++;
    update.streak++;
    const delayMs = Math.min(RETRY_MS * 2 ** update.streak, settings.maxDelayS * 1000);
    update.nextMs = Math.max(update.nextMs, now() + delayMs);
  }
}

/** Of `show ssl ocsp-updates`, in HAProxy's order; times as log lines have them, in UTC. */
export const UPDATE_COLUMNS = [
  'OCSP Certid',
  'Path',
  'Next Update',
  'Last Update',
  'Successes',
  'Failures',
  'Last Update Status',
  'Last Update Status (str)',
] as const;

/** @param nowMs shown where an update is due */
export function updateColumns(update: Update, nowMs: number): readonly string[] {
  const { entry, nextMs, lastMs, successes, failures, state } = update;
  const [path = ''] = entry.paths;
  const times = [timeText(nextMs === 0 ? nowMs : nextMs), lastMs === 0 ? '-' : timeText(lastMs)];
  return [entry.key, path, ...times, `${successes}`, `${failures}`, `${state}`, textOf(update)];
}

/** `Update successful`, and more about a failure. */
function textOf({ state, detail }: Update): string {
  return `${UPDATE_STATES[state] ?? UPDATE_STATES[0]}${detail === '' ? '' : ` (${detail})`}`;
}

/** `20/Nov/2026:18:05:09 +0000` */
function timeText(atMs: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(atMs).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

function newUpdate(entry: OcspEntry, isOnce: boolean): Update {
  return { entry, nextMs: 0, lastMs: 0, successes: 0, failures: 0, streak: 0, state: State.unknown, detail: '', isOnce };
}
