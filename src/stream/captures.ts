/**
 * `capture request|response header NAME len N`: copies of header values for the log, kept in the stream's
 * note because the headers are gone when the line is written. The last header of the name counts, cut to N
 * (HAProxy 3.x configuration 4.2 capture).
 */
import type { Memory } from '../base/memory.ts';
import type { HttpMessage } from '../http/message.ts';
import { headerIdOf } from '../http/tokens.ts';
import type { Stream } from '../state/records.ts';

export interface CaptureSettings {
  readonly name: string;
  /** Bytes kept at most. */
  readonly length: number;
}

export class HeaderCaptures {
  readonly #memory: Memory;
  /** HeaderId of each. */
  readonly #ids: Uint8Array;
  readonly #isRequest: boolean;
  readonly #nameStarts: Int32Array;
  readonly #nameLengths: Int32Array;
  readonly #limits: Int32Array;

  /** At start. One slot per line, in order. */
  constructor(memory: Memory, captures: readonly CaptureSettings[], isRequest: boolean) {
    this.#memory = memory;
    this.#ids = Uint8Array.from(captures, ({ name }) => headerIdOf(memory.bytes, memory.intern(name.toLowerCase()), name.length));
    this.#isRequest = isRequest;
    this.#nameStarts = Int32Array.from(captures, ({ name }) => memory.intern(name.toLowerCase()));
    this.#nameLengths = Int32Array.from(captures, ({ name }) => name.length);
    this.#limits = Int32Array.from(captures, ({ length }) => length);
  }

  run(stream: Stream): void {
    const slots = this.#isRequest ? stream.requestCaptures : stream.responseCaptures;
    const message = this.#isRequest ? stream.request : stream.response;
    for (let slot = 0; slot < this.#limits.length; slot++) this.#capture(stream, message, slots, slot);
  }

  #capture(stream: Stream, message: HttpMessage, slots: Int32Array, slot: number): void {
    const { headers } = message;
    const nameStart = this.#nameStarts[slot] as number;
    const nameLength = this.#nameLengths[slot] as number;
    // A slot that rules fill.
    if (nameLength === 0) return;
    const row = headers.findLastName(this.#ids[slot] as number, this.#memory.bytes, nameStart, nameLength);
    if (row < 0) return;
    const start = headers.valueStart(row);
    const count = Math.min(headers.valueEnd(row) - start, this.#limits[slot] as number, stream.noteLimit - stream.noteEnd);
    slots[slot * 2] = stream.noteEnd;
    stream.noteEnd = this.#memory.copy(start, start + count, stream.noteEnd);
    slots[slot * 2 + 1] = stream.noteEnd;
  }
}
