/**
 * The words of the rule language for who compiles rules: each file of keywords/ is loaded when one of its words is asked for, which
 * halves what a start has to load. Which file has which words says a generated list. All rules are compiled before the process gives
 * up rights or changes its root; what compiles later must have all words loaded before. It must not know any word.
 */
import { createRequire } from 'node:module';
import { words } from '../keywords/catalog.ts';
import { knownRuleNames } from '../keywords/known-rules.ts';
import { Family, type LazyCatalogs } from '../rules/registry.ts';

const require = createRequire(import.meta.url);
const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';

function families<T extends { readonly name: string }>(kind: keyof typeof words): Family<T>[] {
  return words[kind].map(([file, exported, names, derivatives]) => {
    const load = (): T[] => {
      const module = require(`../keywords/${kind}/${file}.${extension}`) as Record<string, T | readonly T[]>;
      return split(exported).flatMap((name) => module[name] as T | readonly T[]);
    };
    return new Family<T>(split(names), split(derivatives), load);
  });
}

function split(list: string): string[] {
  return list === '' ? [] : list.split('|');
}

export const vocabulary: LazyCatalogs = {
  samples: families('samples'),
  converters: families('converters'),
  matchers: families('matchers'),
  actions: families('actions'),
  aliases: families('aliases'),
  known: knownRuleNames,
};
