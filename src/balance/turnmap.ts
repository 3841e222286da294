/**
 * A period of turns worked out in advance, for static-rr and for hashes that map to it: entry N is the server of
 * turn N. Each server earns its weight per turn, a turn costs the sum of all weights, and the first
 * server with the most whole turns due is served. Made anew when the farm changes.
 *
 * Recorded sequences of HAProxy are beside the test.
 */
import type { Farm } from './farm.ts';

/** Longest period. Above it weights are rounded: 4 MB and some 50 ms per backend and thread are the most a change may cost. */
const MOST_TURNS = 2 ** 20;
/** Whole turns due at most, +1: nobody is ever further behind (the sum of all dues is one turn). */
const LEVELS = 4;

export class TurnMap {
  readonly #farm: Farm;
  readonly #weights: Float64Array;
  #turns = new Int32Array(0);
  /** Length of the period; 0: no server. */
  length = 0;

  constructor(farm: Farm) {
    this.#farm = farm;
    this.#weights = new Float64Array(farm.servers.length);
  }

  /** Index of the server of turn `turn`, 0 ≤ turn < length. */
  at(turn: number): number {
    return this.#turns[turn] as number;
  }

  /** Makes the period for the farm as it is now. */
  build(): void {
    const total = this.#scaleWeights();
    this.length = total;
    if (this.#turns.length < total) this.#turns = new Int32Array(total); // hot-ok: only when servers or weights have changed
    if (total > 0) this.#fill(total);
  }

  /** Weights without the common divisor of all servers, usable or not; the sum of those in use. */
  #scaleWeights(): number {
    const farm = this.#farm;
    let divisor = 0;
    for (let index = 0; index < farm.servers.length; index++) divisor = commonDivisor(divisor, farm.weight(index));
    let sum = 0;
    for (let at = 0; at < farm.count; at++) sum += farm.weight(farm.eligible[at] as number);
    const shrink = Math.max(divisor, sum / MOST_TURNS);
    let total = 0;
    for (let at = 0; at < farm.count; at++) {
      const weight = Math.max(1, Math.round(farm.weight(farm.eligible[at] as number) / shrink));
      this.#weights[at] = weight;
      total += weight;
    }
    return total;
  }

  /**
   * Server `i` has floor(w × turn / W) turns due less those it had: a number that changes only at known turns. So servers wait in
   * lists of the turn when their next one falls due, and in between stand in one bit set per level.
   */
  #fill(total: number): void {
    const farm = this.#farm;
    const levels = new Levels(farm.count); // hot-ok: only when servers or weights have changed
    const heads = new Int32Array(total + 1).fill(-1); // hot-ok: the same
    const next = new Int32Array(farm.count); // hot-ok: the same
    const earned = new Int32Array(farm.count); // hot-ok: the same
    for (let at = 0; at < farm.count; at++) this.#file(at, total, heads, next, earned);
    for (let turn = 0; turn < total; turn++) {
      for (let at = heads[turn] as number; at >= 0; ) {
        const following = next[at] as number;
        levels.move(at, 1);
        this.#file(at, total, heads, next, earned);
        at = following;
      }
      const served = levels.first();
      levels.move(served, -1);
      this.#turns[turn] = farm.eligible[served] as number;
    }
  }

  /** Puts a server into the list of the turn when it has earned one more. */
  #file(at: number, total: number, heads: Int32Array, next: Int32Array, earned: Int32Array): void {
    const count = (earned[at] as number) + 1;
    earned[at] = count;
    const turn = Math.ceil((count * total) / (this.#weights[at] as number)) - 1;
    if (turn >= total) return;
    next[at] = heads[turn] as number;
    heads[turn] = at;
  }
}

/** Members by level -1 … LEVELS - 2; the lowest member of the highest level is found by its bits. */
class Levels {
  readonly #words: number;
  readonly #bits: Uint32Array;
  readonly #counts = new Int32Array(LEVELS);
  readonly #level: Int8Array;

  constructor(members: number) {
    this.#words = (members + 31) >> 5;
    this.#bits = new Uint32Array(this.#words * LEVELS);
    this.#level = new Int8Array(members).fill(1);
    this.#counts[1] = members;
    for (let at = 0; at < members; at++) this.#flip(1, at);
  }

  move(member: number, by: number): void {
    const from = this.#level[member] as number;
    const to = Math.max(0, Math.min(LEVELS - 1, from + by));
    this.#flip(from, member);
    this.#flip(to, member);
    this.#counts[from] = (this.#counts[from] as number) - 1;
    this.#counts[to] = (this.#counts[to] as number) + 1;
    this.#level[member] = to;
  }

  first(): number {
    let level = LEVELS - 1;
    while (this.#counts[level] === 0) level--;
    let word = level * this.#words;
    while (this.#bits[word] === 0) word++;
    const bits = this.#bits[word] as number;
    return ((word - level * this.#words) << 5) + (31 - Math.clz32(bits & -bits));
  }

  #flip(level: number, member: number): void {
    const word = level * this.#words + (member >> 5);
    this.#bits[word] = (this.#bits[word] as number) ^ (1 << (member & 31));
  }
}

function commonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y > 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}
