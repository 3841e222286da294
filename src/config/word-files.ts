/**
 * Files of keywords/ by the words in them: each is loaded when one of its words is asked for, which halves what a start has to load. Which
 * file has which words says a generated list. All of a configuration is read and compiled before the process gives up rights or
 * changes its root; what compiles later must have all words loaded before. It must not know any word.
 */
import { createRequire } from 'node:module';
import { words } from '../keywords/catalog.ts';
import { Family } from '../rules/registry.ts';

const require = createRequire(import.meta.url);
const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';

interface Word {
  readonly name: string;
  readonly scope?: string;
}

/** The families of a kind; with a scope only the words of that scope, which stand as `SCOPE:WORD` in the list. */
export function families<T extends Word>(kind: keyof typeof words, scope: string | null = null): Family<T>[] {
  return words[kind].flatMap(([file, exported, names, derivatives]) => {
    const own = namesIn(split(names), scope);
    const load = (): T[] => {
      const module = require(`../keywords/${kind}/${file}.${extension}`) as Record<string, T | readonly T[]>;
      const loaded = split(exported).flatMap((name) => module[name] as T | readonly T[]);
      return scope === null ? loaded : loaded.filter((word) => word.scope === scope);
    };
    return own.length === 0 ? [] : [new Family<T>(own, split(derivatives), load)];
  });
}

function namesIn(names: readonly string[], scope: string | null): readonly string[] {
  if (scope === null) return names;
  const prefix = `${scope}:`;
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

function split(list: string): string[] {
  return list === '' ? [] : list.split('|');
}
