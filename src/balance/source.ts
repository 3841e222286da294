/**
 * source: the client's address decides, so a client keeps its server while the farm stays the same. The number is
 * the address itself: IPv4 as it stands, the four words of IPv6 mixed by exclusive or; no hash function is applied, `avalanche` is if asked for.
 */
import { Family, type SocketAddress } from '../base/address.ts';
import type { Backend, Server, ServerPicker, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import { type Algorithm, type HashSettings, takesNoWords } from './contract.ts';
import { KeyedFarm } from './keyed.ts';
import { Roundrobin } from './roundrobin.ts';

export const source: Algorithm = {
  name: 'source',
  signature: '',
  text: 'The same server for the same client address, as long as no server comes or goes; see hash-type.',
  examples: ['balance source'],
  isDynamic: false,
  problem: takesNoWords,
  make: (backend, shared, given) => new Source(backend, shared, given.hash), // hot-ok: at start
};

class Source implements ServerPicker {
  readonly isDeterministic = true;
  readonly #farm: KeyedFarm;
  /** For clients without an IP address (UNIX sockets). */
  readonly #turns: Roundrobin;

  constructor(backend: Backend, shared: Shared, hash: HashSettings) {
    this.#farm = new KeyedFarm(backend, shared, hash);
    this.#turns = new Roundrobin(backend, shared);
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const address = stream.session.source;
    if (address.family !== Family.inet && address.family !== Family.inet6) return this.#turns.pick(stream, avoid);
    return this.#farm.find(addressNumber(address), avoid);
  }
}

/** An unsigned 32-bit number of an IPv4 or IPv6 address. */
export function addressNumber(address: SocketAddress): number {
  const { ip } = address;
  const words = address.family === Family.inet6 ? 4 : 1;
  let number = 0;
  for (let word = 0; word < words; word++) {
    const at = word * 4;
    number ^= ((ip[at] as number) << 24) | ((ip[at + 1] as number) << 16) | ((ip[at + 2] as number) << 8) | (ip[at + 3] as number);
  }
  return number >>> 0;
}
