/**
 * leastconn: the server with the fewest sessions and waiting requests for its weight. Among equals the
 * servers take turns, from one position for all threads.
 */
import type { Backend, Server, ServerPicker, Stream } from '../state/records.ts';
import { BackendLive, ServerLive, type Shared } from '../state/shared.ts';
import { type Algorithm, takesNoWords } from './contract.ts';
import { Farm } from './farm.ts';
import { hasRoom } from './usable.ts';

export const leastconn: Algorithm = {
  name: 'leastconn',
  signature: '',
  text: 'The server with the fewest connections and waiting requests in proportion to its weight: for long sessions.',
  examples: ['balance leastconn'],
  isDynamic: true,
  problem: takesNoWords,
  make: (backend, shared) => new Leastconn(backend, shared), // hot-ok: at start
};

class Leastconn implements ServerPicker {
  readonly #farm: Farm;
  readonly #turnCell: number;

  constructor(backend: Backend, shared: Shared) {
    this.#farm = new Farm(backend, shared);
    this.#turnCell = backend.live + BackendLive.turn;
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const farm = this.#farm;
    farm.refresh();
    const { count, live, servers, eligible } = farm;
    if (count === 0) return farm.onlyBackup;
    const start = live[this.#turnCell] as number;
    let best: Server | null = null;
    let bestLoad = 0;
    let bestWeight = 0;
    let bestAt = 0;
    let avoided: Server | null = null;
    for (let step = 0, at = start < count ? start : 0; step < count; step++, at = at + 1 < count ? at + 1 : 0) {
      const server = servers[eligible[at] as number] as Server;
      const cell = server.live;
      const load = (live[cell + ServerLive.current] as number) + (live[cell + ServerLive.queued] as number);
      const weight = live[cell + ServerLive.weight] as number;
      // load / weight < bestLoad / bestWeight, without division.
      if (best !== null && load * bestWeight >= bestLoad * weight) continue;
      if (!hasRoom(live, server)) continue;
      if (server === avoid) {
        avoided = server;
        continue;
      }
      best = server;
      bestLoad = load;
      bestWeight = weight;
      bestAt = at;
      // Nobody has less than nothing.
      if (load <= 0) break;
    }
    if (best === null) return avoided;
    live[this.#turnCell] = bestAt + 1;
    return best;
  }
}
