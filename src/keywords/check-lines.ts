/**
 * What `http-check` and `tcp-check` lines have in common: their words, the connect line, the options of `expect` (HAProxy configuration
 * manual, 4.2). It must not know how checks are run.
 */
import { newCheck } from '../check/blank.ts';
import {
  type CheckModel,
  type CheckStepModel,
  type ConnectStepModel,
  type ExpectStepModel,
  TEXT_MATCHES,
  type TextPatternModel,
  type VariableStepModel,
} from '../model/check.ts';
import { type Directive, type DirectiveContext, defineDirective, type Example, type ProxyDraft, type Word } from './define.ts';
import { protocolNames } from './tls.ts';

type Family = 'http' | 'tcp';

export function checkOf(draft: ProxyDraft): CheckModel {
  draft.check ??= newCheck();
  return draft.check;
}

/** The lines of the section so far; those of its defaults do not count once it has its own. */
function stepsOf(draft: ProxyDraft, family: Family): CheckStepModel[] {
  const check = checkOf(draft);
  const { owner, steps } = check[family];
  const { at } = draft;
  if (owner?.file === at.file && owner.line === at.line) return steps;
  check[family] = { owner: at, steps: [] };
  return check[family].steps;
}

export function addStep(draft: ProxyDraft, family: Family, step: CheckStepModel): void {
  stepsOf(draft, family).push(step);
}

/** Takes the words of a line one by one and says what is wrong with them. */
export class WordReader {
  readonly #words: readonly Word[];
  readonly #context: DirectiveContext;
  #at = 0;

  constructor(words: readonly Word[], context: DirectiveContext) {
    this.#words = words;
    this.#context = context;
  }

  next(): Word | undefined {
    return this.#words[this.#at++];
  }

  /** What `next` will give. */
  peek(): Word | undefined {
    return this.#words[this.#at];
  }

  /** What stands behind `word`; null after a complaint. */
  valueOf(word: Word): Word | null {
    const value = this.next();
    if (value === undefined) this.complain(`expects a value behind '${word.text}'`, word);
    return value ?? null;
  }

  /** False after a complaint: there are more words. */
  isAtEnd(): boolean {
    const extra = this.next();
    if (extra !== undefined) this.complain(`cannot handle unexpected argument '${extra.text}'.`, extra);
    return extra === undefined;
  }

  complain(text: string, word?: Word, allowed: readonly string[] = []): null {
    const { context } = this;
    context.error({ text: `'${context.keyword}' ${text}`, word, ...(allowed.length > 0 ? { allowed, near: allowed } : {}) });
    return null;
  }

  refuse(word: Word): null {
    return this.complain(`: '${word.text}' is not supported by this version`, word);
  }

  get context(): DirectiveContext {
    return this.#context;
  }
}

const LATER_CONNECT = ['via-socks4', 'proto'];
const CONNECT_FLAGS = { default: 'usesServer', 'send-proxy': 'sendsProxy', ssl: 'tls', linger: 'linger' } as const;
const CONNECT_VALUES = ['port', 'addr', 'sni', 'alpn', 'comment'];

/** A line `connect`; null after a complaint. */
function readConnect(words: readonly Word[], context: DirectiveContext): ConnectStepModel | null {
  const reader = new WordReader(words, context);
  const step: ConnectStepModel = {
    kind: 'connect',
    at: context.at,
    comment: null,
    usesServer: false,
    port: null,
    portExpression: null,
    address: null,
    sendsProxy: false,
    tls: false,
    serverName: null,
    alpn: null,
    linger: false,
  };
  for (let word = reader.next(); word !== undefined; word = reader.next()) if (!readConnectWord(step, word, reader)) return null;
  return step;
}

function readConnectWord(step: ConnectStepModel, word: Word, reader: WordReader): boolean {
  const { text } = word;
  if (text in CONNECT_FLAGS) {
    step[CONNECT_FLAGS[text as keyof typeof CONNECT_FLAGS]] = true;
    return true;
  }
  if (CONNECT_VALUES.includes(text)) return readConnectValue(step, word, reader);
  if (LATER_CONNECT.includes(text)) reader.refuse(word);
  else reader.complain(`does not support '${text}'`, word, [...Object.keys(CONNECT_FLAGS), ...CONNECT_VALUES]);
  return false;
}

function readConnectValue(step: ConnectStepModel, word: Word, reader: WordReader): boolean {
  const { context } = reader;
  const value = reader.valueOf(word);
  if (value === null) return false;
  switch (word.text) {
    case 'port':
      step.portExpression = /^[a-z]/i.test(value.text) ? value.text : null;
      step.port = step.portExpression === null ? context.integer(value, 'port', 1, 65535) : null;
      return step.port !== null || step.portExpression !== null;
    case 'addr':
      step.address = context.literalAddress(value);
      return step.address !== null;
    case 'alpn':
      step.alpn = protocolNames('alpn', value, context);
      return step.alpn !== null;
    case 'sni':
      step.serverName = value.text;
      return true;
    default:
      step.comment = value.text;
      return true;
  }
}

/** Adds a connect line: the first of a check, or behind another. */
export function addConnect(draft: ProxyDraft, family: Family, words: readonly Word[], context: DirectiveContext): void {
  const step = readConnect(words, context);
  if (step === null) return;
  const others = stepsOf(draft, family).filter(({ kind }) => kind !== 'comment' && kind !== 'variable');
  if (others.length > 0 && others[0]?.kind !== 'connect')
    context.error({
      text: `'${context.keyword}' : a check that has 'connect' lines must begin with one; only comments and variables may stand before it`,
    });
  else addStep(draft, family, step);
}

/** The lines of a family that change variables. */
export function defineVariableLines(family: Family): readonly Directive[] {
  const sections = 'DLB';
  const scopes = 'in the scopes `proc`, `sess` and `check`, which ends with the check';
  const example = (action: string, value: string): Example['gives'] => ({
    check: { [family]: { steps: [{ kind: 'variable', action, words: ['check.x'], value }] } },
  });
  const add = (draft: ProxyDraft, action: VariableStepModel['action'], name: unknown, value: string, { at }: DirectiveContext): void =>
    addStep(draft, family, { kind: 'variable', at, comment: null, action, words: String(name).split(','), value });
  const set = `${family}-check set-var`;
  const unset = `${family}-check unset-var`;
  return [
    defineDirective({
      name: set,
      sections,
      called: true,
      args: [{ name: 'expression', kind: 'text' }],
      doc: `Sets a variable while a check runs to the value of an expression, ${scopes}; conditions may follow its name.`,
      examples: [
        { text: `${set}(check.x) int(5)`, gives: example('set-var', 'int(5)') },
        { text: `${set}(check.x)`, says: `'${set}' expects` },
      ],
      apply: (draft, values, context) => add(draft, 'set-var', ...(values as unknown as [string, string]), context),
    }),
    defineDirective({
      name: `${set}-fmt`,
      sections,
      called: true,
      args: [{ name: 'format', kind: 'text' }],
      doc: `Sets a variable while a check runs to the text of a log-format string, ${scopes}; conditions may follow its name.`,
      examples: [{ text: `${set}-fmt(check.x) %[hostname]`, gives: example('set-var-fmt', '%[hostname]') }],
      apply: (draft, values, context) => add(draft, 'set-var-fmt', ...(values as unknown as [string, string]), context),
    }),
    defineDirective({
      name: unset,
      sections,
      called: true,
      args: [],
      doc: 'Forgets a variable while a check runs.',
      examples: [
        { text: `${unset}(check.x)`, gives: example('unset-var', '') },
        { text: `${unset}(check.x) y`, says: "unexpected argument 'y'" },
      ],
      apply: (draft, values, context) => add(draft, 'unset-var', (values as unknown as [string])[0], '', context),
    }),
  ];
}

/** Adds a line `comment`. */
export function addComment(draft: ProxyDraft, family: Family, text: string, context: DirectiveContext): void {
  addStep(draft, family, { kind: 'comment', at: context.at, comment: text });
}

const STATUSES: Readonly<Record<string, readonly string[]>> = {
  'ok-status': ['L7OK', 'L7OKC', 'L6OK', 'L4OK'],
  'error-status': ['L7OKC', 'L7RSP', 'L7STS', 'L6RSP', 'L4CON'],
  'tout-status': ['L7TOUT', 'L6TOUT', 'L4TOUT'],
};

/** What an `expect` line looks for. */
export interface Sought {
  readonly pattern: string;
  readonly header: ExpectStepModel['header'];
  /** The word to point at. */
  readonly word: Word;
}

/** What one family's `expect` lines know. */
export interface ExpectWords {
  readonly matches: readonly string[];
  readonly seek: (match: Word, reader: WordReader) => Sought | null;
  /** What is wrong with it; null: nothing. */
  readonly judge: (step: ExpectStepModel) => string | null;
}

type ExpectOptions = Pick<
  ExpectStepModel,
  'comment' | 'minBytes' | 'okStatus' | 'errorStatus' | 'timeoutStatus' | 'onSuccess' | 'onError' | 'statusCode'
>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const EXPECT_WORDS = ['min-recv', 'comment', 'ok-status', 'error-status', 'tout-status', 'on-success', 'on-error', 'status-code'];

/** An `expect` line: one match, with options before or behind it; null after a complaint. */
export function readExpect(
  words: readonly Word[],
  context: DirectiveContext,
  { matches, seek, judge }: ExpectWords,
): ExpectStepModel | null {
  const reader = new WordReader(words, context);
  const options: Writable<ExpectOptions> = {
    comment: null,
    minBytes: null,
    okStatus: null,
    errorStatus: null,
    timeoutStatus: null,
    onSuccess: null,
    onError: null,
    statusCode: null,
  };
  let sought: (Sought & { readonly match: string; readonly negate: boolean }) | null = null;
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (EXPECT_WORDS.includes(word.text)) {
      if (!readExpectOption(options, word, reader)) return null;
      continue;
    }
    if (sought !== null) return reader.complain(`cannot handle unexpected argument '${word.text}'.`, word);
    const negate = word.text.startsWith('!');
    const match = !negate ? word : word.text === '!' ? reader.next() : { ...word, text: word.text.slice(1) };
    if (match === undefined) break;
    if (!matches.includes(match.text)) return reader.complain(`does not support '${match.text}'`, match, [...matches, ...EXPECT_WORDS]);
    const found = seek(match, reader);
    if (found === null) return null;
    sought = { ...found, match: match.text, negate };
  }
  if (sought === null) return reader.complain('expects what to look for', undefined, matches);
  const { pattern, header, match, negate, word } = sought;
  const step = { kind: 'expect', at: context.at, ...options, match: match as ExpectStepModel['match'], negate, pattern, header } as const;
  const problem = judge(step);
  return problem === null ? step : reader.complain(`: ${problem}`, word);
}

function readExpectOption(options: Writable<ExpectOptions>, word: Word, reader: WordReader): boolean {
  const value = reader.valueOf(word);
  if (value === null) return false;
  const name = word.text;
  const statuses = STATUSES[name];
  if (statuses !== undefined) {
    if (!statuses.includes(value.text)) reader.complain(`: '${value.text}' is no status for '${name}'`, value, statuses);
    const field = name === 'ok-status' ? 'okStatus' : name === 'error-status' ? 'errorStatus' : 'timeoutStatus';
    options[field] = value.text;
    return statuses.includes(value.text);
  }
  if (name === 'min-recv') {
    const bytes = reader.context.integer(value, 'min-recv', -1, 0x7fff_ffff);
    options.minBytes = bytes === -1 ? null : bytes;
    return bytes !== null;
  }
  const field = EXPECT_TEXTS[name];
  if (field !== undefined) options[field] = value.text;
  return true;
}

const EXPECT_TEXTS: Readonly<Record<string, 'comment' | 'onSuccess' | 'onError' | 'statusCode'>> = {
  comment: 'comment',
  'on-success': 'onSuccess',
  'on-error': 'onError',
  'status-code': 'statusCode',
};

/** `[-m METHOD] TEXT` behind a word that ends with `-lf` if the text is a log-format string; null after a complaint. */
export function readTextPattern(reader: WordReader, before: Word): TextPatternModel | null {
  const isFormat = before.text.endsWith('-lf');
  let text = reader.valueOf(before);
  if (text?.text !== '-m') return text === null ? null : { method: 'str', text: text.text, isFormat };
  const method = reader.valueOf(text);
  const found = TEXT_MATCHES.find((name) => name === method?.text);
  if (method === null) return null;
  if (found === undefined) return reader.complain(`: '${method.text}' is no way to match`, method, TEXT_MATCHES);
  if (found === 'reg' && isFormat) return reader.complain(`: '${before.text}' is no regular expression`, method);
  text = reader.valueOf(method);
  return text === null ? null : { method: found, text: text.text, isFormat };
}
