/**
 * persist rdp-cookie: the cookie that a terminal server gives its clients says where it is, as numbers: its IPv4 address as the
 * bytes lie in memory, and its port with the bytes exchanged (HAProxy 3.x configuration 4.2). It must not know how the cookie is found.
 */

import type { BalanceKey } from '../balance/contract.ts';
import { isReachable } from '../balance/usable.ts';
import { Family } from '../base/address.ts';
import type { Memory } from '../base/memory.ts';
import type { Backend, Server, Stream } from '../state/records.ts';

const DOT = 46;
const ZERO = 48;
const NINE = 57;
const MOST_DIGITS = 10;

/** Of the number that was read last: the offset behind it. */
let behind = 0;

/** The decimal number at `at`, up to `end` or a dot; -1: there is none. */
function readNumber(bytes: Uint8Array, at: number, end: number): number {
  let number = 0;
  behind = at;
  while (behind < end && behind - at < MOST_DIGITS) {
    const sign = bytes[behind] as number;
    if (sign < ZERO || sign > NINE) break;
    number = number * 10 + sign - ZERO;
    behind++;
  }
  return behind === at ? -1 : number;
}

export class RdpPersistence {
  readonly #memory: Memory;
  readonly #cookie: BalanceKey;
  readonly #backend: Backend;

  /** @param cookie finds the cookie's value */
  constructor(memory: Memory, cookie: BalanceKey, backend: Backend) {
    this.#memory = memory;
    this.#cookie = cookie;
    this.#backend = backend;
  }

  /** The server that the cookie names, if it may be used; null: none. */
  find(stream: Stream): Server | null {
    const cookie = this.#cookie;
    if (!cookie.find(stream)) return null;
    const { bytes } = this.#memory;
    const address = readNumber(bytes, cookie.start, cookie.end);
    if (address < 0 || bytes[behind] !== DOT || behind >= cookie.end) return null;
    const port = readNumber(bytes, behind + 1, cookie.end);
    if (port < 0 || bytes[behind] !== DOT || behind >= cookie.end) return null;
    const { servers, persist, columns } = this.#backend;
    for (let at = 0; at < servers.length; at++) {
      const server = servers[at] as Server;
      if (!isAt(server, address, ((port & 255) << 8) | (port >> 8))) continue;
      return persist || stream.overrides.forcePersist || isReachable(columns, server.live) ? server : null;
    }
    return null;
  }
}

function isAt({ address }: Server, number: number, port: number): boolean {
  if (address.family !== Family.inet || address.port !== port) return false;
  const { ip } = address;
  for (let at = 0; at < 4; at++) if (ip[at] !== Math.floor(number / 256 ** at) % 256) return false;
  return true;
}
