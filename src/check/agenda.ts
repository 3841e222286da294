/** Who is due when: a binary heap, so that a hundred thousand servers cost one timer. It knows no clock. */

export class Agenda<T> {
  readonly #times: number[] = [];
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Time of the first item; infinite when there is none. */
  get nextMs(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  add(timeMs: number, item: T): void {
    let at = this.#items.length;
    this.#times.push(timeMs);
    this.#items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((this.#times[above] as number) <= timeMs) break;
      this.#move(above, at);
      at = above;
    }
    this.#set(at, timeMs, item);
  }

  /** Takes the first item out if it is due at `nowMs`. */
  takeDue(nowMs: number): T | null {
    if (this.nextMs > nowMs) return null;
    const first = this.#items[0] as T;
    const time = this.#times.pop() as number;
    const item = this.#items.pop() as T;
    if (this.#items.length > 0) this.#sink(time, item);
    return first;
  }

  #sink(timeMs: number, item: T): void {
    const size = this.#items.length;
    let at = 0;
    for (let below = 1; below < size; below = 2 * at + 1) {
      if (below + 1 < size && (this.#times[below + 1] as number) < (this.#times[below] as number)) below++;
      if ((this.#times[below] as number) >= timeMs) break;
      this.#move(below, at);
      at = below;
    }
    this.#set(at, timeMs, item);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#times[from] as number, this.#items[from] as T);
  }

  #set(at: number, timeMs: number, item: T): void {
    this.#times[at] = timeMs;
    this.#items[at] = item;
  }
}
