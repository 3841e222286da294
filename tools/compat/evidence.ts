/**
 * What is known about each name of the table: whether it works here, and how that is known. A keyword counts only
 * if its object exists, has an example, and its first example is taken by parser and build.
 */

import { FLAGS } from '../../src/config/command/flags.ts';
import { newEnvironment } from '../../src/config/environment.ts';
import { ERROR_CODES } from '../../src/config/errorfile.ts';
import { type ByName, registry } from '../../src/config/registry.ts';
import { catalogs } from '../../src/keywords/catalogs.ts';
import type { Directive, Example } from '../../src/keywords/define.ts';
import { Registry } from '../../src/rules/registry.ts';
import { alertsFor, parserAlerts } from './accepts.ts';
import { probe } from './probes.ts';
import { type Row, readTable } from './table.ts';
import { isVouched } from './vouched.ts';

/** works · inert: accepted, documented as without effect here · refused: the parser knows it, the build does not · hint: refused with advice. */
export type Status = 'works' | 'inert' | 'refused' | 'missing' | 'hint';

const rules = new Registry(catalogs);

interface Documented {
  readonly doc: string;
  readonly examples: readonly unknown[];
}

/** Keywords that do nothing here say so. */
export function isInert(keyword: Documented & { readonly noEffect?: string | undefined }): boolean {
  return keyword.noEffect !== undefined || /\bNo effect\b/.test(keyword.doc);
}

function judge(keyword: Documented | undefined, isBuilt: () => boolean = () => true): Status {
  if (keyword === undefined || keyword.examples.length === 0) return 'missing';
  if (isInert(keyword)) return 'inert';
  return isBuilt() ? 'works' : 'refused';
}

const SECTION_OF: Readonly<Record<string, string>> = { F: 'frontend x', L: 'listen x', B: 'backend x' };

/** The first example stands in a small configuration; only what says "not supported" counts against it. */
function isTaken(text: string): boolean {
  return !alertsFor(text).some((alert) => /not supported/.test(alert.text));
}

function directiveTaken(directive: Directive): boolean {
  const example = directive.examples.find(({ says }) => says === undefined);
  if (example === undefined || directive.scope === 'global') return true;
  const letter = [...directive.sections].find((one) => SECTION_OF[one] !== undefined) ?? '';
  const bind = letter === 'B' ? '' : ' bind 127.0.0.1:80\n';
  return letter === '' || isTaken(`${SECTION_OF[letter]}\n mode http\n${bind} ${example.text}\n`);
}

function optionTaken(examples: readonly Example[], before: string): boolean {
  const example = examples.find(({ says }) => says === undefined);
  return example === undefined || isTaken(`${before} ${example.text}\n`);
}

function directive(map: ByName<Directive>, name: string): Status {
  const found = map.get(name);
  return judge(found, () => directiveTaken(found as Directive));
}

/** A keyword of one kind of section: its object, or what the parser says if it has none. */
function inSection(section: string, name: string): Status {
  const found = registry().sectionKeywords.get(section)?.get(name);
  if (found !== undefined) return judge(found);
  const lost = parserAlerts(`${section} x\n ${name}\n`).some(({ code }) =>
    /^(unknown-keyword|unsupported|removed|out-of-section)/.test(code),
  );
  return lost ? 'missing' : 'works';
}

function section({ name }: Row): Status {
  const [alert] = parserAlerts(`${name}${name === 'global' ? '' : ' x'}\n`).filter(({ code }) =>
    /^(unknown|unsupported|removed|out-of-section)/.test(code),
  );
  if (alert === undefined) return 'works';
  return alert.text.includes('anymore') ? 'hint' : 'missing';
}

function removed({ name }: Row): Status {
  const [, plain = name, place = ''] = /^(.*?)(?: \((.*)\))?$/.exec(name) ?? [];
  const before = place === 'section' ? '' : place === 'global' ? 'global\n ' : 'listen x\n ';
  return parserAlerts(`${before}${plain}\n`).some(({ text }) => text.includes('anymore')) ? 'hint' : 'missing';
}

/** A flag as its documentation has it; a test keeps that equal to what the command line takes. */
function flag({ name }: Row): Status {
  const found = FLAGS.find((one) => one.flag === name);
  if (found === undefined) return 'missing';
  if (found.refused !== undefined) return 'refused';
  return found.noEffect === undefined ? 'works' : 'inert';
}

/** The two patterns that stand for all converters of maps in HAProxy's list. */
function hasAllMaps(): boolean {
  const rows = readTable().filter(({ kind, name }) => kind === 'converter' && /^map(_|$)/.test(name) && !name.startsWith('map_match'));
  return rows.every(({ name }) => rules.converters.get(name) !== undefined);
}

const yes = (works: boolean | null): Status => (works === true ? 'works' : 'missing');

/** Kinds that a registry answers for. */
const BY_REGISTRY: Readonly<Record<string, (row: Row) => Status>> = {
  global: ({ name }) => directive(registry().global, name),
  proxy: ({ name }) => directive(registry().proxy, name),
  'bind-opt': ({ name }) => {
    const option = registry().bind.get(name);
    return judge(option, () => optionTaken(option?.examples ?? [], 'frontend x\n mode http\n bind 127.0.0.1:80'));
  },
  'server-opt': ({ name }) => {
    const option = registry().server.get(name);
    return judge(option, () => optionTaken(option?.examples ?? [], 'backend x\n mode http\n server s 127.0.0.1:80'));
  },
  fetch: ({ name }) => judge(rules.fetches.get(name)),
  converter: ({ name, status }) => (status.startsWith('pattern for the map_') ? yes(hasAllMaps()) : judge(rules.converters.get(name))),
  'acl-match': ({ name }) => judge(rules.matchers.get(name)),
  action: ({ name }) => judge(rules.actions.get(name)),
  'log-alias': ({ name }) => (name === '%o' ? yes(probe('log-flag', 'Q')) : judge(rules.aliases.get(name.slice(1)))),
  timer: ({ name }) => judge(rules.aliases.get(name)),
  'acl-derivative': ({ name }) => yes(rules.criterion(name) !== undefined),
  section,
  removed,
  cmdline: flag,
  'errorfile-code': ({ name }) => yes((ERROR_CODES as readonly number[]).includes(Number(name))),
  envvar: ({ name }) => yes(newEnvironment({}, [], '').has(name)),
};

export function statusOf(row: Row): Status {
  const { kind, name } = row;
  if (kind.startsWith('kw:')) return inSection(kind.slice(3), name);
  return BY_REGISTRY[kind]?.(row) ?? yes(isVouched(kind, name) ?? probe(kind, name));
}

/** Registered names that the table lacks: HAProxy does not have them. */
export function extraNames(rows: readonly Row[]): string[] {
  const has = (kind: string): ReadonlySet<string> => new Set(rows.filter((row) => row.kind === kind).map(({ name }) => name));
  const lists: [string, Iterable<string>][] = [
    ['global', registry().global.keys()],
    ['proxy', registry().proxy.keys()],
    ['bind-opt', registry().bind.keys()],
    ['server-opt', registry().server.keys()],
    ['fetch', rules.fetches.keys()],
    ['converter', rules.converters.keys()],
    ['acl-match', rules.matchers.keys()],
    ['action', rules.actions.keys()],
    ['log-alias', Array.from(rules.aliases.keys(), (name) => `%${name}`)],
  ];
  return lists.flatMap(([kind, names]) => {
    const known = has(kind);
    return Array.from(names)
      .filter((name) => !known.has(name))
      .map((name) => `${kind} \`${name}\``);
  });
}
