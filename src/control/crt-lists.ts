/**
 * Lists of certificates, and directories of them, while they are in use: lines are added at their end and taken out, in all threads. It
 * must not know commands, nor how a line is read (HAProxy management manual, "add ssl crt-list").
 */
import type { ListPlace, PemModel } from '../model/tls.ts';
import { LOCKED } from './certificates.ts';
import { done, type Reply, refused } from './reply.ts';
import type { ListEntry, Publish, StoredList, TlsStore } from './tls-store.ts';

/** A line of a list, as it is read. */
export interface ListLine {
  readonly file: string;
  readonly names: readonly string[] | null;
  readonly options: readonly string[];
  readonly settings: PemModel['settings'];
  readonly ocspUpdate: boolean | null;
}

/** Reads a line; a text says what is wrong with it. */
export type ReadListLine = (text: string) => ListLine | string;

export class ListControl {
  readonly #store: TlsStore;
  readonly #read: ReadListLine;
  readonly #publish: Publish;
  readonly #added: (path: string) => void;

  /** @param added a certificate is used that perhaps was not before */
  constructor(store: TlsStore, read: ReadListLine, publish: Publish, added: (path: string) => void) {
    this.#store = store;
    this.#read = read;
    this.#publish = publish;
    this.#added = added;
  }

  list(): readonly string[] {
    return Array.from(this.#store.lists.keys());
  }

  /** The lines of a list; null: there is none. */
  show(path: string): readonly ListEntry[] | null {
    return this.#find(path)?.entries ?? null;
  }

  /** The lines as a file would have them; null: there is no such list. @param isNumbered numbers stand behind the certificates */
  text(path: string, isNumbered: boolean): readonly string[] | null {
    const entries = this.show(path);
    return entries === null ? null : entries.map((entry) => lineText(entry, isNumbered));
  }

  /** Adds a line at the end of a list: `FILE [OPTIONS] NAMES…`. The certificate must be known. */
  async add(path: string, text: string): Promise<Reply> {
    const fail = (why: string): Reply => refused(`Can't edit the crt-list: ${why}`);
    return (await this.#store.alone(() => this.#add(path, text, fail))) ?? fail(LOCKED);
  }

  async #add(path: string, text: string, fail: (why: string) => Reply): Promise<Reply> {
    const list = this.#find(path);
    if (list === null) return fail(`crt-list '${path}' does not exist!`);
    const line = this.#read(text);
    if (typeof line === 'string') return fail(line);
    const stored = this.#store.certificates.get(line.file);
    if (stored === undefined) return fail(`certificate '${line.file}' does not exist!`);
    if (stored.material === null) return fail(`certificate '${line.file}' is empty!`);
    const problem = list.isDirectory ? directoryProblem(list, line) : null;
    if (problem !== null) return fail(problem);
    const { file, names, options, settings, ocspUpdate } = line;
    const place: ListPlace = { path: list.path, line: lastLine(list) + 1, options };
    const at = { file: 'CLI', line: 1, column: 1 };
    const certificate: PemModel = { ...stored.material, path: file, names, settings, list: place, ocspUpdate, at };
    const refusal = await this.#publish({ kind: 'listed', certificate });
    if (refusal !== null) return fail(refusal);
    list.entries.push({ path: file, line: place.line, options, names, settings });
    stored.ocspUpdate ??= ocspUpdate;
    this.#added(file);
    return done(`Inserting certificate '${file}' in crt-list '${path}'.\nSuccess!`);
  }

  /** Takes a line out. @param line its number; null: the one line with this certificate */
  async delete(path: string, certificate: string, line: number | null): Promise<Reply> {
    const fail = (why: string): Reply => refused(`Can't delete the entry: ${why}`);
    return (await this.#store.alone(() => this.#delete(path, certificate, line, fail))) ?? fail(LOCKED);
  }

  async #delete(path: string, certificate: string, line: number | null, fail: (why: string) => Reply): Promise<Reply> {
    const list = this.#find(path);
    if (list === null) return fail(`crt-list '${path}' does not exist!`);
    if (!this.#store.certificates.has(certificate)) return fail(`certificate '${certificate}' does not exist!`);
    const entry = entryOf(list, certificate, line);
    if (typeof entry === 'string') return fail(entry);
    const users = this.#store.fallbacksOf(list.path, entry.line);
    if (users.length > 0) {
      const places = users.map((at) => `\n\t- ${at.file}:${at.line}`).join('');
      return fail(`certificate '${certificate}' cannot be deleted, it is used as default certificate by the following frontends:${places}`);
    }
    const refusal = await this.#publish({ kind: 'unlisted', list: list.path, line: entry.line });
    if (refusal !== null) return fail(refusal);
    list.entries = list.entries.filter((each) => each !== entry);
    return done(`Entry '${certificate}' deleted in crtlist '${path}'!`);
  }

  #find(path: string): StoredList | null {
    return this.#store.lists.get(path) ?? this.#store.lists.get(path.replace(/\/+$/, '')) ?? null;
  }
}

function lineText({ path, line, options, names }: ListEntry, isNumbered: boolean): string {
  const settings = options.length === 0 ? [] : [`[${options.join(' ')}]`];
  return [isNumbered ? `${path}:${line}` : path, ...settings, ...(names ?? [])].join(' ');
}

function lastLine({ entries }: StoredList): number {
  return entries.reduce((most, { line }) => Math.max(most, line), 0);
}

function directoryProblem({ path, entries }: StoredList, { file, names, options }: ListLine): string | null {
  if (names !== null || options.length > 0) return `'${path}' is a directory: SSL configuration and filters are not allowed`;
  if (!file.startsWith(`${path}/`)) return `'${file}' must begin with the directory's path '${path}/'`;
  return entries.some((entry) => entry.path === file) ? `file '${file}' already exists in this directory!` : null;
}

function entryOf({ entries }: StoredList, certificate: string, line: number | null): ListEntry | string {
  const found = entries.filter(({ path }) => path === certificate);
  const numbers = found.map((entry) => entry.line).join(', ');
  const [first] = found;
  if (first === undefined) return `certificate '${certificate}' can't be found in the list!`;
  if (line === null) {
    if (found.length === 1) return first;
    return `found the certificate '${certificate}' in several entries, please specify a line number preceded by colons (${numbers})!`;
  }
  const exact = found.find((entry) => entry.line === line);
  if (exact !== undefined) return exact;
  return `found a certificate '${certificate}' but the line number is incorrect, please specify a correct line number preceded by colons (${numbers})!`;
}
