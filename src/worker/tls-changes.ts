/** Changes of TLS on a data thread, one at a time: prepared, then applied or dropped as all threads together. It must not know what they are. */
import type { Prepared } from '../build/line-changes.ts';
import type { BuiltTls } from '../build/tls.ts';
import type { TlsStep } from '../model/tls-change.ts';

export class TlsChanges {
  readonly #built: BuiltTls | null;
  #prepared: Prepared | null = null;

  constructor(built: BuiltTls | null) {
    this.#built = built;
  }

  /** What is wrong with the change, or null. */
  take(step: TlsStep): string | null {
    const prepared = this.#prepared;
    this.#prepared = null;
    if (step.step === 'apply') prepared?.apply();
    else prepared?.drop();
    if (step.step !== 'prepare') return null;
    try {
      this.#prepared = this.#built?.prepare(step.change) ?? null;
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
