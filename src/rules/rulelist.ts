/**
 * A list of rules as it runs: conditions and actions in parallel arrays, walked from the stream's index, so
 * that an action may wait and the list goes on behind it.
 */
import type { AclModel, ConditionModel, RuleModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { RuleList, Stream } from '../state/records.ts';
import { Verdict, type VerdictValue } from '../state/settings.ts';
import type { AclTest } from './acl.ts';
import { type Acls, compileCondition } from './condition.ts';
import { type ActionStep, type CompileContext, Outcome, type RuleProxy } from './define.ts';
import { RuleError } from './error.ts';
import type { Registry } from './registry.ts';
import { Words } from './words.ts';

const NEXT = Outcome.next;
const STOP = Outcome.stop;
const WAIT = Outcome.wait;

export class CompiledRules implements RuleList {
  readonly #conditions: readonly (AclTest | null)[];
  readonly #actions: readonly ActionStep[];

  constructor(conditions: readonly (AclTest | null)[], actions: readonly ActionStep[]) {
    this.#conditions = conditions;
    this.#actions = actions;
  }

  run(stream: Stream): VerdictValue {
    const conditions = this.#conditions;
    const actions = this.#actions;
    for (let at = stream.ruleIndex; at < actions.length; at++) {
      const condition = conditions[at] as AclTest | null;
      if (condition !== null && !condition.test(stream)) continue;
      const outcome = (actions[at] as ActionStep)(stream);
      if (outcome === NEXT) continue;
      stream.ruleIndex = outcome === WAIT ? at + 1 : 0;
      return outcome === STOP ? Verdict.next : outcome;
    }
    stream.ruleIndex = 0;
    return Verdict.next;
  }
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
  const conditions: (AclTest | null)[] = [];
  const actions: ActionStep[] = [];
  for (const model of models) {
    const { condition } = model;
    const compile = (given: ConditionModel): AclTest => compileCondition(given, acls, registry, context);
    const action = faulty(ruleSet, model, false, context.proxy, report, () => compileAction(ruleSet, model, registry, context));
    const test = condition === null ? null : faulty(ruleSet, model, true, context.proxy, report, () => compile(condition));
    if (action === null || (test === null && condition !== null)) continue;
    actions.push(action);
    conditions.push(test);
  }
  return new CompiledRules(conditions, actions);
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

function compileAction(ruleSet: string, model: RuleModel, registry: Registry, context: CompileContext): ActionStep {
  const open = model.action.indexOf('(');
  const name = open < 0 ? model.action : model.action.slice(0, open);
  const argument = open < 0 ? null : model.action.slice(open + 1).replace(/\)$/, '');
  return registry.action(name, ruleSet).compile(new Words(model.words, argument), context);
}
