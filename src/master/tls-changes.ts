/**
 * Changes of TLS in all data threads: each prepares what it needs, and only if all can, all apply it. One change at a time, in the order
 * in which they were asked for. It must not know what a change is.
 */
import type { TlsChange, TlsStep } from '../model/tls-change.ts';
import { STEP_LIMIT_MS, type StepOutcome } from './tls-steps.ts';

/** What gives steps to all threads: TlsSteps. */
export interface StepTaker {
  /** Threads that still owe an answer. */
  readonly silent: readonly number[];
  take(step: TlsStep): Promise<StepOutcome>;
}

export class TlsPublisher {
  readonly #steps: StepTaker;
  readonly #taken: (change: TlsChange) => void;
  readonly #log: (text: string) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** @param taken called when all threads follow a change, or will do so before they do anything else that is told them */
  constructor(steps: StepTaker, taken: (change: TlsChange) => void, log: (text: string) => void) {
    this.#steps = steps;
    this.#taken = taken;
    this.#log = log;
  }

  /**
   * Resolves when new connections of all threads follow the change: null, or with the reason why nothing has changed. Each of its two steps
   * has STEP_LIMIT_MS. A thread that hangs in the first is the reason why nothing changes; it drops what it was told when it goes on, and until then every
   * change is refused at once. One that hangs behind the first, when all have said that they can, can't undo it: it follows when it goes on, and
   * the log says which.
   */
  publish(change: TlsChange): Promise<string | null> {
    const done = this.#last.then(() => this.#make(change));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #make(change: TlsChange): Promise<string | null> {
    const before = this.#steps.silent;
    if (before.length > 0) return `${threads(before)} still not answered an earlier change: nothing has changed`;
    const { problems, silent } = await this.#steps.take({ step: 'prepare', change });
    const [problem = null] = problems;
    if (silent.length > 0) {
      await this.#steps.take({ step: 'drop' });
      return problem ?? `${threads(silent)} not answered within ${STEP_LIMIT_MS / 1000} s: nothing has changed`;
    }
    const { silent: late } = await this.#steps.take({ step: problem === null ? 'apply' : 'drop' });
    if (problem !== null) return problem;
    if (late.length > 0) this.#log(`TLS: ${threads(late)} not yet made a change that all others have made, and will when it goes on.`);
    this.#taken(change);
    return null;
  }
}

/** `data thread 2 has` */
function threads(numbers: readonly number[]): string {
  return numbers.length === 1 ? `data thread ${numbers[0]} has` : `data threads ${numbers.join(', ')} have`;
}
