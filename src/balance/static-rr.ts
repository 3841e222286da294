/** static-rr: round robin over a period that is worked out in advance; weights are fixed while it runs. */
import type { Backend, Server, ServerPicker, Stream } from '../state/records.ts';
import { BackendLive, type Shared } from '../state/shared.ts';
import { type Algorithm, takesNoWords } from './contract.ts';
import { Farm } from './farm.ts';
import { TurnMap } from './turnmap.ts';
import { hasRoom } from './usable.ts';

export const staticRr: Algorithm = {
  name: 'static-rr',
  signature: '',
  text: 'Each server in turns as with roundrobin, from a list made in advance: any number of servers, but weights are fixed while it runs.',
  examples: ['balance static-rr'],
  isDynamic: false,
  problem: takesNoWords,
  make: (backend, shared) => new StaticRoundrobin(backend, shared), // hot-ok: at start
};

class StaticRoundrobin implements ServerPicker {
  readonly #farm: Farm;
  readonly #map: TurnMap;
  readonly #turnCell: number;

  constructor(backend: Backend, shared: Shared) {
    this.#farm = new Farm(backend, shared);
    this.#map = new TurnMap(this.#farm);
    this.#turnCell = backend.live + BackendLive.turn;
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const farm = this.#farm;
    if (farm.refresh()) this.#map.build();
    if (farm.onlyBackup !== null) return farm.onlyBackup;
    const { length } = this.#map;
    let avoided: Server | null = null;
    for (let step = 0; step < length; step++) {
      const server = farm.servers[this.#map.at(this.#nextTurn(length))] as Server;
      if (!hasRoom(farm.live, server)) continue;
      if (server !== avoid) return server;
      avoided = server;
    }
    return avoided;
  }

  /** The next turn of all threads, from 0 again at the end of the period. */
  #nextTurn(length: number): number {
    const { live } = this.#farm;
    for (;;) {
      const seen = Atomics.load(live, this.#turnCell);
      const turn = seen >= length ? 0 : seen;
      if (Atomics.compareExchange(live, this.#turnCell, seen, turn + 1) === seen) return turn;
    }
  }
}
