/** Reads files of certificates and keys for the parser. What they hold is judged where contexts are built. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PemFiles } from '../model/tls.ts';
import { isTimestampList } from '../proto/timestamp-list.ts';

/** What may stand beside a certificate file and be read without being named (`ssl-load-extra-files`). */
export const EXTRA_FILES = ['bundle', 'sctl', 'ocsp', 'issuer', 'key'] as const;
export type ExtraFile = (typeof EXTRA_FILES)[number];

/** How files are found that no line names. */
export interface ExtraSearch {
  readonly extras: ReadonlySet<ExtraFile>;
  /** `ssl-load-extra-del-ext`: `x.key` stands beside `x.crt`, not `x.crt.key`. */
  readonly replacesEnding: boolean;
}

/** Paths that a line names itself; what is missing is looked for. */
export type NamedParts = Partial<Record<'key' | 'ocsp' | 'issuer' | 'sctl', string>>;

interface Problem {
  readonly problem: string;
}

/** A file larger than this is not one of certificates. */
const MOST_BYTES = 16 * 1024 * 1024;

/** One file and nothing beside it. */
export function readPemFile(path: string): PemFiles | Problem {
  const bytes = read(path);
  return typeof bytes === 'string' ? { problem: `unable to load '${path}' : ${bytes}` } : alone(bytes);
}

function alone(bytes: Uint8Array): PemFiles {
  return { bytes, key: null, ocsp: null, issuer: null, sctl: null, dh: null };
}

/** A certificate file with what belongs to it. The key may stand in it, or in a file of its own. */
export function readCertificateFiles(path: string, named: NamedParts, search: ExtraSearch): PemFiles | Problem {
  const bytes = read(path);
  if (typeof bytes === 'string') return { problem: `unable to load '${path}' : ${bytes}` };
  if (bytes.length === 0) return { problem: `unable to load '${path}' : the file is empty` };
  const beside = besides(path, search);
  const parts = alone(bytes);
  const found: Record<'key' | 'ocsp' | 'issuer' | 'sctl' | 'dh', Uint8Array | null> = { ...parts };
  for (const part of ['ocsp', 'issuer', 'sctl'] as const) {
    const result = readPart(part, named[part], search.extras.has(part) ? beside(part) : null);
    if (result !== null && 'problem' in result) return result;
    found[part] = result;
  }
  const dh = read(beside('dh'));
  found.dh = typeof dh === 'string' ? null : dh;
  if (named.key === undefined && holdsKey(bytes)) return { ...found, bytes };
  const key = named.key ?? (search.extras.has('key') ? beside('key') : null);
  if (key === null)
    return { problem: `unable to load '${path}' : no private key in it, and 'ssl-load-extra-files' looks for no '.key' file` };
  const text = read(key);
  if (typeof text !== 'string') return { ...found, bytes, key: text };
  const problem =
    named.key === undefined ? `no private key in it, and '${key}' can't be read (${text})` : `'${key}' can't be read (${text})`;
  return { problem: `unable to load '${path}' : ${problem}` };
}

function readPart(part: 'ocsp' | 'issuer' | 'sctl', named: string | undefined, beside: string | null): Uint8Array | Problem | null {
  const path = named ?? beside;
  if (path === null) return null;
  const bytes = read(path);
  if (typeof bytes === 'string')
    return named === undefined && !existsSync(pathOf(path)) ? null : { problem: `unable to load '${path}' : ${bytes}` };
  if (bytes.length === 0) return null;
  if (part === 'sctl' && !isTimestampList(bytes))
    return { problem: `unable to load '${path}' : it is no list of signed certificate timestamps (RFC 6962 3.3)` };
  return bytes;
}

/** Where a file stands beside another. */
function besides(path: string, { replacesEnding }: ExtraSearch): (ending: string) => string {
  const base = replacesEnding && path.endsWith('.crt') ? path.slice(0, -'.crt'.length) : path;
  return (ending) => `${base}.${ending}`;
}

function holdsKey(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('PRIVATE KEY-----');
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or directory (ENOENT)'],
  ['EACCES', 'permission denied (EACCES)'],
  ['EISDIR', 'it is a directory (EISDIR)'],
  ['ENOTDIR', 'a part of the path is no directory (ENOTDIR)'],
  ['ELOOP', 'too many symbolic links (ELOOP)'],
]);

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? 'unreadable' : (REASONS.get(code) ?? code);
}

function pathOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** The bytes, or why there are none. */
function read(path: string): Uint8Array | string {
  try {
    const at = pathOf(path);
    if (!statSync(at).isFile() && !statSync(at).isDirectory() && !statSync(at).isCharacterDevice()) return 'it is no regular file';
    const bytes = new Uint8Array(readFileSync(at));
    return bytes.length > MOST_BYTES ? `longer than ${MOST_BYTES} bytes` : bytes;
  } catch (error) {
    return reasonOf(error);
  }
}

/** What stands beside certificates and is read with them, or not at all. */
const COMPANIONS = /\.(?:key|ocsp|issuer|sctl|dh)$/;

/** `crt x.pem` stands for x.pem.ecdsa and x.pem.rsa where there is no x.pem. */
const KEY_KINDS = ['ecdsa', 'rsa', 'dsa'];

/** The files that a `crt` names: itself, or those of a directory in the order of their names. Where it is missing, those of its bundle. */
export function certificateFiles(path: string, { extras }: ExtraSearch): readonly string[] | Problem {
  const at = pathOf(path);
  if (existsSync(at)) return isDirectory(at) ? certificatesIn(path) : [path];
  const kinds = extras.has('bundle') ? KEY_KINDS.map((kind) => `${path}.${kind}`).filter((each) => existsSync(pathOf(each))) : [];
  // Else whoever reads it says what is wrong with it.
  return kinds.length > 0 ? kinds : [path];
}

function isDirectory(at: Buffer): boolean {
  try {
    return statSync(at).isDirectory();
  } catch {
    return false;
  }
}

function certificatesIn(folder: string): readonly string[] | Problem {
  const files = filesIn(folder);
  if ('problem' in files) return files;
  const found = files.filter((file) => !COMPANIONS.test(file));
  return found.length > 0 ? found : { problem: `unable to load '${folder}' : there is no certificate in this directory` };
}

/**
 * The files of a directory in the order of their names, but for hidden ones. Other directories in it, sockets and pipes are left
 * out, as by HAProxy; a link that leads nowhere is read, and refused.
 */
export function filesIn(folder: string): readonly string[] | Problem {
  try {
    const names = readdirSync(pathOf(folder), 'latin1').filter((name) => !name.startsWith('.'));
    const files = names.sort().map((name) => join(folder, name));
    return files.filter((file) => statSync(pathOf(file), { throwIfNoEntry: false })?.isFile() ?? true);
  } catch (error) {
    return { problem: `unable to open directory '${folder}' : ${reasonOf(error)}` };
  }
}

export interface CertificateListLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** null: those of the certificate. */
  readonly names: readonly string[] | null;
  /** What stands in brackets behind the file: options of `bind`. */
  readonly options: readonly string[];
}

/** `FILE [OPTIONS] [NAME|!NAME]…` a line. */
export function readCertificateList(path: string): readonly CertificateListLine[] | { readonly problem: string } {
  const bytes = read(path);
  if (typeof bytes === 'string') return { problem: `unable to load '${path}' : ${bytes}` };
  const out: CertificateListLine[] = [];
  for (const [index, text] of Buffer.from(bytes).toString('latin1').split('\n').entries()) {
    const line = readCertificateListLine(text, index + 1);
    if (line === null) return { problem: `'${path}:${index + 1}' : a bracket is not closed, or does not stand behind the file` };
    if (line.file !== '') out.push(line);
  }
  return out;
}

/** One line, `line` of its file; null: its brackets are wrong. `file` is '' if there is nothing on it. */
export function readCertificateListLine(raw: string, line: number): CertificateListLine | null {
  const text = raw.replace(/(?:^|\s)#.*/, '');
  const bracketed = /^\s*\S+\s*\[([^\]]*)\]/.exec(text);
  if (bracketed === null && text.includes('[')) return null;
  const options = wordsOf(bracketed?.[1] ?? '');
  const [file = '', ...names] = wordsOf(text.replace(/\[[^\]]*\]/, ' '));
  return { file, line, names: names.length === 0 ? null : names, options };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
