/**
 * Requests that have come before their client's handshake was done: servers are told by `Early-Data: 1`, so that they may refuse what
 * must not happen twice with 425 (RFC 8470 5.1). It must not know TLS.
 */
import type { Memory } from '../base/memory.ts';
import { headerIdOf } from '../http/tokens.ts';
import type { Stream } from '../state/records.ts';

const NAME = 'early-data';

export class EarlyDataField {
  readonly #memory: Memory;
  readonly #name: number;
  readonly #value: number;
  readonly #id: number;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#name = memory.intern(NAME);
    this.#value = memory.intern('1');
    this.#id = headerIdOf(memory.bytes, this.#name, NAME.length);
  }

  /** What is there already stays: the client itself passes on what it was told. False: no room. */
  tell({ request, session }: Stream): boolean {
    if (session.tls === null || !session.tls.isEarly) return true;
    const { headers } = request;
    if (headers.findName(this.#id, this.#memory.bytes, this.#name, NAME.length, 0) >= 0) return true;
    return headers.add(this.#id, this.#name, NAME.length, this.#value, this.#value + 1);
  }
}
