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
const SUFFIXES = ['beg', 'dir', 'dom', 'end', 'len', 'reg', 'sub'] as const;

/** An ACL keyword: a fetch, with the matcher its name asks for. */
export interface Criterion {
  readonly fetch: Fetch;
  readonly matcher: string | null;
}

export class Registry {
  readonly fetches: ReadonlyMap<string, Fetch>;
  readonly converters: ReadonlyMap<string, Converter>;
  readonly matchers: ReadonlyMap<string, Matcher>;
  readonly actions: ReadonlyMap<string, Action>;
  readonly aliases: ReadonlyMap<string, Alias>;
  readonly #criteria = new Map<string, Criterion>();
  readonly #known: Readonly<Record<keyof KnownNames, ReadonlySet<string>>>;

  constructor(catalogs: Catalogs) {
    this.fetches = byName('sample fetch', catalogs.samples);
    this.converters = byName('converter', catalogs.converters);
    this.matchers = byName('matcher', catalogs.matchers);
    this.actions = byName('action', catalogs.actions);
    this.aliases = byName('log alias', catalogs.aliases);
    for (const fetch of catalogs.samples) this.#derive(fetch);
    const { fetches, converters, matchers, actions, aliases } = catalogs.known;
    const set = (names: string): ReadonlySet<string> => new Set(names.split('|'));
    this.#known = {
      fetches: set(fetches),
      converters: set(converters),
      matchers: set(matchers),
      actions: set(actions),
      aliases: set(aliases),
    };
  }

  #derive(fetch: Fetch): void {
    for (const name of fetch.derivatives) {
      const [single = '', matcher] = name.split(':');
      if (matcher !== undefined) {
        this.#criteria.set(single, { fetch, matcher });
        continue;
      }
      this.#criteria.set(name, { fetch, matcher: null });
      for (const suffix of SUFFIXES) this.#criteria.set(`${name}_${suffix}`, { fetch, matcher: suffix });
    }
  }

  /** The ACL keyword of this name: a derivative first, as HAProxy looks it up; undefined: none. */
  criterion(name: string): Criterion | undefined {
    const derived = this.#criteria.get(name);
    if (derived !== undefined) return derived;
    const fetch = this.fetches.get(name);
    return fetch === undefined ? undefined : { fetch, matcher: null };
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
    if (this.#known.aliases.has(name)) throw notSupported(`the log-format alias '%${name}'`);
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
    const allowed = Array.from(this.actions.values()).filter((one) => one.ruleSets.includes(ruleSet));
    if (action !== undefined) {
      const text = `'${name}' is no action of '${ruleSet}': it stands in ${action.ruleSets.join(', ')}`;
      throw coded('unknown-name', new RuleError(text, -1, name, []));
    }
    return this.unknown('actions', `action of '${ruleSet}'`, name, allowed.map((one) => one.name).values());
  }

  /** A name of HAProxy's that we lack is told apart from a slip of the pen. */
  unknown(kind: keyof KnownNames, what: string, name: string, names: Iterable<string>, tail = ''): never {
    if (this.#known[kind].has(name)) throw notSupported(`${what} '${name}'`);
    // Lua scripts give names to words of their own.
    if (name.startsWith('lua.')) throw notSupported(`${what} '${name}': Lua`);
    const near = nearest(name, Array.from(names));
    const hint = near === null ? '' : `, did you maybe mean '${near}'?`;
    throw coded('unknown-name', new RuleError(`unknown ${what} '${name}'${tail}${hint}`, -1, name, near === null ? [] : [near]));
  }
}

const made = new WeakMap<Catalogs, Registry>();

/** The registry of these catalogs, made once: it never changes. */
export function registryOf(catalogs: Catalogs): Registry {
  const known = made.get(catalogs) ?? new Registry(catalogs);
  made.set(catalogs, known);
  return known;
}

function byName<T extends { readonly name: string }>(what: string, list: readonly T[]): Map<string, T> {
  const map = new Map<string, T>();
  for (const entry of list) {
    if (map.has(entry.name)) throw new RangeError(`two definitions of the ${what} '${entry.name}'`);
    map.set(entry.name, entry);
  }
  return map;
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
