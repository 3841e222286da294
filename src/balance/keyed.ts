/**
 * From a number to a server, the same one as long as the farm is the same: by `hash-type map-based` (number modulo
 * the sum of weights, in the turn map: every change of the farm moves most clients) or `consistent` (a ring of
 * points, 16 per unit of weight, placed by the server's id; the nearest point wins: a change moves only the clients
 * of the server concerned). HAProxy 3.x configuration 4.2, hash-type.
 */
import { avalanche } from '../base/hash.ts';
import type { Backend, Server } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { HashSettings } from './contract.ts';
import { Farm } from './farm.ts';
import { TurnMap } from './turnmap.ts';

const POINTS_PER_WEIGHT = 16;
/** Distance between the ids on the ring, in points. */
const ID_STEP = 4096;
const WEIGHT_UNIT = 256;
/** Points of one ring at most, 12 MB: with more, every server gets its share of them. */
const MOST_POINTS = 2 ** 20;
const RANGE = 2 ** 32;

export class KeyedFarm {
  readonly farm: Farm;
  readonly #map: TurnMap | null;
  readonly #ring: Ring | null;
  readonly #avalanche: boolean;

  constructor(backend: Backend, shared: Shared, hash: HashSettings) {
    this.farm = new Farm(backend, shared);
    this.#map = hash.method === 'map-based' ? new TurnMap(this.farm) : null;
    this.#ring = hash.method === 'consistent' ? new Ring(this.farm) : null;
    this.#avalanche = hash.avalanche;
  }

  /** The server for this unsigned 32-bit number; null: none is usable. It may be full. A ring knows another one than `avoid`, a map does not. */
  find(number: number, avoid: Server | null): Server | null {
    const { farm } = this;
    if (farm.refresh()) this.#build();
    if (farm.count === 0) return farm.onlyBackup;
    const key = this.#avalanche ? avalanche(number) : number;
    const index = this.#map === null ? (this.#ring as Ring).at(key, avoid) : this.#map.at(key % this.#map.length);
    return farm.servers[index] as Server;
  }

  #build(): void {
    this.#map?.build();
    this.#ring?.build();
  }
}

class Ring {
  readonly #farm: Farm;
  /** Point × number of servers + index, ascending: one sort orders both. */
  #points = new Float64Array(0);
  #servers = 1;

  constructor(farm: Farm) {
    this.#farm = farm;
  }

  /** Index of the server whose point is nearest to `key`, around the end too; if that is `avoid`, of the next one's. */
  at(key: number, avoid: Server | null): number {
    const points = this.#points;
    const wanted = key * this.#servers;
    let low = 0;
    for (let high = points.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((points[middle] as number) >= wanted) high = middle;
      else low = middle + 1;
    }
    const next = low < points.length ? low : 0;
    const previous = low > 0 ? low - 1 : points.length - 1;
    const toNext = distance(key, this.#place(points[next] as number));
    const isNext = toNext <= distance(this.#place(points[previous] as number), key);
    return this.#past(isNext ? next : previous, avoid);
  }

  /** Index of the first server that is not `avoid`, from a point on. */
  #past(point: number, avoid: Server | null): number {
    const points = this.#points;
    const first = (points[point] as number) % this.#servers;
    if (avoid === null || this.#farm.servers[first] !== avoid) return first;
    for (let count = 1; count < points.length; count++) {
      const index = (points[(point + count) % points.length] as number) % this.#servers;
      if (this.#farm.servers[index] !== avoid) return index;
    }
    return first;
  }

  build(): void {
    const farm = this.#farm;
    let total = 0;
    for (let at = 0; at < farm.count; at++) total += pointsOf(farm, at, 1);
    const share = Math.min(1, MOST_POINTS / Math.max(1, total));
    let count = 0;
    for (let at = 0; at < farm.count; at++) count += pointsOf(farm, at, share);
    this.#servers = farm.servers.length;
    this.#points = new Float64Array(count); // hot-ok: only when servers or weights have changed
    this.#fill(share);
    this.#points.sort();
  }

  #fill(share: number): void {
    const farm = this.#farm;
    let to = 0;
    for (let at = 0; at < farm.count; at++) {
      const index = farm.eligible[at] as number;
      const from = (farm.servers[index] as Server).id * ID_STEP;
      const points = pointsOf(farm, at, share);
      for (let point = 0; point < points; point++) this.#points[to++] = avalanche((from + point) | 0) * this.#servers + index;
    }
  }

  #place(point: number): number {
    return Math.floor(point / this.#servers);
  }
}

function pointsOf(farm: Farm, at: number, share: number): number {
  const weight = farm.weight(farm.eligible[at] as number);
  return Math.max(1, Math.floor((weight * POINTS_PER_WEIGHT * share) / WEIGHT_UNIT));
}

function distance(from: number, to: number): number {
  return to >= from ? to - from : to - from + RANGE;
}
