/**
 * What a word of the configuration language is: one object with its name, where it is valid, its
 * arguments, its documentation, examples that run as tests, and what it does to the model. From these
 * objects come the parser, the messages, the reference manual and the compatibility table.
 * It must not know how files are read or words are cut: config/ fulfils `DirectiveContext`.
 */
import type { AddressRecord } from '../base/address.ts';
import type { BindModel, ConditionModel, ErrorFileModel, GlobalModel, ProxyModel, RuleModel, ServerModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { CertificateStoreModel, SectionList, SectionLists, StoredCertificateModel } from '../model/sections.ts';
import type { PemModel } from '../model/tls.ts';

/** A word of a line, unquoted and expanded; `column` counts characters of the line from 1. */
export interface Word {
  readonly text: string;
  readonly column: number;
  readonly quoted: boolean;
}

/** The sections that the parser knows by itself; all others are objects made by `defineSection`. */
export type SectionKind = 'global' | 'defaults' | 'frontend' | 'listen' | 'backend';

/** One argument behind a keyword. `rest` takes all words that are left. */
export interface ArgumentSpec {
  readonly name: string;
  readonly kind: 'integer' | 'time' | 'size' | 'choice' | 'text' | 'word' | 'rest';
  /** Bounds of integers, and of times and sizes in their unit. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Unit of a time without suffix; milliseconds if not given. Values are always milliseconds. */
  readonly unit?: 'ms' | 's';
  readonly optional?: boolean;
}

type Given<S extends ArgumentSpec> = S['kind'] extends 'integer' | 'time' | 'size'
  ? number
  : S extends { readonly kind: 'choice'; readonly choices: readonly (infer C)[] }
    ? C
    : S['kind'] extends 'text'
      ? string
      : S['kind'] extends 'word'
        ? Word
        : readonly Word[];
type ArgumentValue<S extends ArgumentSpec> = S extends { readonly optional: true } ? Given<S> | null : Given<S>;
export type ArgumentValues<A extends readonly ArgumentSpec[]> = { -readonly [K in keyof A]: ArgumentValue<A[K]> };

/** A line of configuration and what it must give: a part of the model, or words of the message. */
export interface Example {
  readonly text: string;
  readonly gives?: unknown;
  readonly says?: string;
}
export type Examples = readonly [Example, ...Example[]];

/** What is wrong, in parts, so that a message can always name place, thing, found and allowed. */
export interface Complaint {
  readonly text: string;
  /** The word under the caret; none: the whole line. */
  readonly word?: Word | undefined;
  readonly found?: string;
  readonly allowed?: readonly string[];
  /** Names among which a similar one is looked for. */
  readonly near?: readonly string[];
}

/** An address of a bind or server line. */
export interface ParsedAddress {
  readonly addresses: readonly AddressRecord[];
  /** A name to be resolved at start; null: literals only. */
  readonly host: string | null;
  readonly portKind: 'fixed' | 'client' | 'offset';
  readonly portOffset: number;
}

/** Where relative names of certificates, authorities and keys start. */
export type CertificateFolder = 'crt-base' | 'ca-base' | 'key-base';

/** What a line says of a certificate beside its file. */
export interface CertificateParts {
  readonly alias?: string | undefined;
  readonly key?: string | undefined;
  readonly ocsp?: string | undefined;
  readonly issuer?: string | undefined;
  readonly sctl?: string | undefined;
  readonly ocspUpdate?: boolean | undefined;
  readonly jwt?: boolean | undefined;
}

export interface CertificateSettings {
  /** False: it was said before. */
  setFolder(folder: CertificateFolder, path: string): boolean;
  /** `ssl-load-extra-files`: names of kinds, `all`, `none`. */
  setExtras(names: readonly string[]): void;
  /** `ssl-load-extra-del-ext`. */
  replacesEnding: boolean;
  /** `ssl-passphrase-cmd`. */
  setPassphraseCommand(words: readonly string[]): void;
  /** Reads a certificate for lines below, which name it. null after a complaint. @param file as written behind `crt` */
  load(store: CertificateStoreModel, parts: CertificateParts, file: Word, context: DirectiveContext): StoredCertificateModel | null;
  /** `ssl-f-use`. Empty after a complaint. */
  withParts(file: Word, parts: CertificateParts, options: readonly Word[], context: DirectiveContext): PemModel[];
}

/** What a keyword may ask of the parser. Readers report what is wrong themselves and answer null. */
export interface DirectiveContext {
  /** Position of the keyword. */
  readonly at: Position;
  /** Kind of the section: `backend`, `userlist` … */
  readonly section: string;
  /** As written: `timeout client`. */
  readonly keyword: string;
  /** The line began with `no` or `default`. */
  readonly prefix: 'no' | 'default' | null;
  error(complaint: Complaint): void;
  warn(text: string): void;
  /** Tells of a word without effect, if suspicious things were asked for. */
  sayNoEffect(keyword: { readonly name: string; readonly noEffect?: string }): void;
  position(word: Word): Position;
  integer(word: Word | undefined, name: string, min: number, max: number): number | null;
  time(word: Word | undefined, name: string, unit?: 'ms' | 's'): number | null;
  /** The `if`/`unless` at the start of `words`, null if there are no words, or undefined after a complaint. */
  condition(words: readonly Word[]): ConditionModel | null | undefined;
  /** Warns of a pattern that looks like the arguments of the criterion before it. */
  checkCriterion(acl: string, words: readonly Word[]): void;
  /** Action, words and condition of a rule line. */
  rule(words: readonly Word[]): RuleModel | null;
  bindLine(address: Word, options: readonly Word[]): BindModel | null;
  serverOptions(server: ServerModel, options: readonly Word[], isDefault: boolean): void;
  serverAddress(word: Word): ParsedAddress | null;
  /** An address without name: for `source`, `addr`. The port is 0 if none is written. */
  literalAddress(word: Word): AddressRecord | null;
  /** Where log lines go to: IP or name with port 514 by default, or a UNIX path; `isStream`: not by datagrams. */
  logAddress(word: Word): (ParsedAddress & { readonly isStream: boolean }) | null;
  network(word: Word): { readonly ip: Uint8Array; readonly family: number; readonly bits: number } | null;
  errorFile(status: number, path: Word): ErrorFileModel | null;
  /** The lines of a small text file. */
  readLines(path: Word): readonly string[] | null;
  /** A file of authorities, revocation lists or parameters. */
  pemFile(path: Word, folder: CertificateFolder | null): PemModel | null;
  /** `ca-sign-file`: an authority with its key. */
  signer(path: Word): PemModel | null;
  /** The files of a directory in the order of their names, but for hidden ones; null after a complaint. */
  filesIn(folder: Word): readonly string[] | null;
  /** A certificate with what belongs to it: a file, or `@store/name`. */
  certificate(path: Word): PemModel | null;
  /** A certificate file with its key, or all those of a directory in the order of their names; empty after a complaint. */
  certificates(path: Word): readonly PemModel[];
  /** The lines of a `crt-list` file: certificates with the names they are used for. */
  certificateList(path: Word): readonly PemModel[];
  userId(word: Word): number | null;
  groupId(word: Word): number | null;
  /** The environment that later lines see, and the process with them. */
  readonly environment: Map<string, string>;
  /** `default-path`: which directory relative paths start from. */
  defaultPath(words: readonly Word[]): void;
  /** Where the files of certificates are, and what is looked for beside them. */
  readonly certificateSettings: CertificateSettings;
  /** Words that all lines of that side below begin with. */
  lineDefaults(side: 'bind' | 'server', words: readonly Word[]): void;
  /** `unix-bind`: words that `bind` lines with UNIX paths begin with, and what stands before these paths (null: as before). */
  unixDefaults(prefix: string | null, words: readonly Word[]): void;
}

/** A frontend, backend, listen or defaults section while it is read. */
export interface ProxyDraft extends ProxyModel {
  readonly section: SectionKind;
  /** What `default-server` lines have said so far. */
  defaultServer: ServerModel;
  /** Those of `default-server name NAME`, for `from NAME`. */
  readonly namedServers: Record<string, ServerModel>;
}

interface Keyword {
  readonly name: string;
  readonly doc: string;
  /** Why the line, though read and judged, changes nothing here. Only for what nobody outside could miss. */
  readonly noEffect?: string;
  readonly args: readonly ArgumentSpec[];
}

/** A line of a section. */
export interface Directive extends Keyword {
  /** `section`: of the section kind that `sections` names. */
  readonly scope: 'global' | 'proxy' | 'section';
  /** Of proxies, as in HAProxy's matrix: D defaults, F frontend, L listen, B backend. Else G, or the section kind. */
  readonly sections: string;
  /** `no` and `default` may stand before it. */
  readonly negatable: boolean;
  /** In defaults sections only in those with a name. */
  readonly namedOnly: boolean;
  /** A line in the wrong kind of proxy is an error, not only ignored with a warning. */
  readonly strict: boolean;
  /** It is written `name(argument)`: that comes before the values of `args`. */
  readonly called: boolean;
  readonly examples: readonly Example[];
  readonly apply: (draft: never, args: readonly unknown[], context: DirectiveContext) => void;
}

interface Definition<A extends readonly ArgumentSpec[], D> {
  readonly name: string;
  readonly doc: string;
  readonly noEffect?: string;
  readonly args: A;
  readonly negatable?: boolean;
  readonly examples: Examples;
  readonly apply: (draft: D, args: ArgumentValues<A>, context: DirectiveContext) => void;
}

interface ProxyDefinition<A extends readonly ArgumentSpec[]> extends Definition<A, ProxyDraft> {
  readonly sections: string;
  readonly namedOnly?: boolean;
  readonly strict?: boolean;
  readonly called?: boolean;
}

/** A keyword of frontend, backend, listen and defaults sections. */
export function defineDirective<const A extends readonly ArgumentSpec[]>(definition: ProxyDefinition<A>): Directive {
  return { negatable: false, namedOnly: false, strict: false, called: false, ...definition, scope: 'proxy' } as unknown as Directive;
}

/** A keyword of the global section. */
export function defineGlobal<const A extends readonly ArgumentSpec[]>(definition: Definition<A, GlobalModel>): Directive {
  return {
    negatable: false,
    namedOnly: false,
    strict: false,
    called: false,
    ...definition,
    scope: 'global',
    sections: 'G',
  } as unknown as Directive;
}

/** A record of a section's list in the model: what the first line gives and the others fill. */
export interface SectionRecord {
  readonly name: string;
  readonly at: Position;
}

/** A kind of section beside global, defaults and the proxies. */
export interface Section {
  readonly scope: 'kind';
  /** The word that opens it. */
  readonly name: string;
  readonly doc: string;
  /** Where its records are in the model. */
  readonly list: SectionList;
  readonly named: 'yes' | 'optional' | 'no';
  /** What a second section of the same name is: an error, nothing (with a warning), or more lines of the first. */
  readonly duplicates: 'refused' | 'ignored' | 'continued';
  /** The first line may hold more than the name. */
  readonly takesWords: boolean;
  /** Whole sections, with the record they give. */
  readonly examples: Examples;
  readonly open: (name: string, at: Position, words: readonly Word[], context: DirectiveContext) => SectionRecord;
  readonly close?: (record: never, context: DirectiveContext) => void;
}

/** A section kind whose record is a `D`; only types know it. */
export interface SectionOf<D> extends Section {
  readonly record?: D;
}

interface SectionDefinition<L extends SectionList>
  extends Omit<Section, 'scope' | 'named' | 'duplicates' | 'takesWords' | 'open' | 'close' | 'list'> {
  readonly list: L;
  readonly duplicates?: Section['duplicates'];
  /** 'yes' if not given: a section without name is an error. */
  readonly named?: Section['named'];
  /** The empty record. The parser has judged the name ('' if there is none) and whether it is taken. */
  readonly open: (name: string, at: Position, words: readonly Word[], context: DirectiveContext) => SectionLists[L][number];
  /** More words than the name may stand in the first line: `open` reads them. */
  readonly takesWords?: boolean;
  /** When the last line was read: what only the whole section can tell. `context` stands at the first line. */
  readonly close?: (record: SectionLists[L][number], context: DirectiveContext) => void;
}

/** A kind of section: its records are a list of the model. Its lines are made by `defineSectionKeyword`. */
export function defineSection<const L extends SectionList>(definition: SectionDefinition<L>): SectionOf<SectionLists[L][number]> {
  return { named: 'yes', duplicates: 'refused', takesWords: false, ...definition, scope: 'kind' } as unknown as SectionOf<
    SectionLists[L][number]
  >;
}

/** A keyword of one kind of section. Its examples are lines of such a section and give a part of its record. */
export function defineSectionKeyword<D, const A extends readonly ArgumentSpec[]>(
  section: SectionOf<D>,
  definition: Definition<A, D>,
): Directive {
  const { name: sections } = section;
  return {
    negatable: false,
    namedOnly: false,
    strict: false,
    called: false,
    ...definition,
    scope: 'section',
    sections,
  } as unknown as Directive;
}

/** `option NAME` without arguments: a flag of the model that `no` clears and `default` forgets. */
/** `noEffect`: why it changes nothing here. */
export function defineOption(name: string, sections: string, doc: string, noEffect?: string): Directive {
  return defineDirective({
    ...(noEffect === undefined ? {} : { noEffect }),
    name: `option ${name}`,
    sections,
    negatable: true,
    args: [],
    doc,
    examples: [
      { text: `option ${name}`, gives: { options: { [name]: true } } },
      { text: `no option ${name}`, gives: { options: { [name]: false } } },
    ],
    apply(draft, _, { prefix }) {
      if (prefix === 'default') delete draft.options[name];
      else draft.options[name] = prefix === null;
    },
  });
}

/** A word of `bind` and `stats socket` lines. */
export interface BindOption extends Keyword {
  readonly examples: readonly Example[];
  readonly apply: (bind: BindModel, args: readonly unknown[], context: DirectiveContext) => void;
}

export function defineBindOption<const A extends readonly ArgumentSpec[]>(
  definition: Omit<Definition<A, BindModel>, 'negatable'>,
): BindOption {
  return definition as unknown as BindOption;
}

/** A word of `server` and `default-server` lines. */
export interface ServerOption extends Keyword {
  /** Makes no sense for many servers at once: refused on `default-server`. */
  readonly single: boolean;
  /** It is written `name(argument)`: that comes before the values of `args`. */
  readonly called?: boolean;
  readonly examples: readonly Example[];
  readonly apply: (server: ServerModel, args: readonly unknown[], context: DirectiveContext) => void;
}

interface ServerDefinition<A extends readonly ArgumentSpec[]> extends Omit<Definition<A, ServerModel>, 'negatable'> {
  readonly single?: boolean;
  readonly called?: boolean;
}

export function defineServerOption<const A extends readonly ArgumentSpec[]>(definition: ServerDefinition<A>): ServerOption {
  return { single: false, ...definition } as unknown as ServerOption;
}
