/** first: the lowest server id that has room, so that unneeded servers can be switched off. */
import type { Backend, Server, ServerPicker, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import { type Algorithm, takesNoWords } from './contract.ts';
import { Farm } from './farm.ts';
import { hasRoom } from './usable.ts';

export const first: Algorithm = {
  name: 'first',
  signature: '',
  text: 'The server with the lowest id that has a free slot; it needs `maxconn` on the servers. Weights do not count.',
  examples: ['balance first'],
  isDynamic: true,
  problem: takesNoWords,
  make: (backend, shared) => new First(backend, shared), // hot-ok: at start
};

class First implements ServerPicker {
  readonly #farm: Farm;
  /** Positions in `eligible`, by server id. */
  readonly #order: Int32Array;

  constructor(backend: Backend, shared: Shared) {
    this.#farm = new Farm(backend, shared);
    this.#order = new Int32Array(backend.servers.length);
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const farm = this.#farm;
    if (farm.refresh()) this.#sort();
    let avoided: Server | null = null;
    for (let at = 0; at < farm.count; at++) {
      const server = farm.servers[this.#order[at] as number] as Server;
      if (!hasRoom(farm.live, server)) continue;
      if (server !== avoid) return server;
      avoided = server;
    }
    return farm.onlyBackup ?? avoided;
  }

  /** By insertion: ids mostly follow the order of declaration. */
  #sort(): void {
    const { eligible, count, servers } = this.#farm;
    const order = this.#order;
    for (let at = 0; at < count; at++) {
      const index = eligible[at] as number;
      const { id } = servers[index] as Server;
      let to = at;
      for (; to > 0 && (servers[order[to - 1] as number] as Server).id > id; to--) order[to] = order[to - 1] as number;
      order[to] = index;
    }
  }
}
