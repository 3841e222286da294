/**
 * Numbers as patterns (HAProxy 3.x configuration 7.1.2): single ones are hashed; ranges that were there from the start are cut
 * into pieces that do not overlap and found by halving; ranges that came later are tried one by one, until the set is
 * built anew. The first of the file wins.
 */

import type { Sample } from '../sample.ts';
import { latin1 } from '../value/bytes.ts';
import { type IndexBuffers, IndexCell, type PatternIndex, PatternKind, type PatternKindValue, putSlot, spread } from './pattern-index.ts';
import type { PatternEntries } from './set.ts';

const LISTED = IndexCell.listed;
const PIECES = IndexCell.pieces;
const MOST = Number.POSITIVE_INFINITY;
export const OPERATORS = ['eq', 'ge', 'gt', 'le', 'lt'] as const;

/** [low, high] of a number, a range `a:b`, or an operator and a number (`gt 5`); null: it is none. hot-ok: when a pattern is read */
export function parseRange(pattern: string): readonly [number, number] | null {
  const parts = /^(?:(eq|ge|gt|le|lt) )?(-?\d+)?(:(-?\d+)?)?$/.exec(pattern);
  if (parts === null || (parts[2] === undefined && parts[4] === undefined)) return null;
  const low = parts[2] === undefined ? -MOST : Number(parts[2]);
  if (parts[3] !== undefined) {
    const high = parts[4] === undefined ? MOST : Number(parts[4]);
    return parts[1] === undefined && low <= high ? [low, high] : null;
  }
  switch (parts[1]) {
    case 'gt':
      return [low + 1, MOST];
    case 'ge':
      return [low, MOST];
    case 'lt':
      return [-MOST, low - 1];
    case 'le':
      return [-MOST, low];
    default:
      return [low, low];
  }
}

export class NumberIndex implements PatternIndex {
  readonly entries: PatternEntries;
  readonly kind: PatternKindValue;
  readonly fold = false;
  buffers: IndexBuffers;
  #slots: Int32Array;
  #header: Int32Array;
  /** Two per range. */
  #ranges: Float64Array;
  #bounds: Float64Array;
  #owners: Int32Array;

  constructor(entries: PatternEntries, buffers: IndexBuffers) {
    this.entries = entries;
    this.kind = buffers.kind;
    this.buffers = buffers;
    this.#slots = new Int32Array(buffers.slots);
    this.#header = new Int32Array(buffers.header);
    this.#ranges = new Float64Array(buffers.list);
    this.#bounds = new Float64Array(buffers.bounds);
    this.#owners = new Int32Array(buffers.owners);
  }

  /** hot-ok: when a set has grown */
  adopt(buffers: IndexBuffers): void {
    this.buffers = buffers;
    this.#slots = new Int32Array(buffers.slots);
    this.#header = new Int32Array(buffers.header);
    this.#ranges = new Float64Array(buffers.list);
    this.#bounds = new Float64Array(buffers.bounds);
    this.#owners = new Int32Array(buffers.owners);
  }

  find(sample: Sample): number {
    const value = this.kind === PatternKind.size ? sample.end - sample.start : sample.int;
    const exact = this.#probe(value);
    const count = this.#header[LISTED] as number;
    if (count === 0) return exact;
    const piece = this.#findPiece(value);
    if (piece >= 0 && !this.entries.isLive(piece)) return earliest(exact, this.#findListed(value, 0, count));
    return earliest(earliest(exact, piece), this.#findListed(value, this.#header[PIECES] as number, count));
  }

  #probe(value: number): number {
    const slots = this.#slots;
    const mask = slots.length / 4 - 1;
    const low = value | 0;
    const high = Math.floor(value / 4294967296) | 0;
    const hash = hashOf(low, high);
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const cell = slot * 4;
      const entry = (slots[cell + 3] as number) - 1;
      if (entry < 0) return -1;
      if (slots[cell + 1] === low && slots[cell + 2] === high && this.entries.isLive(entry)) return entry;
    }
  }

  /** The entry of the piece that the value lies in; -1: of none. */
  #findPiece(value: number): number {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bounds[middle] as number) <= value) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? -1 : (this.#owners[low - 1] as number);
  }

  #findListed(value: number, from: number, to: number): number {
    const ranges = this.#ranges;
    for (let at = from; at < to; at++) {
      if (value < (ranges[at * 3] as number) || value > (ranges[at * 3 + 1] as number)) continue;
      const entry = ranges[at * 3 + 2] as number;
      if (this.entries.isLive(entry)) return entry;
    }
    return -1;
  }

  problem(bytes: Uint8Array, start: number, end: number): string | null {
    if (parseRange(latin1(bytes.subarray(start, end))) !== null) return null;
    return `is not an integer, a range as 1:10, or one of ${OPERATORS.join(', ')} with an integer`;
  }

  insert(entry: number): boolean {
    const { entries } = this;
    const start = entries.keyStart(entry);
    const range = parseRange(latin1(entries.arena.subarray(start, start + entries.keyLength(entry))));
    if (range === null) return false;
    const [low, high] = range;
    if (low === high) {
      const top = Math.floor(low / 4294967296) | 0;
      return putSlot(this.#slots, hashOf(low | 0, top), low | 0, top, entry, entries);
    }
    const count = this.#header[LISTED] as number;
    if (count * 3 >= this.#ranges.length) return false;
    this.#ranges[count * 3] = low;
    this.#ranges[count * 3 + 1] = high;
    this.#ranges[count * 3 + 2] = entry;
    Atomics.store(this.#header, LISTED, count + 1);
    return true;
  }

  /** Cuts all ranges so far into pieces. hot-ok: when a set is built */
  cut(make: (size: number) => ArrayBufferLike): void {
    const count = this.#header[LISTED] as number;
    const { bounds, owners } = cutRanges(this.#ranges.subarray(0, count * 3));
    const pieces = { bounds: make(bounds.length * 8), owners: make(owners.length * 4) };
    new Float64Array(pieces.bounds).set(bounds);
    new Int32Array(pieces.owners).set(owners);
    this.#header[PIECES] = count;
    this.adopt({ ...this.buffers, ...pieces });
  }
}

function hashOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
}

function earliest(one: number, other: number): number {
  return one < 0 ? other : other < 0 ? one : Math.min(one, other);
}

/** Where pieces begin, and the first entry of each. hot-ok: when a set is built */
function cutRanges(ranges: Float64Array): { bounds: number[]; owners: number[] } {
  const events: { at: number; entry: number; begins: boolean }[] = [];
  for (let at = 0; at < ranges.length; at += 3) {
    const [low, high, entry] = ranges.subarray(at, at + 3) as unknown as [number, number, number];
    if (low > high) continue;
    events.push({ at: low, entry, begins: true });
    if (high !== MOST) events.push({ at: high + 1, entry, begins: false });
  }
  events.sort((a, b) => a.at - b.at);
  const open = new EarliestOpen();
  const bounds: number[] = [];
  const owners: number[] = [];
  for (let at = 0; at < events.length; ) {
    const here = (events[at] as { at: number }).at;
    for (; at < events.length && (events[at] as { at: number }).at === here; at++) {
      const { entry, begins } = events[at] as (typeof events)[number];
      if (begins) open.add(entry);
      else open.drop(entry);
    }
    const owner = open.first();
    if (owners.at(-1) === owner) continue;
    bounds.push(here);
    owners.push(owner);
  }
  return { bounds, owners };
}

/** The smallest number of a changing set: a heap from which what was dropped goes when it comes to the top. hot-ok: when a set is built */
class EarliestOpen {
  readonly #heap: number[] = [];
  readonly #dropped = new Set<number>();

  add(entry: number): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0 && (heap[(at - 1) >> 1] as number) > entry) {
      heap[at] = heap[(at - 1) >> 1] as number;
      at = (at - 1) >> 1;
    }
    heap[at] = entry;
  }

  drop(entry: number): void {
    this.#dropped.add(entry);
  }

  first(): number {
    while (this.#heap.length > 0 && this.#dropped.delete(this.#heap[0] as number)) this.#pop();
    return this.#heap[0] ?? -1;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as number;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= last) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
  }
}
