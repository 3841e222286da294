/**
 * How many bytes a connection puts into a TLS record: few while a transfer begins, so that the peer can use what has come, more once it
 * runs (`tune.ssl.maxrecord`), never more than `tune.ssl.hard-maxrecord`. It must not know records.
 */
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
}
