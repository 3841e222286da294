/**
 * The one contract that a word of the rule language fulfils: name, arguments, types, where it is valid, text,
 * examples and a compile step, together in one object. From these objects come the compilers, the reference
 * manual, the compatibility table and a test of every example. It must not know any word.
 *
 * A `compile` runs at start and may throw a RuleError; the step it returns runs per request and may neither
 * throw nor allocate.
 */

import type { BandwidthLimitModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { Backend, Frontend, LocalReply, Server, Stream } from '../state/records.ts';
import type { StickTable } from '../state/tracked.ts';
import type { TextStyle, Writer } from './format/writer.ts';
import type { PatternKindValue } from './patterns/pattern-index.ts';
import type { Places } from './place.ts';
import type { Regex } from './regex/regex.ts';
import type { Sample, SampleTypeValue } from './sample.ts';
import type { Thread } from './thread.ts';
import type { Userlist } from './value/userlist.ts';
import type { Words } from './words.ts';

// Arguments -----------------------------------------------------------------------------------------

export interface ArgSpec {
  readonly name: string;
  readonly kind: 'int' | 'str' | 'mask4' | 'mask6' | 'frontend' | 'backend' | 'server' | 'userlist' | 'table';
  readonly oneOf?: readonly string[];
  /** The argument may be left out and is then this value. */
  readonly default?: number | string | null;
  /** An empty word is a value, not the default. */
  readonly mayBeEmpty?: boolean;
}

interface ArgKinds {
  int: number;
  str: string;
  /** Four or sixteen bytes. */
  mask4: Uint8Array;
  mask6: Uint8Array;
  frontend: Frontend;
  backend: Backend;
  server: Server;
  userlist: Userlist;
  table: StickTable;
}
type Given<S extends ArgSpec> = S extends { oneOf: readonly (infer U)[] } ? U : ArgKinds[S['kind']];
type ArgValue<S extends ArgSpec> = S extends { readonly default: null } ? Given<S> | null : Given<S>;
export type ArgValues<A extends readonly ArgSpec[]> = { -readonly [K in keyof A]: ArgValue<A[K]> };
export type AnyArg = number | string | Uint8Array | Frontend | Backend | Server | Userlist | StickTable | null;

// Context ----------------------------------------------------------------------------------------------

/** The proxy whose line is compiled: both halves for a `listen`. */
export interface RuleProxy {
  readonly name: string;
  readonly http: boolean;
  readonly frontend: Frontend | null;
  readonly backend: Backend | null;
  /** `capture request header` and `capture response header` lines of the frontend: they have the first slots. */
  readonly requestCaptureCount: number;
  readonly responseCaptureCount: number;
  /** `filter bwlim-in` and `bwlim-out` lines. */
  readonly bandwidthLimits?: readonly BandwidthLimitModel[];
}

/** Capture slots in use, of the whole proxy: `capture … len` rules add to them while they are compiled. */
export interface CaptureCounts {
  request: number;
  response: number;
}

/** `fetch(args),converter(args)`, compiled. */
export interface Expression {
  /** What it yields. */
  readonly type: SampleTypeValue;
  /** Evaluates into `sample`; false: there is no value. */
  run(sample: Sample, stream: Stream): boolean;
}

/** A log-format string, compiled. */
export interface TextFormat {
  /** The text, if it never changes; else null. */
  readonly constant: string | null;
  write(out: Writer, stream: Stream): void;
}

/** Which rules of quoting, emptiness and runs of spaces a log-format string follows. `id`: of `unique-id-format`. `raw`: bytes as they are. */
export type FormatKind = 'log' | 'header' | 'text' | 'id' | 'raw';

/** What a word may ask for while it is compiled. */
export interface CompileContext {
  readonly thread: Thread;
  readonly proxy: RuleProxy;
  readonly places: Places;
  /** The rule set by HAProxy's name, as `http-request`; empty where no rule is compiled. */
  readonly ruleSet: string;
  /** Read it when a line is written, not before: rules that are compiled later add to it. */
  readonly captures: CaptureCounts;
  /** An expression that fills the whole text. */
  expression(text: string): Expression;
  format(text: string, kind: FormatKind): TextFormat;
  /** Words as behind `if`: names of ACLs, `{ … }`. */
  condition(words: readonly string[]): { test(stream: Stream): boolean };
  regex(pattern: string, ignoreCase: boolean): Regex;
  /** The error page of a status, which is looked for when it is sent: the backend's, the frontend's, the built-in one; null: it has none. */
  errorReply(status: number): LocalReply | null;
  /** What is warned about from now on stands there. */
  standAt(at: Position): void;
  /** Something is odd but not wrong. `-dW` makes it fatal. */
  warn(text: string): void;
}

// Samples --------------------------------------------------------------------------------------------

/** Fills the register; false: no value. */
export type FetchStep = (sample: Sample, stream: Stream) => boolean;
/** Rewrites the register in place; false: no value, the expression ends. */
export type ConvertStep = (sample: Sample, stream: Stream) => boolean;
/** Whether the register, cast to the matcher's type, matches. */
export type MatchStep = (sample: Sample, stream: Stream) => boolean;

/** `call` evaluated on a message gives `out`; null: no value. Without `request` it is `GET / HTTP/1.1`. */
export interface FetchExample {
  /** An expression that is evaluated first. */
  readonly after?: string;
  readonly request?: string;
  readonly response?: string;
  /** Bytes that the client, or with a response the server, sent in TCP mode. */
  readonly raw?: string;
  /** Both connections speak TLS, and each peer has shown a certificate. */
  readonly tls?: boolean;
  readonly call: string;
  readonly out: number | string | boolean | null;
}

/** `value | call` gives `out`. */
export interface ConverterExample {
  readonly value: number | string | boolean;
  readonly call: string;
  readonly out: number | string | boolean | null;
}

interface Described {
  readonly name: string;
  readonly doc: string;
}

export interface Fetch extends Described {
  readonly args: readonly ArgSpec[];
  readonly type: SampleTypeValue;
  /** HAProxy's 22 columns, see place.ts. */
  readonly valid: string;
  /**
   * ACL keywords made from this fetch: for `path`, path and path_beg, path_reg … (configuration 7.1). `name:matcher` is that one
   * name, with that matcher; the matcher `version` is `int` for patterns such as 3.1.
   */
  readonly derivatives: readonly string[];
  readonly examples: readonly [FetchExample, ...FetchExample[]];
  readonly compile: (args: readonly AnyArg[], context: CompileContext) => FetchStep;
  /** For ACLs: yields every value in turn, asked again while `sample.more`. null: there is only one. */
  readonly compileEach: ((args: readonly AnyArg[], context: CompileContext) => FetchStep) | null;
  /** Judges the patterns that an ACL has behind it. @throws RuleError */
  readonly checkPatterns?: (args: readonly string[], patterns: readonly string[], context: CompileContext) => void;
}

interface FetchDefinition<A extends readonly ArgSpec[]> extends Omit<Fetch, 'args' | 'compile' | 'compileEach' | 'derivatives'> {
  readonly args: A;
  readonly derivatives?: readonly string[];
  readonly compile: (args: ArgValues<A>, context: CompileContext) => FetchStep;
  readonly compileEach?: (args: ArgValues<A>, context: CompileContext) => FetchStep;
}

/** A source of samples. The types of `compile`'s arguments come from `args`. */
export function defineFetch<const A extends readonly ArgSpec[]>(definition: FetchDefinition<A>): Fetch {
  return { derivatives: [], compileEach: null, ...definition } as unknown as Fetch;
}

/** The same fetch under an old or shorter name. Derivatives belong to one of the names. */
export function defineFetchName(name: string, of: Fetch, ...examples: Fetch['examples']): Fetch {
  return { ...of, name, doc: `Another name of ${of.name}.`, derivatives: [], examples };
}

export interface Converter extends Described {
  readonly args: readonly ArgSpec[];
  readonly from: SampleTypeValue;
  /** SampleType.any: the type of what came in. */
  readonly to: SampleTypeValue;
  readonly examples: readonly [ConverterExample, ...ConverterExample[]];
  readonly compile: (args: readonly AnyArg[], context: CompileContext) => ConvertStep;
}

interface ConverterDefinition<A extends readonly ArgSpec[]> extends Omit<Converter, 'args' | 'compile'> {
  readonly args: A;
  readonly compile: (args: ArgValues<A>, context: CompileContext) => ConvertStep;
}

export function defineConverter<const A extends readonly ArgSpec[]>(definition: ConverterDefinition<A>): Converter {
  return definition as unknown as Converter;
}

// Matchers -------------------------------------------------------------------------------------------

export interface MatcherExample {
  readonly value: string | number | boolean;
  readonly patterns: readonly string[];
  readonly ignoreCase?: boolean;
  readonly out: boolean;
}

/** `-m NAME` of ACLs: patterns against a sample. */
export interface Matcher extends Described {
  /** The sample is cast to this first; a sample that can't be matches nothing. */
  readonly expects: SampleTypeValue;
  /** How its patterns are searched (patternindex.ts); null: it takes none. */
  readonly kind: PatternKindValue | null;
  readonly examples: readonly [MatcherExample, ...MatcherExample[]];
  /** Of a matcher without patterns; else null. */
  readonly test: MatchStep | null;
}

export function defineMatcher(definition: Matcher): Matcher {
  return definition;
}

// Actions --------------------------------------------------------------------------------------------

/** What an action says to the list it stands in. */
export const Outcome = {
  /** The next rule. */
  next: 0,
  /** stream.response is the answer. */
  answer: 1,
  /** Close without an answer. */
  drop: 2,
  /** It goes on with the next rule when somebody resumes the stream. */
  wait: 3,
  /** Ends this rule set, the request goes on. */
  stop: 4,
  /** Close without an answer, and without the client knowing: `stream.overrides.dropTtl`. */
  vanish: 5,
  /** As wait, but this action runs again then, without its condition. */
  again: 6,
  /** Close the server's connection; what it has sent goes on. */
  close: 7,
} as const;
export type OutcomeValue = (typeof Outcome)[keyof typeof Outcome];
export type ActionStep = (stream: Stream) => OutcomeValue;

/** After `rule` the head of the message (or of the answer made) reads `head`: start line and fields, a line each. */
export interface ActionExample {
  readonly rule: string;
  readonly request?: string;
  readonly response?: string;
  readonly head: string;
  readonly body?: string;
  /** And this expression gives that. */
  readonly gives?: readonly [call: string, out: number | string | boolean | null];
}

export interface Action extends Described {
  /** As in HAProxy's manual. */
  readonly signature: string;
  /** The rule sets it may stand in. */
  readonly ruleSets: readonly string[];
  readonly examples: readonly [ActionExample, ...ActionExample[]];
  readonly compile: (words: Words, context: CompileContext) => ActionStep;
}

export function defineAction(definition: Action): Action {
  return definition;
}

// Log aliases ----------------------------------------------------------------------------------------

export type AliasStep = (out: Writer, stream: Stream) => void;

export interface AliasExample {
  readonly request?: string;
  readonly format: string;
  readonly out: string;
}

/** `%NAME` of log-format strings. */
export interface Alias extends Described {
  readonly kind: 'string' | 'number' | 'date';
  /** Refused in `mode tcp`. */
  readonly httpOnly: boolean;
  /** A number that +X shows in hexadecimal: it is text then. */
  readonly inHex?: boolean;
  /** Prints nothing at all if there is nothing: `null` in JSON. */
  readonly optional?: boolean;
  /** Its compile step obeys `style.encoding`; all others are encoded from the text that they write. */
  readonly encodes?: boolean;
  readonly examples: readonly AliasExample[];
  readonly compile: (style: TextStyle, context: CompileContext) => AliasStep;
}

export function defineAlias(definition: Alias): Alias {
  return definition;
}
