/** Says what is wrong with a keyword that no object answers: misspelt, removed by HAProxy, or not supported yet. */
import type { Complaint, Directive, Word } from '../keywords/define.ts';
import { knownNames, removedAdvice, whyImpossible } from '../keywords/known.ts';
import type { ByName } from './registry.ts';
import { nearestName } from './report/near.ts';

export function unknownKeyword(section: string, words: readonly Word[], map: ByName<Directive>): Complaint {
  const scope = scopeOf(section);
  const word = words[0] as Word;
  // `http-check set-var(check.x)` is a name with its variable.
  const texts = words.slice(0, 3).map(({ text }) => text.split('(', 1)[0] as string);
  for (let length = texts.length; length > 0; length--) {
    const name = texts.slice(0, length).join(' ');
    const advice = removedAdvice(scope, name);
    if (advice !== null) return { text: `the '${name}' directive is not supported anymore ${advice}`, word };
    if (map.get(name)?.called === true) return { text: `'${name}' expects its argument in parentheses behind the name`, word };
    if (knownNames(scope).includes(name))
      return { text: `keyword '${name}' in '${section}' section is not supported by this version${whyImpossible(scope, name)}`, word };
  }
  return misspelt(section, words, map);
}

/** The similar name is looked for among keywords, or among the second words of the family: `option`, `timeout`. */
function misspelt(section: string, words: readonly Word[], map: ByName<Directive>): Complaint {
  const [first, second] = words as [Word, Word | undefined];
  const scope = scopeOf(section);
  const all = [...new Set([...map.keys(), ...knownNames(scope)])];
  const family = all.filter((name) => name.startsWith(`${first.text} `)).map((name) => name.slice(first.text.length + 1));
  if (family.length === 0)
    return { text: `unknown keyword '${first.text}' in '${section}' section`, word: first, near: [...all, ...beginnings(all)] };
  if (second === undefined) {
    const isOption = first.text === 'option';
    return isOption
      ? { text: "'option' expects an option name.", word: first }
      : { text: `'${first.text}' expects one of several words`, word: first, allowed: family };
  }
  if (first.text === 'option') return { text: `unknown option '${second.text}'`, word: second, near: family };
  const near = nearestName(second.text, family);
  const complaint = { text: `'${first.text}' does not support '${second.text}'`, word: second, allowed: family };
  return near === null ? complaint : { ...complaint, near: family };
}

/** The lists of names that a section's lines are looked up in. */
function scopeOf(section: string): 'global' | 'proxy' | `kw:${string}` {
  if (section === 'global') return 'global';
  return ['defaults', 'frontend', 'listen', 'backend'].includes(section) ? 'proxy' : `kw:${section}`;
}

/** What a line may begin with although it is no keyword alone: `option`, and the sections. */
function beginnings(names: readonly string[]): string[] {
  const sections = [
    'global',
    'defaults',
    'frontend',
    'backend',
    'listen',
    'userlist',
    'peers',
    'resolvers',
    'http-errors',
    'ring',
    'log-profile',
  ];
  return [...new Set([...names.map((name) => name.split(' ', 1)[0] as string), ...sections])];
}
