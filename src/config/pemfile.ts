/** Reads files of certificates and keys for the parser. What they hold is judged where contexts are built. */
import { readFileSync } from 'node:fs';

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
