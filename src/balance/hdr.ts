/** hdr(name): the first value of a request header decides; with use_domain_only the label before the top domain of a host name. */

import type { HeaderIdValue } from '../http/message.ts';
import { headerIdOf } from '../http/tokens.ts';
import type { Backend, Server, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { Algorithm, BalanceArguments } from './contract.ts';
import { HashedPicker } from './hashed.ts';

const COMMA = 44;
const DOT = 46;
const QUOTE = 34;
const DOMAIN_ONLY = 'use_domain_only';

export const hdr: Algorithm = {
  name: 'hdr',
  signature: '(<name>) [use_domain_only]',
  text: 'The same server for the same value of a request header; turns if it is missing or empty.',
  examples: ['balance hdr(User-Agent)', 'balance hdr(Host) use_domain_only'],
  isDynamic: false,
  problem: problemOf,
  make: (backend, shared, given) => new Header(backend, shared, given), // hot-ok: at start
};

function problemOf(words: readonly string[]): string | null {
  const name = words[0] ?? '';
  if (!/^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(name)) return "wants a header name in brackets, found '" + name + "'";
  if (words.length > 1 && (words[1] !== DOMAIN_ONLY || words.length > 2))
    return 'takes only ' + DOMAIN_ONLY + " behind the name, found '" + words[1] + "'";
  return null;
}

class Header extends HashedPicker {
  readonly #nameStart: number;
  readonly #nameLength: number;
  readonly #id: HeaderIdValue;
  readonly #domainOnly: boolean;

  constructor(backend: Backend, shared: Shared, given: BalanceArguments) {
    super(backend, shared, given);
    const name = (given.words[0] ?? '').toLowerCase();
    this.#nameStart = given.memory === null ? 0 : given.memory.intern(name);
    this.#nameLength = name.length;
    this.#id = (given.memory === null ? 0 : headerIdOf(this.bytes, this.#nameStart, name.length)) as HeaderIdValue;
    this.#domainOnly = given.words[1] === DOMAIN_ONLY;
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const { headers } = stream.request;
    const { bytes } = this;
    const row = this.#id === 0 ? headers.find(bytes, this.#nameStart, this.#nameLength, 0) : headers.findId(this.#id, 0);
    if (row < 0) return this.turn(stream, avoid);
    const start = headers.valueStart(row);
    const end = firstValueEnd(bytes, start, headers.valueEnd(row));
    if (end === start) return this.turn(stream, avoid);
    return this.#domainOnly ? this.#byDomain(start, end, avoid) : this.byRange(start, end, avoid);
  }

  /** `example` of www.example.com: from the last dot back to the one before. All of a name without dots. */
  #byDomain(start: number, end: number, avoid: Server | null): Server | null {
    const { bytes } = this;
    let last = end - 1;
    while (last > start && bytes[last] !== DOT) last--;
    if (last === start) return this.byRange(start, end, avoid);
    let first = last;
    while (first > start && bytes[first - 1] !== DOT) first--;
    return this.byRange(first, last, avoid);
  }
}

/** A list's first element ends at a comma outside quotes; white space before it doesn't count. */
function firstValueEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let isQuoted = false; at < end && (isQuoted || bytes[at] !== COMMA); at++) if (bytes[at] === QUOTE) isQuoted = !isQuoted;
  while (at > start && (bytes[at - 1] as number) <= 32) at--;
  return at;
}
