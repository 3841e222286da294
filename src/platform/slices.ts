/**
 * Slices of blocks that wait in line, as columns: a line is the numbers of its first and last place. Places are
 * lent and returned, so that a steady load allocates nothing. It must not know what the slices wait for.
 */

/** No place: an empty line. */
export const NO_SLICE = -1;

const FIRST_PLACES = 1024;

export class Slices {
  block: Int32Array = new Int32Array(0);
  start: Int32Array = new Int32Array(0);
  end: Int32Array = new Int32Array(0);
  next: Int32Array = new Int32Array(0);
  #free = NO_SLICE;
  /** How many places are lent. */
  used = 0;

  constructor() {
    this.#grow(FIRST_PLACES);
  }

  /** Lends a place for [start, end) of `block`; its `next` is NO_SLICE. */
  take(block: number, start: number, end: number): number {
    if (this.#free === NO_SLICE) this.#grow(this.block.length * 2);
    const place = this.#free;
    this.#free = this.next[place] as number;
    this.block[place] = block;
    this.start[place] = start;
    this.end[place] = end;
    this.next[place] = NO_SLICE;
    this.used++;
    return place;
  }

  /** Takes the place back and returns the one that stood behind it. */
  give(place: number): number {
    const behind = this.next[place] as number;
    this.next[place] = this.#free;
    this.#free = place;
    this.used--;
    return behind;
  }

  #grow(places: number): void {
    const from = this.block.length;
    this.block = widen(this.block, places);
    this.start = widen(this.start, places);
    this.end = widen(this.end, places);
    this.next = widen(this.next, places);
    for (let place = places - 1; place >= from; place--) {
      this.next[place] = this.#free;
      this.#free = place;
    }
  }
}

function widen(column: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length);
  wider.set(column);
  return wider;
}
