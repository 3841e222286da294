/** Every word of the rule language that this program knows, by kind: the lists that build/ hands to the registry. */
import type { Catalogs } from '../rules/registry.ts';
import { actions } from './actions/catalog.ts';
import { aliases } from './aliases/catalog.ts';
import { converters } from './converters/catalog.ts';
import { knownRuleNames } from './known-rules.ts';
import { matchers } from './matchers/catalog.ts';
import { samples } from './samples/catalog.ts';

export const catalogs: Catalogs = { samples, converters, matchers, actions, aliases, known: knownRuleNames };
