/**
 * Keys of a configuration by name: files of public keys, read at start, and certificates of stores. One list per thread; a request only
 * looks up. It must not know tokens.
 */
import type { Memory } from '../../base/memory.ts';
import type { Crypto, PrivateKey, PublicKey } from '../../platform/crypto/contract.ts';
import { RuleError } from '../error.ts';
import { latin1 } from '../value/bytes.ts';

/** A certificate of a `crt-store`. */
export interface StoredCertificate {
  /** `@store/name`, an alias, or a path. */
  readonly name: string;
  readonly certificate: Uint8Array;
  /** A text that may hold its key; null: there is none. */
  readonly privateKey: Uint8Array | null;
  /** `jwt on`: tokens may be verified and decrypted with it. */
  readonly forTokens: boolean;
}

export interface KeySource {
  readonly memory: Memory;
  readonly crypto: Crypto;
  /** @throws Error if it can't be read */
  readLines(path: string): readonly string[];
  readonly certificates: readonly StoredCertificate[];
}

interface Named {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  publicKey: PublicKey;
}
interface PublicEntry extends Named {
  /** It is the certificate of a store, not a file that a rule names. */
  readonly isStored: boolean;
}
interface CertificateEntry extends Named {
  privateKey: PrivateKey | null;
}

/** What is made of a certificate that is to take the place of another: it does, or it is thrown away. */
export interface PreparedKeys {
  apply(): void;
  drop(): void;
}

export class KeyFiles {
  readonly #source: KeySource;
  readonly #files: PublicEntry[] = [];
  readonly #certificates: CertificateEntry[] = [];
  #hasCertificates = false;

  constructor(source: KeySource) {
    this.#source = source;
  }

  /** Reads a file, or takes a certificate of a store with this name, unless it is known. At start. @throws RuleError */
  load(path: string): void {
    const { memory } = this.#source;
    const start = memory.intern(path);
    if (this.publicKey(start, start + path.length) !== null) return;
    const stored = this.#source.certificates.find(({ name }) => name === path);
    const pem = stored === undefined ? this.#read(path) : stored.certificate;
    const publicKey = this.#attempt(path, () => this.#source.crypto.publicKey(pem));
    this.#files.push({ name: path, start, length: path.length, publicKey, isStored: stored !== undefined });
  }

  /** Whether the text names what `load` would read, or may not read, so that it is no secret. */
  exists(path: string): boolean {
    try {
      this.#source.readLines(path);
      return true;
    } catch (error) {
      if (['EACCES', 'EPERM'].includes(String((error as { code?: string }).code))) return true;
      return this.#source.certificates.some(({ name }) => name === path);
    }
  }

  /** The key of the file, or of the stored certificate, that [start, end) names. */
  publicKey(start: number, end: number): PublicKey | null {
    return this.#find(this.#files, start, end)?.publicKey ?? null;
  }

  /** Opens the certificates of stores that are for tokens. At start. @throws RuleError that names one */
  openCertificates(): void {
    if (this.#hasCertificates) return;
    this.#hasCertificates = true;
    const { memory, crypto, certificates } = this.#source;
    for (const { name, certificate, privateKey, forTokens } of certificates) {
      if (!forTokens) continue;
      const keys = this.#attempt(name, () => keysOf(crypto, certificate, privateKey));
      this.#certificates.push({ name, start: memory.intern(name), length: name.length, ...keys });
    }
  }

  /** @throws RuleError if no store has this certificate, or not for tokens */
  demandCertificate(name: string): void {
    const stored = this.#source.certificates.find((each) => each.name === name);
    if (stored === undefined) throw new RuleError(`there is no certificate '${name}' in a 'crt-store'`, -1, name);
    if (!stored.forTokens)
      throw new RuleError(`certificate '${name}' may not be used for tokens: its 'load' line needs 'jwt on'`, -1, name);
    this.openCertificates();
  }

  certificateKey(start: number, end: number): PublicKey | null {
    return this.#find(this.#certificates, start, end)?.publicKey ?? null;
  }

  privateKey(start: number, end: number): PrivateKey | null {
    return this.#find(this.#certificates, start, end)?.privateKey ?? null;
  }

  /**
   * New keys for the certificate of a store, while requests use the old ones.
   * @returns null: no rule uses it @throws Error that says what is wrong with it
   */
  prepare(name: string, certificate: Uint8Array, privateKey: Uint8Array | null): PreparedKeys | null {
    const files = this.#files.filter((entry) => entry.isStored && entry.name === name);
    const certificates = this.#certificates.filter((entry) => entry.name === name);
    if (files.length + certificates.length === 0) return null;
    const { crypto } = this.#source;
    const made: Keys[] = [];
    try {
      while (made.length < files.length + certificates.length) made.push(keysOf(crypto, certificate, privateKey));
    } catch (error) {
      made.forEach(free);
      throw error;
    }
    return {
      apply: () => {
        for (const [at, entry] of [...files, ...certificates].entries()) {
          const keys = made[at] as Keys;
          entry.publicKey.free();
          entry.publicKey = keys.publicKey;
          if (!('privateKey' in entry)) keys.privateKey?.free();
          else {
            entry.privateKey?.free();
            entry.privateKey = keys.privateKey;
          }
        }
      },
      drop: () => {
        for (const keys of made) free(keys);
      },
    };
  }

  #read(path: string): Uint8Array {
    const text = this.#attempt(path, () => this.#source.readLines(path).join('\n'));
    return Uint8Array.from(text, (char) => char.charCodeAt(0));
  }

  #attempt<T>(name: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (error instanceof RuleError) throw error;
      throw new RuleError(`key file '${name}' can't be used: ${error instanceof Error ? error.message : String(error)}`, -1, name);
    }
  }

  #find<T extends Named>(entries: readonly T[], start: number, end: number): T | null {
    const { bytes } = this.#source.memory;
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as T;
      if (entry.length !== end - start) continue;
      let same = 0;
      while (same < entry.length && bytes[entry.start + same] === bytes[start + same]) same++;
      if (same === entry.length) return entry;
    }
    return null;
  }
}

interface Keys {
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKey | null;
}

/** @throws Error that says what is wrong */
function keysOf(crypto: Crypto, certificate: Uint8Array, privateKey: Uint8Array | null): Keys {
  const own = privateKey === null || !hasKey(privateKey) ? null : crypto.privateKey(privateKey);
  try {
    return { publicKey: crypto.publicKey(certificate), privateKey: own };
  } catch (error) {
    own?.free();
    throw error;
  }
}

function free({ publicKey, privateKey }: Keys): void {
  publicKey.free();
  privateKey?.free();
}

/** Whether a PEM text says that a private key begins. */
function hasKey(pem: Uint8Array): boolean {
  return /-----BEGIN (?:\w+ )*PRIVATE KEY-----/.test(latin1(pem));
}
