/**
 * How many bytes a connection puts into a TLS record: few while a transfer begins, so that the peer can use what has come, more once it
 * runs (`tune.ssl.maxrecord`), never more than `tune.ssl.hard-maxrecord`.
 */
import type { TlsEngine } from '../platform/tls/contract.ts';
import type { TlsTuning } from './tls-tuning.ts';

/** A transfer begins with so many bytes. HAProxy takes one for running after some buffers that were full. */
const BEGINNING = 65_536;

export class RecordSize {
  #sentBytes = 0;
  #sentAtMs = 0;

  /** A new connection. */
  begin(): void {
    this.#sentBytes = 0;
  }

  /** The most bytes of a record, where `size` are to be sent now (milliseconds of the host's clock). */
  most(size: number, now: number, { maxRecord, hardMaxRecord, idleMs }: TlsTuning): number {
    if (maxRecord === Number.POSITIVE_INFINITY) return hardMaxRecord;
    if (now - this.#sentAtMs >= idleMs) this.#sentBytes = 0;
    this.#sentAtMs = now;
    const isBeginning = this.#sentBytes < BEGINNING;
    this.#sentBytes += size;
    return isBeginning ? Math.min(maxRecord, hardMaxRecord) : hardMaxRecord;
  }

  /** Encrypts [start, end) in records as long as they may be; `clock` in milliseconds. False: the connection is broken. */
  write(engine: TlsEngine, start: number, end: number, clock: { now(): number }, tuning: TlsTuning): boolean {
    const most = this.most(end - start, clock.now(), tuning);
    if (most >= end - start) return engine.write(start, end);
    for (let at = start; at < end; at += most) if (!engine.write(at, Math.min(end, at + most))) return false;
    return true;
  }
}
