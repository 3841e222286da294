/** `docs/compatibility.md`: what of HAProxy 3.5's language works, counted from the registered objects. */
import { DIFFERENCES } from './differences.ts';
import { extraNames, type Status, statusOf } from './evidence.ts';
import { type Mismatch, mismatches } from './signatures.ts';
import type { Row } from './table.ts';

const GROUPS: readonly (readonly [title: string, kinds: RegExp])[] = [
  [
    'Configuration',
    /^(section|global|proxy|bind-opt|server-opt|directive|predicate|envvar|pseudovar|kw:.*|crt-.*|addr-prefix|.*-unit|removed)$/,
  ],
  [
    'Rules, samples, logs',
    /^(action|ruleset|fetch|converter|acl-.*|predefined-acl|var-scope|map-.*|uri-.*|redirect-opt|log-.*|filter|compression-kw)$/,
  ],
  [
    'Balancing, persistence, checks',
    /^(mode|balance|hash-.*|cookie-opt|stick-.*|http-reuse|retry-on|.*-check-expect|check-status|errorfile-code)$/,
  ],
  ['Process, runtime, statistics', /^(cmdline|signal|cli.*|info-field|stats-field|prom-metric|term-.*|timer|self-status)$/],
];

interface Judged {
  readonly row: Row;
  readonly status: Status;
}

const DONE: readonly Status[] = ['works', 'inert', 'hint'];

function isDone({ status }: Judged): boolean {
  return DONE.includes(status);
}

function ratio(judged: readonly Judged[]): string {
  return judged.length === 0 ? '' : `${judged.filter(isDone).length} / ${judged.length}`;
}

function percent(judged: readonly Judged[]): string {
  return `${((100 * judged.filter(isDone).length) / judged.length).toFixed(1)} %`;
}

function ofTier(judged: readonly Judged[], tier: number): Judged[] {
  return judged.filter(({ row }) => row.tier === tier);
}

function ofStatus(judged: readonly Judged[], status: Status): Judged[] {
  return judged.filter((one) => one.status === status);
}

function kindTable(judged: readonly Judged[]): string {
  const kinds = [...new Set(judged.map(({ row }) => row.kind))];
  const lines = GROUPS.flatMap(([title, pattern]) => [
    `| **${title}** | | | | | |`,
    ...kinds
      .filter((kind) => pattern.test(kind))
      .map((kind) =>
        kindLine(
          kind,
          judged.filter(({ row }) => row.kind === kind),
        ),
      ),
  ]);
  const lost = kinds.filter((kind) => !GROUPS.some(([, pattern]) => pattern.test(kind)));
  if (lost.length > 0) throw new Error(`tools/compat/page.ts: no group for the kinds ${lost.join(', ')}`);
  return `| Kind | Tier 1 | Tier 2 | Tier 3 | Of them without effect here | Not yet |\n| --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

function kindLine(kind: string, judged: readonly Judged[]): string {
  const tiers = [1, 2, 3].map((tier) => ratio(ofTier(judged, tier)));
  const inert = ofStatus(judged, 'inert').length;
  const open = judged.length - judged.filter(isDone).length;
  return `| ${kind} | ${tiers.join(' | ')} | ${inert || ''} | ${open || ''} |`;
}

function names(judged: readonly Judged[]): string {
  return judged.map(({ row }) => `\`${row.name}\``).join(', ');
}

function missingList(judged: readonly Judged[]): string {
  const kinds = [...new Set(judged.map(({ row }) => row.kind))].sort();
  return kinds
    .map((kind) => {
      const open = judged.filter((one) => one.row.kind === kind && !isDone(one));
      const tiers = [1, 2, 3].map((tier) => ofTier(open, tier)).filter((list) => list.length > 0);
      const lines = tiers.map((list) => `- tier ${list[0]?.row.tier}: ${names(list)}`);
      return open.length === 0 ? '' : `### ${kind} (${open.length})\n\n${lines.join('\n')}\n`;
    })
    .filter((text) => text !== '')
    .join('\n');
}

function inertList(judged: readonly Judged[]): string {
  const inert = ofStatus(judged, 'inert');
  const kinds = [...new Set(inert.map(({ row }) => row.kind))].sort();
  return kinds.map((kind) => `- ${kind}: ${names(inert.filter(({ row }) => row.kind === kind))}`).join('\n');
}

/** Rule sets that an action lacks are work to come, not another meaning. */
export function isToCome({ what, table, here }: Mismatch): boolean {
  return what === 'rule sets' && here.split(', ').every((set) => table.split(', ').includes(set));
}

function mismatchTable(list: readonly Mismatch[]): string {
  const lines = list.map((mismatch) => {
    const reason = DIFFERENCES[`${mismatch.key} ${mismatch.what}`] ?? (isToCome(mismatch) ? 'the rest is to come' : '**not explained**');
    return `| \`${mismatch.key}\` | ${mismatch.what} | ${cell(mismatch.table)} | ${cell(mismatch.here)} | ${reason} |`;
  });
  return `| Name | What | HAProxy 3.5 | Hawser | Reason |\n| --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** What must be mended before the page is right: shapes that differ without a reason, reasons without a difference. */
export function unexplained(rows: readonly Row[]): string[] {
  const list = mismatches(rows).filter((mismatch) => !isToCome(mismatch));
  const keys = new Set(list.map(({ key, what }) => `${key} ${what}`));
  const open = list.filter(({ key, what }) => DIFFERENCES[`${key} ${what}`] === undefined);
  return [
    ...open.map(
      ({ key, what, table, here }) =>
        `${key}: ${what} of HAProxy 3.5: ${table}, here: ${here}. Mend it, or say why in tools/compat/differences.ts`,
    ),
    ...Object.keys(DIFFERENCES)
      .filter((key) => !keys.has(key))
      .map((key) => `tools/compat/differences.ts: '${key}' differs no more: remove the entry`),
  ];
}

export function compatibilityPage(rows: readonly Row[]): string {
  const judged = rows.map((row) => ({ row, status: statusOf(row) }));
  const tiers = [1, 2, 3].map((tier) => ofTier(judged, tier));
  const extras = extraNames(rows);
  return `# Compatibility with HAProxy 3.5

Generated by \`npm run docs\` from the registered keyword objects and \`tools/compat/keywords.tsv\`; do not edit.

**${ratio(judged)} names work (${percent(judged)})**: tier 1 (every user) ${ratio(tiers[0] as Judged[])}, ${percent(tiers[0] as Judged[])};
tier 2 (common in production) ${ratio(tiers[1] as Judged[])}, ${percent(tiers[1] as Judged[])}; tier 3 (special) ${ratio(tiers[2] as Judged[])}, ${percent(tiers[2] as Judged[])}.

A keyword counts if its object exists, has examples that run as tests, and parser and build take the first of them. Values
that are no objects (algorithms, flags, places) count if a small configuration with them is taken; behaviour (termination
states, signals, statuses) counts if a named test shows it. **Without effect** means: accepted, so that configurations load, and
documented as doing nothing here; it is included in the numbers. What is not listed as working is refused when it is used: a
message says "not supported by this version", and nothing is ignored in silence.

${kindTable(judged)}
## Shapes that differ

Arguments, types, places and sections are compared with HAProxy's list.

${mismatchTable(mismatches(rows))}
## Names that HAProxy does not have

${extras.length === 0 ? 'None.' : extras.join(', ')}

## Accepted without effect

${inertList(judged)}

## Not yet

${missingList(judged)}`;
}
