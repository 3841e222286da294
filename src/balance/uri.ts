/** uri: the request target decides, so each object lives in one cache. Without the query unless `whole`; `len` and `depth` look at its beginning only. */
import type { HttpMessage } from '../http/message.ts';
import type { Backend, Server, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { Algorithm, BalanceArguments } from './contract.ts';
import { HashedPicker } from './hashed.ts';

const SLASH = 47;
const QUESTION = 63;

interface UriSettings {
  readonly whole: boolean;
  readonly pathOnly: boolean;
  /** Bytes; 0: all. */
  readonly length: number;
  /** Directories; 0: all. */
  readonly depth: number;
}

export const uri: Algorithm = {
  name: 'uri',
  signature: '[whole] [len <bytes>] [depth <directories>] [path-only]',
  text: 'The same server for the same URI: a hash of its path, or of all of it with `whole`.',
  examples: ['balance uri', 'balance uri whole', 'balance uri len 20 depth 3'],
  isDynamic: false,
  problem: (words) => readWords(words).problem, // hot-ok: at start
  make: (backend, shared, given) => new Uri(backend, shared, given), // hot-ok: at start
};

function readWords(words: readonly string[]): { settings: UriSettings; problem: string | null } {
  const settings = { whole: false, pathOnly: false, length: 0, depth: 0 }; // hot-ok: at start
  let problem: string | null = null;
  for (let at = 0; at < words.length && problem === null; at++) {
    const word = words[at];
    if (word === 'whole') settings.whole = true;
    else if (word === 'path-only') settings.pathOnly = true;
    else if (word === 'len' || word === 'depth') {
      const number = words[++at] ?? '';
      if (/^[1-9][0-9]{0,5}$/.test(number)) settings[word === 'len' ? 'length' : 'depth'] = Number(number);
      else problem = word + " wants a number above 0, found '" + number + "'";
    } else problem = "expected whole, path-only, len or depth, found '" + word + "'";
  }
  return { settings, problem }; // hot-ok: at start
}

class Uri extends HashedPicker {
  readonly #settings: UriSettings;

  constructor(backend: Backend, shared: Shared, given: BalanceArguments) {
    super(backend, shared, given);
    this.#settings = readWords(given.words).settings;
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const { request } = stream;
    const { whole, pathOnly, length, depth } = this.#settings;
    const { bytes } = this;
    if (request.targetEnd <= request.targetStart) return this.turn(stream, avoid);
    const start = pathOnly ? pathStart(bytes, request) : request.targetStart;
    const end = length > 0 ? Math.min(request.targetEnd, start + length) : request.targetEnd;
    let at = start;
    for (let slashes = 0; at < end; at++) {
      if (bytes[at] === SLASH && ++slashes > depth && depth > 0) break;
      if (bytes[at] === QUESTION && !whole) break;
    }
    return this.byRange(start, at, avoid);
  }
}

/** Behind scheme and authority of an absolute target. */
function pathStart(bytes: Uint8Array, request: HttpMessage): number {
  const { targetStart, targetEnd } = request;
  if (bytes[targetStart] === SLASH) return targetStart;
  let slashes = 0;
  for (let at = targetStart; at < targetEnd; at++) if (bytes[at] === SLASH && ++slashes === 3) return at;
  return targetStart;
}
