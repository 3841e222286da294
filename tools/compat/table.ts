/**
 * HAProxy 3.5's names as a table of facts: `keywords.tsv`, one name a line. Tiers: 1 every user, 2 common in
 * production, 3 special. It must not know what this program supports.
 */
import { readFileSync } from 'node:fs';

export interface Row {
  /** global, proxy, fetch, converter, `kw:peers` … */
  readonly kind: string;
  readonly name: string;
  readonly tier: 1 | 2 | 3;
  /** Chapter of the configuration manual, `man N` for the management manual. */
  readonly section: string;
  /** The name with its arguments. */
  readonly signature: string;
  /** Types, places, sections: by kind. */
  readonly info: string;
  readonly status: string;
}

export function readTable(): Row[] {
  const text = readFileSync(new URL('keywords.tsv', import.meta.url), 'utf8');
  const lines = text.split('\n').slice(1, -1);
  return lines.map((line) => {
    const [kind = '', name = '', tier, section = '', signature = '', info = '', status = ''] = line.split('\t');
    return { kind, name, tier: Number(tier) as Row['tier'], section, signature, info, status };
  });
}
