/**
 * The words of the rule language by name, and what is said about a name that is not there. The lists come
 * from the catalogs of keywords/; an extension adds its own. It must not know any word.
 */
import type { Action, Alias, Converter, Fetch, Matcher } from './define.ts';
import { coded, notSupported, RuleError } from './error.ts';

export interface Catalogs {
  readonly samples: readonly Fetch[];
  readonly converters: readonly Converter[];
  readonly matchers: readonly Matcher[];
  readonly actions: readonly Action[];
  readonly aliases: readonly Alias[];
  readonly known: KnownNames;
}

/** Words whose objects are loaded when one of them is asked for: most configurations use a few dozens of a thousand words. */
export class Family<T extends { readonly name: string }> {
  readonly names: readonly string[];
  /** Of fetches; see Fetch. */
  readonly derivatives: readonly string[];
  readonly load: () => readonly T[];

  constructor(names: readonly string[], derivatives: readonly string[], load: () => readonly T[]) {
    this.names = names;
    this.derivatives = derivatives;
    this.load = load;
  }
}

/** Catalogs of families, with the same words. */
export interface LazyCatalogs {
  readonly samples: readonly Family<Fetch>[];
  readonly converters: readonly Family<Converter>[];
  readonly matchers: readonly Family<Matcher>[];
  readonly actions: readonly Family<Action>[];
  readonly aliases: readonly Family<Alias>[];
  readonly known: KnownNames;
}

/** Names of HAProxy's by kind, separated by `|`, whether we have them or not. */
export interface KnownNames {
  readonly fetches: string;
  readonly converters: string;
  readonly matchers: string;
  /** Names with arguments in parentheses are without them. */
  readonly actions: string;
  readonly aliases: string;
}

/** Suffixes of derivative ACL keywords: path_beg is path with -m beg. */
const SUFFIXES: readonly string[] = ['beg', 'dir', 'dom', 'end', 'len', 'reg', 'sub'];

/** An ACL keyword: a fetch, with the matcher its name asks for. */
export interface Criterion {
  readonly fetch: Fetch;
  readonly matcher: string | null;
}

/** The words of a kind by name. */
export class Words<T extends { readonly name: string }> {
  readonly #words = new Map<string, T | Family<T>>();
  readonly #what: string;
  readonly #onLoaded: (word: T) => void;

  constructor(what: string, list: readonly (T | Family<T>)[], onLoaded: (word: T) => void = () => {}) {
    this.#what = what;
    this.#onLoaded = onLoaded;
    for (const entry of list) {
      if (entry instanceof Family) for (const name of entry.names) this.#add(name, entry);
      else this.#add(entry.name, entry);
    }
  }

  #add(name: string, entry: T | Family<T>): void {
    if (this.#words.has(name)) throw new RangeError(`two definitions of the ${this.#what} '${name}'`);
    this.#words.set(name, entry);
  }

  get(name: string): T | undefined {
    const found = this.#words.get(name);
    if (!(found instanceof Family)) return found;
    this.load(found);
    return this.get(name);
  }

  /** Takes in the objects of a family. @throws RangeError if they are not those it announced */
  load(family: Family<T>): void {
    const loaded = family.load();
    for (const word of loaded) {
      if (this.#words.get(word.name) !== family) throw new RangeError(`the ${this.#what} '${word.name}' is not announced by its family`);
      this.#words.set(word.name, word);
      this.#onLoaded(word);
    }
    if (loaded.length !== family.names.length) throw new RangeError(`a family of ${family.names.join(', ')} has other words`);
  }

  has(name: string): boolean {
    return this.#words.has(name);
  }

  keys(): IterableIterator<string> {
    return this.#words.keys();
  }

  /** All of them, loaded if need be. */
  values(): readonly T[] {
    return Array.from(this.#words.keys(), (name) => this.get(name) as T);
  }
}

export class Registry {
  readonly fetches: Words<Fetch>;
  readonly converters: Words<Converter>;
  readonly matchers: Words<Matcher>;
  readonly actions: Words<Action>;
  readonly aliases: Words<Alias>;
  /** Who has a derivative: those that take a suffix, and those that are whole names. */
  readonly #bases = new Map<string, Fetch | Family<Fetch>>();
  readonly #singles = new Map<string, { readonly of: Fetch | Family<Fetch>; readonly matcher: string }>();
  readonly #known: KnownNames;

  constructor(catalogs: Catalogs | LazyCatalogs) {
    this.fetches = new Words<Fetch>('sample fetch', catalogs.samples, (fetch) => this.#derive(fetch));
    this.converters = new Words<Converter>('converter', catalogs.converters);
    this.matchers = new Words<Matcher>('matcher', catalogs.matchers);
    this.actions = new Words<Action>('action', catalogs.actions);
    this.aliases = new Words<Alias>('log alias', catalogs.aliases);
    for (const fetch of catalogs.samples) this.#derive(fetch);
    this.#known = catalogs.known;
  }

  /** Whether it is a word of HAProxy's. */
  #isKnown(kind: keyof KnownNames, name: string): boolean {
    return this.#known[kind].split('|').includes(name);
  }

  #derive(of: Fetch | Family<Fetch>): void {
    for (const name of of.derivatives) {
      const [single = '', matcher] = name.split(':');
      if (matcher === undefined) this.#bases.set(name, of);
      else this.#singles.set(single, { of, matcher });
    }
  }

  /** The ACL keyword of this name: a derivative first, as HAProxy looks it up; undefined: none. */
  criterion(name: string): Criterion | undefined {
    const derived = this.#derived(name);
    if (derived === null) {
      const fetch = this.fetches.get(name);
      return fetch === undefined ? undefined : { fetch, matcher: null };
    }
    const { of, matcher } = derived;
    if (!(of instanceof Family)) return { fetch: of, matcher };
    this.fetches.load(of);
    return this.criterion(name);
  }

  /** path_beg is path with `beg`. */
  #derived(name: string): { readonly of: Fetch | Family<Fetch>; readonly matcher: string | null } | null {
    const single = this.#singles.get(name);
    if (single !== undefined) return single;
    const whole = this.#bases.get(name);
    if (whole !== undefined) return { of: whole, matcher: null };
    const cut = name.lastIndexOf('_');
    const matcher = name.slice(cut + 1);
    const of = SUFFIXES.includes(matcher) ? this.#bases.get(name.slice(0, cut)) : undefined;
    return of === undefined ? null : { of, matcher };
  }

  /** @throws RuleError with the nearest name */
  fetch(name: string): Fetch {
    return this.fetches.get(name) ?? this.unknown('fetches', 'fetch method', name, this.fetches.keys());
  }

  converter(name: string): Converter {
    return this.converters.get(name) ?? this.unknown('converters', 'converter', name, this.converters.keys());
  }

  matcher(name: string): Matcher {
    return this.matchers.get(name) ?? this.unknown('matchers', 'matching method', name, this.matchers.keys());
  }

  alias(name: string): Alias {
    const alias = this.aliases.get(name);
    if (alias !== undefined) return alias;
    if (this.#isKnown('aliases', name)) throw notSupported(`the log-format alias '%${name}'`);
    const advice = "If you wanted to emit the '%' character verbatim, you need to use '%%'";
    throw coded(
      'unknown-name',
      new RuleError(`no such format alias '${name}'. ${advice}`, -1, `%${name}`, Array.from(this.aliases.keys())),
    );
  }

  /** @throws RuleError if there is no such action in this rule set */
  action(name: string, ruleSet: string): Action {
    const action = this.actions.get(name);
    if (action?.ruleSets.includes(ruleSet)) return action;
    const allowed = this.actions.values().filter((one) => one.ruleSets.includes(ruleSet));
    if (action !== undefined) {
      const text = `'${name}' is no action of '${ruleSet}': it stands in ${action.ruleSets.join(', ')}`;
      throw coded('unknown-name', new RuleError(text, -1, name, []));
    }
    return this.unknown('actions', `action of '${ruleSet}'`, name, allowed.map((one) => one.name).values());
  }

  /** A name of HAProxy's that we lack is told apart from a slip of the pen. */
  unknown(kind: keyof KnownNames, what: string, name: string, names: Iterable<string>, tail = ''): never {
    if (this.#isKnown(kind, name)) throw notSupported(`${what} '${name}'`);
    // Lua scripts give names to words of their own.
    if (name.startsWith('lua.')) throw notSupported(`${what} '${name}': Lua`);
    const near = nearest(name, Array.from(names));
    const hint = near === null ? '' : `, did you maybe mean '${near}'?`;
    throw coded('unknown-name', new RuleError(`unknown ${what} '${name}'${tail}${hint}`, -1, name, near === null ? [] : [near]));
  }
}

const made = new WeakMap<Catalogs | LazyCatalogs, Registry>();

/** The registry of these catalogs, made once: it never changes. */
export function registryOf(catalogs: Catalogs | LazyCatalogs): Registry {
  const known = made.get(catalogs) ?? new Registry(catalogs);
  made.set(catalogs, known);
  return known;
}

/** The name with the fewest edits, if they are few enough to be a slip. */
export function nearest(name: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.min(Math.max(2, Math.floor(name.length / 3)), name.length - 1) + 1;
  for (const candidate of names) {
    const edits = distance(name, candidate);
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

/** Insertions, deletions and replacements from one text to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const same = from[i] === to[j] ? 0 : 1;
      next.push(Math.min((next[j] as number) + 1, (row[j + 1] as number) + 1, (row[j] as number) + same));
    }
    row = next;
  }
  return row[to.length] as number;
}
