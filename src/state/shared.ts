/**
 * What all threads agree on, as columns over SharedArrayBuffers: live values, changed with
 * Atomics, and counters, where each thread writes rows of its own and a reader adds them up.
 * Fields only: who changes a server's state is control/, who counts is the data path.
 */

import { ByteCache, newByteCache } from '../base/byte-cache.ts';
import { PROCESS_VARIABLES_BYTES, ProcessVariables } from './process-variables.ts';

/** Live values of a server. */
export const ServerLive = {
  /** Bits of ServerAdmin. */
  admin: 0,
  /** ServerRunning. */
  running: 1,
  /** Effective weight × 256 (slow start), 0: no new load-balanced traffic. */
  weight: 2,
  /** Sessions being served, of all threads. */
  current: 3,
  /** Streams queued for this very server, of all threads. */
  queued: 4,
  maxconn: 5,
  /** Health counter of the checks: rise and fall. */
  health: 6,
  /** Position of the last weight change; reserved for slow start. */
  userWeight: 7,
  /** Idle connections kept, of all threads. */
  idle: 8,
  /** Bits (1 << thread) of threads that have streams waiting for this server. */
  waiters: 9,
  /** Consecutive errors seen on live traffic (observe). */
  errors: 10,
  /** Lowers by one each time streams must leave this server (on-marked-down, kill). */
  epoch: 11,
  /** roundrobin, under BackendLive.turnLock: position of the next turn, fraction of it, weight it was placed with (0: not placed), rank among equals. */
  turnPosition: 12,
  turnRemainder: 13,
  turnWeight: 14,
  turnSerial: 15,
  /** roundrobin: entry N of the backend's heap is kept in the cell of its Nth server. */
  turnHeap: 16,
  /** rates.ts: three cells. */
  sessionRate: 17,
  /** server-address.ts: grows by two each time the server has moved; 0: it is where the configuration says. */
  addressVersion: 20,
  addressFamily: 21,
  addressPort: 22,
  /** Four cells, in network order. */
  addressIp: 23,
} as const;
export const SERVER_LIVE_CELLS = 27;

/** Why a server is taken out by an administrator; any bit means MAINT or DRAIN. */
export const ServerAdmin = { maintenance: 1, drain: 2, maintenanceInherited: 4, drainInherited: 8, maintenanceDns: 16 } as const;

/** Operational state, decided by checks. */
export const ServerRunning = { stopped: 0, starting: 1, running: 2, stopping: 3 } as const;

export const BackendLive = {
  /** Grows with each change of a server's state or weight: pickers rebuild what they derived. */
  version: 0,
  current: 1,
  queued: 2,
  /** Turn of roundrobin and static-rr, shared by all threads. */
  turn: 3,
  /** Servers usable now. */
  active: 4,
  backup: 5,
  /** Milliseconds (of Date.now(), low 31 bits) since it has no usable server; 0 while it has one. */
  downSince: 6,
  waiters: 7,
  /** roundrobin: 0 free, else thread + 1 of the holder. All cells below are changed under it only. */
  turnLock: 8,
  /** Turns taken so far. */
  turnPosition: 9,
  /** Version that the positions were made for. */
  turnVersion: 10,
  turnTotal: 11,
  turnHeapSize: 12,
  /** Servers that wait for their first turn. */
  turnFresh: 13,
  turnSerial: 14,
  turnWindowStart: 15,
  turnWindowWeight: 16,
  /** rates.ts: three cells. */
  sessionRate: 17,
} as const;
export const BACKEND_LIVE_CELLS = 20;

export const FrontendLive = {
  current: 0,
  maxconn: 1,
  paused: 2,
  /** Log lines so far: %lc. */
  lines: 3,
  /** rates.ts: three cells each. */
  sessionRate: 4,
  requestRate: 7,
} as const;
export const FRONTEND_LIVE_CELLS = 10;

/** Of a soft stop: `soon` while the time of `grace` runs, when everything still serves. */
export const Stopping = { no: 0, soon: 1, now: 2 } as const;

export const ProcessLive = {
  /** Client connections of all threads. */
  current: 0,
  maxconn: 1,
  /** A value of Stopping. */
  stopping: 2,
  /** Process-wide serial of streams and sessions. */
  serial: 3,
  /** rates.ts: three cells each, counted while their limit is not 0; that of TLS always. */
  connectionRate: 4,
  sessionRate: 10,
  tlsRate: 13,
  /** maxconnrate, maxsessrate and maxsslrate (a second; 0: none). */
  connectionRateLimit: 16,
  sessionRateLimit: 17,
  tlsRateLimit: 18,
  /** Commits of maps and pattern files so far. */
  patternCommits: 19,
  /** Connections with TLS, of both sides: those that are open, and all (32 bits that wrap). See tls-counts.ts. */
  tlsCurrent: 20,
  tlsTotal: 21,
  /** rates.ts: three cells each. Handshakes that made keys. */
  clientKeyRate: 22,
  serverKeyRate: 25,
  /** The highest of the rates. */
  tlsRateMost: 28,
  clientKeyRateMost: 29,
  serverKeyRateMost: 30,
  /** maxsslconn (0: none). */
  tlsLimit: 31,
  /** Bytes of variables of all threads, counted while there is a limit, and that limit (0: none). */
  variables: 8,
  variablesLimit: 9,
} as const;
const PROCESS_LIVE_CELLS = 32;

/**
 * Counters, the same list for frontends, backends and servers. A number that makes no sense for
 * one of them stays 0. Names follow HAProxy's statistics where there is one.
 */
export const Count = {
  sessionsTotal: 0,
  sessionsMax: 1,
  requestsTotal: 2,
  bytesIn: 3,
  bytesOut: 4,
  deniedRequests: 5,
  deniedResponses: 6,
  requestErrors: 7,
  connectErrors: 8,
  responseErrors: 9,
  retries: 10,
  redispatches: 11,
  responses1xx: 12,
  responses2xx: 13,
  responses3xx: 14,
  responses4xx: 15,
  responses5xx: 16,
  responsesOther: 17,
  clientAborts: 18,
  serverAborts: 19,
  loadBalanced: 20,
  connectsTotal: 21,
  reuses: 22,
  queueMax: 23,
  deniedConnections: 24,
  connectionsTotal: 25,
  internalErrors: 26,
  intercepted: 27,
  rewriteErrors: 28,
  queueTimeTotalMs: 29,
  connectTimeTotalMs: 30,
  responseTimeTotalMs: 31,
  totalTimeTotalMs: 32,
  lastSessionS: 33,
  deniedSessions: 34,
  /** Handshakes of TLS: with new keys, with those of an earlier session, failed. */
  tlsSessions: 35,
  tlsReuses: 36,
  tlsFailures: 37,
} as const;
export const COUNTS = 38;

export interface SharedLayout {
  readonly frontends: number;
  readonly backends: number;
  readonly servers: number;
  readonly threads: number;
  /** Bytes of each stick table; none if left out. */
  readonly tables?: readonly number[];
  /** tune.ssl.cachesize: TLS sessions of clients that are kept; none if left out. */
  readonly sessions?: number;
}

export interface SharedBuffers {
  readonly layout: SharedLayout;
  readonly live: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
  /** Variables of the process: see process-variables.ts. */
  readonly variables: SharedArrayBuffer;
  /** Stick tables, in the order of the plan; a page costs memory once it is touched. */
  readonly tables: readonly SharedArrayBuffer[];
  /** TLS sessions of clients: see base/byte-cache.ts. */
  readonly sessions: SharedArrayBuffer | null;
}

/** HAProxy counts sessions in blocks of so many bytes. */
const SESSION_BYTES = 200;

/** Control thread, once: memory for the whole process. hot-ok: at start */
export function allocateShared(layout: SharedLayout): SharedBuffers {
  const cells =
    PROCESS_LIVE_CELLS + layout.frontends * FRONTEND_LIVE_CELLS + layout.backends * BACKEND_LIVE_CELLS + layout.servers * SERVER_LIVE_CELLS;
  const entities = layout.frontends + layout.backends + layout.servers;
  return {
    layout,
    live: new SharedArrayBuffer(cells * 4),
    counts: new SharedArrayBuffer(entities * layout.threads * COUNTS * 8),
    variables: new SharedArrayBuffer(PROCESS_VARIABLES_BYTES),
    tables: (layout.tables ?? []).map(newTable),
    sessions: (layout.sessions ?? 0) > 0 ? newByteCache(layout.sessions as number, SESSION_BYTES) : null,
  };
}

/** A table begins with the secret of its hash: two words that nobody outside can know. hot-ok: at start */
function newTable(bytes: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes);
  const words = new Int32Array(buffer, 0, 2);
  words[0] = Math.random() * 2 ** 32;
  words[1] = Math.random() * 2 ** 32;
  return buffer;
}

/** One thread's view. `thread` is the row that it writes. */
export class Shared {
  readonly layout: SharedLayout;
  readonly thread: number;
  /** All live cells; use the `…Base` offsets of the records. */
  readonly live: Int32Array;
  /** This thread's counters only. */
  readonly counts: Float64Array;
  readonly variables: ProcessVariables;
  readonly tables: readonly SharedArrayBuffer[];
  readonly sessions: ByteCache | null;
  readonly #all: Float64Array;
  readonly #row: number;

  constructor(buffers: SharedBuffers, thread: number) {
    const { layout } = buffers;
    this.layout = layout;
    this.thread = thread;
    this.live = new Int32Array(buffers.live);
    this.variables = new ProcessVariables(buffers.variables);
    this.tables = buffers.tables;
    this.sessions = buffers.sessions === null ? null : new ByteCache(buffers.sessions);
    this.#row = (layout.frontends + layout.backends + layout.servers) * COUNTS;
    this.#all = new Float64Array(buffers.counts);
    this.counts = new Float64Array(buffers.counts, thread * this.#row * 8, this.#row);
  }

  frontendLive(index: number): number {
    return PROCESS_LIVE_CELLS + index * FRONTEND_LIVE_CELLS;
  }

  backendLive(index: number): number {
    const { layout } = this;
    return PROCESS_LIVE_CELLS + layout.frontends * FRONTEND_LIVE_CELLS + index * BACKEND_LIVE_CELLS;
  }

  serverLive(index: number): number {
    const { layout } = this;
    return PROCESS_LIVE_CELLS + layout.frontends * FRONTEND_LIVE_CELLS + layout.backends * BACKEND_LIVE_CELLS + index * SERVER_LIVE_CELLS;
  }

  frontendCounts(index: number): number {
    return index * COUNTS;
  }

  backendCounts(index: number): number {
    return (this.layout.frontends + index) * COUNTS;
  }

  serverCounts(index: number): number {
    return (this.layout.frontends + this.layout.backends + index) * COUNTS;
  }

  /** The sum over all threads of the counter in cell `cell` (…Counts() + Count.x). */
  total(cell: number): number {
    let sum = 0;
    for (let at = cell; at < this.#all.length; at += this.#row) sum += this.#all[at] as number;
    return sum;
  }
}
