/**
 * Certificates while they are in use: a transaction gathers what is to change of one, and commits it to all threads at once or not at
 * all. Connections that are open keep the certificate they began with. It must not know commands, nor what threads do with a certificate.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** What a certificate is made of, as its files hold it. */
export interface CertificateMaterial {
  /** The file it was loaded from, which names it. */
  readonly path: string;
  /** Certificate and chain, with or without the key. */
  readonly bytes: Uint8Array;
  readonly key: Uint8Array | null;
  readonly ocsp: Uint8Array | null;
}

/** Files beside a certificate that a transaction may name. */
const PARTS = ['.key', '.ocsp'] as const;
/** Larger ones are not certificates. */
const MOST_BYTES = 1 << 20;

export class CertificateControl {
  readonly #known: Map<string, CertificateMaterial>;
  readonly #publish: (material: CertificateMaterial) => void;
  /** What is to be committed, by path. */
  readonly #open = new Map<string, CertificateMaterial>();

  /** @param publish tells all threads; what it is given has been judged */
  constructor(known: Iterable<CertificateMaterial>, publish: (material: CertificateMaterial) => void) {
    this.#known = new Map(Array.from(known, (material) => [material.path, material]));
    this.#publish = publish;
  }

  /** Paths in the order of the configuration; those with a transaction as well. */
  list(): readonly { readonly path: string; readonly isOpen: boolean }[] {
    return Array.from(this.#known.keys(), (path) => ({ path, isOpen: this.#open.has(path) }));
  }

  /** Of the certificate in use, or of the transaction. null: there is none. */
  show(path: string, ofTransaction: boolean): X509Certificate | null {
    const material = (ofTransaction ? this.#open : this.#known).get(path);
    return material === undefined ? null : new X509Certificate(material.bytes);
  }

  /** Puts new contents for the certificate, or for its `.key` or `.ocsp`, into its transaction. The problem, or null. */
  set(name: string, content: Uint8Array): string | null {
    if (content.length > MOST_BYTES) return `'${name}' is longer than ${MOST_BYTES} bytes`;
    const part = PARTS.find((ending) => name.endsWith(ending) && this.#known.has(name.slice(0, -ending.length)));
    const path = part === undefined ? name : name.slice(0, -part.length);
    const before = this.#open.get(path) ?? this.#known.get(path);
    if (before === undefined) return `no certificate '${name}' is in use`;
    if (part === '.key') this.#open.set(path, { ...before, key: content });
    else if (part === '.ocsp') this.#open.set(path, { ...before, ocsp: content });
    // A new certificate brings its key, and a response for the old one is of no use.
    else this.#open.set(path, { ...before, bytes: content, key: hasKey(content) ? null : before.key, ocsp: null });
    return null;
  }

  /** Makes the transaction what all threads use. The problem, or null; with a problem it stays open and nothing has changed. */
  commit(path: string): string | null {
    const material = this.#open.get(path);
    if (material === undefined) return `no transaction for '${path}' is open`;
    const problem = problemOf(material);
    if (problem !== null) return `'${path}': ${problem}`;
    this.#open.delete(path);
    this.#known.set(path, material);
    this.#publish(material);
    return null;
  }

  /** The problem, or null. */
  abort(path: string): string | null {
    return this.#open.delete(path) ? null : `no transaction for '${path}' is open`;
  }
}

function hasKey(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('PRIVATE KEY-----');
}

/** Threads refuse nothing: it is judged here. */
function problemOf({ bytes, key }: CertificateMaterial): string | null {
  const blocks =
    Buffer.from(bytes)
      .toString('latin1')
      .match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  if (blocks.length === 0) return 'there is no certificate in it';
  try {
    const certificates = blocks.map((text) => new X509Certificate(text));
    const secret = createPrivateKey(Buffer.from(key ?? bytes));
    return certificates.some((each) => each.checkPrivateKey(secret)) ? null : 'the private key does not belong to a certificate in it';
  } catch (error) {
    return `it can't be read: ${(error as Error).message}`;
  }
}
