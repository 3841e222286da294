/**
 * random(n): n servers are drawn in proportion to their weights, and the least loaded of them is taken. With many
 * load balancers in front of one farm this evens out better than turns. random(2) is what a backend
 * without `balance` gets (HAProxy 3.3 and later).
 */
import type { Backend, Server, ServerPicker, Stream } from '../state/records.ts';
import { ServerLive, type Shared } from '../state/shared.ts';
import type { Algorithm } from './contract.ts';
import { Farm } from './farm.ts';
import { hasRoom } from './usable.ts';

const DEFAULT_DRAWS = 2;

export const random: Algorithm = {
  name: 'random',
  signature: '[(<draws>)]',
  text: 'The least loaded of <draws> servers drawn at random by weight; 2 draws if not given.',
  examples: ['balance random', 'balance random(2)', 'balance random(1)'],
  isDynamic: true,
  problem: (words) => (words.length <= 1 && drawsOf(words) > 0 ? null : `wants a number of draws above 0, found '${words.join(' ')}'`), // hot-ok: at start
  make: (backend, shared, given) => new Random(backend, shared, drawsOf(given.words)), // hot-ok: at start
};

/** 0: not a number of draws. */
function drawsOf(words: readonly string[]): number {
  const [word] = words; // hot-ok: at start
  if (word === undefined) return DEFAULT_DRAWS;
  return /^[1-9][0-9]{0,5}$/.test(word) ? Number(word) : 0;
}

class Random implements ServerPicker {
  readonly #farm: Farm;
  readonly #draws: number;
  /** Sums of the weights up to and with each eligible server. */
  readonly #sums: Float64Array;
  #seed = (Math.random() * 0x7fffffff) | 1;

  constructor(backend: Backend, shared: Shared, draws: number) {
    this.#farm = new Farm(backend, shared);
    this.#draws = draws;
    this.#sums = new Float64Array(backend.servers.length);
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const farm = this.#farm;
    if (farm.refresh()) this.#sumUp();
    const { count, live } = farm;
    if (count === 0) return farm.onlyBackup;
    let best: Server | null = null;
    for (let draw = 0; draw < this.#draws; draw++) {
      const server = this.#draw();
      if (best === null || best === avoid || (server !== avoid && isLessLoaded(live, server, best))) best = server;
    }
    if (best === avoid && count > 1) best = this.#another(best as Server);
    return best !== null && hasRoom(live, best) ? best : null;
  }

  #sumUp(): void {
    const { eligible, count } = this.#farm;
    let sum = 0;
    for (let at = 0; at < count; at++) {
      sum += this.#farm.weight(eligible[at] as number);
      this.#sums[at] = sum;
    }
  }

  #draw(): Server {
    const { servers, eligible, count } = this.#farm;
    const sums = this.#sums;
    const point = this.#next() * (sums[count - 1] as number);
    let low = 0;
    for (let high = count - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > point) high = middle;
      else low = middle + 1;
    }
    return servers[eligible[low] as number] as Server;
  }

  /** All draws gave the server to be avoided: its neighbour. */
  #another(avoided: Server): Server {
    const { servers, eligible, count } = this.#farm;
    let at = 0;
    while (servers[eligible[at] as number] !== avoided) at++;
    return servers[eligible[(at + 1) % count] as number] as Server;
  }

  /** In [0, 1). Xorshift (Marsaglia, 2003): speed matters, secrecy doesn't. */
  #next(): number {
    let seed = this.#seed;
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    this.#seed = seed;
    return (seed >>> 0) / 0x100000000;
  }
}

function isLessLoaded(live: Int32Array, one: Server, other: Server): boolean {
  return loadOf(live, one.live) * weightOf(live, other.live) < loadOf(live, other.live) * weightOf(live, one.live);
}

function loadOf(live: Int32Array, at: number): number {
  return (live[at + ServerLive.current] as number) + (live[at + ServerLive.queued] as number);
}

function weightOf(live: Int32Array, at: number): number {
  return live[at + ServerLive.weight] as number;
}
