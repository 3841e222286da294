/** Runs a scenario with many seeds. SIM_SEED=N runs only that one; SIM_TIMES=N runs N times as many. */
import { test } from 'node:test';

const ONLY = process.env['SIM_SEED'];
const TIMES = Number(process.env['SIM_TIMES'] ?? 1);

export function eachSeed(name: string, count: number, run: (seed: number) => void): void {
  test(`${name}, ${count} seeds`, () => {
    if (ONLY !== undefined) {
      run(Number(ONLY));
      return;
    }
    for (let seed = 1; seed <= count * TIMES; seed++) {
      try {
        run(seed);
      } catch (error) {
        throw new Error(`${name}: fails with SIM_SEED=${seed}`, { cause: error });
      }
    }
  });
}
