/**
 * Certificates as `bind`, `server`, `crt-list` and `crt-store` lines name them: where their files are, what belongs to them, names of
 * stores. Files are read while the configuration is, once for each line. What they hold is judged where contexts are built.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CertificateFolder, CertificateParts, CertificateSettings, DirectiveContext, Word } from '../keywords/define.ts';
import type { CertificateStoreModel, StoredCertificateModel } from '../model/sections.ts';
import type { PemFiles, PemModel, TlsModel } from '../model/tls.ts';
import { newBind } from './draft.ts';
import { applyBindOptions } from './lines.ts';
import { isEncrypted, Passphrases } from './passphrases.ts';
import { type PathBase, resolvePath } from './paths.ts';
import {
  certificateFiles,
  EXTRA_FILES,
  type ExtraFile,
  type ExtraSearch,
  type NamedParts,
  readCertificateFiles,
  readCertificateList,
  readPemFile,
} from './pemfile.ts';
import { registry } from './registry.ts';

/** Options of `bind` that may stand in brackets of a `crt-list` line (HAProxy 3.x configuration 5.1 crt-list). */
const LIST_OPTIONS: ReadonlySet<string> = new Set(
  'allow-0rtt alpn ca-file ca-verify-file ciphers ciphersuites client-sigalgs crl-file curves ecdhe ktls no-alpn no-ca-names npn sigalgs ssl-max-ver ssl-min-ver verify'.split(
    ' ',
  ),
);

/** What a list says of a certificate, but for its file. */
type OfList = Pick<PemModel, 'settings' | 'names' | 'list' | 'ocspUpdate'>;
const OF_NO_LIST: OfList = { settings: null, names: null, list: null, ocspUpdate: null };

type Problem = { readonly problem: string };

export class CertificateFiles implements CertificateSettings, ExtraSearch {
  readonly extras = new Set<ExtraFile>(EXTRA_FILES);
  replacesEnding = false;
  readonly #passphrases = new Passphrases();
  /** Where relative names start; '': as other files. */
  readonly #folders: Record<CertificateFolder, string> = { 'crt-base': '', 'ca-base': '', 'key-base': '' };
  /** By `@store/name`, or by the path if the store has no name. */
  readonly #stored = new Map<string, { readonly path: string; readonly files: PemFiles; readonly ocspUpdate: boolean | null }>();
  /** Paths that lines have read by themselves. */
  readonly #used = new Set<string>();
  /** `default-path`, as of the line being read. */
  readonly #base: () => PathBase;

  constructor(base: () => PathBase) {
    this.#base = base;
  }

  setFolder(folder: CertificateFolder, path: string): boolean {
    if (this.#folders[folder] !== '') return false;
    this.#folders[folder] = path;
    return true;
  }

  setExtras(names: readonly string[]): void {
    this.extras.clear();
    for (const name of names) {
      if (name === 'all') for (const each of EXTRA_FILES) this.extras.add(each);
      else if (name !== 'none') this.extras.add(name as ExtraFile);
    }
  }

  setPassphraseCommand(words: readonly string[]): void {
    this.#passphrases.command = words;
  }

  #path(folder: string, context: DirectiveContext, path: string): string {
    return resolvePath(folder === '' ? this.#base() : { mode: 'origin', origin: folder }, context.at.file, path);
  }

  /** A file of authorities, revocation lists or parameters. null after a complaint. */
  plain(word: Word, context: DirectiveContext, folder: CertificateFolder | null): PemModel | null {
    const path = this.#path(folder === null ? '' : this.#folders[folder], context, word.text);
    const files = readPemFile(path);
    return 'problem' in files ? refuse(files, word, context) : { path, ...files, ...OF_NO_LIST, at: context.at };
  }

  /** One certificate with what belongs to it. null after a complaint. */
  one(word: Word, context: DirectiveContext, folder: CertificateFolder = 'crt-base'): PemModel | null {
    if (word.text.startsWith('@')) return this.#ofStore(word, word.text, context, OF_NO_LIST);
    return this.#read(word, this.#path(this.#folders[folder], context, word.text), context, OF_NO_LIST);
  }

  /** What a `crt` of a `bind` line stands for; empty after a complaint. */
  all(word: Word, context: DirectiveContext): PemModel[] {
    return this.#all(word, word.text, context, OF_NO_LIST);
  }

  #all(word: Word, name: string, context: DirectiveContext, of: OfList): PemModel[] {
    if (name.startsWith('@')) return onlyGood([this.#ofStore(word, name, context, of)]);
    const whole = this.#path(this.#folders['crt-base'], context, name);
    if (this.#stored.has(whole)) return onlyGood([this.#read(word, whole, context, of)]);
    const found = certificateFiles(whole, this);
    if ('problem' in found) return onlyGood([refuse(found, word, context)]);
    const read = found.map((path, index) => {
      // The files of a directory are changed at run time as those of a list.
      const list = of.list ?? (isInside(path, whole) ? { path: whole, line: index + 1, options: [] } : null);
      return this.#read(word, path, context, { ...of, list });
    });
    return onlyGood(read);
  }

  #ofStore(word: Word, name: string, context: DirectiveContext, of: OfList): PemModel | null {
    const stored = this.#stored.get(name);
    if (stored !== undefined) return { ...stored.files, path: name, ...of, ocspUpdate: of.ocspUpdate ?? stored.ocspUpdate, at: context.at };
    const near = [...this.#stored.keys()].filter((each) => each.startsWith('@'));
    context.error({
      text: `'${context.keyword}' : no 'load' line of a 'crt-store' section above makes '${name}'`,
      word: { ...word, text: name },
      near,
    });
    return null;
  }

  #read(word: Word, path: string, context: DirectiveContext, of: OfList): PemModel | null {
    const stored = this.#stored.get(path);
    if (stored !== undefined) return { ...stored.files, path, ...of, ocspUpdate: of.ocspUpdate ?? stored.ocspUpdate, at: context.at };
    this.#used.add(path);
    const files = this.#files(path, {});
    return 'problem' in files ? refuse(files, word, context) : { ...files, path, ...of, at: context.at };
  }

  /** The files of a certificate, its key without passphrase. */
  #files(path: string, named: NamedParts): PemFiles | Problem {
    const files = readCertificateFiles(path, named, this);
    if ('problem' in files) return files;
    const text = files.key ?? files.bytes;
    if (this.#passphrases.command === null || !isEncrypted(text)) return files;
    try {
      return { ...files, key: this.#passphrases.open(text, files.key === null ? path : (named.key ?? `${path}.key`)) };
    } catch (error) {
      return { problem: `unable to load '${path}' : ${(error as Error).message}` };
    }
  }

  /** The certificates of a `crt-list`; empty after a complaint. */
  list(word: Word, context: DirectiveContext): PemModel[] {
    const path = this.#path('', context, word.text);
    const lines = readCertificateList(path);
    if ('problem' in lines) return onlyGood([refuse(lines, word, context)]);
    return lines.flatMap(({ file, line, names, options }) => {
      const place = { path, line, options };
      return this.#all(word, file, context, { names, list: place, ...listSettings(word, options, context) });
    });
  }

  load(
    store: Pick<CertificateStoreModel, 'name' | 'crtBase' | 'keyBase'>,
    parts: CertificateParts,
    word: Word,
    context: DirectiveContext,
  ): StoredCertificateModel | null {
    const crtBase = store.crtBase ?? this.#folders['crt-base'];
    const keyBase = store.keyBase ?? this.#folders['key-base'];
    const path = this.#path(crtBase, context, word.text);
    const named: NamedParts = {};
    for (const part of ['ocsp', 'issuer', 'sctl'] as const) {
      const own = parts[part];
      if (own !== undefined) named[part] = this.#path(crtBase, context, own);
    }
    if (parts.key !== undefined) named.key = this.#path(keyBase, context, parts.key);
    const name = nameIn(store.name, parts.alias, word.text, path);
    const clash = this.#stored.has(name)
      ? "another 'load' line makes it"
      : this.#used.has(name)
        ? 'a line above has loaded it already'
        : null;
    if (clash !== null) {
      context.error({ text: `'${context.keyword}' : '${name}' : ${clash}`, word });
      return null;
    }
    const files = this.#files(path, named);
    if ('problem' in files) return refuse(files, word, context);
    const ocspUpdate = parts.ocspUpdate ?? null;
    this.#stored.set(name, { path, files, ocspUpdate });
    return { name, path, ...files, ocspUpdate, jwt: parts.jwt ?? false, at: context.at };
  }

  /** The certificate of a line that names its parts and has options of `bind` behind them: `ssl-f-use`. null after a complaint. */
  withParts(word: Word, parts: CertificateParts, options: readonly Word[], context: DirectiveContext): PemModel[] {
    const of = {
      ...listSettings(
        word,
        options.map(({ text }) => text),
        context,
      ),
      names: null,
      list: null,
    };
    const { key, ocsp, issuer, sctl, ocspUpdate = null } = parts;
    if (key === undefined && ocsp === undefined && issuer === undefined && sctl === undefined)
      return this.#all(word, word.text, context, { ...of, ocspUpdate: ocspUpdate ?? of.ocspUpdate });
    const path = this.#path(this.#folders['crt-base'], context, word.text);
    if (!this.#stored.has(path) && this.load({ name: '', crtBase: null, keyBase: null }, parts, word, context) === null) return [];
    return onlyGood([this.#read(word, path, context, { ...of, ocspUpdate: ocspUpdate ?? of.ocspUpdate })]);
  }
}

/** What a certificate of a store is called: by its alias, else as its line names the file; by its path if the store has no name. */
function nameIn(store: string, alias: string | undefined, file: string, path: string): string {
  if (store !== '') return `@${store}/${alias ?? file}`;
  return alias === undefined ? path : `@/${alias}`;
}

function refuse({ problem }: Problem, word: Word, context: DirectiveContext): null {
  context.error({ text: `'${context.keyword}' : ${problem}.`, word });
  return null;
}

function onlyGood(all: readonly (PemModel | null)[]): PemModel[] {
  return all.filter((each) => each !== null);
}

/** What options in brackets of a `crt-list` line change; null: nothing. */
export function listSettings(path: Word, words: readonly string[], context: DirectiveContext): Pick<PemModel, 'settings' | 'ocspUpdate'> {
  const { options, ocspUpdate } = withoutUpdate(words);
  if (options.length === 0) return { settings: null, ocspUpdate };
  const wrong = options.find((name) => registry().bind.has(name) && !LIST_OPTIONS.has(name));
  if (wrong !== undefined) {
    context.error({ text: `'${context.keyword}' : '${wrong}' is not allowed in a line of '${path.text}'`, word: path });
    return { settings: null, ocspUpdate };
  }
  const own = newBind('', context.at);
  const before = newBind('', context.at);
  applyBindOptions(
    own,
    options.map((text) => ({ ...path, text })),
    context,
  );
  const changed = Object.entries(own.tls).filter(([name, value]) => !isDeepStrictEqual(value, before.tls[name as keyof TlsModel]));
  return { settings: Object.fromEntries(changed), ocspUpdate };
}

/** `crt DIRECTORY` gives files below it; `crt x.pem` may stand for x.pem.rsa. */
function isInside(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** `ocsp-update on|off` is of the certificate's file, and no option of `bind`. */
function withoutUpdate(words: readonly string[]): { readonly options: readonly string[]; readonly ocspUpdate: boolean | null } {
  const at = words.indexOf('ocsp-update');
  const value = words[at + 1];
  if (at < 0 || (value !== 'on' && value !== 'off')) return { options: words, ocspUpdate: null };
  return { options: [...words.slice(0, at), ...words.slice(at + 2)], ocspUpdate: value === 'on' };
}
