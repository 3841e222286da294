/** monitor-uri: an exact match of the whole request target (HAProxy 3.x configuration 4.2 monitor-uri). */
import type { Memory } from '../base/memory.ts';
import type { Stream } from '../state/records.ts';

export class MonitorUri {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #length: number;

  /** At start. @param uri as configured */
  constructor(memory: Memory, uri: string) {
    this.#bytes = memory.bytes;
    this.#start = memory.intern(uri);
    this.#length = uri.length;
  }

  test(stream: Stream): boolean {
    const { targetStart, targetEnd } = stream.request;
    if (targetEnd - targetStart !== this.#length) return false;
    for (let at = 0; at < this.#length; at++) {
      if (this.#bytes[targetStart + at] !== this.#bytes[this.#start + at]) return false;
    }
    return true;
  }
}
