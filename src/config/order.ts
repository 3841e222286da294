/**
 * Lines that do not do what the file reads like: rules that run before what stands above them, or never, and timeouts
 * that replace an earlier one (HAProxy configuration manual, 4 and 7). It knows the names of rule sets, not what rules do.
 */
import type { Directive, ProxyDraft } from '../keywords/define.ts';
import { diagnose, type ParserState, warn } from './context.ts';

/** In the order in which they are evaluated: a rule written behind one of a later kind still runs before it. */
const RULE_ORDER = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'monitor fail',
  'http-request',
  'redirect',
  'use_backend',
  'use-server',
];

/** Sets of which HAProxy says that nothing runs behind a rule that always ends them, and with which actions. */
const ENDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['http-request', ['allow', 'auth', 'deny', 'redirect', 'return', 'tarpit', 'use-service']],
  ['http-response', ['allow', 'deny', 'redirect', 'return']],
  ['http-after-response', ['allow']],
]);

/** The same, but only for `-dD`: HAProxy is silent there. */
const SILENT_ENDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['http-request', ['reject', 'silent-drop']],
  ['http-response', ['silent-drop']],
  ['tcp-request connection', ['accept', 'reject', 'silent-drop']],
  ['tcp-request session', ['accept', 'reject', 'silent-drop']],
  ['tcp-request content', ['accept', 'reject', 'silent-drop']],
  ['tcp-response content', ['accept', 'close', 'reject', 'silent-drop']],
]);

/** Settings of the global section of which the first line counts. */
const ONCE = new Set(
  'chroot cluster-secret log-send-hostname maxconn maxconnrate maxpipes maxsessrate maxsslrate pidfile server-state-file spread-checks tune.maxaccept ulimit-n'.split(
    ' ',
  ),
);

interface Seen {
  /** Bits of RULE_ORDER. */
  kinds: number;
  /** How each set's last rule ends it. */
  readonly ends: Map<string, 'not' | 'known' | 'silent'>;
  /** Timeouts that its own lines set. */
  readonly timeouts: Set<string>;
}

export class RuleOrder {
  readonly #state: ParserState;
  readonly #seen = new WeakMap<ProxyDraft, Seen>();
  readonly #once = new Set<string>();

  constructor(state: ParserState) {
    this.#state = state;
  }

  /** Whether a line of the global section comes too late: HAProxy says so and goes on with the first. */
  isRepeated({ name }: Directive): boolean {
    if (!ONCE.has(name)) return false;
    if (!this.#once.has(name)) {
      this.#once.add(name);
      return false;
    }
    const { file, line } = this.#state.place;
    const text = `'${name}' already specified. Continuing.`;
    this.#state.diagnostics.push({ severity: 'notice', code: 'repeated', position: { file, line, column: 0 }, text });
    return true;
  }

  /** Looks at the line that was just added to `draft`. */
  line(draft: ProxyDraft, { name }: Directive): void {
    const kind = RULE_ORDER.indexOf(name);
    const isTimeout = name.startsWith('timeout ');
    if (kind < 0 && !isTimeout && !ENDS.has(name) && !SILENT_ENDS.has(name)) return;
    const seen = this.#seen.get(draft) ?? { kinds: 0, ends: new Map(), timeouts: new Set() };
    this.#seen.set(draft, seen);
    if (isTimeout) {
      if (seen.timeouts.has(name)) warn(this.#state, 'repeated', `overwriting '${name}' which was already specified`);
      seen.timeouts.add(name);
      return;
    }
    if (kind >= 0) this.#order(seen, name, kind);
    this.#reach(seen, draft, name);
  }

  #order(seen: Seen, name: string, kind: number): void {
    const later = seen.kinds >> (kind + 1);
    seen.kinds |= 1 << kind;
    if (later === 0) return;
    const next = RULE_ORDER[kind + 1 + Math.log2(later & -later)] as string;
    warn(this.#state, 'rule-order', `a '${name}' rule placed after ${article(next)} '${next}' rule will still be processed before.`);
  }

  #reach(seen: Seen, draft: ProxyDraft, set: string): void {
    const ends = seen.ends.get(set);
    const text = `previous '${set}' action is final and has no condition attached, further entries are NOOP.`;
    if (ends === 'known') warn(this.#state, 'unreachable', text);
    else if (ends === 'silent') diagnose(this.#state, 'unreachable', text);
    const rule = draft.rules[set]?.at(-1);
    if (rule === undefined || rule.condition !== null) seen.ends.set(set, 'not');
    else if (ENDS.get(set)?.includes(rule.action)) seen.ends.set(set, 'known');
    else seen.ends.set(set, SILENT_ENDS.get(set)?.includes(rule.action) ? 'silent' : 'not');
  }
}

function article(name: string): string {
  return name.startsWith('http') ? 'an' : 'a';
}
