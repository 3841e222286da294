/** The words of the rule language for who compiles rules, loaded when they are used (config/word-files.ts). It must not know any word. */
import { families } from '../config/word-files.ts';
import { knownRuleNames } from '../keywords/known-rules.ts';
import type { LazyCatalogs } from '../rules/registry.ts';

export const vocabulary: LazyCatalogs = {
  samples: families('samples'),
  converters: families('converters'),
  matchers: families('matchers'),
  actions: families('actions'),
  aliases: families('aliases'),
  known: knownRuleNames,
};
