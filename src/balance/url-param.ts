/** url_param: the value of a parameter in the query decides, so a user keeps the server whatever address he comes from. */
import { Method } from '../http/message.ts';
import type { Backend, Server, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { Algorithm, BalanceArguments } from './contract.ts';
import { HashedPicker } from './hashed.ts';

const AMPERSAND = 38;
const EQUALS = 61;
const QUESTION = 63;
const CHECK_POST = 'check_post';

export const urlParam: Algorithm = {
  name: 'url_param',
  signature: '<name> [check_post]',
  text: 'The same server for the same value of a parameter of the query; with `check_post` also of a POST body, whose beginning is waited for; turns if it is missing.',
  examples: ['balance url_param userid', 'balance url_param userid check_post'],
  isDynamic: false,
  problem: problemOf,
  make: (backend, shared, given) => new UrlParam(backend, shared, given), // hot-ok: at start
};

function problemOf(words: readonly string[]): string | null {
  if (words.length === 1 || (words.length === 2 && words[1] === CHECK_POST)) return null;
  return 'wants one parameter name, found ' + words.length;
}

class UrlParam extends HashedPicker {
  readonly #name: Uint8Array;
  readonly #looksAtBody: boolean;

  constructor(backend: Backend, shared: Shared, given: BalanceArguments) {
    super(backend, shared, given);
    this.#looksAtBody = given.words[1] === CHECK_POST;
    const name = given.words[0] ?? '';
    this.#name = new Uint8Array(name.length);
    for (let at = 0; at < name.length; at++) this.#name[at] = name.charCodeAt(at);
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const { targetStart, targetEnd } = stream.request;
    const { bytes } = this;
    let at = targetStart;
    while (at < targetEnd && bytes[at] !== QUESTION) at++;
    const server = this.#find(at + 1, targetEnd, avoid);
    if (server !== null) return server;
    const { method, bodyStart, bodyEnd } = stream.request;
    const inBody = this.#looksAtBody && method === Method.post ? this.#find(bodyStart, bodyEnd, avoid) : null;
    return inBody ?? this.turn(stream, avoid);
  }

  /** The server of the parameter among those in [from, end). */
  #find(from: number, end: number, avoid: Server | null): Server | null {
    const { bytes } = this;
    for (let start = from; start < end; ) {
      let at = start;
      while (at < end && bytes[at] !== AMPERSAND) at++;
      const value = this.#valueOf(start, at);
      if (value >= 0) return this.byRange(value, at, avoid);
      start = at + 1;
    }
    return null;
  }

  /** Where the value begins if [start, end) is our parameter; else -1. */
  #valueOf(start: number, end: number): number {
    const name = this.#name;
    if (end - start <= name.length || this.bytes[start + name.length] !== EQUALS) return -1;
    for (let at = 0; at < name.length; at++) if (this.bytes[start + at] !== name[at]) return -1;
    return start + name.length + 1;
  }
}
