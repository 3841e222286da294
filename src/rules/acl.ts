/**
 * One ACL expression: a criterion (a fetch with converters, or a derivative as `path_beg`), flags and
 * patterns, as behind `acl NAME` or between `{ }` (HAProxy 3.x configuration 7.1). The patterns are ORed, and
 * so are the values of a fetch that has several. Without a value it is false.
 */
import type { Stream } from '../state/records.ts';
import { parseCalls } from './calls.ts';
import type { CompileContext, FetchStep, Matcher, MatchStep } from './define.ts';
import { atWord, RuleError } from './error.ts';
import { type Chain, compileChain, compileFetch, misplaced, runChain } from './expression.ts';
import { OPERATORS } from './patterns/number.ts';
import { hasCase, type PatternIndex, PatternKind, type PatternKindValue } from './patterns/pattern-index.ts';
import { PatternFault } from './patterns/patterns.ts';
import { inlinePatterns } from './patterns/store.ts';
import type { Criterion, Registry } from './registry.ts';
import { canCast, cast, type Sample, SampleType, type SampleTypeValue, TYPE_NAMES } from './sample.ts';

export interface AclTest {
  test(stream: Stream): boolean;
}

/** Matcher when `-m` and the name say nothing. */
const DEFAULT_MATCHER: Readonly<Record<number, string>> = {
  [SampleType.bool]: 'bool',
  [SampleType.int]: 'int',
  [SampleType.ipv4]: 'ip',
  [SampleType.ipv6]: 'ip',
  [SampleType.address]: 'ip',
  [SampleType.str]: 'str',
  [SampleType.method]: 'meth',
};

class AclExpression implements AclTest {
  readonly #sample: Sample;
  readonly #fetch: FetchStep;
  readonly #chain: Chain;
  readonly #wants: SampleTypeValue;
  readonly #match: MatchStep;
  readonly #isBare: boolean;

  constructor(sample: Sample, fetch: FetchStep, chain: Chain, wants: SampleTypeValue, match: MatchStep) {
    this.#sample = sample;
    this.#fetch = fetch;
    this.#chain = chain;
    this.#wants = wants;
    this.#match = match;
    this.#isBare = chain.steps.length === 0;
  }

  test(stream: Stream): boolean {
    const sample = this.#sample;
    const fetch = this.#fetch;
    const match = this.#match;
    const wants = this.#wants;
    sample.rewind();
    for (;;) {
      sample.more = false;
      if (!fetch(sample, stream)) return false;
      const { more } = sample;
      const isThere = this.#isBare || runChain(this.#chain, sample, stream);
      if (isThere && (sample.type === wants || cast(sample, wants)) && match(sample, stream)) return true;
      if (!more) return false;
    }
  }
}

export const NEVER: AclTest = { test: () => false };

/** Reads what is not there where it is used: it never matches. */
export class MisplacedTest implements AclTest {
  readonly keyword: string;
  constructor(keyword: string) {
    this.keyword = keyword;
  }
  test(): boolean {
    return false;
  }
}

/** Patterns with the same case rule: those of a file, or those that stand in the line. */
interface Group {
  /** With its prefix; null: in the line. */
  readonly file: string | null;
  /** `-M`: the file is a map. */
  readonly isMap: boolean;
  readonly fold: boolean;
  /** Of the word, for messages. */
  readonly word: number;
  readonly patterns: readonly string[];
}

/** Flags and patterns behind a criterion. */
interface Patterns {
  readonly method: string | null;
  readonly groups: readonly Group[];
  /** `-u`: under which the patterns of the line can be changed. */
  readonly id: string | null;
  /** `--` was written: no pattern is no mistake. */
  readonly ended: boolean;
}

/**
 * @param name for messages: the ACL's, or the criterion of an anonymous one
 * @throws RuleError with the index in `words`
 */
export function compileAcl(name: string, words: readonly string[], registry: Registry, context: CompileContext): AclTest {
  try {
    return compileWords(name, words, registry, context);
  } catch (error) {
    // Matchers see patterns, not words: the bad one is found by its text.
    if (error instanceof RuleError && error.word < 0 && error.found !== null) error.word = words.indexOf(error.found);
    throw error;
  }
}

function compileWords(name: string, words: readonly string[], registry: Registry, context: CompileContext): AclTest {
  const first = words[0];
  if (first === undefined) throw new RuleError(`acl '${name}' has no criterion`);
  const { criterion, args, converters } = atWord(0, () => parseCriterion(first, registry));
  const { fetch } = criterion;
  const chain = atWord(0, () => compileChain(converters, fetch.type, registry, context));
  const patterns = readPatterns(criterion.matcher === VERSION && !words.includes('-m') ? words.map(versionNumbers) : words);
  fetch.checkPatterns?.(
    args,
    patterns.groups.flatMap((group) => group.patterns),
    context,
  );
  const matcher = chooseMatcher(criterion, chain.type, patterns, registry);
  if (!canCast(chain.type, matcher.expects)) {
    throw new RuleError(`a ${TYPE_NAMES[chain.type]} can't be matched with '-m ${matcher.name}'`, 0, first);
  }
  if (misplaced(fetch, context) !== null) return new MisplacedTest(fetch.name);
  const step = atWord(0, () => compileFetch(fetch, args, true, context));
  return new AclExpression(context.thread.sample, step, chain, matcher.expects, compileMatch(name, matcher, patterns, context));
}

function parseCriterion(text: string, registry: Registry) {
  const { calls, end } = parseCalls(text, 0);
  if (end < text.length) throw new RuleError(`unexpected '${text.slice(end)}' behind the criterion`, -1, text);
  const call = calls[0] as (typeof calls)[number];
  const criterion = registry.criterion(call.name);
  if (criterion === undefined) {
    return registry.unknown('fetches', 'fetch method', call.name, registry.fetches.keys(), ` in ACL expression '${text}'`);
  }
  return { criterion, args: call.args, converters: calls.slice(1) };
}

/** Matcher of derivatives whose patterns are versions: the numbers of major.minor, 65536 times the one plus the other. */
const VERSION = 'version';

/** `3.1` or `3.0:3.3` as numbers; other words as they are. */
function versionNumbers(word: string): string {
  if (!/^\d+(\.\d+)?(:\d+(\.\d+)?)?$/.test(word)) return word;
  const parts = word.split(':').map((part) => part.split('.').map(Number));
  return parts.map(([major = 0, minor = 0]) => String(major * 65_536 + minor)).join(':');
}

function readPatterns(words: readonly string[]): Patterns {
  const groups: Group[] = [];
  let method: string | null = null;
  let id: string | null = null;
  let fold = false;
  let isMap = false;
  let ended = false;
  let at = 1;
  for (; at < words.length && !ended; at++) {
    const word = words[at] as string;
    if (word === '--') ended = true;
    else if (word === '-i') fold = true;
    else if (word === '-M') isMap = true;
    else if (word === '-u') id = idValue(words, ++at);
    else if (word === '-m') {
      if (groups.length > 0) throw new RuleError("'-m' must stand before patterns and files", at, word);
      method = flagValue(words, ++at, '-m', 'a matching method');
    } else if (word === '-f') groups.push({ file: flagValue(words, ++at, '-f', 'a file'), isMap, fold, word: at, patterns: [] });
    else if (!word.startsWith('-')) break;
    else if (word !== '-n') throw badOption(word, at);
  }
  if (at < words.length || groups.length === 0) groups.push({ file: null, isMap: false, fold, word: at, patterns: words.slice(at) });
  return { method, groups, id, ended };
}

function badOption(word: string, at: number): RuleError {
  const advice = "Please use '--' before any pattern beginning with a '-'";
  return new RuleError(`'${word}' is not a valid ACL option. ${advice}`, at, word, ['-f', '-i', '-m', '-M', '-n', '-u', '--']);
}

function idValue(words: readonly string[], at: number): string {
  const id = flagValue(words, at, '-u', 'a number');
  if (!/^\d{1,9}$/.test(id)) throw new RuleError(`'-u' expects a number, not '${id}'`, at, id);
  return id;
}

function flagValue(words: readonly string[], at: number, flag: string, what: string): string {
  const word = words[at];
  if (word === undefined) throw new RuleError(`'${flag}' expects ${what}`, at - 1, flag);
  return word;
}

function chooseMatcher(criterion: Criterion, type: SampleTypeValue, patterns: Patterns, registry: Registry): Matcher {
  const own = criterion.matcher === VERSION ? 'int' : criterion.matcher;
  const name = patterns.method ?? own ?? DEFAULT_MATCHER[type];
  if (name === undefined) {
    throw new RuleError(
      `'${criterion.fetch.name}' gives a ${TYPE_NAMES[type]}: '-m' and a matching method are needed`,
      0,
      criterion.fetch.name,
    );
  }
  return registry.matcher(name);
}

function compileMatch(name: string, matcher: Matcher, { groups, id, ended }: Patterns, context: CompileContext): MatchStep {
  if (matcher.kind === null) return matcher.test as MatchStep;
  const isEmpty = groups.every((group) => group.file === null && group.patterns.length === 0);
  if (isEmpty && !ended) {
    context.warn(`acl '${name}' will never match: it has no pattern. '-m found' tests whether there is a value, '--' silences this`);
  }
  const { kind } = matcher;
  const indexes = groups.map((group) => openGroup(group, kind, id, context));
  const isFixed = id === null && groups.every(({ file }) => file === null);
  return indexes.length === 1 && isFixed ? compileFixed(indexes[0] as PatternIndex) : compileFind(indexes);
}

/** Patterns that nobody can change. */
function compileFixed(index: PatternIndex): MatchStep {
  return (sample) => index.find(sample) >= 0;
}

function compileFind(indexes: readonly PatternIndex[]): MatchStep {
  return (sample, stream) => {
    for (let at = 0; at < indexes.length; at++) {
      const index = indexes[at] as PatternIndex;
      index.entries.see(stream.patternCommits);
      if (index.find(sample) >= 0) return true;
    }
    return false;
  };
}

function openGroup(group: Group, kind: PatternKindValue, id: string | null, context: CompileContext): PatternIndex {
  const { file, isMap } = group;
  const fold = group.fold && hasCase(kind);
  const isNumber = kind === PatternKind.number || kind === PatternKind.size;
  const lines = file === null && isNumber ? withOperators(group.patterns) : group.patterns;
  try {
    if (file !== null) return context.thread.patterns.open({ name: file, isMap, kind, fold }).index;
    if (id !== null) return context.thread.patterns.open({ name: `#${id}`, isMap: false, kind, fold, lines }).index;
    return inlinePatterns(lines, kind, fold);
  } catch (error) {
    if (error instanceof RuleError) throw error;
    if (error instanceof PatternFault) throw new RuleError(error.message, -1, error.pattern.split(' ').at(-1));
    throw new RuleError((error as Error).message, group.word, file);
  }
}

/** An operator holds for the numbers behind it, up to the next one. */
function withOperators(patterns: readonly string[]): string[] {
  const out: string[] = [];
  let operator = 'eq';
  for (const pattern of patterns) {
    if ((OPERATORS as readonly string[]).includes(pattern)) operator = pattern;
    else if (operator === 'eq') out.push(pattern);
    else if (pattern.includes(':')) throw new RuleError(`a range can't stand behind '${operator}'`, -1, pattern);
    else out.push(`${operator} ${pattern}`);
  }
  return out;
}
