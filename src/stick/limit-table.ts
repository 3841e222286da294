/** The table that a shared bandwidth limit counts in (HAProxy 3.x configuration 9.7). hot-ok: all of this runs at start */
import type { BandwidthLimitModel } from '../model/config.ts';
import { RuleError } from '../rules/error.ts';
import { type SampleTypeValue, TYPE_NAMES } from '../rules/sample.ts';
import type { StickTable } from '../state/tracked.ts';
import { canBeKey } from './key.ts';
import { rateOfLimit } from './shares.ts';

/**
 * The table of a limit of `proxy`, if it fits.
 * @param keyType what the key's expression gives
 * @throws RuleError
 */
export function sharedTable(
  limit: BandwidthLimitModel,
  keyType: SampleTypeValue,
  proxy: string,
  tables: ReadonlyMap<string, StickTable>,
): StickTable {
  const name = limit.shared?.table ?? proxy;
  const table = tables.get(name);
  const says = `Proxy '${proxy}': bandwidth limitation '${limit.name}'`;
  if (table === undefined) throw new RuleError(`${says}: unable to find table '${name}'`, -1, name, [...tables.keys()]);
  if (!table.holds(rateOfLimit(limit), 0)) {
    const needed = limit.toClient ? 'bytes_out_rate' : 'bytes_in_rate';
    throw new RuleError(`${says}: stick-table '${name}' does not store '${needed}'`, -1, name);
  }
  if (canBeKey(keyType, table)) return table;
  throw new RuleError(`${says}: stick-table '${name}' uses a type incompatible with the key, which is a ${TYPE_NAMES[keyType]}`, -1, name);
}
