/** The rules of each proxy in the order in which they run, for `hawser dump --rules`. It must not know any action. */
import type { ProxyModel, RuleModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import { quoteWord } from './print.ts';

export interface RuleSetDump {
  readonly proxy: string;
  readonly ruleSet: string;
  readonly rules: readonly RuleDump[];
}

export interface RuleDump {
  readonly index: number;
  readonly action: string;
  /** `if …` or `unless …`; null: always. */
  readonly condition: string | null;
  readonly at: Position;
}

/** HAProxy configuration manual, 4 and 4.2: requests from the connection inwards, responses outwards. */
const ORDER = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'http-request',
  'redirect',
  'use_backend',
  'use-server',
  'tcp-response content',
  'http-response',
  'http-after-response',
];

/** Rule sets that have rules, proxies in the order of the files. `redirect` lines run as the end of `http-request`. */
export function ruleSets(model: ConfigModel): RuleSetDump[] {
  return model.proxies.flatMap((proxy) =>
    namesOf(proxy)
      .map((ruleSet) => ({ proxy: proxy.name, ruleSet, rules: rulesOf(proxy, ruleSet).map(dumpRule) }))
      .filter(({ rules }) => rules.length > 0),
  );
}

function namesOf(proxy: ProxyModel): string[] {
  const others = Object.keys(proxy.rules).filter((name) => !ORDER.includes(name));
  return [...ORDER.filter((name) => name !== 'redirect'), ...others];
}

type Rule = Pick<RuleModel, 'action' | 'words' | 'condition' | 'at'>;

function rulesOf(proxy: ProxyModel, ruleSet: string): readonly Rule[] {
  if (ruleSet === 'use_backend') return proxy.useBackends.map(({ name, condition, at }) => ({ action: name, words: [], condition, at }));
  const own = proxy.rules[ruleSet] ?? [];
  return ruleSet === 'http-request' ? [...own, ...(proxy.rules['redirect'] ?? [])] : own;
}

function dumpRule({ action, words, condition, at }: Rule, index: number): RuleDump {
  return {
    index,
    action: line([action, ...words]),
    condition: condition === null ? null : `${condition.unless ? 'unless' : 'if'} ${line(condition.words)}`,
    at,
  };
}

function line(words: readonly string[]): string {
  return words.map((text) => quoteWord({ text, column: 0, quoted: text === 'if' || text === 'unless' })).join(' ');
}

/** For people: a line a rule, with the place where it is written. */
export function rulesText(sets: readonly RuleSetDump[]): string {
  return sets
    .map(({ proxy, ruleSet, rules }) => {
      const lines = rules.map(({ index, action, condition, at }) => {
        const place = `${at.file}:${at.line}`;
        return `  ${String(index).padStart(3)}  ${action}${condition === null ? '' : ` ${condition}`}  # ${place}\n`;
      });
      return `${proxy}: ${ruleSet}\n${lines.join('')}`;
    })
    .join('\n');
}
