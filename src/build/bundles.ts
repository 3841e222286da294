/**
 * Certificates with keys and chains as contexts take them: what the files of a line hold, completed by what the global section says of
 * all. It must not know handshakes.
 */
import type { PemModel, TlsGlobalModel } from '../model/tls.ts';
import { dhParametersOf, freeDhParameters } from '../platform/tls/parameters.ts';
import { type Bundle, bundleOf, certificatesOf, freeBundle, freeCertificates, isIssuedBy, type Native } from '../platform/tls/pem.ts';

export class Bundles {
  readonly #global: TlsGlobalModel;
  /** Of `issuers-chain-path`; null: not read yet. They are shared, and kept. */
  #chains: readonly (readonly Native[])[] | null = null;
  #parameters: Native | null = null;

  constructor(global: TlsGlobalModel) {
    this.#global = global;
  }

  /** Lends a bundle to `use`, which must take references of what it keeps. @throws Error that names the file */
  with<T>(pem: PemModel, use: (bundle: Bundle) => T): T {
    const own = bundleIn(pem);
    try {
      return naming(`certificate file '${pem.path}'`, () => use({ ...own, chain: this.#chain(own) }));
    } finally {
      freeBundle(own);
    }
  }

  /** The same with what DHE ciphers are used with: parameters, or the most bits of a known group, or null. */
  serving<T>(pem: PemModel, use: (bundle: Bundle, dh: Native | number | null) => T): T {
    return this.with(pem, (bundle) => {
      const own = dhParametersOf(pem.bytes) ?? (pem.dh === null ? null : dhParametersOf(pem.dh));
      try {
        return use(bundle, own ?? this.#shared());
      } finally {
        if (own !== null) freeDhParameters(own);
      }
    });
  }

  #chain({ certificate, chain }: Bundle): readonly Native[] {
    const whole =
      chain.length > 0
        ? inOrder(certificate, chain)
        : (this.#issuers().find(([first]) => first !== undefined && isIssuedBy(certificate, first)) ?? []);
    return this.#global.skipsSelfIssued ? whole.filter((each) => !isIssuedBy(each, each)) : whole;
  }

  #issuers(): readonly (readonly Native[])[] {
    this.#chains ??= this.#global.chains.map((pem) => named(pem, () => certificatesOf(pem.bytes)));
    return this.#chains;
  }

  #shared(): Native | number | null {
    const { dhParameters, largestDhBits } = this.#global;
    if (dhParameters !== null) this.#parameters ??= parametersIn(dhParameters);
    return this.#parameters ?? largestDhBits;
  }

  get mostGenerated(): number {
    return this.#global.mostGenerated;
  }

  get securityLevel(): number | null {
    return this.#global.securityLevel;
  }

  /** Frees what is shared: for tests. */
  free(): void {
    for (const chain of this.#chains ?? []) freeCertificates(chain);
    this.#chains = null;
  }
}

function parametersIn(pem: PemModel): Native {
  const found = named(pem, () => dhParametersOf(pem.bytes));
  if (found === null) throw new Error(`unable to load '${pem.path}': there are no DH parameters in it`);
  return found;
}

/** Each certificate behind the one that it signs (RFC 8446 4.4.2); what belongs to none comes last, as it stands. */
function inOrder(certificate: Native, chain: readonly Native[]): readonly Native[] {
  const left = [...chain];
  const out: Native[] = [];
  let last = certificate;
  for (;;) {
    const at = isIssuedBy(last, last) ? -1 : left.findIndex((each) => isIssuedBy(last, each));
    if (at < 0) return [...out, ...left];
    last = left.splice(at, 1)[0] as Native;
    out.push(last);
  }
}

/** The caller frees it. @throws Error that names the file */
export function bundleIn({ path, bytes, key }: PemModel): Bundle {
  try {
    return bundleOf(bytes, key);
  } catch (error) {
    throw new Error(`unable to load certificate file '${path}': ${(error as Error).message}`);
  }
}

/** @throws Error that names the file */
function named<T>({ path }: PemModel, read: () => T): T {
  return naming(`unable to load '${path}'`, read);
}

function naming<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}
