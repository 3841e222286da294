/**
 * Finds keyword objects by name. Built from the generated catalogs when the first line is parsed.
 */
import { bind } from '../keywords/bind/catalog.ts';
import type { BindOption, Directive, Section, ServerOption } from '../keywords/define.ts';
import { sections } from '../keywords/sections/catalog.ts';
import { server } from '../keywords/server/catalog.ts';
import { Words } from '../rules/registry.ts';
import { families } from './word-files.ts';

export interface Registry {
  readonly global: Words<Directive>;
  readonly proxy: Words<Directive>;
  /** Sections beside global and the proxies, and the keywords of each by the section's name. */
  readonly sections: ReadonlyMap<string, Section>;
  readonly sectionKeywords: ReadonlyMap<string, ReadonlyMap<string, Directive>>;
  readonly bind: ReadonlyMap<string, BindOption>;
  readonly server: ReadonlyMap<string, ServerOption>;
}

let built: Registry | null = null;

export function registry(): Registry {
  if (built === null) {
    const inSections = (sections as readonly (Section | Directive | readonly Directive[])[]).flat() as (Section | Directive)[];
    const kinds = inSections.filter((object): object is Section => object.scope === 'kind');
    const lines = inSections.filter((object): object is Directive => object.scope === 'section');
    built = {
      sections: byName(kinds),
      sectionKeywords: new Map(kinds.map(({ name }) => [name, byName(lines.filter((line) => line.sections === name))])),
      global: new Words<Directive>('keyword', families('directives', 'global')),
      proxy: new Words<Directive>('keyword', families('directives', 'proxy')),
      bind: byName((bind as readonly (BindOption | readonly BindOption[])[]).flat() as BindOption[]),
      server: byName((server as readonly (ServerOption | readonly ServerOption[])[]).flat() as ServerOption[]),
    };
  }
  return built;
}

function byName<K extends { readonly name: string }>(keywords: readonly K[]): Map<string, K> {
  const map = new Map<string, K>();
  for (const keyword of keywords) {
    if (map.has(keyword.name)) throw new Error(`two keyword objects are named '${keyword.name}'`);
    map.set(keyword.name, keyword);
  }
  return map;
}

/** What a line's keyword is looked for in. */
export interface ByName<K> {
  get(name: string): K | undefined;
  keys(): IterableIterator<string>;
}

/** How many words the longest keyword has that begins with a word, for each map: most have one. */
const lengths = new WeakMap<ByName<unknown>, ReadonlyMap<string, number>>();

function lengthsOf(map: ByName<unknown>): ReadonlyMap<string, number> {
  const known = lengths.get(map);
  if (known !== undefined) return known;
  const made = new Map<string, number>();
  for (const name of map.keys()) {
    const words = name.split(' ');
    made.set(words[0] as string, Math.max(words.length, made.get(words[0] as string) ?? 0));
  }
  lengths.set(map, made);
  return made;
}

/**
 * The keyword with the most words that the line begins with, and how many words it has.
 * `argument`: of one that is written `name(argument)`; null: of the others.
 */
export function findKeyword<K>(
  map: ByName<K>,
  words: readonly { readonly text: string }[],
): { keyword: K; length: number; argument: string | null } | null {
  const first = words[0]?.text ?? '';
  const most = lengthsOf(map).get(first) ?? 0;
  for (let length = Math.min(most, words.length); length > 0; length--) {
    let name = first;
    for (let at = 1; at < length; at++) name += ` ${(words[at] as { text: string }).text}`;
    const keyword = map.get(name);
    if (keyword !== undefined && !isCalled(keyword)) return { keyword, length, argument: null };
    const call = /^([^(]+)\((.*)\)$/.exec(name);
    const called = call === null ? undefined : map.get(call[1] as string);
    if (called !== undefined && isCalled(called)) return { keyword: called, length, argument: call?.[2] ?? '' };
  }
  return null;
}

function isCalled(keyword: unknown): boolean {
  return typeof keyword === 'object' && keyword !== null && 'called' in keyword && keyword.called === true;
}
