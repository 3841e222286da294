/**
 * Conditions: what stands behind `if` and `unless`. Named and anonymous ACLs joined by AND, alternatives
 * by `or` (HAProxy 3.x configuration 7.2).
 */
import type { AclModel, ConditionModel } from '../model/config.ts';
import type { Stream } from '../state/records.ts';
import { type AclTest, compileAcl, MisplacedTest, NEVER } from './acl.ts';
import type { CompileContext } from './define.ts';
import { coded, RuleError } from './error.ts';
import { placeName } from './place.ts';
import { PREDEFINED_ACLS } from './predefined.ts';
import { nearest, type Registry } from './registry.ts';
import type { Sample } from './sample.ts';

const NEGATED = 1;
/** The last term of an alternative. */
const LAST = 2;

/** What a condition says while more data may come. */
export const Judgement = {
  fails: 0,
  /** More data decides. */
  unknown: 1,
  holds: 2,
} as const;
export type JudgementValue = (typeof Judgement)[keyof typeof Judgement];

export class Condition implements AclTest {
  readonly #tests: readonly AclTest[];
  readonly #flags: Uint8Array;
  readonly #unless: boolean;
  /** The only term, as most conditions have but one. */
  readonly #only: AclTest | null;
  /** What the only term must say. */
  readonly #wanted: boolean;

  constructor(tests: readonly AclTest[], flags: readonly number[], unless: boolean) {
    this.#tests = tests;
    this.#flags = Uint8Array.from(flags);
    this.#unless = unless;
    this.#only = tests.length === 1 ? (tests[0] as AclTest) : null;
    this.#wanted = (((flags[0] as number) & NEGATED) !== 0) === unless;
  }

  /** Each ACL is evaluated when it is its turn, until the outcome is certain. */
  test(stream: Stream): boolean {
    const only = this.#only;
    if (only !== null) return only.test(stream) === this.#wanted;
    const tests = this.#tests;
    const flags = this.#flags;
    for (let at = 0; at < tests.length; at++) {
      const flag = flags[at] as number;
      const holds = (tests[at] as AclTest).test(stream) !== ((flag & NEGATED) !== 0);
      if (holds) {
        if ((flag & LAST) !== 0) return !this.#unless;
      } else while (((flags[at] as number) & LAST) === 0) at++;
    }
    return this.#unless;
  }

  /** As `test`, while more data may come: a term that fails on data that may change is not decided (Sample.mayChange). */
  judge(stream: Stream, sample: Sample): JudgementValue {
    const tests = this.#tests;
    const flags = this.#flags;
    let open = false;
    for (let at = 0; at < tests.length; at++) {
      const flag = flags[at] as number;
      sample.mayChange = false;
      const matches = (tests[at] as AclTest).test(stream);
      const isOpen = !matches && sample.mayChange;
      if (isOpen) open = true;
      if (!isOpen && matches !== ((flag & NEGATED) !== 0)) {
        if ((flag & LAST) !== 0) return this.#unless ? Judgement.fails : Judgement.holds;
      } else while (((flags[at] as number) & LAST) === 0) at++;
    }
    if (open) return Judgement.unknown;
    return this.#unless ? Judgement.holds : Judgement.fails;
  }
}

/** How many ACLs may stand behind one another by acl(). */
const MOST_NESTED = 100;

/** The `acl` lines of one proxy: the same name declared again adds alternatives. */
export class Acls {
  readonly #declared = new Map<string, AclModel[]>();
  readonly #compiled = new Map<string, AclTest>();
  readonly #broken = new Set<string>();
  /** A keyword of each that can't be read where it is used, by place and name. */
  readonly #misplaced = new Map<string, string>();
  /** Those that are being compiled: acl() names others. */
  readonly #open = new Set<string>();

  constructor(models: readonly AclModel[]) {
    for (const model of models) {
      const name = scopedName(model.scope, model.name);
      const known = this.#declared.get(name);
      if (known === undefined) this.#declared.set(name, [model]);
      else known.push(model);
    }
  }

  /**
   * Compiles every declaration, wherever it may be used, so that one that nobody uses is checked too. A wrong one never matches
   * from then on: its error is told once.
   * @param report is called for each wrong line
   */
  check(registry: Registry, context: CompileContext, report: (model: AclModel, error: RuleError) => void): void {
    for (const [name, models] of this.#declared) {
      for (const model of models) {
        context.standAt(model.at);
        try {
          compileAcl(model.name, model.words, registry, context);
        } catch (error) {
          if (!(error instanceof RuleError)) throw error;
          report(model, error);
          this.#broken.add(name);
        }
      }
    }
  }

  #namesOf(scope: string | undefined): string[] {
    const names: string[] = [];
    for (const models of this.#declared.values()) if (models[0]?.scope === scope) names.push(models[0]?.name as string);
    return names;
  }

  /** The ACL of this name for where `context` stands. @throws RuleError if it is not declared, or its declaration is wrong */
  get(name: string, registry: Registry, context: CompileContext, scope?: string): AclTest {
    const scoped = scopedName(scope, name);
    if (this.#broken.has(scoped)) return NEVER;
    const key = `${context.places} ${scoped}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const lines = this.#declared.get(scoped)?.map((model) => model.words) ?? PREDEFINED_ACLS.get(name);
    if (lines === undefined) throw unknownAcl(name, this.#namesOf(scope));
    if (this.#open.has(key)) throw new RuleError(`acl '${name}' depends on itself`, -1, name);
    if (this.#open.size >= MOST_NESTED) throw new RuleError(`acl '${name}' stands behind more than ${MOST_NESTED} others`, -1, name);
    this.#open.add(key);
    let tests: AclTest[];
    try {
      tests = lines.map((words) => wrapAclError(name, () => compileAcl(name, words, registry, context)));
    } finally {
      this.#open.delete(key);
    }
    const misplaced = tests.find((one) => one instanceof MisplacedTest);
    if (misplaced instanceof MisplacedTest) this.#misplaced.set(key, misplaced.keyword);
    if (misplaced !== undefined && tests.every((one) => one instanceof MisplacedTest)) tests = [misplaced];
    const test = tests.length === 1 ? (tests[0] as AclTest) : new Condition(tests, new Array<number>(tests.length).fill(LAST), false);
    this.#compiled.set(key, test);
    return test;
  }

  /** Warns if the ACL, which `get` gave as `test`, needs what is not there. */
  warn(name: string, test: AclTest, context: CompileContext, scope?: string): void {
    const keyword = this.#misplaced.get(`${context.places} ${scopedName(scope, name)}`);
    if (keyword === undefined) return;
    const all = test instanceof MisplacedTest;
    const what = all ? 'will never match because it only involves keywords that are' : `involves keywords '${keyword}' which is`;
    context.warn(`acl '${name}' ${what} incompatible with '${placeName(context.places)}'`);
  }
}

/** ACLs of a defaults section are told from a proxy's of the same name. */
function scopedName(scope: string | undefined, name: string): string {
  return scope === undefined ? name : `${name} ${scope}`;
}

/** The error lies in the `acl` line, so its word index is not one of the rule's. */
function wrapAclError(name: string, compile: () => AclTest): AclTest {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw coded(error.code, new RuleError(`acl '${name}': ${error.message}`, -1, error.found, error.allowed));
  }
}

function unknownAcl(name: string, declared: readonly string[]): RuleError {
  const near = nearest(name, declared);
  return coded(
    'unknown-name',
    new RuleError(`no such ACL : '${name}'${near === null ? '' : `, did you maybe mean '${near}'?`}`, -1, name, declared),
  );
}

/** @throws RuleError with the index in `model.words` */
export function compileCondition(model: ConditionModel, acls: Acls, registry: Registry, context: CompileContext): Condition {
  const { words } = model;
  context.standAt(model.at);
  const tests: AclTest[] = [];
  const flags: number[] = [];
  let negated = false;
  for (let at = 0; at < words.length; at++) {
    let word = words[at] as string;
    if (word === '||' || word.toLowerCase() === 'or') {
      // As in HAProxy an alternative without any ACL is none: one `or` too many changes nothing.
      if (negated) throw new RuleError(`'${word}' has no ACL before it`, at, word);
      if (flags.length > 0) flags[flags.length - 1] = (flags.at(-1) as number) | LAST;
      continue;
    }
    for (; word.startsWith('!'); word = word.slice(1)) negated = !negated;
    if (word === '') continue;
    if (word === '{') {
      const close = words.indexOf('}', at);
      if (close < 0) throw new RuleError("missing closing '}' in condition", at, word);
      tests.push(compileAnonymous(words.slice(at + 1, close), at + 1, registry, context));
      at = close;
    } else tests.push(namedTest(word, at, acls, registry, context, model.scope));
    flags.push(negated ? NEGATED : 0);
    negated = false;
  }
  if (flags.length === 0 || negated) throw new RuleError('the condition ends without an ACL', words.length - 1);
  flags[flags.length - 1] = (flags.at(-1) as number) | LAST;
  return new Condition(tests, flags, model.unless);
}

function compileAnonymous(words: readonly string[], from: number, registry: Registry, context: CompileContext): AclTest {
  try {
    const test = compileAcl('anonymous', words, registry, context);
    if (test instanceof MisplacedTest) {
      const where = placeName(context.places);
      context.warn(`anonymous acl will never match because it uses keyword '${test.keyword}' which is incompatible with '${where}'`);
    }
    return test;
  } catch (error) {
    if (error instanceof RuleError) error.word = error.word < 0 ? from : error.word + from;
    throw error;
  }
}

function namedTest(name: string, word: number, acls: Acls, registry: Registry, context: CompileContext, scope?: string): AclTest {
  try {
    const test = acls.get(name, registry, context, scope);
    acls.warn(name, test, context, scope);
    return test;
  } catch (error) {
    if (error instanceof RuleError) error.word = word;
    throw error;
  }
}
