/** The rules of each proxy in the order in which they run, for `hawser dump --rules`. It must not know any action. */
import type { ConditionModel, ProxyModel, RuleModel, StickRuleModel } from '../../model/config.ts';
import type { ConfigModel } from '../../model/configuration.ts';
import type { Position } from '../../model/position.ts';
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
const ORDER: readonly (readonly [ruleSet: string, rules?: (proxy: ProxyModel) => readonly Rule[]])[] = [
  ['tcp-request connection'],
  ['tcp-request session'],
  ['tcp-request content'],
  ['monitor fail', ({ monitorFails }) => monitorFails.map((condition) => lone('fail', condition))],
  ['http-request', ({ rules }) => [...(rules['http-request'] ?? []), ...(rules['redirect'] ?? [])]],
  ['force-be-switch', ({ forceSwitches }) => forceSwitches.map((condition) => lone('force', condition))],
  ['use_backend', ({ useBackends }) => useBackends.map(({ name, ...rule }) => ({ ...rule, action: name, words: [] }))],
  [
    'persist',
    ({ persistRules }) => persistRules.map(({ force, condition }) => lone(force ? 'force-persist' : 'ignore-persist', condition)),
  ],
  ['use-server', ({ useServers }) => useServers.map(({ name, ...rule }) => ({ ...rule, action: name, words: [] }))],
  ['stick', ({ stickRules }) => stickRules.map(stickRule)],
  ['tcp-response content'],
  ['http-response'],
  ['http-after-response'],
];

/** Rule sets that have rules, proxies in the order of the files. `redirect` lines run as the end of `http-request`. */
export function ruleSets(model: ConfigModel): RuleSetDump[] {
  return model.proxies.flatMap((proxy) =>
    [...ORDER, ...others(proxy)]
      .map(([ruleSet, rules]) => ({
        proxy: proxy.name,
        ruleSet,
        rules: (rules === undefined ? (proxy.rules[ruleSet] ?? []) : rules(proxy)).map(dumpRule),
      }))
      .filter(({ rules }) => rules.length > 0),
  );
}

/** Sets that the order above does not know stand at the end. */
function others(proxy: ProxyModel): (readonly [string])[] {
  const known = new Set(['redirect', ...ORDER.map(([name]) => name)]);
  return Object.keys(proxy.rules)
    .filter((name) => !known.has(name))
    .map((name) => [name] as const);
}

type Rule = Pick<RuleModel, 'action' | 'words' | 'condition' | 'at'>;

/** A line that is nothing but its condition. */
function lone(action: string, condition: ConditionModel): Rule {
  return { action, words: [], condition, at: condition.at };
}

function stickRule({ matches, stores, expression, table, condition, at }: StickRuleModel): Rule {
  const action = matches ? (stores === null ? 'match' : 'on') : `store-${stores}`;
  return { action, words: [expression, ...(table === null ? [] : ['table', table])], condition, at };
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
