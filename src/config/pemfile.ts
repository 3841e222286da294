/** Reads files of certificates and keys for the parser. What they hold is judged where contexts are built. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type PemResult = { readonly bytes: Uint8Array; readonly key: Uint8Array | null } | { readonly problem: string };

/** A file larger than this is not one of certificates. */
const MOST_BYTES = 16 * 1024 * 1024;

/** @param withKey also the file beside it, `PATH.key`, if this one holds no private key */
export function readPemFile(path: string, withKey: boolean): PemResult {
  const bytes = read(path);
  if (typeof bytes === 'string') return { problem: `unable to load '${path}' : ${bytes}` };
  if (!withKey || Buffer.from(bytes).includes('PRIVATE KEY-----')) return { bytes, key: null };
  const key = read(`${path}.key`);
  if (typeof key === 'string')
    return { problem: `unable to load '${path}' : no private key in it, and '${path}.key' can't be read (${key})` };
  return { bytes, key };
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

/** The files that a `crt` names: itself, or those of a directory in the order of their names. */
export function certificateFiles(path: string): string[] {
  try {
    const at = Buffer.from(path, 'latin1');
    if (!statSync(at).isDirectory()) return [path];
    const names = readdirSync(at, 'latin1').filter((name) => !name.startsWith('.') && !COMPANIONS.test(name));
    return names.sort().map((name) => join(path, name));
  } catch {
    // Whoever reads it says what is wrong with it.
    return [path];
  }
}

export interface CertificateListLine {
  readonly file: string;
  /** null: those of the certificate. */
  readonly names: readonly string[] | null;
}

/** `FILE [NAME|!NAME]…` a line; options in brackets are refused: they would be ignored. */
export function readCertificateList(path: string): readonly CertificateListLine[] | { readonly problem: string } {
  const bytes = read(path);
  if (typeof bytes === 'string') return { problem: `unable to load '${path}' : ${bytes}` };
  const out: CertificateListLine[] = [];
  for (const [index, line] of Buffer.from(bytes).toString('latin1').split('\n').entries()) {
    const [file, ...names] = line
      .replace(/(?:^|\s)#.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    if (file === undefined) continue;
    if (line.includes('[')) return { problem: `'${path}:${index + 1}' : options in brackets are not supported by this version` };
    out.push({ file, names: names.length === 0 ? null : names });
  }
  return out;
}
