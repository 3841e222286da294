/**
 * `capture cookie NAME len N`: the first cookie whose text begins with NAME, of the request and of the response, kept in
 * the stream's note for %CC and %CS with its name, cut to N bytes (HAProxy 3.x configuration 4.2 capture cookie). It
 * must not know what the log makes of it.
 */

import type { Memory } from '../base/memory.ts';
import { copyBytes } from '../base/words.ts';
import { HeaderId, type HttpMessage } from '../http/message.ts';
import type { Stream } from '../state/records.ts';
import { skipSpace, trimSpace, valueStop } from './cookie-text.ts';

export class CookieCapture {
  readonly #bytes: Uint8Array;
  readonly #nameStart: number;
  readonly #nameLength: number;
  readonly #limit: number;
  readonly #isRequest: boolean;

  /** At start. `name` ends with `=` if the whole name must agree. */
  constructor(memory: Memory, name: string, limit: number, isRequest: boolean) {
    this.#bytes = memory.bytes;
    this.#nameStart = memory.intern(name);
    this.#nameLength = name.length;
    this.#limit = limit;
    this.#isRequest = isRequest;
  }

  run(stream: Stream): void {
    const message: HttpMessage = this.#isRequest ? stream.request : stream.response;
    const id = this.#isRequest ? HeaderId.cookie : HeaderId.setCookie;
    const { headers } = message;
    for (let row = headers.findId(id, 0); row >= 0; row = headers.findId(id, row + 1)) {
      if (this.#capture(stream, headers.valueStart(row), headers.valueEnd(row))) break;
    }
  }

  /** Of a Set-Cookie only what comes first is a cookie: its attributes follow. */
  #capture(stream: Stream, start: number, end: number): boolean {
    const bytes = this.#bytes;
    for (let at = start; at < end; ) {
      const from = skipSpace(bytes, at, end);
      const stop = valueStop(bytes, from, end);
      if (this.#begins(from, stop)) {
        this.#keep(stream, from, trimSpace(bytes, from, stop));
        return true;
      }
      if (!this.#isRequest) return false;
      at = stop + 1;
    }
    return false;
  }

  #begins(from: number, stop: number): boolean {
    const bytes = this.#bytes;
    if (stop - from < this.#nameLength) return false;
    for (let at = 0; at < this.#nameLength; at++) if (bytes[from + at] !== bytes[this.#nameStart + at]) return false;
    return true;
  }

  #keep(stream: Stream, from: number, to: number): void {
    const bytes = this.#bytes;
    const count = Math.min(to - from, this.#limit, stream.noteLimit - stream.noteEnd);
    const slot = this.#isRequest ? 0 : 2;
    stream.cookieCaptures[slot] = stream.noteEnd;
    stream.noteEnd = copyBytes(bytes, from, from + count, stream.noteEnd);
    stream.cookieCaptures[slot + 1] = stream.noteEnd;
  }
}
