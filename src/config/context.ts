/**
 * What the parser offers to keyword objects: readers that report what is wrong by themselves. One
 * object per line. It must not know any keyword.
 */
import { type AddressRecord, Family } from '../base/address.ts';
import type { CertificateFolder, CertificateSettings, Complaint, DirectiveContext, ParsedAddress, Word } from '../keywords/define.ts';
import type { BindModel, ConditionModel, ErrorFileModel, RuleModel, ServerModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { PemModel } from '../model/tls.ts';
import { accountId } from './accounts.ts';
import {
  type AddressProblem,
  MAX_PATH,
  parseBindAddress,
  parseLiteralAddress,
  parseLogAddress,
  parseNetwork,
  parseServerAddress,
} from './addresses.ts';
import type { CertificateFiles } from './certificates.ts';
import { newBind, newServer } from './draft.ts';
import { ERROR_CODES, readErrorFile, readTextLines } from './errorfile.ts';
import { applyBindOptions, applyServerOptions } from './lines.ts';
import { type PathBase, resolvePath } from './paths.ts';
import { filesIn } from './pemfile.ts';
import { readNumber } from './reader.ts';
import { codeOf, type DiagnosticCode } from './report/codes.ts';
import type { Diagnostic } from './report/diagnostic.ts';
import { nearestName } from './report/near.ts';
import type { Lookup } from './words.ts';

/** Where the parser is, shared by all lines. */
export interface Place {
  file: string;
  line: number;
  /** The raw line. */
  text: string;
  /** Name of the section's kind, for messages and `.SECTION`. */
  section: string;
}

/** What outlives a line. */
export interface ParserState {
  readonly place: Place;
  readonly environment: Map<string, string>;
  readonly lookup: Lookup;
  readonly diagnostics: Diagnostic[];
  /** How many of them are alerts. */
  alerts: number;
  /** `default-path`. */
  pathBase: PathBase;
  /** `-dD`: what is only suspicious is said too. */
  readonly diagnose: boolean;
  readonly certificates: CertificateFiles;
  /** What the global section says for lines below. */
  readonly lineDefaults: LineDefaults;
}

/** Words that `bind` and `server` lines begin with, those of UNIX sockets, and what stands before their paths. */
export interface LineDefaults {
  bind: readonly Word[];
  server: readonly Word[];
  unix: readonly Word[];
  unixPrefix: string;
}

/** Adds an error at a word of the current line, or at the whole line. */
export function complain(state: ParserState, code: DiagnosticCode, complaint: Complaint): void {
  const { place, diagnostics } = state;
  const { word, found, allowed, near } = complaint;
  state.alerts++;
  const looked = word === undefined || near === undefined ? null : nearestName(word.text, near);
  diagnostics.push({
    severity: 'alert',
    code: codeOf(complaint.text, code),
    position: { file: place.file, line: place.line, column: word?.column ?? 0 },
    text: complaint.text,
    line: place.text,
    found,
    allowed,
    near: looked ?? undefined,
  });
}

export function warn(state: ParserState, code: DiagnosticCode, text: string): void {
  const { file, line } = state.place;
  state.diagnostics.push({ severity: 'warning', code, position: { file, line, column: 0 }, text });
}

/** Says what is only suspicious, if it was asked for. Never a warning: `-dW` would make it fatal. */
export function diagnose(state: ParserState, code: DiagnosticCode, text: string): void {
  if (!state.diagnose) return;
  const { file, line } = state.place;
  state.diagnostics.push({ severity: 'diag', code, position: { file, line, column: 0 }, text });
}

/** A word that changes nothing here is told with `-dD`. */
function sayNoEffect(state: ParserState, { name, noEffect }: { readonly name: string; readonly noEffect?: string }): void {
  if (noEffect !== undefined) diagnose(state, 'no-effect', `'${name}' has no effect here: ${noEffect}`);
}

export class LineContext implements DirectiveContext {
  readonly at: Position;
  readonly section: string;
  readonly keyword: string;
  readonly prefix: 'no' | 'default' | null;
  readonly state: ParserState;

  constructor(state: ParserState, section: string, keyword: string, prefix: 'no' | 'default' | null, column: number) {
    this.state = state;
    this.section = section;
    this.keyword = keyword;
    this.prefix = prefix;
    this.at = { file: state.place.file, line: state.place.line, column };
  }

  get environment(): Map<string, string> {
    return this.state.environment;
  }

  error(complaint: Complaint): void {
    complain(this.state, 'bad-argument', complaint);
  }

  warn(text: string): void {
    warn(this.state, 'suspicious', text);
  }

  sayNoEffect(keyword: { readonly name: string; readonly noEffect?: string }): void {
    sayNoEffect(this.state, keyword);
  }

  position(word: Word): Position {
    return { file: this.at.file, line: this.at.line, column: word.column };
  }

  integer(word: Word | undefined, name: string, min: number, max: number): number | null {
    return this.#number(word, { name, kind: 'integer', min, max });
  }

  time(word: Word | undefined, name: string, unit: 'ms' | 's' = 'ms'): number | null {
    return this.#number(word, { name, kind: 'time', unit });
  }

  #number(word: Word | undefined, spec: Parameters<typeof readNumber>[1]): number | null {
    if (word === undefined) {
      this.error({ text: `'${this.keyword}' expects a value for '${spec.name}'` });
      return null;
    }
    return readNumber(this.keyword, spec, word, (complaint) => this.error(complaint));
  }

  checkCriterion(acl: string, [criterion, pattern]: readonly Word[]): void {
    if (criterion === undefined || pattern === undefined || criterion.text.includes('(') || !pattern.text.startsWith('(')) return;
    const place = acl === '' ? 'a condition' : `acl '${acl}'`;
    const advice = "remove the space before '(', or put '--' before the pattern if it is meant";
    this.warn(`${place} : matching '${criterion.text}' for pattern '${pattern.text}' is likely a mistake: ${advice}.`);
  }

  condition(words: readonly Word[]): ConditionModel | null | undefined {
    const [first, ...rest] = words;
    if (first === undefined) return null;
    if (first.text !== 'if' && first.text !== 'unless') {
      this.error({
        text: `'${this.keyword}' expects either 'if' or 'unless' followed by a condition but found '${first.text}'.`,
        word: first,
      });
      return undefined;
    }
    if (rest.length === 0) {
      this.error({ text: `'${this.keyword}' : no condition behind '${first.text}'`, word: first });
      return undefined;
    }
    for (const [index, word] of rest.entries()) if (word.text === '{') this.checkCriterion('', rest.slice(index + 1, index + 3));
    const columns = rest.map((word) => word.column);
    return { unless: first.text === 'unless', words: rest.map((word) => word.text), columns, at: this.position(first) };
  }

  rule(words: readonly Word[]): RuleModel | null {
    const action = words[0];
    if (action === undefined) {
      this.error({ text: `'${this.keyword}' expects an action` });
      return null;
    }
    let end = words.findIndex((word, index) => index > 0 && !word.quoted && (word.text === 'if' || word.text === 'unless'));
    if (end < 0) end = words.length;
    const condition = this.condition(words.slice(end));
    if (condition === undefined) return null;
    const own = words.slice(1, end);
    return {
      action: action.text,
      words: own.map((word) => word.text),
      columns: own.map((word) => word.column),
      condition,
      at: this.position(action),
    };
  }

  bindLine(address: Word, options: readonly Word[]): BindModel | null {
    const parsed = this.#address(parseBindAddress(address.text, this.state.lookup), address);
    if (parsed === null) return null;
    const bind: BindModel = { ...newBind(address.text, this.at), addresses: parsed.addresses, host: parsed.host };
    const { lineDefaults } = this.state;
    this.#prefixPaths(bind, address);
    applyBindOptions(bind, lineDefaults.bind, this);
    if (bind.addresses.some(({ family }) => family === Family.unix)) applyBindOptions(bind, lineDefaults.unix, this);
    applyBindOptions(bind, options, this);
    return bind;
  }

  #prefixPaths(bind: BindModel, word: Word): void {
    const { unixPrefix } = this.state.lineDefaults;
    if (unixPrefix === '') return;
    for (const address of bind.addresses) {
      if (address.family !== Family.unix) continue;
      address.path = unixPrefix + address.path;
      if (address.path.length > MAX_PATH)
        this.error({ text: `'${this.keyword}' : socket path '${address.path}' is too long (max ${MAX_PATH})`, word });
    }
  }

  lineDefaults(side: 'bind' | 'server', words: readonly Word[]): void {
    const { alerts, lineDefaults } = this.state;
    // Judged here, where the words stand; in the lines below nothing is left to complain about.
    if (side === 'bind') applyBindOptions(newBind('', this.at), words, this);
    else applyServerOptions(newServer('', '', this.at), words, true, this);
    if (this.state.alerts === alerts) lineDefaults[side] = [...lineDefaults[side], ...words];
  }

  unixDefaults(prefix: string | null, words: readonly Word[]): void {
    const { alerts, lineDefaults } = this.state;
    applyBindOptions(newBind('', this.at), words, this);
    if (this.state.alerts !== alerts) return;
    lineDefaults.unix = [...lineDefaults.unix, ...words];
    if (prefix !== null) lineDefaults.unixPrefix = prefix;
  }

  serverOptions(server: ServerModel, options: readonly Word[], isDefault: boolean): void {
    applyServerOptions(server, options, isDefault, this);
  }

  serverAddress(word: Word): ParsedAddress | null {
    return this.#address(parseServerAddress(word.text, this.state.lookup), word);
  }

  literalAddress(word: Word): AddressRecord | null {
    return this.#address(parseLiteralAddress(word.text, this.state.lookup), word);
  }

  logAddress(word: Word): (ParsedAddress & { readonly isStream: boolean }) | null {
    return this.#address(parseLogAddress(word.text, this.state.lookup), word);
  }

  #address<T extends object>(parsed: T | AddressProblem, word: Word): T | null {
    if (!('problem' in parsed)) return parsed;
    this.error({ text: `'${this.keyword}' : ${parsed.problem}`, word });
    return null;
  }

  network(word: Word): { ip: Uint8Array; family: number; bits: number } | null {
    const network = parseNetwork(word.text);
    if (network === null) this.error({ text: `'${this.keyword}' : '${word.text}' is not a network, as 10.0.0.0/8`, word });
    return network;
  }

  errorFile(status: number, path: Word): ErrorFileModel | null {
    if (!(ERROR_CODES as readonly number[]).includes(status)) {
      this.error({ text: `${this.keyword} : status code '${status}' not handled.`, allowed: ERROR_CODES.map(String) });
      return null;
    }
    const full = resolvePath(this.state.pathBase, this.at.file, path.text);
    const read = readErrorFile(full);
    if ('problem' in read) {
      this.error({ text: `${this.keyword} : ${read.problem}`, word: path });
      return null;
    }
    return { status, path: full, bytes: read.bytes, at: this.at };
  }

  readLines(path: Word): readonly string[] | null {
    const full = resolvePath(this.state.pathBase, this.at.file, path.text);
    const lines = readTextLines(full);
    if (lines === null) this.error({ text: `${this.keyword} : error opening file '${full}'`, word: path });
    return lines;
  }

  filesIn(folder: Word): readonly string[] | null {
    const path = resolvePath(this.state.pathBase, this.at.file, folder.text);
    const files = filesIn(path);
    if (!('problem' in files)) return files;
    this.error({ text: `'${this.keyword}' : ${files.problem}`, word: folder });
    return null;
  }

  pemFile(path: Word, folder: CertificateFolder | null): PemModel | null {
    return this.state.certificates.plain(path, this, folder);
  }

  certificate(path: Word): PemModel | null {
    return this.state.certificates.one(path, this);
  }

  signer(path: Word): PemModel | null {
    return this.state.certificates.one(path, this, 'ca-base');
  }

  certificates(path: Word): readonly PemModel[] {
    return this.state.certificates.all(path, this);
  }

  certificateList(path: Word): readonly PemModel[] {
    return this.state.certificates.list(path, this);
  }

  get certificateSettings(): CertificateSettings {
    return this.state.certificates;
  }

  userId(word: Word): number | null {
    return this.#account('/etc/passwd', 'user', word);
  }

  groupId(word: Word): number | null {
    return this.#account('/etc/group', 'group', word);
  }

  #account(file: string, kind: string, word: Word): number | null {
    const id = accountId(file, word.text);
    if (id === null) this.error({ text: `'${this.keyword}' : unknown ${kind} '${word.text}'`, word });
    return id;
  }

  defaultPath(words: readonly Word[]): void {
    const [mode, path, extra] = words.map((word) => word.text);
    const isOrigin = mode === 'origin';
    if (
      mode === undefined ||
      !['current', 'config', 'parent', 'origin'].includes(mode) ||
      (path !== undefined) !== isOrigin ||
      extra !== undefined
    ) {
      this.error({
        text: `'default-path' expects 'current', 'config', 'parent', or 'origin <path>'`,
        word: words[0],
        near: ['current', 'config', 'parent', 'origin'],
      });
      return;
    }
    this.state.pathBase = { mode: mode as PathBase['mode'], origin: path ?? '' };
  }
}
