/**
 * What the connections of a line have in common: the settings of OpenSSL out of what the line says, with the authorities and
 * revocations it names. It must not know certificates of the line.
 */
import { hashCrc32, hashCrc32c } from '../base/hash.ts';
import type { PemModel, TlsModel } from '../model/tls.ts';
import type { TlsSettings } from '../platform/tls/context.ts';
import { certificatesOf, freeCertificates, freeRevocations, type Native, revocationsOf } from '../platform/tls/pem.ts';

const TLS_1_0 = 0x0301;
const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;

/** Objects of OpenSSL that settings refer to: freed with them, as contexts count their own references. */
export class LineSettings {
  readonly tls: TlsSettings;
  readonly #certificates: Native[] = [];
  readonly #revocations: Native[] = [];

  /** @throws Error that says which file can't be used */
  constructor(model: TlsModel, more: Partial<TlsSettings>) {
    try {
      this.tls = { ...this.#common(model), ...more };
    } catch (error) {
      this.free();
      throw error;
    }
  }

  free(): void {
    freeCertificates(this.#certificates.splice(0));
    freeRevocations(this.#revocations.splice(0));
  }

  #common(model: TlsModel): TlsSettings {
    const { authorities, minVersion, maxVersion } = model;
    if ((maxVersion ?? TLS_1_3) < TLS_1_0 || (minVersion ?? TLS_1_2) > (maxVersion ?? TLS_1_3))
      throw new Error('all TLS versions are disabled by the options of the line');
    return {
      role: 'server',
      bundle: null,
      minVersion: minVersion ?? TLS_1_2,
      maxVersion: maxVersion ?? TLS_1_3,
      ciphers: model.ciphers,
      cipherSuites: model.cipherSuites,
      curves: model.curves,
      signatures: model.signatures,
      alpn: model.alpn ?? [],
      verify: 'none',
      authorities: authorities === 'system' ? 'system' : this.#authorities(authorities),
      revocations: this.#lists(model.revocations),
      ignored: { certificate: errorsOf(model.ignoredErrors), authority: errorsOf(model.ignoredAuthorityErrors) },
      quietAuthorities: this.#authorities(model.quietAuthorities),
      tellsAuthorities: model.tellsAuthorities,
      clientSignatures: model.clientSignatures,
      tickets: model.tickets,
      takesEarly: model.takesEarly,
      renegotiates: model.renegotiates,
      ticketKeys: null,
      preferClientCiphers: model.preferClientCiphers,
    };
  }

  #authorities(pem: PemModel | null): readonly Native[] {
    const found = nativesIn(pem, certificatesOf, 'certificate');
    this.#certificates.push(...found);
    return found;
  }

  #lists(pem: PemModel | null): readonly Native[] {
    const found = nativesIn(pem, revocationsOf, 'revocation list');
    this.#revocations.push(...found);
    return found;
  }
}

/** 32 bytes: OpenSSL takes no more. */
const NAME_WORDS = 8;

/**
 * A session goes on only where clients are judged alike and see the same certificate: one that was accepted somewhere else, before its
 * certificate was revoked, or before the server's was exchanged, begins anew. Nodes that share keys of tickets come to the same names.
 * This part is of the line: how clients are judged, and which errors of theirs are ignored.
 */
export function sessionNameOf(model: TlsModel): Uint8Array {
  const { verify, authorities, quietAuthorities, revocations, ignoredErrors, ignoredAuthorityErrors } = model;
  const words = new Uint32Array(NAME_WORDS);
  if (verify !== null && verify !== 'none') {
    for (const [index, pem] of [authorities, quietAuthorities, revocations].entries()) {
      const content = pem === null ? new Uint8Array(0) : pem === 'system' ? new Uint8Array(1) : pem.bytes;
      words[1 + index * 2] = hashCrc32(content, 0, content.length);
      words[2 + index * 2] = hashCrc32c(content, 0, content.length);
    }
    const judged = Buffer.from(`${verify} ${listed(ignoredErrors)} ${listed(ignoredAuthorityErrors)}`, 'latin1');
    words[0] = hashCrc32c(judged, 0, judged.length);
  }
  return new Uint8Array(words.buffer);
}

/** The order in which errors are named, and how often, does not matter. */
function listed(errors: readonly number[] | 'all'): string {
  return errors === 'all' ? errors : [...new Set(errors)].sort((a, b) => a - b).join();
}

/** The name with a certificate of the line. */
export function sessionNameWith(name: Uint8Array | undefined, certificate: Uint8Array): Uint8Array {
  const words = name === undefined ? new Uint32Array(NAME_WORDS) : new Uint32Array(name.slice().buffer);
  words[0] = (words[0] as number) ^ hashCrc32c(certificate, 0, certificate.length);
  words[NAME_WORDS - 1] = hashCrc32(certificate, 0, certificate.length);
  return new Uint8Array(words.buffer);
}

function errorsOf(errors: readonly number[] | 'all'): ReadonlySet<number> | 'all' {
  return errors === 'all' ? errors : new Set(errors);
}

function readAll({ path, bytes }: PemModel, read: (bytes: Uint8Array) => Native[]): Native[] {
  try {
    return read(bytes);
  } catch (error) {
    throw new Error(`unable to load '${path}': ${(error as Error).message}`);
  }
}

function nativesIn(pem: PemModel | null, read: (bytes: Uint8Array) => Native[], what: string): Native[] {
  if (pem === null) return [];
  const found = readAll(pem, read);
  if (found.length === 0) throw new Error(`unable to load '${pem.path}': there is no ${what} in it`);
  return found;
}
