/** Certificates of lines as contexts of OpenSSL, made at once or when they are first asked for. It must not know how one is chosen. */
import type { X509Certificate } from 'node:crypto';
import type { PemModel } from '../model/tls.ts';
import { OpenSslContext, type TlsSettings } from '../platform/tls/context.ts';
import type { TlsContext, TlsEngine } from '../platform/tls/contract.ts';
import type { TlsLibrary } from '../platform/tls/engine.ts';
import { readAnswer } from '../platform/tls/ocsp.ts';
import { derOf } from '../platform/tls/pem.ts';
import type { Response } from '../platform/tls/stapling.ts';
import type { Bundles } from './bundles.ts';
import type { NamedCertificate } from './certificates.ts';
import { sessionNameWith } from './line-settings.ts';

/** A context whose response may change. */
export interface ServedContext extends TlsContext {
  staple(response: Response | null): void;
}

/** A certificate of a line. */
export interface ServedCertificate extends NamedCertificate {
  readonly context: ServedContext;
}

/**
 * @param bundles lends the certificate's contents
 * @param atOnce false: the context is made when it is first asked for
 * @throws Error that names the file
 */
export function serve(
  library: TlsLibrary,
  bundles: Bundles,
  settings: TlsSettings,
  certificate: PemModel,
  atOnce: boolean,
): ServedCertificate {
  const { path, ocsp, names, sctl: timestamps } = certificate;
  const response = ocsp === null ? null : responseIn(ocsp);
  const make = (now: Response | null): OpenSslContext => {
    const sessionName = sessionNameWith(settings.sessionName, certificate.bytes);
    const own = { certificateName: path, response: now, timestamps, sessionName };
    return bundles.serving(certificate, (bundle, dh) => new OpenSslContext(library, { ...settings, ...own, bundle, dh }));
  };
  const context = atOnce ? make(response) : new LazyContext(make, response);
  const x509 = ownOf(bundles, certificate);
  return { context, isEcdsa: x509.publicKey.asymmetricKeyType === 'ec', names: namesOf(x509, names) };
}

/** Node's crypto takes 5 ms to load: only who has certificates pays for it. */
function readCertificate(text: string | Uint8Array): X509Certificate {
  return new (process.getBuiltinModule('node:crypto').X509Certificate)(text);
}

/** The certificate that the key belongs to: it need not be the first of its file. Reading keys takes time, with thousands of them. */
function ownOf(bundles: Bundles, pem: PemModel): X509Certificate {
  const text = Buffer.from(pem.bytes);
  const first = readCertificate(text);
  const next = text.indexOf(BEGIN, text.indexOf(BEGIN) + 1);
  // Without authority, and signed by the next: a chain begins with it.
  if (next < 0 || (!first.ca && readCertificate(text.subarray(next)).subject === first.issuer)) return first;
  return bundles.with(pem, ({ certificate }) => readCertificate(derOf(certificate)));
}

const BEGIN = '-----BEGIN CERTIFICATE-----';

/** null: it can't be shown, as it has expired, or is none. */
export function responseIn(bytes: Uint8Array): Response | null {
  try {
    return { bytes, untilMs: readAnswer(bytes).untilMs };
  } catch {
    return null;
  }
}

/** Of thousands of certificates a thread uses few. */
class LazyContext implements ServedContext {
  readonly #make: (response: Response | null) => ServedContext;
  #response: Response | null;
  #made: ServedContext | null = null;
  /** It is not tried again: to read a certificate at each handshake would hold up everybody else's. */
  #hasFailed = false;

  constructor(make: (response: Response | null) => ServedContext, response: Response | null) {
    this.#make = make;
    this.#response = response;
  }

  open(asked: string | null = null): TlsEngine | null {
    return this.#get()?.open(asked) ?? null;
  }

  openTo(start: number, end: number, isEarly?: boolean): TlsEngine | null {
    return this.#get()?.openTo(start, end, isEarly) ?? null;
  }

  staple(response: Response | null): void {
    this.#response = response;
    this.#made?.staple(response);
  }

  free(): void {
    this.#made?.free();
    this.#made = null;
  }

  /** null: out of memory, as everything else was judged when the process began. */
  #get(): ServedContext | null {
    if (this.#hasFailed) return null;
    try {
      this.#made ??= this.#make(this.#response);
    } catch {
      this.#hasFailed = true;
    }
    return this.#made;
  }
}

/** Names that a certificate is used for: those of a list beside it, or its own (RFC 6125 6.4.4: the common name counts without others). */
function namesOf({ subject, subjectAltName }: X509Certificate, names: PemModel['names']): string[] {
  if (names?.some((name) => !name.startsWith('!'))) return names.map((name) => name.toLowerCase());
  // `!*`: it is for nobody who asks for a name, unless it is the default one.
  if (names?.includes('!*')) return [];
  const common = /^CN=(.+)$/m.exec(subject ?? '')?.[1];
  const own = Array.from((subjectAltName ?? '').matchAll(/DNS:([^,]+)/g), ([, name]) => name as string);
  if (common !== undefined && !own.includes(common)) own.push(common);
  return [...own, ...(names ?? [])].map((name) => name.toLowerCase());
}
