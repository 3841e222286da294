/** Reads the records that were offered to an engine. It must not know wires. */
import type { TlsEngine } from '../platform/tls/contract.ts';

/** What the engine has said last: a number of bytes, or a value of Read. */
export const reading = { last: 0 };

/** Plain bytes to [start, limit), until all that was offered up to `end` is used up, or there is no more room; where they end. */
export function readRecords(engine: TlsEngine, start: number, limit: number, end: number): number {
  let to = start;
  let count = engine.read(to, limit);
  while (count > 0) {
    to += count;
    if (to >= limit || engine.rest >= end) break;
    count = engine.read(to, limit);
  }
  reading.last = count;
  return to;
}
