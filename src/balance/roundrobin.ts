/**
 * roundrobin: each server in turn, as often as its weight says, evenly spread; the default of most
 * farms. The turns are common to all threads (turns.ts).
 */
import type { Backend, Server, ServerPicker, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import { type Algorithm, takesNoWords } from './contract.ts';
import { Farm } from './farm.ts';
import { Turns } from './turns.ts';
import { hasRoom } from './usable.ts';

export const roundrobin: Algorithm = {
  name: 'roundrobin',
  signature: '',
  text: 'Each server is used in turns, according to its weight: smooth, fair, and exact over all threads. Weights may change at any time.',
  examples: ['balance roundrobin'],
  isDynamic: true,
  problem: takesNoWords,
  make: (backend, shared) => new Roundrobin(backend, shared), // hot-ok: at start
};

export class Roundrobin implements ServerPicker {
  readonly #farm: Farm;
  readonly #turns: Turns;
  /** Where the search without a turn goes on. */
  #stray = 0;

  constructor(backend: Backend, shared: Shared) {
    this.#farm = new Farm(backend, shared);
    this.#turns = new Turns(this.#farm, backend, shared);
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const turns = this.#turns;
    this.#farm.refresh();
    if (!turns.lock()) return this.#anyServer();
    turns.follow();
    const found = this.#farm.onlyBackup ?? this.#next(avoid);
    turns.unlock();
    return found;
  }

  #next(avoid: Server | null): Server | null {
    const { live, servers } = this.#farm;
    const index = this.#turns.peek();
    if (index < 0) return this.#search(avoid);
    const server = servers[index] as Server;
    if (server === avoid || !hasRoom(live, server)) return this.#search(avoid);
    this.#turns.serve(index);
    return server;
  }

  /** Servers that are full or to be avoided lose this turn, as with HAProxy. */
  #search(avoid: Server | null): Server | null {
    const turns = this.#turns;
    const { live, servers } = this.#farm;
    let avoided: Server | null = null;
    let found: Server | null = null;
    for (let index = turns.take(); index >= 0; index = turns.take()) {
      const server = servers[index] as Server;
      if (hasRoom(live, server)) {
        if (server !== avoid) {
          found = server;
          break;
        }
        avoided = server;
      }
    }
    turns.putBack();
    return found ?? avoided;
  }

  #anyServer(): Server | null {
    const { live, servers, eligible, count, onlyBackup } = this.#farm;
    for (let step = 0; step < count; step++) {
      this.#stray = this.#stray + 1 < count ? this.#stray + 1 : 0;
      const server = servers[eligible[this.#stray] as number] as Server;
      if (hasRoom(live, server)) return server;
    }
    return onlyBackup;
  }
}
