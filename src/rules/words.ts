/**
 * The words of a rule while they are read: one after another, with messages that name what was expected.
 * It must not know what the words mean.
 */
import { RuleError } from './error.ts';

const MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MOST_MS = 2 ** 31 - 1;

/** Milliseconds of `500`, `2s`, `100us` … (HAProxy 3.x configuration 2.5), rounded up; null: no time, or more than 24.8 days. */
export function readTimeMs(word: string): number | null {
  const match = /^(\d{1,12})(us|ms|s|m|h|d)?$/.exec(word);
  const ms = match === null ? Number.NaN : Math.ceil(Number(match[1]) * (MS[match[2] ?? 'ms'] as number));
  return ms <= MOST_MS ? ms : null;
}

/** Bytes of `500`, `2k`, `1m`, `1g`; null: no size. */
export function readSize(word: string): number | null {
  const match = /^(\d{1,12})([kmg])?$/i.exec(word);
  if (match === null) return null;
  return Number(match[1]) * 1024 ** ('kmg'.indexOf((match[2] ?? '').toLowerCase() || '-') + 1);
}

export class Words {
  readonly list: readonly string[];
  /** Argument in the action's own parentheses, as `txn.x` of `set-var(txn.x)`; null: none. */
  readonly argument: string | null;
  /** The action that is run next whatever this one finds; null: that depends on a condition, or there is none. */
  readonly followedBy: string | null;
  at = 0;

  constructor(list: readonly string[], argument: string | null = null, followedBy: string | null = null) {
    this.followedBy = followedBy;
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

  /** Takes a time, with a unit or in milliseconds; in milliseconds. @param min the shortest that is allowed */
  time(what: string, min = 0): number {
    const word = this.next(what);
    const ms = readTimeMs(word);
    if (ms === null || ms < min)
      throw new RuleError(`'${word}' is not ${what}: a number and us, ms, s, m, h or d is expected`, this.at - 1, word);
    return ms;
  }

  /** Takes a size, with k, m, g or in bytes; in bytes. */
  size(what: string): number {
    const word = this.next(what);
    const bytes = readSize(word);
    if (bytes === null) throw new RuleError(`'${word}' is not ${what}: a number and k, m or g is expected`, this.at - 1, word);
    return bytes;
  }

  /** @throws RuleError if words are left */
  end(allowed: readonly string[] = []): void {
    const word = this.list[this.at];
    if (word === undefined) return;
    const hint = allowed.length > 0 ? `${allowed.join(', ')}, or ` : '';
    throw new RuleError(`unexpected word '${word}': expected ${hint}'if' or 'unless' with a condition`, this.at, word, [
      ...allowed,
      'if',
      'unless',
    ]);
  }
}
