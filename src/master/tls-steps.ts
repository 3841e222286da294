/**
 * Steps of changes of TLS on their way to the data threads: what was told to whom, who has answered, who has not in time. Threads take
 * steps in the order in which they were told, so answers are counted. It must not know what a change is, nor how messages travel.
 */
import { type Clock, systemClock } from '../control/clock.ts';
import type { TlsStep } from '../model/tls-change.ts';

/**
 * How long a data thread may take for a step (milliseconds). It serves nobody meanwhile; one that takes longer hangs, as all that it has to do is
 * to make contexts from bytes that have been judged.
 */
export const STEP_LIMIT_MS = 10_000;

/** What data threads have come to with a step. */
export interface StepOutcome {
  readonly problems: readonly string[];
  /** Numbers, from 1 on, of threads that have not answered in time: they will take the step when they go on. */
  readonly silent: readonly number[];
}

export class TlsSteps {
  readonly #tell: (step: TlsStep) => void;
  readonly #clock: Clock;
  /** By thread: steps that it has been told and has not answered. */
  readonly #owed: number[];
  /** What its last answers said was wrong; null: nothing. */
  #problems: (string | null)[] = [];
  /** By thread: the step waits for it. */
  #isAwaited: readonly boolean[] = [];
  #finish: (() => void) | null = null;

  /** @param tell gives a step to all threads. */
  constructor(threads: number, tell: (step: TlsStep) => void, clock: Clock = systemClock) {
    this.#owed = new Array<number>(threads).fill(0);
    this.#tell = tell;
    this.#clock = clock;
  }

  /** Numbers, from 1 on, of threads that still owe an answer. */
  get silent(): readonly number[] {
    return this.#owed.flatMap((count, index) => (count > 0 ? [index + 1] : []));
  }

  /**
   * Gives a step to all threads; resolves when all have answered it, or time is over. Those that owe an answer to an earlier one are not waited for:
   * they have had their time. One at a time.
   */
  take(step: TlsStep): Promise<StepOutcome> {
    this.#problems = this.#owed.map(() => null);
    this.#isAwaited = this.#owed.map((count) => count === 0);
    for (const [index, count] of this.#owed.entries()) if (count !== LEFT) this.#owed[index] = count + 1;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(STEP_LIMIT_MS, () => this.#finish?.());
      this.#finish = () => {
        this.#finish = null;
        cancel();
        resolve({ problems: this.#problems.filter((problem) => problem !== null), silent: this.silent });
      };
      this.#tell(step);
      this.#look();
    });
  }

  /** A thread has done a step. @param problem what was wrong with it, or null */
  answered(thread: number, problem: string | null): void {
    const owed = this.#owed[thread] as number;
    if (owed === LEFT) return;
    this.#owed[thread] = owed - 1;
    // An answer to an earlier step says nothing of this one.
    if (owed === 1) this.#problems[thread] = problem;
    this.#look();
  }

  /** A thread has ended: it has nothing to change. */
  left(thread: number): void {
    this.#owed[thread] = LEFT;
    this.#look();
  }

  #look(): void {
    if (this.#owed.every((count, index) => count <= 0 || this.#isAwaited[index] === false)) this.#finish?.();
  }
}

/** Instead of a number of steps. */
const LEFT = -1;
