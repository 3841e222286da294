/**
 * One ACL expression: a criterion (a fetch with converters, or a derivative as `path_beg`), flags and
 * patterns, as behind `acl NAME` or between `{ }` (HAProxy 3.x configuration 7.1). The patterns are ORed, and
 * so are the values of a fetch that has several. Without a value it is false.
 */
import type { Stream } from '../state/records.ts';
import { parseCalls } from './calls.ts';
import type { CompileContext, FetchStep, Matcher, MatchStep } from './define.ts';
import { atWord, notSupported, RuleError } from './error.ts';
import { type Chain, compileChain, compileFetch, misplaced, runChain } from './expression.ts';
import { placeName } from './place.ts';
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

  constructor(sample: Sample, fetch: FetchStep, chain: Chain, wants: SampleTypeValue, match: MatchStep) {
    this.#sample = sample;
    this.#fetch = fetch;
    this.#chain = chain;
    this.#wants = wants;
    this.#match = match;
  }

  test(stream: Stream): boolean {
    const sample = this.#sample;
    sample.row = 0;
    sample.next = -1;
    for (;;) {
      sample.more = false;
      if (!this.#fetch(sample, stream)) return false;
      const { more } = sample;
      if (runChain(this.#chain, sample, stream) && cast(sample, this.#wants) && this.#match(sample)) return true;
      if (!more) return false;
    }
  }
}

export const NEVER: AclTest = { test: () => false };

/** Flags and patterns behind a criterion. */
interface Patterns {
  readonly method: string | null;
  readonly exact: string[];
  readonly ignoringCase: string[];
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
  const patterns = readPatterns(words, context);
  const matcher = chooseMatcher(criterion, chain.type, patterns, registry);
  if (!canCast(chain.type, matcher.expects)) {
    throw new RuleError(`a ${TYPE_NAMES[chain.type]} can't be matched with '-m ${matcher.name}'`, 0, first);
  }
  if (misplaced(fetch, context) !== null) {
    const where = placeName(context.places);
    context.warn(`acl '${name}' will never match because it uses keyword '${fetch.name}' which is incompatible with '${where}'`);
    return NEVER;
  }
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

function readPatterns(words: readonly string[], context: CompileContext): Patterns {
  const patterns: Patterns & { method: string | null; ended: boolean } = { method: null, exact: [], ignoringCase: [], ended: false };
  let list = patterns.exact;
  let at = 1;
  for (; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--') {
      patterns.ended = true;
      at++;
      break;
    }
    if (word === '-i') list = patterns.ignoringCase;
    else if (word === '-m') patterns.method = flagValue(words, ++at, '-m', 'a matching method');
    else if (word === '-f') list.push(...fileLines(flagValue(words, ++at, '-f', 'a file'), at, context));
    else if (word === '-M' || word === '-u') throw notSupported(`the ACL flag '${word}'`, at);
    else if (word !== '-n') break;
  }
  list.push(...words.slice(at));
  return patterns;
}

function flagValue(words: readonly string[], at: number, flag: string, what: string): string {
  const word = words[at];
  if (word === undefined) throw new RuleError(`'${flag}' expects ${what}`, at - 1, flag);
  return word;
}

/** One pattern per line; blank lines and those that begin with # are skipped. */
function fileLines(path: string, word: number, context: CompileContext): string[] {
  if (/^(virt|opt)@/.test(path)) throw notSupported(`a pattern file '${path}'`, word);
  try {
    const lines = context.thread.readLines(path.replace(/^file@/, '')).map((line) => line.replace(/^[ \t]+|\r$/g, ''));
    return lines.filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new RuleError(`pattern file '${path}' can't be read: ${(error as Error).message}`, word, path);
  }
}

function chooseMatcher(criterion: Criterion, type: SampleTypeValue, patterns: Patterns, registry: Registry): Matcher {
  const name = patterns.method ?? criterion.matcher ?? DEFAULT_MATCHER[type];
  if (name === undefined) {
    throw new RuleError(
      `'${criterion.fetch.name}' gives a ${TYPE_NAMES[type]}: '-m' and a matching method are needed`,
      0,
      criterion.fetch.name,
    );
  }
  return registry.matcher(name);
}

function compileMatch(name: string, matcher: Matcher, patterns: Patterns, context: CompileContext): MatchStep {
  const { exact, ignoringCase } = patterns;
  if (!matcher.takesPatterns) return matcher.compile(exact.concat(ignoringCase), false, context);
  if (exact.length + ignoringCase.length === 0 && !patterns.ended) {
    context.warn(`acl '${name}' will never match: it has no pattern. '-m found' tests whether there is a value, '--' silences this`);
  }
  if (ignoringCase.length === 0) return matcher.compile(exact, false, context);
  if (exact.length === 0) return matcher.compile(ignoringCase, true, context);
  return compileEither(matcher.compile(exact, false, context), matcher.compile(ignoringCase, true, context));
}

function compileEither(first: MatchStep, second: MatchStep): MatchStep {
  return (sample) => first(sample) || second(sample);
}
