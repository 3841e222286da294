/**
 * TLS contexts of `bind` and `server` lines, made once per thread before it serves. Loaded only when a configuration uses TLS.
 * It must not know wires.
 */
import { X509Certificate } from 'node:crypto';
import type { Memory } from '../base/memory.ts';
import type { BindModel, ServerModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { BuildProblem } from '../model/problem.ts';
import type { PemModel, TlsModel } from '../model/tls.ts';
import { OpenSslContext, type TlsSettings } from '../platform/tls/context.ts';
import type { TlsContext } from '../platform/tls/contract.ts';
import { TlsLibrary } from '../platform/tls/engine.ts';
import { type Bundle, bundleOf, certificatesOf, type Native, revocationsOf } from '../platform/tls/pem.ts';
import type { CertificateChoice } from '../transport/certificates.ts';
import { arrangeCertificates, type NamedCertificate } from './certificates.ts';
import type { Plan } from './plan.ts';

export interface BuiltTls {
  /** By listener of the plan; null: without TLS. */
  readonly listeners: readonly (CertificateChoice | null)[];
  /** By server of the plan. */
  readonly servers: readonly (TlsContext | null)[];
  readonly problems: readonly BuildProblem[];
}

const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;

/** @param ticketKeys 80 random bytes that all threads share. @throws Error if this Node's OpenSSL lacks something */
export function buildTls(plan: Plan, memory: Memory, ticketKeys: Uint8Array): BuiltTls {
  const builder = new TlsBuilder(new TlsLibrary(memory), ticketKeys);
  return {
    listeners: plan.listeners.map(({ bind, frontend }) => builder.listener(bind, frontend.mode === 'http')),
    servers: plan.servers.map(({ model }) => builder.server(model)),
    problems: builder.problems,
  };
}

class TlsBuilder {
  readonly problems: BuildProblem[] = [];
  readonly #library: TlsLibrary;
  readonly #ticketKeys: Uint8Array;
  /** A line with several addresses has one context. */
  readonly #listeners = new Map<BindModel, CertificateChoice | null>();

  constructor(library: TlsLibrary, ticketKeys: Uint8Array) {
    this.#library = library;
    this.#ticketKeys = ticketKeys;
  }

  listener(bind: BindModel, http: boolean): CertificateChoice | null {
    const { tls, at } = bind;
    if (!tls.enabled) return null;
    const known = this.#listeners.get(bind);
    if (known !== undefined) return known;
    const made = this.#attempt(at, () => this.#listener(tls, http));
    this.#listeners.set(bind, made);
    return made;
  }

  #listener(tls: TlsModel, http: boolean): CertificateChoice {
    if (tls.certificates.length === 0) throw new Error("'ssl' needs a certificate: no 'crt' on the line");
    const certificates = tls.certificates.map((certificate) => this.#certificate(tls, certificate, http));
    return arrangeCertificates(certificates, tls.strictSni);
  }

  #certificate(tls: TlsModel, certificate: PemModel, http: boolean): NamedCertificate {
    const settings: TlsSettings = {
      ...common(tls, certificate),
      certificateName: certificate.path,
      role: 'server',
      ticketKeys: this.#ticketKeys,
      alpn: tls.alpn ?? (http ? ['http/1.1'] : []),
      verify: tls.verify ?? (tls.authorities === null ? 'none' : 'optional'),
    };
    const context = new OpenSslContext(this.#library, settings);
    return { context, isEcdsa: keyKind(certificate) === 'ec', names: namesOf(certificate) };
  }

  server(server: ServerModel): TlsContext | null {
    const { tls, at } = server;
    if (!tls.enabled) return null;
    return this.#attempt(at, () => {
      const verify = tls.verify ?? 'required';
      if (verify !== 'none' && tls.authorities === null)
        throw new Error(`server '${server.name}': 'verify' is enabled but no CA file is given: add 'ca-file' or 'verify none'`);
      const { verifyHost, reusesSessions } = tls;
      return new OpenSslContext(this.#library, { ...common(tls, tls.certificates[0]), role: 'client', verify, verifyHost, reusesSessions });
    });
  }

  #attempt<T>(at: Position, make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      this.problems.push({ severity: 'alert', code: 'bad-tls', at, text: (error as Error).message });
      return null;
    }
  }
}

/** Names that a certificate is used for: those of a list beside it, or its own (RFC 6125 6.4.4: the common name counts without others). */
function namesOf({ bytes, names }: PemModel): string[] {
  if (names?.some((name) => !name.startsWith('!'))) return names.map((name) => name.toLowerCase());
  const { subject, subjectAltName } = new X509Certificate(bytes);
  const common = /^CN=(.+)$/m.exec(subject ?? '')?.[1];
  const own = Array.from((subjectAltName ?? '').matchAll(/DNS:([^,]+)/g), ([, name]) => name as string);
  if (common !== undefined && !own.includes(common)) own.push(common);
  return [...own, ...(names ?? [])].map((name) => name.toLowerCase());
}

function keyKind({ bytes }: PemModel): string | undefined {
  return new X509Certificate(bytes).publicKey.asymmetricKeyType;
}

function common(tls: TlsModel, certificate: PemModel | undefined): TlsSettings {
  return {
    role: 'server',
    bundle: certificate === undefined ? null : bundleIn(certificate),
    minVersion: tls.minVersion ?? TLS_1_2,
    maxVersion: tls.maxVersion ?? TLS_1_3,
    ciphers: tls.ciphers,
    cipherSuites: tls.cipherSuites,
    curves: tls.curves,
    signatures: tls.signatures,
    alpn: tls.alpn ?? [],
    verify: 'none',
    authorities: tls.authorities === 'system' ? 'system' : nativesIn(tls.authorities, certificatesOf, 'certificate'),
    revocations: nativesIn(tls.revocations, revocationsOf, 'revocation list'),
    tickets: tls.tickets,
    ticketKeys: null,
    preferClientCiphers: tls.preferClientCiphers,
  };
}

function bundleIn({ path, bytes, key }: PemModel): Bundle {
  try {
    return bundleOf(bytes, key);
  } catch (error) {
    throw new Error(`unable to load certificate file '${path}': ${(error as Error).message}`);
  }
}

function nativesIn(pem: PemModel | null, read: (bytes: Uint8Array) => Native[], what: string): Native[] {
  if (pem === null) return [];
  const found = read(pem.bytes);
  if (found.length === 0) throw new Error(`unable to load '${pem.path}': there is no ${what} in it`);
  return found;
}
