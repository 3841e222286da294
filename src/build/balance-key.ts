/** What `balance hash` and `balance rdp-cookie` look at: an expression, as the bytes that are hashed. */
import type { BalanceKey } from '../balance/contract.ts';
import type { BalanceModel } from '../model/config.ts';
import type { Compiler } from '../rules/compiler.ts';
import type { Expression } from '../rules/define.ts';
import { Place } from '../rules/place.ts';
import { cast, type Sample, SampleType } from '../rules/sample.ts';
import type { Stream } from '../state/records.ts';

export class ExpressionKey implements BalanceKey {
  start = 0;
  end = 0;
  readonly #expression: Expression;
  readonly #sample: Sample;

  constructor(expression: Expression, sample: Sample) {
    this.#expression = expression;
    this.#sample = sample;
  }

  find(stream: Stream): boolean {
    const sample = this.#sample;
    if (!this.#expression.run(sample, stream) || !cast(sample, SampleType.bin)) return false;
    this.start = sample.start;
    this.end = sample.end;
    return true;
  }
}

/** null for algorithms that look at something else. @throws RuleError */
export function balanceKey(balance: BalanceModel | null, compiler: Compiler): BalanceKey | null {
  const text = balance === null ? null : expressionOf(balance);
  return text === null ? null : new ExpressionKey(compiler.expression(text, Place.useServer), compiler.thread.sample);
}

/** What `persist rdp-cookie` looks at. @throws RuleError */
export function rdpCookieKey(name: string, compiler: Compiler): BalanceKey {
  return new ExpressionKey(compiler.expression(`req.rdp_cookie(${name})`, Place.useServer), compiler.thread.sample);
}

function expressionOf({ algorithm, words }: BalanceModel): string | null {
  if (algorithm === 'hash') return words[0] as string;
  if (algorithm === 'rdp-cookie') return words.length === 0 ? 'req.rdp_cookie' : `req.rdp_cookie(${words[0]})`;
  return null;
}
