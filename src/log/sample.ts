/**
 * `log … sample RANGES:SIZE`: which lines a target gets (HAProxy 3.x configuration 4.2 log). Each data thread counts
 * its own lines. It must not know what a line says.
 */
import type { LogSampleModel } from '../model/config.ts';

export class LogSample {
  readonly #size: number;
  /** Low and high of each range. */
  readonly #ranges: Int32Array;
  #number = 0;

  constructor({ ranges, size }: LogSampleModel) {
    this.#size = size;
    this.#ranges = Int32Array.from(ranges.flat());
  }

  /** Counts a line; true: the target gets it. */
  take(): boolean {
    const number = this.#number === this.#size ? 1 : this.#number + 1;
    this.#number = number;
    const ranges = this.#ranges;
    for (let at = 0; at < ranges.length; at += 2) {
      if (number >= (ranges[at] as number) && number <= (ranges[at + 1] as number)) return true;
    }
    return false;
  }
}
