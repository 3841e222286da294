/**
 * What the connections of a line have in common: the settings of OpenSSL out of what the line says, with the authorities and
 * revocations it names. It must not know certificates of the line.
 */
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

/**
 * A session goes on only where clients are judged alike: a certificate that was accepted somewhere else, or before it was revoked, is
 * judged anew.
 */
export function sessionNameOf({ verify, authorities, quietAuthorities, revocations }: TlsModel): Uint8Array {
  const hash = process
    .getBuiltinModule('node:crypto')
    .createHash('sha256')
    .update(verify ?? 'none');
  if (verify !== null && verify !== 'none') {
    for (const pem of [authorities, quietAuthorities, revocations])
      hash.update('\0').update(pem === null || pem === 'system' ? `${pem}` : pem.bytes);
  }
  return new Uint8Array(hash.digest());
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
