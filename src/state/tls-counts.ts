/**
 * Counting connections with TLS and their handshakes, as HAProxy's statistics do: a session that is gone on with is counted apart and
 * makes no key. Read by control/tls-figures.ts. It must not know connections.
 */
import { countEvent, currentEvents } from './rates.ts';
import { Count, ProcessLive } from './shared.ts';

/** A connection of either side that will speak TLS. */
export function beginTls(live: Int32Array): void {
  Atomics.add(live, ProcessLive.tlsCurrent, 1);
  Atomics.add(live, ProcessLive.tlsTotal, 1);
}

/** No more connections may speak TLS, of either side. Threads that ask at the same time may each begin one more. */
export function isTlsFull(live: Int32Array): boolean {
  const limit = live[ProcessLive.tlsLimit] as number;
  return limit > 0 && Atomics.load(live, ProcessLive.tlsCurrent) >= limit;
}

export function endTls(live: Int32Array): void {
  Atomics.sub(live, ProcessLive.tlsCurrent, 1);
}

/** A client has come to a listener with TLS. @param now see rates.ts */
export function countTlsClient(live: Int32Array, now: number): void {
  countRate(live, ProcessLive.tlsRate, ProcessLive.tlsRateMost, now);
}

/** A handshake is done. @param counts where the counters of the frontend, or of the server, begin in this thread's `counts` */
export function countTlsHandshake(counts: Float64Array, at: number, isResumed: boolean): void {
  const cell = at + (isResumed ? Count.tlsReuses : Count.tlsSessions);
  counts[cell] = (counts[cell] as number) + 1;
}

export function countTlsFailure(counts: Float64Array, at: number): void {
  counts[at + Count.tlsFailures] = (counts[at + Count.tlsFailures] as number) + 1;
}

/** A handshake has made new keys. */
export function countClientKey(live: Int32Array, now: number): void {
  countRate(live, ProcessLive.clientKeyRate, ProcessLive.clientKeyRateMost, now);
}

export function countServerKey(live: Int32Array, now: number): void {
  countRate(live, ProcessLive.serverKeyRate, ProcessLive.serverKeyRateMost, now);
}

/** The highest is that of the seconds that are counted, not of any second between two of them. */
function countRate(live: Int32Array, cell: number, mostCell: number, now: number): void {
  countEvent(live, cell, now);
  const current = currentEvents(live, cell);
  let most = Atomics.load(live, mostCell);
  // One more round for each thread that wrote a higher one at the same time.
  while (current > most) {
    const before = Atomics.compareExchange(live, mostCell, most, current);
    if (before === most) return;
    most = before;
  }
}
