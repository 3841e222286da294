/**
 * What build/ calls: everything that a proxy of one data thread has of rules, conditions and formats,
 * compiled from the model. One per proxy and thread.
 */
import type { AclModel, ConditionModel, RuleModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { ContentRules, LocalReply, RuleList } from '../state/records.ts';
import type { AclTest } from './acl.ts';
import { errorPage } from './answer/error-page.ts';
import { Acls, compileCondition } from './condition.ts';
import type { CaptureCounts, CompileContext, Expression, FormatKind, RuleProxy, TextFormat } from './define.ts';
import { compileExpression } from './expression.ts';
import { compileFormat } from './format/logformat.ts';
import { type Places, placeOf } from './place.ts';
import { compileRegex, type Regex } from './regex/regex.ts';
import type { Registry } from './registry.ts';
import { compileContentRules, compileRules, RuleFault } from './rulelist.ts';
import type { Thread } from './thread.ts';

/** Position of what has none of its own: who reports it adds it. */
const NOWHERE = { file: '', line: 0, column: 0 };

/** All places at once: what is misplaced is told where it is used. */
const EVERYWHERE = -1;

/** `at` null: of what has no place of its own. */
export interface RuleWarning {
  readonly text: string;
  readonly at: Position | null;
}

export class Compiler {
  readonly thread: Thread;
  readonly proxy: RuleProxy;
  /** What is odd but no error, for `-dW` and the start-up log. */
  readonly warnings: RuleWarning[] = [];
  /** Of the rule or condition that is being compiled. */
  at: Position | null = null;
  readonly captures: CaptureCounts;
  readonly #registry: Registry;
  readonly #acls: Acls;

  constructor(registry: Registry, thread: Thread, proxy: RuleProxy, acls: readonly AclModel[]) {
    this.#registry = registry;
    this.thread = thread;
    this.proxy = proxy;
    this.captures = { request: proxy.requestCaptureCount, response: proxy.responseCaptureCount };
    this.#acls = new Acls(acls);
  }

  /**
   * A rule set by HAProxy's name: `http-request`, `tcp-request connection` … For a `listen`, which evaluates it once
   * for both halves, the words of both are allowed.
   * @param report takes every rule that is wrong; null: the first one is thrown
   * @throws RuleFault
   */
  rules(ruleSet: string, models: readonly RuleModel[], report: ((fault: RuleFault) => void) | null = null): RuleList | null {
    return compileRules(ruleSet, models, this.#acls, this.#registry, this.context(this.#places(ruleSet), ruleSet), report);
  }

  /** As `rules`, for `tcp-request content` and `tcp-response content`. @throws RuleFault */
  contentRules(ruleSet: string, models: readonly RuleModel[], report: ((fault: RuleFault) => void) | null = null): ContentRules | null {
    return compileContentRules(ruleSet, models, this.#acls, this.#registry, this.context(this.#places(ruleSet), ruleSet), report);
  }

  /** The `acl` lines that are wrong, whether they are used or not. Before the rules. */
  checkAcls(): RuleFault[] {
    const faults: RuleFault[] = [];
    this.#acls.check(this.#registry, this.context(EVERYWHERE), (model, error) => {
      faults.push(new RuleFault(`error detected while parsing ACL '${model.name}' : ${error.message}.`, model, error, false));
    });
    return faults;
  }

  #places(ruleSet: string): Places {
    const front = this.proxy.frontend === null ? 0 : placeOf(ruleSet, true);
    return front | (this.proxy.backend === null ? 0 : placeOf(ruleSet, false));
  }

  /** @throws RuleError with the index in `model.words` */
  condition(model: ConditionModel, places: Places): AclTest {
    return compileCondition(model, this.#acls, this.#registry, this.context(places));
  }

  /** @throws RuleError */
  format(text: string, kind: FormatKind, places: Places): TextFormat {
    return compileFormat(text, kind, this.#registry, this.context(places));
  }

  /** @throws RuleError */
  expression(text: string, places: Places): Expression {
    return compileExpression(text, this.#registry, this.context(places));
  }

  /** What words compile in, at these places. */
  context(places: Places, ruleSet = ''): CompileContext {
    return new Context(this.#registry, this, places, ruleSet);
  }
}

class Context implements CompileContext {
  readonly thread: Thread;
  readonly proxy: RuleProxy;
  readonly places: Places;
  readonly ruleSet: string;
  readonly captures: CaptureCounts;
  readonly #registry: Registry;
  readonly #compiler: Compiler;

  constructor(registry: Registry, compiler: Compiler, places: Places, ruleSet: string) {
    this.#registry = registry;
    this.#compiler = compiler;
    this.thread = compiler.thread;
    this.proxy = compiler.proxy;
    this.places = places;
    this.ruleSet = ruleSet;
    this.captures = compiler.captures;
  }

  expression(text: string): Expression {
    return compileExpression(text, this.#registry, this);
  }

  format(text: string, kind: FormatKind): TextFormat {
    return compileFormat(text, kind, this.#registry, this);
  }

  condition(words: readonly string[]): AclTest {
    return this.#compiler.condition({ unless: false, words, at: NOWHERE }, this.places);
  }

  regex(pattern: string, ignoreCase: boolean): Regex {
    return compileRegex(pattern, ignoreCase);
  }

  errorReply(status: number): LocalReply | null {
    return errorPage(this.thread.memory, status);
  }

  standAt(at: Position): void {
    if (at.line > 0) this.#compiler.at = at;
  }

  warn(text: string): void {
    const { warnings, at } = this.#compiler;
    if (!warnings.some((known) => known.text === text && known.at?.line === at?.line)) warnings.push({ text, at });
  }
}
