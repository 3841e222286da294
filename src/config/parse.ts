/**
 * Configuration text → model: one loop that cuts lines into words, keeps track of sections and `.if` blocks,
 * and lets the registered keyword objects do the rest. All problems of a run are collected, never thrown.
 */
import { hostname } from 'node:os';
import type { Complaint, Directive, SectionKind, Word } from '../keywords/define.ts';
import type { GlobalModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { ConditionalBlocks } from './blocks.ts';
import { CertificateFiles } from './certificates.ts';
import { checkModel } from './check.ts';
import { complain, LineContext, type ParserState, warn } from './context.ts';
import { finishDraft, newGlobal } from './draft.ts';
import type { ParsedLine } from './dump/print.ts';
import { withLines } from './dump/source-lines.ts';
import { lookupIn, newEnvironment } from './environment.ts';
import { readSources, type SourceText } from './files.ts';
import { lintModel } from './lints.ts';
import { RuleOrder } from './order.ts';
import { misplaced, needsName } from './placement.ts';
import { readArguments } from './reader.ts';
import { findKeyword, registry } from './registry.ts';
import { type Diagnostic, furtherErrors, hasErrors, hasShape } from './report/diagnostic.ts';
import { withDefaultResolvers } from './resolvers.ts';
import { Sections } from './sections.ts';
import { unknownKeyword } from './unknown.ts';
import { emptyWord, splitWords } from './words.ts';

export interface ParseOptions {
  /** The process's environment by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `-L`; the host's name by default. */
  readonly localPeer?: string;
  /** `-dD`: also says what is only suspicious. */
  readonly diagnose?: boolean;
  /** Keeps the lines that counted, for who writes the configuration back. */
  readonly keepLines?: boolean;
}

export interface ParseResult {
  /** Complete only if no diagnostic is an alert. */
  readonly model: ConfigModel;
  readonly diagnostics: readonly Diagnostic[];
  /** The environment after `setenv` and its kin: what the process and its workers must see. */
  readonly environment: ReadonlyMap<string, string>;
  /** Empty unless `keepLines`. */
  readonly lines: readonly ParsedLine[];
}

/** Lines with errors after which the rest is not read: HAProxy's bound. */
const MOST_ERRORS = 50;
/** Words of a line: HAProxy's bound. */
const MOST_WORDS = 64;

/** Reads files and directories as `-f` takes them. */
export function parseFiles(paths: readonly string[], options: ParseOptions = {}): ParseResult {
  const diagnostics: Diagnostic[] = [];
  return parseSources(readSources(paths, diagnostics), options, diagnostics);
}

/** Reads a text in memory. */
export function parseText(text: string, file = 'text', options: ParseOptions = {}): ParseResult {
  return parseSources([{ file, text }], options, []);
}

export function parseSources(sources: readonly SourceText[], options: ParseOptions, diagnostics: Diagnostic[]): ParseResult {
  const files = sources.map((source) => source.file);
  const environment = newEnvironment(options.environment ?? process.env, files, options.localPeer ?? hostname());
  const parser = new Parser(environment, diagnostics, options.diagnose ?? false, options.keepLines ?? false);
  for (const source of sources) parser.file(source);
  return parser.finish(files);
}

/** `no` may stand before more than options; others are refused with HAProxy's list. */
const NEGATION =
  'negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.';

class Parser {
  readonly #state: ParserState;
  readonly #global: GlobalModel = newGlobal();
  readonly #sections: Sections;
  readonly #blocks: ConditionalBlocks;
  readonly #order: RuleOrder;
  /** null: nobody wants them. */
  readonly #lines: ParsedLine[] | null;
  #isStopped = false;

  constructor(environment: Map<string, string>, diagnostics: Diagnostic[], diagnose: boolean, keepLines: boolean) {
    this.#lines = keepLines ? [] : null;
    const place = { file: '', line: 0, text: '', section: '' };
    this.#state = {
      place,
      environment,
      lookup: lookupIn(environment, place),
      diagnostics,
      alerts: 0,
      pathBase: { mode: 'current', origin: '' },
      diagnose,
      certificates: new CertificateFiles(() => this.#state.pathBase),
      lineDefaults: { bind: [], server: [], unix: [], unixPrefix: '' },
    };
    this.#sections = new Sections(this.#state);
    this.#blocks = new ConditionalBlocks(this.#state);
    this.#order = new RuleOrder(this.#state);
  }

  file({ file, text }: SourceText): void {
    const { place } = this.#state;
    Object.assign(place, { file, line: 0, text: '', section: '' });
    this.#sections.leave();
    const lines = text.split('\n');
    const last = lines.pop() as string;
    for (const line of lines) {
      place.line++;
      place.text = line;
      if (this.#isFull()) return;
      this.#line(line);
    }
    if (last !== '') {
      Object.assign(place, { line: place.line + 1, text: last });
      complain(this.#state, 'missing-line-feed', {
        text: `Missing LF on last line, file might have been truncated at position ${last.length + 1}.`,
      });
    }
    this.#blocks.endOfFile();
  }

  #isFull(): boolean {
    if (this.#blocks.isFatal) return true;
    const { alerts } = this.#state;
    if (alerts < MOST_ERRORS) return false;
    if (!this.#isStopped) complain(this.#state, 'too-many-errors', { text: `too many fatal errors (${alerts}), stopping now.` });
    this.#isStopped = true;
    return true;
  }

  #line(line: string): void {
    if (line.includes('\0')) {
      complain(this.#state, 'zero-byte', { text: `unexpected zero byte at position ${line.indexOf('\0') + 1}, not a text file` });
      return;
    }
    const { words, problem } = splitWords(line, this.#state.lookup, MOST_WORDS);
    if (problem !== null) {
      const word = { text: '', column: problem.column, quoted: false };
      complain(this.#state, 'bad-word', { text: problem.text, word });
      return;
    }
    const isDirective = words[0]?.text.startsWith('.') ?? false;
    if (this.#blocks.isSkipping && !isDirective) return;
    if (words.length === 0 || (isDirective && this.#blocks.line(words))) return;
    const empty = emptyWord(words);
    if (empty >= 0) {
      const word = words[empty] as Word;
      const text = `argument number ${empty} at position ${word.column} is empty and marks the end of the argument list`;
      complain(this.#state, 'empty-argument', { text, word });
      return;
    }
    const { file, line: number } = this.#state.place;
    const isSection = this.#sections.line(words);
    this.#lines?.push({ file, line: number, isSection, words });
    if (!isSection) this.#keyword(words);
  }

  /** A line inside a section. */
  #keyword(all: readonly Word[]): void {
    const { kind } = this.#sections;
    if (kind === 'skipped') return;
    const first = all[0] as Word;
    if (kind === null) {
      complain(this.#state, 'out-of-section', { text: `unknown keyword '${first.text}' out of section.`, word: first });
      return;
    }
    const prefix = (first.text === 'no' || first.text === 'default') && all.length > 1 ? first.text : null;
    const words = prefix === null ? all : all.slice(1);
    const section = this.#state.place.section;
    const map =
      kind === 'other' ? (registry().sectionKeywords.get(section) ?? NOTHING) : kind === 'global' ? registry().global : registry().proxy;
    const found = findKeyword(map, words);
    if (found === null) complain(this.#state, 'unknown-keyword', unknownKeyword(section, words, map));
    else this.#directive(kind, prefix, words, found);
  }

  #directive(
    kind: SectionKind | 'other',
    prefix: 'no' | 'default' | null,
    words: readonly Word[],
    { keyword: directive, length, argument }: { readonly keyword: Directive; readonly length: number; readonly argument: string | null },
  ): void {
    const first = words[0] as Word;
    if (prefix !== null && !directive.negatable) {
      const isOption = directive.name.startsWith('option ');
      const text = isOption ? `negation/default is not supported for option '${directive.name.slice(7)}'.` : NEGATION;
      complain(this.#state, 'no-negation', { text, word: first });
      return;
    }
    if (!this.#isAllowed(kind, directive, first)) return;
    const context = new LineContext(this.#state, this.#state.place.section, directive.name, prefix, first.column);
    const isBare = prefix !== null && words.length === length;
    const specs = isBare ? directive.args.map((spec) => ({ ...spec, optional: true })) : directive.args;
    const reading = readArguments(directive.name, specs, words.slice(length), (complaint: Complaint) => context.error(complaint), false);
    if (reading === null) return;
    const draft = kind === 'global' ? this.#global : (this.#sections.draft ?? this.#sections.record);
    if (kind === 'global' && this.#order.isRepeated(directive)) return;
    directive.apply(draft as never, argument === null ? reading.values : [argument, ...reading.values], context);
    context.sayNoEffect(directive);
    if (this.#sections.draft !== null) this.#order.line(this.#sections.draft, directive);
  }

  #isAllowed(kind: SectionKind | 'other', directive: Directive, first: Word): boolean {
    if (kind === 'global' || kind === 'other') return true;
    const { draft } = this.#sections;
    if (directive.sections.includes(LETTERS[kind])) {
      if (kind !== 'defaults' || !directive.namedOnly || draft?.name !== '') return true;
      complain(this.#state, 'anonymous-defaults', { text: needsName(directive), word: first });
      return false;
    }
    const { isError, text } = misplaced(directive, kind, draft?.name ?? '');
    if (isError) complain(this.#state, 'wrong-section', { text, word: first });
    else warn(this.#state, 'ignored', text);
    return false;
  }

  finish(files: readonly string[]): ParseResult {
    const { diagnostics, environment } = this.#state;
    this.#sections.leave();
    const proxies = this.#sections.proxies.map(finishDraft);
    const { lists } = this.#sections.others;
    const model = { files, ...lists, resolvers: withDefaultResolvers(lists.resolvers, proxies), global: this.#global, proxies };
    if (hasShape(diagnostics)) {
      const found: Diagnostic[] = [];
      checkModel(model, found);
      if (this.#state.diagnose) found.push(...lintModel(model));
      diagnostics.push(...withLines(hasErrors(diagnostics) ? furtherErrors(found, diagnostics) : found));
    }
    return { model, diagnostics, environment, lines: this.#lines ?? [] };
  }
}

const NOTHING: ReadonlyMap<string, Directive> = new Map();

const LETTERS: Record<Exclude<SectionKind, 'global'>, string> = { defaults: 'D', frontend: 'F', listen: 'L', backend: 'B' };
