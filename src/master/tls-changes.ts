/**
 * Changes of TLS in all data threads: each prepares what it needs, and only if all can, all apply it. One change at a time, in the order
 * in which they were asked for. It must not know what a change is.
 */
import type { TlsChange, TlsStep } from '../model/tls-change.ts';

/** Gives a step to every thread; resolves when all have done it, with what was wrong. */
export type StepTeller = (step: TlsStep) => Promise<readonly string[]>;

export class TlsPublisher {
  readonly #tell: StepTeller;
  readonly #taken: (change: TlsChange) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** @param taken called when all threads follow a change */
  constructor(tell: StepTeller, taken: (change: TlsChange) => void) {
    this.#tell = tell;
    this.#taken = taken;
  }

  /** Resolves when new connections of all threads follow the change: null, or with the reason why nothing has changed. */
  publish(change: TlsChange): Promise<string | null> {
    const done = this.#last.then(() => this.#make(change));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #make(change: TlsChange): Promise<string | null> {
    const problems = await this.#tell({ step: 'prepare', change });
    const [problem = null] = problems;
    await this.#tell({ step: problem === null ? 'apply' : 'drop' });
    if (problem === null) this.#taken(change);
    return problem;
  }
}
