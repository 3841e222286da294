/**
 * Certificates while they are in use: a transaction gathers what is to change of one, and commits it to all threads or not at all.
 * Connections that are open keep the certificate they began with. It must not know commands, nor what threads do with a certificate
 * (HAProxy management manual, "set ssl cert").
 */
import { randomBytes } from 'node:crypto';
import type { CertificateMaterial } from '../model/tls-change.ts';
import { bundleOf, certificatesOf, freeBundle, freeCertificates, freeKey, keyOf } from '../platform/tls/pem.ts';
import { isTimestampList } from '../proto/timestamp-list.ts';
import { type CertificateDetails, certificateDetails } from './certificate-details.ts';
import { done, type Reply, refused } from './reply.ts';
import type { Publish, StoredCertificate, TlsStore } from './tls-store.ts';

/** Files beside a certificate that a transaction may name. */
const PARTS = ['key', 'ocsp', 'issuer', 'sctl'] as const;
type Part = (typeof PARTS)[number];
/** Larger ones are not certificates. */
const MOST_BYTES = 1 << 20;
/** A session of before the change must not go on: the client would not see the new certificate. */
export const TICKET_KEY_BYTES = 80;

/** What else depends on a certificate. */
export interface CertificateFollower {
  /** Why this material can't be used with its response, or null. */
  judge(material: CertificateMaterial): string | null;
  /** By which a certificate's response is asked for; '': there is none. */
  keyOf(path: string): string;
  /** It is in use now; null: it is gone. */
  changed(path: string, material: CertificateMaterial | null): void;
}

export class CertificateControl {
  readonly #store: TlsStore;
  readonly #publish: Publish;
  readonly #follower: CertificateFollower;
  /** What is to be committed: HAProxy has one transaction at a time, and so do its tools. */
  #open: CertificateMaterial | null = null;

  /** @param publish tells all threads; what it is given has been judged */
  constructor(store: TlsStore, publish: Publish, follower: CertificateFollower) {
    this.#store = store;
    this.#publish = publish;
    this.#follower = follower;
  }

  /** The path of the certificate with a transaction. */
  get open(): string | null {
    return this.#open?.path ?? null;
  }

  /** Paths in the order of the configuration. */
  list(): readonly string[] {
    return Array.from(this.#store.certificates.keys());
  }

  /** Of the certificate in use, or of the transaction. null: there is none. */
  show(path: string, ofTransaction: boolean): CertificateDetails | null {
    const stored = this.#store.certificates.get(path);
    if (ofTransaction ? this.#open?.path !== path : stored === undefined) return null;
    const material = ofTransaction ? this.#open : (stored?.material ?? null);
    const isUsed = !ofTransaction && this.#store.isCertificateUsed(path);
    const key = ofTransaction ? '' : this.#follower.keyOf(path);
    return certificateDetails(`${ofTransaction ? '*' : ''}${path}`, material, isUsed, key);
  }

  /** The files of a certificate that is in use, for who keeps them. */
  material(path: string): CertificateMaterial | null {
    return this.#store.certificates.get(path)?.material ?? null;
  }

  /** A certificate without content, to be filled and put on a list. */
  create(path: string): Reply {
    if (this.#store.certificates.has(path)) return refused(`Certificate '${path}' already exists!`);
    this.#store.certificates.set(path, { path, material: null, ocspUpdate: null, direct: 0 });
    return done(`New empty certificate store '${path}'!`);
  }

  /** Puts new contents for the certificate, or for its `.key`, `.ocsp`, `.issuer` …, into its transaction. */
  set(name: string, content: Uint8Array): Reply {
    const { part, stored } = this.#find(name);
    const fail = (why: string): Reply => refused(`${why}\nCan't update ${name}!`);
    if (this.#store.isLocked) return fail(LOCKED);
    if (stored === null) return fail("Can't replace a certificate which is not referenced by the configuration!");
    const { path } = stored;
    if (this.#open !== null && this.#open.path !== path)
      return fail(`The ongoing transaction is about '${this.#open.path}' but you are trying to set '${path}'`);
    if (content.length > MOST_BYTES) return fail(`The payload has ${content.length} bytes, allowed: ${MOST_BYTES}`);
    const before = this.#open ?? stored.material ?? emptyOf(path);
    const after = part === null ? whole(path, content) : withPart(before, part, content);
    if (typeof after === 'string') return fail(`${after}\nCan't load the payload`);
    const verb = this.#open === null ? 'created' : 'updated';
    this.#open = after;
    return done(`Transaction ${verb} for certificate ${path}!`);
  }

  #find(name: string): { readonly part: Part | null; readonly stored: StoredCertificate | null } {
    for (const part of PARTS) {
      const stored = name.endsWith(`.${part}`) ? this.#store.certificates.get(name.slice(0, -part.length - 1)) : undefined;
      if (stored !== undefined) return { part, stored };
    }
    return { part: null, stored: this.#store.certificates.get(name) ?? null };
  }

  /** Makes the transaction what all threads use. If it fails, it stays open and nothing has changed. */
  async commit(path: string): Promise<Reply> {
    const fail = (why: string): Reply => refused(`${why}\nCan't commit ${path}!`);
    if (this.#store.isLocked) return fail(LOCKED);
    const material = this.#open;
    if (material === null) return fail('No ongoing transaction!');
    if (material.path !== path) return fail(`The ongoing transaction is about '${material.path}' but you are trying to commit '${path}'`);
    const problem = problemOf(material) ?? this.#follower.judge(material);
    if (problem !== null) return fail(problem);
    const refusal = await this.#store.alone(() => this.#use(material));
    if (refusal !== '') return fail(refusal ?? LOCKED);
    this.#open = null;
    return done(`Committing ${path}\nSuccess!`);
  }

  /** What was wrong; '': nothing. */
  async #use(material: CertificateMaterial): Promise<string> {
    const { path } = material;
    const stored = this.#store.certificates.get(path);
    if (stored === undefined) return `certificate '${path}' does not exist!`;
    const ticketKeys = new Uint8Array(randomBytes(TICKET_KEY_BYTES));
    const refusal = this.#store.isCertificateUsed(path) ? await this.#publish({ kind: 'certificate', material, ticketKeys }) : null;
    if (refusal !== null) return refusal;
    stored.material = material;
    // At once: an answer of an OCSP server may be on its way.
    this.#follower.changed(path, material);
    return '';
  }

  abort(path: string): Reply {
    if (this.#store.isLocked) return refused(LOCKED);
    if (this.#open === null) return refused('No ongoing transaction!');
    if (this.#open.path !== path)
      return refused(`The ongoing transaction is about '${this.#open.path}' but you are trying to abort a transaction for '${path}'`);
    this.#open = null;
    return done(`Transaction aborted for certificate '${path}'!`);
  }

  /** Forgets a certificate that nothing uses. */
  delete(path: string): Reply {
    const fail = (why: string): Reply => refused(`Can't remove the certificate: ${why}`);
    if (this.#store.isLocked) return fail(LOCKED);
    if (!this.#store.certificates.has(path)) return fail(`certificate '${path}' doesn't exist!`);
    if (this.#open?.path === path) return fail(`ongoing transaction for the certificate '${path}'`);
    if (this.#store.isCertificateUsed(path)) return fail(`certificate '${path}' in use, can't be deleted!`);
    this.#store.certificates.delete(path);
    this.#follower.changed(path, null);
    return done(`Certificate '${path}' deleted!`);
  }
}

export const LOCKED = 'Operations on certificates are currently locked!';

function emptyOf(path: string): CertificateMaterial {
  return { path, bytes: new Uint8Array(0), key: null, ocsp: null, issuer: null, sctl: null, dh: null };
}

/** A new certificate brings its key, and what belonged to the old one is of no use. A text says what is wrong with it. */
function whole(path: string, content: Uint8Array): CertificateMaterial | string {
  const certificates = attempt(() => certificatesOf(content));
  if (typeof certificates === 'string' || certificates.length === 0) return `unable to load certificate from file '${path}'.`;
  freeCertificates(certificates);
  const problem = keyProblem(content, true);
  return problem === null ? { ...emptyOf(path), bytes: content } : `unable to load private key from file '${path}': ${problem}.`;
}

function withPart(before: CertificateMaterial, part: Part, content: Uint8Array): CertificateMaterial | string {
  const { path } = before;
  if (part === 'key') {
    const problem = keyProblem(content, false);
    return problem === null ? { ...before, key: content } : `unable to load private key from file '${path}': ${problem}.`;
  }
  if (part === 'ocsp') {
    const bytes = base64Of(content);
    return bytes === null ? 'Error reading OCSP response in base64 format' : { ...before, ocsp: bytes };
  }
  if (part === 'sctl') {
    const list = base64Of(content) ?? content;
    return isTimestampList(list) ? { ...before, sctl: list } : 'it is no list of signed certificate timestamps (RFC 6962 3.3)';
  }
  const issuers = attempt(() => certificatesOf(content));
  if (typeof issuers === 'string' || issuers.length === 0) return `'${path}' cannot be read or parsed.`;
  freeCertificates(issuers);
  return { ...before, issuer: content };
}

function keyProblem(content: Uint8Array, mayLack: boolean): string | null {
  const key = attempt(() => keyOf(content));
  if (typeof key === 'string') return key;
  if (key === null) return mayLack ? null : 'there is no private key in it';
  freeKey(key);
  return null;
}

/** Threads refuse nothing that is sound: it is judged here. */
function problemOf({ path, bytes, key }: CertificateMaterial): string | null {
  const bundle = attempt(() => bundleOf(bytes, key));
  if (typeof bundle === 'string') return `inconsistencies between private key and certificate loaded '${path}': ${bundle}.`;
  const hasKey = bundle.key !== null;
  freeBundle(bundle);
  return hasKey ? null : 'The transaction must contain at least a certificate and a private key!';
}

/** What `make` makes, or why it can't. */
export function attempt<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    return (error as Error).message;
  }
}

/** null: it is no base64 text. */
export function base64Of(content: Uint8Array): Uint8Array | null {
  const text = Buffer.from(content).toString('latin1').replace(/\s+/g, '');
  return /^(?:[A-Za-z0-9+/]{4})+$|^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/.test(text)
    ? new Uint8Array(Buffer.from(text, 'base64'))
    : null;
}
