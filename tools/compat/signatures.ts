/**
 * Compares what the table says about a name's shape (arguments, result type, where it is valid) with what its
 * object declares. A difference that is meant stands in differences.ts with its reason.
 */
import { registry } from '../../src/config/registry.ts';
import { catalogs } from '../../src/keywords/catalogs.ts';
import type { ArgSpec } from '../../src/rules/define.ts';
import { TYPE_NAMES } from '../../src/rules/sample.ts';
import type { Row } from './table.ts';

export interface Mismatch {
  /** `kind name`. */
  readonly key: string;
  readonly what: 'arguments' | 'type' | 'input type' | 'places' | 'sections' | 'rule sets';
  readonly table: string;
  readonly here: string;
}

/** Fewest and most arguments of a signature such as `word(index,delimiters[,count])`. */
export function argumentRange(signature: string): readonly [number, number] {
  const open = signature.indexOf('(');
  if (open < 0) return [0, 0];
  let depth = 0;
  let least = 0;
  let most = 0;
  let isNew = true;
  for (const char of signature.slice(open + 1, signature.lastIndexOf(')'))) {
    if (char === '[') depth++;
    else if (char === ']') depth--;
    else if (char === ',' || char === '/') isNew = true;
    else if (isNew && /\S/.test(char)) {
      isNew = false;
      most++;
      if (depth === 0) least++;
    }
  }
  return [least, most];
}

function rangeOf(args: readonly ArgSpec[]): readonly [number, number] {
  return [args.filter((arg) => arg.default === undefined).length, args.length];
}

/** Other names of the table for the same types. */
const SAME_TYPE: Readonly<Record<string, string>> = {
  bool: 'boolean',
  sint: 'integer',
  signed: 'integer',
  str: 'string',
  bin: 'binary',
  ip: 'address',
  addr: 'address',
  ip4: 'ipv4',
  same: 'any',
  undefined: 'any',
  meth: 'method',
};

function typeOf(name: string): string {
  return SAME_TYPE[name] ?? name;
}

function compare(key: string, what: Mismatch['what'], table: string, here: string): Mismatch[] {
  return table === here ? [] : [{ key, what, table, here }];
}

function range([least, most]: readonly [number, number]): string {
  return least === most ? String(least) : `${least}-${most}`;
}

function fetchMismatches({ name, signature, info }: Row): Mismatch[] {
  const fetch = catalogs.samples.find((one) => one.name === name);
  if (fetch === undefined) return [];
  const key = `fetch ${name}`;
  const [, type = '', valid = ''] = info.split(';').map((part) => part.trim());
  return [
    ...compare(key, 'arguments', range(argumentRange(slashless(signature))), range(rangeOf(fetch.args))),
    ...compare(key, 'type', typeOf(type), TYPE_NAMES[fetch.type]),
    ...compare(key, 'places', valid.replace('valid=', ''), fetch.valid),
  ];
}

/** `[<backend>/]<server>` is one argument. */
function slashless(signature: string): string {
  return signature.replace(/\[<\w+>\/\]/g, '');
}

function converterMismatches({ name, signature, info }: Row): Mismatch[] {
  const converter = catalogs.converters.find((one) => one.name === name);
  if (converter === undefined) return [];
  const key = `converter ${name}`;
  const [from = '', to = ''] = info.split('->').map((part) => part.trim());
  return [
    ...compare(key, 'arguments', range(argumentRange(slashless(signature))), range(rangeOf(converter.args))),
    ...compare(key, 'input type', typeOf(from), TYPE_NAMES[converter.from]),
    ...compare(key, 'type', typeOf(to), TYPE_NAMES[converter.to]),
  ];
}

function proxyMismatches({ name, info }: Row): Mismatch[] {
  const directive = registry().proxy.get(name);
  const letters = /^sections ([DFLB-]{4})/.exec(info)?.[1];
  if (directive === undefined || letters === undefined) return [];
  const here = [...'DFLB'].map((letter) => (directive.sections.includes(letter) ? letter : '-')).join('');
  const wanted = `${letters}${info.includes('named defaults only') ? ' named' : ''}`;
  return compare(`proxy ${name}`, 'sections', wanted, `${here}${directive.namedOnly ? ' named' : ''}`);
}

function actionMismatches({ name, info }: Row): Mismatch[] {
  const action = catalogs.actions.find((one) => one.name === name);
  if (action === undefined) return [];
  const wanted = info
    .split(', ')
    .filter((set) => set !== '')
    .sort();
  // `redirect` lines are a rule set of their own here.
  const here = action.ruleSets.filter((set) => set !== 'redirect').sort();
  return compare(`action ${name}`, 'rule sets', wanted.join(', '), here.join(', '));
}

const BY_KIND: Readonly<Record<string, (row: Row) => Mismatch[]>> = {
  fetch: fetchMismatches,
  converter: converterMismatches,
  proxy: proxyMismatches,
  action: actionMismatches,
};

export function mismatches(rows: readonly Row[]): Mismatch[] {
  return rows.flatMap((row) => BY_KIND[row.kind]?.(row) ?? []);
}
