/**
 * Password hashes as the system knows them: crypt(3) of libcrypt, with all its forms ($1$, $5$, $6$, $2y$, $y$, DES). It must
 * not know users. One call costs what the hash is meant to cost: milliseconds.
 */
import ffi from 'node:ffi';
import { area } from './ffi.ts';

/** Of libxcrypt; longer ones have no hash. It also bounds what one call costs. */
export const MOST_PASSWORD = 512;
/** struct crypt_data of glibc (131,232 bytes); libxcrypt's is smaller. */
const DATA_BYTES = 131_264;
const MOST_SETTING = 512;
const LIBRARIES = ['libcrypt.so.1', 'libcrypt.so.2'];

/** The hash of a password with the salt of another hash; null: the system does not know this form. */
export type Crypt = (password: Uint8Array, setting: string) => string | null;

let opened: Crypt | null | undefined;

/** null: there is no libcrypt here. */
export function openCrypt(): Crypt | null {
  if (opened === undefined) opened = bindCrypt();
  return opened;
}

function bindCrypt(): Crypt | null {
  const library = openLibrary();
  if (library === null) return null;
  const cryptR = library.getFunction('crypt_r', { arguments: ['pointer', 'pointer', 'pointer'], return: 'pointer' });
  const phrase = area(MOST_PASSWORD + 4);
  const setting = area(MOST_SETTING + 4);
  const data = area(DATA_BYTES);
  return (password, text) => {
    if (password.length > MOST_PASSWORD || text.length > MOST_SETTING || password.includes(0)) return null;
    phrase.bytes.fill(0);
    phrase.bytes.set(password);
    setting.bytes.fill(0);
    for (let at = 0; at < text.length; at++) setting.bytes[at] = text.charCodeAt(at);
    data.bytes.fill(0);
    const offset = Number(cryptR(phrase.pointer, setting.pointer, data.pointer) - data.pointer);
    phrase.bytes.fill(0);
    const hash = offset >= 0 && offset < DATA_BYTES ? textAt(data.bytes, offset) : '*';
    data.bytes.fill(0);
    return hash.startsWith('*') ? null : hash;
  };
}

function openLibrary(): InstanceType<typeof ffi.DynamicLibrary> | null {
  for (const name of LIBRARIES) {
    try {
      return new ffi.DynamicLibrary(name);
    } catch {
      // The next one.
    }
  }
  return null;
}

function textAt(bytes: Uint8Array, start: number): string {
  let text = '';
  for (let at = start; at < bytes.length && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
