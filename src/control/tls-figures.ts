/** What the counters of TLS say, in the terms of HAProxy's statistics (`show info`, `show stat`). It only reads. */
import { eventsPerSecond, rateTime } from '../state/rates.ts';
import { Count, ProcessLive, type Shared } from '../state/shared.ts';

/** Of the process; in brackets the field of `show info`. Rates are per second. */
export interface TlsFigures {
  /** Connections of both sides that speak TLS (CurrSslConns), and all so far (CumSslConns, at most 2^32 - 1). */
  readonly current: number;
  readonly total: number;
  /** maxsslconn (MaxSslConns; 0: none). */
  readonly limit: number;
  /** Clients that came to listeners with TLS (SslRate), and maxsslrate (SslRateLimit; 0: none). */
  readonly rate: number;
  readonly rateLimit: number;
  readonly mostRate: number;
  /** Handshakes that made new keys (SslFrontendKeyRate, SslFrontendMaxKeyRate). */
  readonly clientKeyRate: number;
  readonly mostClientKeyRate: number;
  /** Percent of clients' connections that needed no new key (SslFrontendSessionReuse_pct). */
  readonly clientReusePercent: number;
  /** SslBackendKeyRate, SslBackendMaxKeyRate. */
  readonly serverKeyRate: number;
  readonly mostServerKeyRate: number;
  /** Sessions without tickets that clients have asked for (SslCacheLookups), and that were not there (SslCacheMisses). */
  readonly cacheLookups: number;
  readonly cacheMisses: number;
}

/** Of a frontend, a backend or a server; in brackets the column of `show stat`. */
export interface TlsCounts {
  /** Handshakes that made keys (ssl_sess), and those that went on with a session (ssl_reused_sess). */
  readonly sessions: number;
  readonly reuses: number;
  /** ssl_failed_handshake */
  readonly failures: number;
}

/** @param wallMs milliseconds of the wall clock, as in Date.now() */
export function tlsFigures({ live, sessions }: Shared, wallMs: number): TlsFigures {
  const now = rateTime(wallMs);
  const rate = eventsPerSecond(live, ProcessLive.tlsRate, now);
  const clientKeyRate = eventsPerSecond(live, ProcessLive.clientKeyRate, now);
  return {
    current: Atomics.load(live, ProcessLive.tlsCurrent),
    total: Atomics.load(live, ProcessLive.tlsTotal) >>> 0,
    limit: Atomics.load(live, ProcessLive.tlsLimit),
    rate,
    rateLimit: Atomics.load(live, ProcessLive.tlsRateLimit),
    mostRate: Atomics.load(live, ProcessLive.tlsRateMost),
    clientKeyRate,
    mostClientKeyRate: Atomics.load(live, ProcessLive.clientKeyRateMost),
    clientReusePercent: clientKeyRate < rate ? Math.floor(100 - (100 * clientKeyRate) / rate) : 0,
    serverKeyRate: eventsPerSecond(live, ProcessLive.serverKeyRate, now),
    mostServerKeyRate: Atomics.load(live, ProcessLive.serverKeyRateMost),
    cacheLookups: sessions?.lookups ?? 0,
    cacheMisses: sessions?.misses ?? 0,
  };
}

/** @param at where the counters begin: `shared.frontendCounts(…)` and its like */
export function tlsCounts(shared: Shared, at: number): TlsCounts {
  return {
    sessions: shared.total(at + Count.tlsSessions),
    reuses: shared.total(at + Count.tlsReuses),
    failures: shared.total(at + Count.tlsFailures),
  };
}

/** Names of all that is counted, in the order of the shared columns. */
export interface CountedNames {
  readonly frontends: readonly string[];
  readonly backends: readonly string[];
  /** `backend/server` */
  readonly servers: readonly string[];
}

/** All figures, for a line that people read: those of proxies and servers which had a handshake. */
export function describeTls(shared: Shared, names: CountedNames, wallMs: number): object {
  const pick = (list: readonly string[], at: (index: number) => number): object => {
    const all = list.map((name, index) => [name, tlsCounts(shared, at(index))] as const);
    return Object.fromEntries(all.filter(([, { sessions, reuses, failures }]) => sessions + reuses + failures > 0));
  };
  return {
    ...tlsFigures(shared, wallMs),
    frontends: pick(names.frontends, (index) => shared.frontendCounts(index)),
    backends: pick(names.backends, (index) => shared.backendCounts(index)),
    servers: pick(names.servers, (index) => shared.serverCounts(index)),
  };
}
