/**
 * The words of a rule while they are read: one after another, with messages that name what was expected.
 * It must not know what the words mean.
 */
import { RuleError } from './error.ts';

export class Words {
  readonly list: readonly string[];
  /** Argument in the action's own parentheses, as `txn.x` of `set-var(txn.x)`; null: none. */
  readonly argument: string | null;
  at = 0;

  constructor(list: readonly string[], argument: string | null = null) {
    this.list = list;
    this.argument = argument;
  }

  get left(): number {
    return this.list.length - this.at;
  }

  /** The next word without taking it; undefined at the end. */
  peek(): string | undefined {
    return this.list[this.at];
  }

  /** Takes the next word. @throws RuleError that names `what` if there is none */
  next(what: string): string {
    const word = this.list[this.at];
    if (word === undefined) throw new RuleError(`expects ${what}`, this.at === 0 ? -1 : this.at - 1);
    this.at++;
    return word;
  }

  /** Takes the next word if it is this one. */
  take(word: string): boolean {
    if (this.list[this.at] !== word) return false;
    this.at++;
    return true;
  }

  /** Takes a decimal integer within bounds. */
  integer(what: string, min: number, max: number): number {
    const word = this.next(what);
    const value = /^-?\d{1,15}$/.test(word) ? Number(word) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new RuleError(`'${word}' is not ${what}: an integer from ${min} to ${max} is expected`, this.at - 1, word, [`${min}-${max}`]);
    }
    return value;
  }

  /** Takes one of these words. */
  choice(what: string, allowed: readonly string[]): string {
    const word = this.next(what);
    if (!allowed.includes(word)) {
      throw new RuleError(`'${word}' is not ${what}: expected ${allowed.join(', ')}`, this.at - 1, word, allowed);
    }
    return word;
  }

  /** @throws RuleError if words are left */
  end(allowed: readonly string[] = []): void {
    const word = this.list[this.at];
    if (word === undefined) return;
    const hint = allowed.length > 0 ? `: expected ${allowed.join(', ')}` : '';
    throw new RuleError(`unexpected word '${word}'${hint}`, this.at, word, allowed);
  }
}
