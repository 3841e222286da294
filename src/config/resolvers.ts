/**
 * The `resolvers` section that exists without being written: `default`, with the name servers of this machine (HAProxy
 * configuration manual, 5.3.2). It is made only where something names it.
 */
import type { ProxyModel } from '../model/config.ts';
import type { ResolversModel } from '../model/sections.ts';
import { DEFAULT_RESOLVERS, newResolvers, RESOLV_CONF, systemNameservers } from '../resolve/system.ts';
import { readTextLines } from './errorfile.ts';

/** The sections of the files, and `default` if it is used and can be had: HAProxy says nothing if it cannot. */
export function withDefaultResolvers(written: readonly ResolversModel[], proxies: readonly ProxyModel[]): readonly ResolversModel[] {
  if (written.some(({ name }) => name === DEFAULT_RESOLVERS) || !proxies.some(usesDefault)) return written;
  const lines = readTextLines(RESOLV_CONF);
  if (lines === null) return written;
  const at = { file: RESOLV_CONF, line: 0, column: 0 };
  const added = newResolvers(DEFAULT_RESOLVERS, at);
  added.nameservers.push(...systemNameservers(lines, at));
  return [...written, added];
}

function usesDefault({ servers, rules }: ProxyModel): boolean {
  if (servers.some(({ other }) => other['resolvers']?.[0] === DEFAULT_RESOLVERS)) return true;
  return Object.values(rules).some((list) => list.some(({ action }) => isDefaultAction(action)));
}

/** `do-resolve(VARIABLE,default…)`. */
function isDefaultAction(action: string): boolean {
  return action.startsWith('do-resolve(') && action.slice(0, -1).split(',')[1]?.trim() === DEFAULT_RESOLVERS;
}
