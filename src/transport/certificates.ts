/**
 * Which certificate a client gets: by the name that it asks for, by the kinds of keys that it can check. It must not know what a
 * context holds or how certificates are read.
 */
import { NOBODY, type TlsContext } from '../platform/tls/contract.ts';
import { type ClientHello, HelloResult, type HelloResultValue } from '../proto/tls-hello.ts';

/** A certificate under one of its names. */
export interface CertificateEntry {
  readonly context: TlsContext;
  readonly isEcdsa: boolean;
  /** Names that it must not be used for, in lower case. */
  readonly except: ReadonlySet<string>;
}

/** What a listener may be asked for. */
export interface CertificateChoice {
  /** False: there is one certificate for everybody, and the hello need not be read first. */
  readonly needsHello: boolean;
  /**
   * The name by which `choose` has chosen last, for `TlsContext.open`: the client must not get another past its library. null: it does
   * not matter, as everybody is served alike.
   */
  readonly asked: string | null;
  /** null: no certificate for such a client (`strict-sni`). */
  choose(bytes: Uint8Array, hello: ClientHello, result: HelloResultValue): TlsContext | null;
}

/** Signature schemes of ECDSA, for clients that say which they can check (RFC 8446 4.2.3): ecdsa_…, and ecdsa_sha1. */
const ECDSA_SCHEMES = [0x0403, 0x0503, 0x0603, 0x0203];
const LONGEST_NAME = 255;

/** Certificates by name, all in lower case. */
export interface CertificateNames {
  readonly exact: ReadonlyMap<string, readonly CertificateEntry[]>;
  /** By what stands behind the star: `.example.com`. */
  readonly wild: ReadonlyMap<string, readonly CertificateEntry[]>;
  /** For clients that ask for nothing known. */
  readonly fallbacks: readonly CertificateEntry[];
  readonly isStrict: boolean;
  readonly needsHello: boolean;
  /** Makes certificates for names that there is none for; null: nobody does. */
  readonly maker: CertificateMaker | null;
}

export interface CertificateMaker {
  /** Opens one connection, at once; null: there can't be a certificate for the name, which is in lower case. */
  named(name: string): TlsContext | null;
}

export class Certificates implements CertificateChoice {
  readonly needsHello: boolean;
  asked: string | null = null;
  readonly #names: CertificateNames;

  constructor(names: CertificateNames) {
    this.#names = names;
    this.needsHello = names.needsHello;
  }

  choose(bytes: Uint8Array, hello: ClientHello, result: HelloResultValue): TlsContext | null {
    const ecdsa = result !== HelloResult.done || offersEcdsa(bytes, hello);
    this.asked = this.needsHello ? '' : null;
    if (result === HelloResult.done && hello.serverName.start >= 0) {
      const { start, end } = hello.serverName;
      const name = lowerText(bytes, start, Math.min(end, start + LONGEST_NAME));
      if (this.needsHello) this.asked = name;
      const found = this.#byName(name, ecdsa) ?? this.#names.maker?.named(name) ?? null;
      if (found !== null) return found;
    }
    if (this.#names.isStrict) {
      if (result === HelloResult.done) return null;
      // Whoever speaks no TLS gets the alert of an ordinary handshake; what the library takes for a hello after all goes no further.
      this.asked = NOBODY;
    }
    return best(this.#names.fallbacks, '', ecdsa);
  }

  #byName(name: string, ecdsa: boolean): TlsContext | null {
    const exact = this.#names.exact.get(name);
    const found = exact === undefined ? null : best(exact, name, ecdsa);
    if (found !== null) return found;
    const dot = name.indexOf('.');
    const wild = dot < 0 ? undefined : this.#names.wild.get(name.slice(dot));
    return wild === undefined ? null : best(wild, name, ecdsa);
  }
}

/** The first that is not excluded, one with an ECDSA key before others if the client can check it. */
function best(entries: readonly CertificateEntry[], name: string, ecdsa: boolean): TlsContext | null {
  let other: TlsContext | null = null;
  for (let at = 0; at < entries.length; at++) {
    const { context, isEcdsa, except } = entries[at] as CertificateEntry;
    if (name !== '' && except.has(name)) continue;
    if (isEcdsa === ecdsa) return context;
    // A client that can't check ECDSA gets RSA; the other way round is only a preference.
    other ??= context;
  }
  return other;
}

function offersEcdsa(bytes: Uint8Array, { signatures }: ClientHello): boolean {
  if (signatures.start < 0) return true;
  for (let at = signatures.start; at + 1 < signatures.end; at += 2) {
    if (ECDSA_SCHEMES.includes(((bytes[at] as number) << 8) | (bytes[at + 1] as number))) return true;
  }
  return false;
}

/** A name as text: once a connection, where a handshake costs a thousand times more. */
function lowerText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    text += String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte);
  }
  return text;
}
