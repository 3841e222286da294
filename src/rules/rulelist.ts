/**
 * A list of rules as it runs: conditions and actions in parallel arrays, walked from the stream's index, so
 * that an action may wait and the list goes on behind it.
 */
import type { AclModel, ConditionModel, RuleModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { ContentRules, RuleList, Stream } from '../state/records.ts';
import { type RuleOrigin, Verdict, type VerdictValue, Wait, type WaitValue } from '../state/settings.ts';
import type { AclTest } from './acl.ts';
import { type Acls, type Condition, compileCondition, Judgement, type JudgementValue } from './condition.ts';
import { type ActionStep, type CompileContext, Outcome, type OutcomeValue, type RuleProxy } from './define.ts';
import { RuleError } from './error.ts';
import type { Registry } from './registry.ts';
import type { Sample } from './sample.ts';
import { Words } from './words.ts';

const NEXT = Outcome.next;
const STOP = Outcome.stop;
const WAIT = Outcome.wait;
const AGAIN = Outcome.again;

export class CompiledRules implements RuleList {
  readonly #conditions: readonly (AclTest | null)[];
  readonly #actions: readonly ActionStep[];
  readonly #origins: readonly RuleOrigin[];

  constructor({ conditions, actions, origins }: Parts) {
    this.#conditions = conditions;
    this.#actions = actions;
    this.#origins = origins;
  }

  run(stream: Stream): VerdictValue {
    const conditions = this.#conditions;
    const actions = this.#actions;
    let at = stream.ruleIndex;
    // A rule set begins strictly, whatever the one before it said.
    if (at === 0) stream.skipsRewrites = false;
    let again = at < 0;
    if (again) at = ~at;
    for (; at < actions.length; at++) {
      const condition = conditions[at] as AclTest | null;
      if (condition !== null && !again && !condition.test(stream)) continue;
      again = false;
      const outcome = (actions[at] as ActionStep)(stream);
      if (outcome !== NEXT) return leave(stream, outcome, at, this.#origins);
    }
    stream.ruleIndex = 0;
    return Verdict.next;
  }
}

/** The list is left at rule `at`: where it goes on, and its verdict. */
function leave(stream: Stream, outcome: OutcomeValue, at: number, origins: readonly RuleOrigin[]): VerdictValue {
  const origin = origins[at] as RuleOrigin;
  const waits = outcome === WAIT || outcome === AGAIN;
  stream.waitingRule = waits ? origin : null;
  if (!waits) stream.lastRule = origin;
  stream.ruleIndex = outcome === WAIT ? at + 1 : outcome === AGAIN ? ~at : 0;
  if (outcome === STOP || outcome === NEXT) return Verdict.next;
  return outcome === AGAIN ? Verdict.wait : outcome;
}

/** The rules that look at the first bytes of either side. */
class InspectingRules implements ContentRules {
  readonly #conditions: readonly (Condition | null)[];
  readonly #actions: readonly ActionStep[];
  readonly #origins: readonly RuleOrigin[];
  readonly #sample: Sample;
  readonly #wait: WaitValue;

  constructor({ conditions, actions, origins }: Parts, sample: Sample, wait: WaitValue) {
    this.#conditions = conditions;
    this.#actions = actions;
    this.#origins = origins;
    this.#sample = sample;
    this.#wait = wait;
  }

  run(stream: Stream): VerdictValue {
    return this.inspect(stream, true);
  }

  inspect(stream: Stream, final: boolean): VerdictValue {
    const sample = this.#sample;
    sample.final = final;
    const verdict = this.#evaluate(stream, final);
    sample.final = true;
    return verdict;
  }

  #evaluate(stream: Stream, final: boolean): VerdictValue {
    const conditions = this.#conditions;
    const actions = this.#actions;
    let at = stream.ruleIndex;
    // A rule set begins strictly, whatever the one before it said.
    if (at === 0) stream.skipsRewrites = false;
    let again = at < 0;
    if (again) at = ~at;
    for (; at < actions.length; at++) {
      const condition = again ? null : (conditions[at] as Condition | null);
      again = false;
      if (condition !== null) {
        const judgement = final ? test(condition, stream) : condition.judge(stream, this.#sample);
        if (judgement === Judgement.unknown) return this.#await(stream, at);
        if (judgement === Judgement.fails) continue;
      }
      const outcome = (actions[at] as ActionStep)(stream);
      if (outcome !== NEXT) return leave(stream, outcome, at, this.#origins);
    }
    stream.ruleIndex = 0;
    return Verdict.next;
  }

  /** The rules run again from the first one when more has come (HAProxy 3.x configuration 4.2 tcp-request inspect-delay). */
  #await(stream: Stream, at: number): VerdictValue {
    stream.waitingRule = this.#origins[at] as RuleOrigin;
    stream.ruleIndex = 0;
    stream.wait = this.#wait;
    return Verdict.wait;
  }
}

function test(condition: Condition, stream: Stream): JudgementValue {
  return condition.test(stream) ? Judgement.holds : Judgement.fails;
}

/** A rule or an ACL that is wrong, with where it stands. The message is worded as HAProxy's, for tools that look for it. */
export class RuleFault extends Error {
  override readonly name = 'RuleFault';
  readonly model: RuleModel | AclModel;
  readonly error: RuleError;
  /** The word index of `error` is one of the condition's, not of the rule's. */
  readonly inCondition: boolean;

  constructor(message: string, model: RuleModel | AclModel, error: RuleError, inCondition: boolean) {
    super(message);
    this.model = model;
    this.error = error;
    this.inCondition = inCondition;
  }

  /** The word that is wrong, or the action, or the whole condition. */
  get at(): Position {
    const { model, error, inCondition } = this;
    const part = inCondition && 'condition' in model && model.condition !== null ? model.condition : model;
    return placeOfWord(part, error.word);
  }
}

/** Where a word of a rule, condition or `acl` line stands; the line's own position if the word is not known. */
export function placeOfWord(part: { readonly columns?: readonly number[]; readonly at: Position }, word: number): Position {
  const column = word < 0 ? undefined : part.columns?.[word];
  return column === undefined ? part.at : { ...part.at, column };
}

function ruleText(ruleSet: string, model: RuleModel, error: RuleError, proxy: RuleProxy): string {
  if (/^unknown action/.test(error.message)) return `'${ruleSet}' : ${error.message}.`;
  const kind = proxy.frontend === null ? 'backend' : proxy.backend === null ? 'frontend' : 'proxy';
  const what = ruleSet === 'redirect' ? 'redirect' : `'${ruleSet} ${model.action}'`;
  return `error detected in ${kind} '${proxy.name}' while parsing ${what} rule : ${error.message}.`;
}

function conditionText(ruleSet: string, model: RuleModel, error: RuleError, proxy: RuleProxy): string {
  const word = model.condition?.unless === true ? 'unless' : 'if';
  if (ruleSet === 'redirect') return ruleText(ruleSet, model, new RuleError(`error in condition: ${error.message}`), proxy);
  if (!ruleSet.startsWith('http')) {
    const kind = proxy.frontend === null ? 'backend' : proxy.backend === null ? 'frontend' : 'proxy';
    return `'${ruleSet} ${model.action}' : error detected in ${kind} '${proxy.name}' while parsing '${word}' condition : ${error.message}.`;
  }
  return `error detected while parsing an '${ruleSet} ${model.action}' condition : ${error.message}.`;
}

/**
 * Compiles the rules of one set in order; null for an empty list, so that the machine can skip it.
 * @param report takes every rule that is wrong, which the list then lacks; null: the first one is thrown
 * @throws RuleFault
 */
export function compileRules(
  ruleSet: string,
  models: readonly RuleModel[],
  acls: Acls,
  registry: Registry,
  context: CompileContext,
  report: ((fault: RuleFault) => void) | null = null,
): RuleList | null {
  if (models.length === 0) return null;
  return new CompiledRules(compileParts(ruleSet, models, acls, registry, context, report));
}

/** As compileRules, for `tcp-request content` and `tcp-response content`, which may wait for data. @throws RuleFault */
export function compileContentRules(
  ruleSet: string,
  models: readonly RuleModel[],
  acls: Acls,
  registry: Registry,
  context: CompileContext,
  report: ((fault: RuleFault) => void) | null = null,
): ContentRules | null {
  if (models.length === 0) return null;
  const parts = compileParts(ruleSet, models, acls, registry, context, report);
  const wait = ruleSet === 'tcp-response content' ? Wait.responseContent : Wait.content;
  return new InspectingRules(parts, context.thread.sample, wait);
}

interface Parts {
  readonly conditions: readonly (Condition | null)[];
  readonly actions: readonly ActionStep[];
  readonly origins: readonly RuleOrigin[];
}

function compileParts(
  ruleSet: string,
  models: readonly RuleModel[],
  acls: Acls,
  registry: Registry,
  context: CompileContext,
  report: ((fault: RuleFault) => void) | null,
): Parts {
  const conditions: (Condition | null)[] = [];
  const actions: ActionStep[] = [];
  const origins: RuleOrigin[] = [];
  for (const [at, model] of models.entries()) {
    const { condition } = model;
    const next = models[at + 1];
    const followedBy = next === undefined || next.condition !== null ? null : next.action;
    context.standAt(model.at);
    const compile = (given: ConditionModel): Condition => compileCondition(given, acls, registry, context);
    const action = faulty(ruleSet, model, false, context.proxy, report, () => compileAction(ruleSet, model, followedBy, registry, context));
    const test = condition === null ? null : faulty(ruleSet, model, true, context.proxy, report, () => compile(condition));
    if (action === null || (test === null && condition !== null)) continue;
    actions.push(action);
    conditions.push(test);
    origins.push(originOf(model, context));
  }
  return { conditions, actions, origins };
}

function originOf({ at }: RuleModel, { thread }: CompileContext): RuleOrigin {
  const fileStart = thread.memory.intern(at.file);
  return { fileStart, fileEnd: fileStart + at.file.length, line: at.line };
}

/** null if it was wrong and has been reported. */
function faulty<T>(
  ruleSet: string,
  model: RuleModel,
  inCondition: boolean,
  proxy: RuleProxy,
  report: ((fault: RuleFault) => void) | null,
  compile: () => T,
): T | null {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const text = inCondition ? conditionText(ruleSet, model, error, proxy) : ruleText(ruleSet, model, error, proxy);
    const fault = new RuleFault(text, model, error, inCondition);
    if (report === null) throw fault;
    report(fault);
    return null;
  }
}

function compileAction(
  ruleSet: string,
  model: RuleModel,
  followedBy: string | null,
  registry: Registry,
  context: CompileContext,
): ActionStep {
  const open = model.action.indexOf('(');
  const name = open < 0 ? model.action : model.action.slice(0, open);
  if (open >= 0 && !model.action.endsWith(')')) throw new RuleError(`a parenthesis is not closed in '${model.action}'`, -1, model.action);
  const argument = open < 0 ? null : model.action.slice(open + 1, -1);
  const action = registry.action(name, ruleSet);
  if (argument !== null && !action.signature.startsWith(`${name}(`)) {
    throw new RuleError(`'${name}' takes nothing in parentheses`, -1, model.action);
  }
  return action.compile(new Words(model.words, argument, followedBy), context);
}
