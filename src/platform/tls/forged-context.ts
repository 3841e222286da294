/**
 * A context whose connections show certificates that are made for the names they ask for, of which the latest are kept. It must not
 * know hellos.
 */
import type { OpenSslContext } from './context.ts';
import type { TlsContext, TlsEngine } from './contract.ts';
import { forge, type Signer } from './forging.ts';
import * as lib from './library.ts';
import { type Bundle, freeBundle, type Native } from './pem.ts';

/** Names of hosts as they stand in certificates; no other character gets into one. */
const NAME = /^(?!-)[a-z0-9*_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
const LONGEST_NAME = 253;

export class ForgedContext implements TlsContext {
  readonly #base: OpenSslContext;
  readonly #key: Native;
  readonly #authority: Bundle;
  readonly #signer: Signer;
  /** By name, the least used first. */
  readonly #made = new Map<string, Native>();
  readonly #most: number;
  /** What the next connection shows; 0n: none. */
  #next = 0n;

  /**
   * @param base opens connections with the key and a chain up to the authority
   * @param key the certificates': counted here, as the authority is, which is taken over
   * @param most how many certificates are kept
   */
  constructor(base: OpenSslContext, key: Native, authority: Bundle & { readonly key: Native }, most: number) {
    this.#base = base;
    this.#key = key;
    lib.keyShare(key);
    this.#authority = authority;
    this.#signer = { certificate: authority.certificate, key: authority.key };
    this.#most = Math.max(1, most);
  }

  /** Ready to open a connection for a name in lower case; null: there is no certificate for it, nor can one be made. */
  named(name: string): TlsContext | null {
    const known = this.#made.get(name);
    this.#next = known ?? this.#make(name);
    if (this.#next === 0n) return null;
    // The latest used is the last.
    this.#made.delete(name);
    this.#made.set(name, this.#next);
    return this;
  }

  #make(name: string): Native {
    if (name.length > LONGEST_NAME || !NAME.test(name)) return 0n;
    const made = forge(name, this.#key, this.#signer) ?? 0n;
    if (made !== 0n && this.#made.size >= this.#most) this.#dropOldest();
    return made;
  }

  #dropOldest(): void {
    const [name, oldest] = this.#made.entries().next().value as [string, Native];
    this.#made.delete(name);
    lib.certificateFree(oldest);
  }

  open(asked: string | null = null): TlsEngine | null {
    const engine = this.#base.open(asked);
    if (engine === null || lib.sslUseCertificate(engine.ssl, this.#next) === 1) return engine;
    lib.errClear();
    engine.free();
    return null;
  }

  openTo(): null {
    return null;
  }

  /** Certificates that are kept. */
  get kept(): number {
    return this.#made.size;
  }

  free(): void {
    for (const each of this.#made.values()) lib.certificateFree(each);
    this.#made.clear();
    lib.keyFree(this.#key);
    freeBundle(this.#authority);
    this.#base.free();
  }
}
