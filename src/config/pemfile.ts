/** Reads files of certificates and keys for the parser. What they hold is judged where contexts are built. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type PemResult =
  | { readonly bytes: Uint8Array; readonly key: Uint8Array | null; readonly ocsp: Uint8Array | null }
  | { readonly problem: string };

/** A file larger than this is not one of certificates. */
const MOST_BYTES = 16 * 1024 * 1024;

/** @param withKey also the files beside it: `PATH.key`, if this one holds no private key, and `PATH.ocsp` */
export function readPemFile(path: string, withKey: boolean): PemResult {
  const bytes = read(path);
  if (typeof bytes === 'string') return { problem: `unable to load '${path}' : ${bytes}` };
  if (!withKey) return { bytes, key: null, ocsp: null };
  const response = read(`${path}.ocsp`);
  const ocsp = typeof response === 'string' || response.length === 0 ? null : response;
  if (Buffer.from(bytes).includes('PRIVATE KEY-----')) return { bytes, key: null, ocsp };
  const key = read(`${path}.key`);
  if (typeof key === 'string')
    return { problem: `unable to load '${path}' : no private key in it, and '${path}.key' can't be read (${key})` };
  return { bytes, key, ocsp };
}

/** The bytes, or why there are none. */
function read(path: string): Uint8Array | string {
  try {
    const bytes = new Uint8Array(readFileSync(Buffer.from(path, 'latin1')));
    return bytes.length > MOST_BYTES ? `longer than ${MOST_BYTES} bytes` : bytes;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}

/** What stands beside certificates and is read with them, or not at all. */
const COMPANIONS = /\.(?:key|ocsp|issuer|sctl|dh)$/;

/** `crt x.pem` stands for x.pem.ecdsa and x.pem.rsa where there is no x.pem. */
const KEY_KINDS = ['ecdsa', 'rsa', 'dsa'];

/** The files that a `crt` names: itself, or those of a directory in the order of their names. */
export function certificateFiles(path: string): string[] {
  try {
    const at = Buffer.from(path, 'latin1');
    if (!statSync(at).isDirectory()) return [path];
    const names = readdirSync(at, 'latin1').filter((name) => !name.startsWith('.') && !COMPANIONS.test(name));
    return names.sort().map((name) => join(path, name));
  } catch {
    // Certificates for several kinds of keys under one name; else whoever reads it says what is wrong with it.
    const kinds = KEY_KINDS.map((kind) => `${path}.${kind}`).filter((each) => existsSync(Buffer.from(each, 'latin1')));
    return kinds.length > 0 ? kinds : [path];
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
