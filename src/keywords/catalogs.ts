/** Every word of the rule language that this program knows, by kind: the lists that build/ hands to the registry. */
import type { Action, Converter, Fetch } from '../rules/define.ts';
import type { Catalogs } from '../rules/registry.ts';
import { actions } from './actions/catalog.ts';
import { aliases } from './aliases/catalog.ts';
import { converters } from './converters/catalog.ts';
import { knownRuleNames } from './known-rules.ts';
import { matchers } from './matchers/catalog.ts';
import { samples } from './samples/catalog.ts';

/** A family made by one function is a list in the list. */
function flat<T>(list: readonly (T | readonly T[])[]): readonly T[] {
  return list.flat() as readonly T[];
}

export const catalogs: Catalogs = {
  samples: flat<Fetch>(samples),
  converters: flat<Converter>(converters),
  matchers,
  actions: flat<Action>(actions),
  aliases,
  known: knownRuleNames,
};
