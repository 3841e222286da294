/**
 * Finds what is parsed and then never looked at: a line that does nothing must say "No effect" in its text. It compares the model's
 * fields and the names that examples leave in its tables (options, flags, numbers) with the sources of everything that uses a model.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { registry } from '../../src/config/registry.ts';
import type { Example } from '../../src/keywords/define.ts';
import { isInert } from './evidence.ts';

const SOURCE = new URL('../../src/', import.meta.url);

/** Read in another way than by a name in the text, or refused before; with the reason. */
const KNOWN: readonly (readonly [name: RegExp, reason: string])[] = [
  [/^tune\.vars\.\w+-max-size$/, 'rules/variables.ts puts the name together'],
  [/^http-keep-alive$/, 'the absence of the two other modes'],
  [/^BindModel\.acceptProxy$/, 'the option is refused'],
  [/^SectionLists\.certificateStores$/, 'the parser gives their certificates to the lines that name them'],
  [/^CertificateStoreModel\.(?:crtBase|keyBase)$/, 'read by config/certificates.ts'],
  [/^StoredCertificateModel\.jwt$/, 'for jwt_verify_cert, which is not there yet'],
];

/** Tables of the model by name. */
const TABLES = new Set(['options', 'other', 'tune', 'flags']);

function sourceText(isWanted: (path: string) => boolean): string {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  const wanted = files.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && isWanted(path));
  return wanted.map((path) => readFileSync(new URL(path, SOURCE), 'utf8')).join('\n');
}

/** The keys that a part of a model has in its tables. */
function tableKeys(part: unknown): string[] {
  if (part === null || typeof part !== 'object') return [];
  return Object.entries(part).flatMap(([name, value]) =>
    TABLES.has(name) && value !== null && typeof value === 'object' ? Object.keys(value) : tableKeys(value),
  );
}

interface Documented {
  readonly name: string;
  readonly doc: string;
  readonly examples: readonly Example[];
}

/** The words of a source: what stands in quotes, and what follows a dot. */
class Mentions {
  readonly #quoted = new Set<string>();
  readonly #words = new Set<string>();

  constructor(text: string) {
    for (const [, quoted = ''] of text.matchAll(/'([^'\n]*)'/g)) this.#quoted.add(quoted);
    for (const [word] of text.matchAll(/\w+/g)) this.#words.add(word);
  }

  /** As a key of a table: in quotes, or as a property. */
  hasKey(key: string): boolean {
    return this.#quoted.has(key) || this.#words.has(key);
  }

  hasWord(word: string): boolean {
    return this.#words.has(word);
  }
}

/** One sentence for each thing that nothing reads. */
export function unreadProblems(): string[] {
  const users = new Mentions(sourceText((path) => !/^(keywords|model)\//.test(path)));
  const { global, proxy, bind, server } = registry();
  const keywords: Documented[] = [global, proxy, bind, server].flatMap((map): Documented[] => [...map.values()]);
  const unread = keywords.flatMap((keyword) => {
    if (isInert(keyword)) return [];
    const keys = new Set(keyword.examples.flatMap(({ gives }) => tableKeys(gives)));
    return [...keys]
      .filter((key) => !isKnown(key) && !users.hasKey(key))
      .map((key) => `'${keyword.name}': nothing reads '${key}' of the model`);
  });
  return [...unread, ...unreadFields()].map((text) => `${text}. Use it, or begin what its text says with "No effect"`);
}

function isKnown(name: string): boolean {
  return KNOWN.some(([pattern]) => pattern.test(name));
}

/** Fields of the model that only the parser knows, but those of keywords without effect. */
function unreadFields(): string[] {
  const users = new Mentions(sourceText((path) => !/^(keywords|model|config)\//.test(path) || path === 'config/resolve.ts'));
  const inert = inertText();
  let owner = '';
  const unread: string[] = [];
  for (const line of sourceText((path) => path.startsWith('model/')).split('\n')) {
    owner = /^export interface (\w+)/.exec(line)?.[1] ?? owner;
    const field = /^ {2}(?:readonly )?(\w+)\??:/.exec(line)?.[1];
    if (field === undefined || isKnown(`${owner}.${field}`)) continue;
    if (!users.hasWord(field) && !inert.includes(`"${field}"`)) unread.push(`nothing reads ${owner}.${field}`);
  }
  return unread;
}

/** What the examples of keywords without effect give, as text. */
function inertText(): string {
  const { global, proxy, bind, server } = registry();
  const keywords: Documented[] = [global, proxy, bind, server].flatMap((map): Documented[] => [...map.values()]);
  return JSON.stringify(keywords.filter(isInert).map(({ examples }) => examples.map(({ gives }) => gives ?? null)));
}
