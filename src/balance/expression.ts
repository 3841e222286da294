/** hash and rdp-cookie: what an expression gives decides; turns if it gives nothing. It must not know expressions. */
import type { Backend, Server, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { Algorithm, BalanceArguments, BalanceKey } from './contract.ts';
import { HashedPicker } from './hashed.ts';

export const hashExpression: Algorithm = {
  name: 'hash',
  signature: '<expression>',
  text: 'The same server for the same value of an expression; turns if it has none.',
  examples: ['balance hash req.hdr(host),lower'],
  isDynamic: false,
  problem: (words) => (words.length === 1 ? null : 'wants one expression, found ' + words.length), // hot-ok: at start
  make: (backend, shared, given) => new ExpressionPicker(backend, shared, given), // hot-ok: at start
};

export const rdpCookie: Algorithm = {
  name: 'rdp-cookie',
  signature: '(<name>)',
  text: 'The same server for the same RDP cookie (mstshash unless a name is given); turns if there is none. Rules must have waited for it.',
  examples: ['balance rdp-cookie', 'balance rdp-cookie(msts)'],
  isDynamic: false,
  problem: (words) => (words.length <= 1 ? null : 'takes one name in brackets'), // hot-ok: at start
  make: (backend, shared, given) => new ExpressionPicker(backend, shared, given), // hot-ok: at start
};

class ExpressionPicker extends HashedPicker {
  readonly #key: BalanceKey | null;

  constructor(backend: Backend, shared: Shared, given: BalanceArguments) {
    super(backend, shared, given);
    this.#key = given.key;
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const key = this.#key;
    return key?.find(stream) === true ? this.byRange(key.start, key.end, avoid) : this.turn(stream, avoid);
  }
}
