/** Changes of TLS on a data thread, one at a time: prepared, then applied or dropped as all threads together. It must not know what they are. */
import type { Prepared } from '../build/line-changes.ts';
import type { BuiltTls } from '../build/tls.ts';
import type { TlsChange, TlsStep } from '../model/tls-change.ts';

export class TlsChanges {
  readonly #built: BuiltTls | null;
  readonly #prepareKeys: (change: TlsChange) => Prepared | null;
  #prepared: readonly Prepared[] = [];

  /** @param prepareKeys of tokens, which may have the same certificates */
  constructor(built: BuiltTls | null, prepareKeys: (change: TlsChange) => Prepared | null) {
    this.#built = built;
    this.#prepareKeys = prepareKeys;
  }

  /** What is wrong with the change, or null. */
  take(step: TlsStep): string | null {
    const prepared = this.#prepared;
    this.#prepared = [];
    for (const each of prepared) {
      if (step.step === 'apply') each.apply();
      else each.drop();
    }
    if (step.step !== 'prepare') return null;
    try {
      const keys = this.#prepareKeys(step.change);
      this.#prepared = keys === null ? [] : [keys];
      const made = this.#built?.prepare(step.change) ?? null;
      if (made !== null) this.#prepared = [...this.#prepared, made];
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** What this thread has in use. */
  engines(): number {
    return this.#built?.engines() ?? 0;
  }

  held(): Readonly<Record<string, number>> {
    return this.#built?.held() ?? {};
  }
}
