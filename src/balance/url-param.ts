/** url_param: the value of a parameter in the query decides, so a user keeps the server whatever address he comes from. */
import type { Backend, Server, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { Algorithm, BalanceArguments } from './contract.ts';
import { HashedPicker } from './hashed.ts';

const AMPERSAND = 38;
const EQUALS = 61;
const QUESTION = 63;

export const urlParam: Algorithm = {
  name: 'url_param',
  signature: '<name>',
  text: 'The same server for the same value of a parameter of the query; turns if it is missing.',
  examples: ['balance url_param userid'],
  isDynamic: false,
  problem: problemOf,
  make: (backend, shared, given) => new UrlParam(backend, shared, given), // hot-ok: at start
};

function problemOf(words: readonly string[]): string | null {
  if (words.length === 1) return null;
  if (words[1] === 'check_post') return 'check_post is not supported by this version: only the query is looked at';
  return 'wants one parameter name, found ' + words.length;
}

class UrlParam extends HashedPicker {
  readonly #name: Uint8Array;

  constructor(backend: Backend, shared: Shared, given: BalanceArguments) {
    super(backend, shared, given);
    const name = given.words[0] ?? '';
    this.#name = new Uint8Array(name.length);
    for (let at = 0; at < name.length; at++) this.#name[at] = name.charCodeAt(at);
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const { targetStart, targetEnd } = stream.request;
    const { bytes } = this;
    let at = targetStart;
    while (at < targetEnd && bytes[at] !== QUESTION) at++;
    while (at < targetEnd) {
      const start = at + 1;
      at = start;
      while (at < targetEnd && bytes[at] !== AMPERSAND) at++;
      const value = this.#valueOf(start, at);
      if (value < 0) continue;
      return this.byRange(value, at);
    }
    return this.turn(stream, avoid);
  }

  /** Where the value begins if [start, end) is our parameter; else -1. */
  #valueOf(start: number, end: number): number {
    const name = this.#name;
    if (end - start <= name.length || this.bytes[start + name.length] !== EQUALS) return -1;
    for (let at = 0; at < name.length; at++) if (this.bytes[start + at] !== name[at]) return -1;
    return start + name.length + 1;
  }
}
