/**
 * TLS contexts of `bind` and `server` lines, made once per thread before it serves. Loaded only when a configuration uses TLS.
 * It must not know wires.
 */
import { X509Certificate } from 'node:crypto';
import type { Memory } from '../base/memory.ts';
import type { CertificateMaterial } from '../control/certificates.ts';
import type { BindModel, ServerModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { BuildProblem } from '../model/problem.ts';
import type { PemModel, TlsModel } from '../model/tls.ts';
import { OpenSslContext, type TlsSettings } from '../platform/tls/context.ts';
import type { TlsContext, TlsEngine } from '../platform/tls/contract.ts';
import { TlsLibrary } from '../platform/tls/engine.ts';
import { type Bundle, bundleOf, certificatesOf, freeBundle, type Native, revocationsOf } from '../platform/tls/pem.ts';
import type { ClientHello, HelloResultValue } from '../proto/tls-hello.ts';
import type { CertificateChoice } from '../transport/certificates.ts';
import { arrangeCertificates, type NamedCertificate } from './certificates.ts';
import type { Plan } from './plan.ts';
import type { ContextTuning } from './tls-tuning.ts';

export interface BuiltTls {
  /** By listener of the plan; null: without TLS. */
  readonly listeners: readonly (CertificateChoice | null)[];
  /** By server of the plan. */
  readonly servers: readonly (TlsContext | null)[];
  readonly problems: readonly BuildProblem[];
  /** New connections get this certificate in place of the one from the same file. */
  replace(material: CertificateMaterial): void;
  /** Connections that have an engine of this thread. */
  engines(): number;
}

const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;

/**
 * @param ticketKeys 80 random bytes that all threads share
 * @param judges this thread reads every certificate at once and tells what is wrong with it; the others read them when they are used
 * @param tuning of the global section
 * @throws Error if this Node's OpenSSL lacks something
 */
export function buildTls(plan: Plan, memory: Memory, ticketKeys: Uint8Array, judges: boolean, tuning: ContextTuning = {}): BuiltTls {
  const library = new TlsLibrary(memory);
  const builder = new TlsBuilder(library, ticketKeys, judges, tuning);
  return {
    listeners: plan.listeners.map(({ bind, frontend }) => builder.listener(bind, frontend.mode === 'http')),
    servers: plan.servers.map(({ model }) => builder.server(model)),
    problems: builder.problems,
    replace: (material) => builder.replace(material),
    engines: () => library.open,
  };
}

class TlsBuilder {
  readonly problems: BuildProblem[] = [];
  readonly #library: TlsLibrary;
  readonly #ticketKeys: Uint8Array;
  readonly #judges: boolean;
  readonly #tuning: ContextTuning;
  /** A line with several addresses has one context. */
  readonly #listeners = new Map<BindModel, ListenerTls | null>();

  constructor(library: TlsLibrary, ticketKeys: Uint8Array, judges: boolean, tuning: ContextTuning) {
    this.#tuning = tuning;
    this.#library = library;
    this.#ticketKeys = ticketKeys;
    this.#judges = judges;
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

  /** New connections get this certificate in place of the one loaded from the same file; it has been judged. */
  replace({ path, bytes, key, ocsp }: CertificateMaterial): void {
    for (const listener of this.#listeners.values()) {
      listener?.replace(path, ({ settings, certificate }) => {
        const changed = { ...certificate, bytes, key, ocsp };
        return { settings, certificate: changed, named: this.#certificate(settings, changed, true) };
      });
    }
  }

  #listener(tls: TlsModel, http: boolean): ListenerTls {
    if (tls.certificates.length === 0) throw new Error("'ssl' needs a certificate: no 'crt' on the line");
    const shared = this.#settings(tls, http);
    const parts = tls.certificates.map((certificate, index) => {
      const { settings } = certificate;
      const own = settings === null ? shared : this.#settings({ ...tls, ...settings }, http);
      return { settings: own, certificate, named: this.#certificate(own, certificate, index === 0 || settings !== null) };
    });
    return new ListenerTls(parts, tls.strictSni);
  }

  /** Of a line, but for the certificate. */
  #settings(tls: TlsModel, http: boolean): TlsSettings {
    return {
      ...common(tls),
      ...this.#tuning,
      role: 'server',
      ticketKeys: this.#ticketKeys,
      alpn: tls.alpn ?? (http ? ['http/1.1'] : []),
      verify: tls.verify ?? 'none',
    };
  }

  /** The first of a line shows that its settings are good; the others are made into contexts when they are first asked for. */
  #certificate(settings: TlsSettings, certificate: PemModel, atOnce: boolean): NamedCertificate {
    const { path, ocsp, names } = certificate;
    const make = (): OpenSslContext => {
      const bundle = bundleIn(certificate);
      try {
        return new OpenSslContext(this.#library, { ...settings, bundle, certificateName: path, ocsp });
      } finally {
        freeBundle(bundle);
      }
    };
    if (!atOnce && this.#judges) freeBundle(bundleIn(certificate));
    const context = atOnce ? make() : new LazyContext(make);
    const x509 = new X509Certificate(certificate.bytes);
    return { context, isEcdsa: x509.publicKey.asymmetricKeyType === 'ec', names: namesOf(x509, names) };
  }

  server(server: ServerModel): TlsContext | null {
    const { tls, at } = server;
    if (!tls.enabled) return null;
    return this.#attempt(at, () => {
      const verify = tls.verify ?? 'required';
      if (verify !== 'none' && tls.authorities === null)
        throw new Error(`server '${server.name}': 'verify' is enabled but no CA file is given: add 'ca-file' or 'verify none'`);
      const { verifyHost, reusesSessions } = tls;
      const bundle = tls.certificates[0] === undefined ? null : bundleIn(tls.certificates[0]);
      return new OpenSslContext(this.#library, {
        ...common(tls),
        ...this.#tuning,
        bundle,
        role: 'client',
        verify,
        verifyHost,
        reusesSessions,
      });
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

interface Part {
  readonly settings: TlsSettings;
  readonly certificate: PemModel;
  readonly named: NamedCertificate;
}

/** The certificates of a line, one of which may be exchanged for another while connections come. */
class ListenerTls implements CertificateChoice {
  needsHello = false;
  readonly #parts: Part[];
  readonly #isStrict: boolean;
  #choice!: CertificateChoice;

  constructor(parts: Part[], isStrict: boolean) {
    this.#parts = parts;
    this.#isStrict = isStrict;
    this.#arrange();
  }

  choose(bytes: Uint8Array, hello: ClientHello, result: HelloResultValue): TlsContext | null {
    return this.#choice.choose(bytes, hello, result);
  }

  /** Connections that are open hold what they need of the old one. */
  replace(path: string, make: (part: Part) => Part): void {
    for (const [index, part] of this.#parts.entries()) {
      if (part.certificate.path !== path) continue;
      this.#parts[index] = make(part);
      part.named.context.free();
    }
    this.#arrange();
  }

  #arrange(): void {
    const named = this.#parts.map((part) => part.named);
    this.#choice = arrangeCertificates(named, this.#isStrict);
    this.needsHello = this.#choice.needsHello;
  }
}

/** A context that is made when it is first asked for: of thousands of certificates a thread uses few. */
class LazyContext implements TlsContext {
  readonly #make: () => TlsContext;
  #made: TlsContext | null = null;

  constructor(make: () => TlsContext) {
    this.#make = make;
  }

  open(): TlsEngine | null {
    return this.#get()?.open() ?? null;
  }

  openTo(start: number, end: number): TlsEngine | null {
    return this.#get()?.openTo(start, end) ?? null;
  }

  free(): void {
    this.#made?.free();
    this.#made = null;
  }

  /** null: out of memory, as everything else was looked at when the process began. */
  #get(): TlsContext | null {
    try {
      this.#made ??= this.#make();
    } catch {
      return null;
    }
    return this.#made;
  }
}

/** Names that a certificate is used for: those of a list beside it, or its own (RFC 6125 6.4.4: the common name counts without others). */
function namesOf({ subject, subjectAltName }: X509Certificate, names: PemModel['names']): string[] {
  if (names?.some((name) => !name.startsWith('!'))) return names.map((name) => name.toLowerCase());
  const common = /^CN=(.+)$/m.exec(subject ?? '')?.[1];
  const own = Array.from((subjectAltName ?? '').matchAll(/DNS:([^,]+)/g), ([, name]) => name as string);
  if (common !== undefined && !own.includes(common)) own.push(common);
  return [...own, ...(names ?? [])].map((name) => name.toLowerCase());
}

function common(tls: TlsModel): TlsSettings {
  return {
    role: 'server',
    bundle: null,
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
    ignored: { certificate: errorsOf(tls.ignoredErrors), authority: errorsOf(tls.ignoredAuthorityErrors) },
    quietAuthorities: nativesIn(tls.quietAuthorities, certificatesOf, 'certificate'),
    tellsAuthorities: tls.tellsAuthorities,
    clientSignatures: tls.clientSignatures,
    rotatedKeys: tls.ticketKeys,
    tickets: tls.tickets,
    ticketKeys: null,
    preferClientCiphers: tls.preferClientCiphers,
  };
}

function errorsOf(errors: readonly number[] | 'all'): ReadonlySet<number> | 'all' {
  return errors === 'all' ? errors : new Set(errors);
}

function bundleIn({ path, bytes, key }: PemModel): Bundle {
  try {
    return bundleOf(bytes, key);
  } catch (error) {
    throw new Error(`unable to load certificate file '${path}': ${(error as Error).message}`);
  }
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
