/**
 * Files of authorities and of revocation lists while they are in use: a transaction replaces the whole content of one, in all threads or
 * in none. Whoever shows a certificate from then on is judged by the new content, also with a session of before. It must not know
 * commands (HAProxy management manual, "set ssl ca-file", "set ssl crl-file").
 */
import { randomBytes } from 'node:crypto';
import type { TrustRole } from '../model/tls-change.ts';
import { certificatesOf, freeCertificates, freeRevocations, revocationsOf } from '../platform/tls/pem.ts';
import { revocationText } from '../platform/tls/printing.ts';
import { certificatesIn, type Field, fieldsOf } from './certificate-details.ts';
import { attempt, TICKET_KEY_BYTES } from './certificates.ts';
import { done, type Reply, refused } from './reply.ts';
import type { Publish, StoredTrust, TlsStore } from './tls-store.ts';

export interface TrustDetails {
  readonly path: string;
  readonly status: 'Used' | 'Unused' | 'Empty';
  /** Of authorities: each certificate's fields. */
  readonly certificates: readonly (readonly Field[])[];
  /** Of revocation lists: each as text. */
  readonly lists: readonly string[];
}

/** Larger ones are neither. */
const MOST_BYTES = 16 << 20;
const NOUNS = { authorities: 'CA', revocations: 'CRL' } as const;

export class TrustControl {
  readonly #store: TlsStore;
  readonly #role: TrustRole;
  readonly #noun: 'CA' | 'CRL';
  readonly #publish: Publish;
  #open: { readonly path: string; readonly bytes: Uint8Array } | null = null;

  constructor(store: TlsStore, role: TrustRole, publish: Publish) {
    this.#store = store;
    this.#role = role;
    this.#noun = NOUNS[role];
    this.#publish = publish;
  }

  get #files(): Map<string, StoredTrust> {
    return this.#store.trust[this.#role];
  }

  /** The path of the file with a transaction. */
  get open(): string | null {
    return this.#open?.path ?? null;
  }

  /** Paths, and how many certificates or lists are in each. */
  list(): readonly { readonly path: string; readonly count: number }[] {
    return Array.from(this.#files.values(), ({ path, bytes }) => ({ path, count: this.#count(bytes) }));
  }

  /** How many are in the transaction. */
  get openCount(): number {
    return this.#count(this.#open?.bytes ?? null);
  }

  /** Of the file, or of its transaction. null: there is none. */
  show(path: string, ofTransaction: boolean): TrustDetails | null {
    const stored = this.#files.get(path);
    if (ofTransaction ? this.#open?.path !== path : stored === undefined) return null;
    const bytes = ofTransaction ? (this.#open?.bytes ?? null) : (stored?.bytes ?? null);
    const isUsed = !ofTransaction && this.#store.isTrustUsed(this.#role, path);
    const status = bytes === null ? 'Empty' : isUsed ? 'Used' : 'Unused';
    const isAuthorities = this.#role === 'authorities';
    return {
      path: ofTransaction ? `*${path}` : path,
      status,
      certificates: isAuthorities && bytes !== null ? certificatesIn(bytes).map(fieldsOf) : [],
      lists: !isAuthorities && bytes !== null ? listsIn(bytes) : [],
    };
  }

  create(path: string): Reply {
    if (this.#files.has(path)) return refused(`${this.#noun} file '${path}' already exists!`);
    this.#files.set(path, { path, bytes: null, direct: 0 });
    return done(`New ${this.#noun} file created '${path}'!`);
  }

  /** Puts the whole content of the file into its transaction. */
  set(path: string, content: Uint8Array): Reply {
    return this.#put(path, content, false);
  }

  /** Adds to the content that the file has, or its transaction. */
  add(path: string, content: Uint8Array): Reply {
    return this.#put(path, content, true);
  }

  #put(path: string, content: Uint8Array, adds: boolean): Reply {
    const fail = (why: string): Reply => refused(`${why}\nCan't update ${path}!`);
    const stored = this.#files.get(path);
    if (this.#store.isLocked) return fail(this.#locked);
    if (stored === undefined) return fail(`Can't replace a ${this.#noun} file which is not referenced by the configuration!`);
    const other = this.#otherThan(path, 'set');
    if (other !== null) return fail(other);
    if (content.length > MOST_BYTES || this.#count(content) === 0) return fail('Invalid payload');
    const before = adds ? (this.#open?.bytes ?? stored.bytes) : null;
    const verb = this.#open === null ? 'created' : 'updated';
    this.#open = { path, bytes: before === null ? content : Buffer.concat([before, Buffer.from('\n'), content]) };
    return done(`transaction ${verb} for ${this.#noun} ${path}!`);
  }

  /** Makes the transaction what all threads use. If it fails, it stays open and nothing has changed. */
  async commit(path: string): Promise<Reply> {
    const fail = (why: string): Reply => refused(`${why}\nCan't commit ${path}!`);
    if (this.#store.isLocked) return fail(this.#locked);
    if (this.#open === null) return fail('No ongoing transaction!');
    const other = this.#otherThan(path, 'commit');
    if (other !== null) return fail(other);
    const { bytes } = this.#open;
    const refusal = await this.#store.alone(() => this.#use(path, bytes));
    if (refusal !== '') return fail(refusal ?? this.#locked);
    this.#open = null;
    return done(`Committing ${path}\nSuccess!`);
  }

  /** What was wrong; '': nothing. */
  async #use(path: string, bytes: Uint8Array): Promise<string> {
    const role = this.#role;
    const stored = this.#files.get(path);
    if (stored === undefined) return `${this.#noun} file '${path}' doesn't exist!`;
    const ticketKeys = new Uint8Array(randomBytes(TICKET_KEY_BYTES));
    const isUsed = this.#store.isTrustUsed(role, path);
    const refusal = isUsed ? await this.#publish({ kind: 'trust', role, path, bytes, ticketKeys }) : null;
    if (refusal === null) stored.bytes = bytes;
    return refusal ?? '';
  }

  abort(path: string): Reply {
    if (this.#store.isLocked) return refused(this.#locked);
    if (this.#open === null) return refused('No ongoing transaction!');
    const other = this.#otherThan(path, 'abort a transaction for');
    if (other !== null) return refused(other);
    this.#open = null;
    return done(`Transaction aborted for certificate '${path}'!`);
  }

  /** Forgets a file that nothing uses. */
  delete(path: string): Reply {
    const noun = `${this.#noun} file`;
    const fail = (why: string): Reply => refused(`Can't remove the ${noun}: ${why}`);
    if (this.#store.isLocked) return fail(this.#locked);
    if (!this.#files.has(path)) return fail(`${noun} '${path}' doesn't exist!`);
    if (this.#open?.path === path) return fail(`ongoing transaction for the ${noun} '${path}'`);
    if (this.#store.isTrustUsed(this.#role, path)) return fail(`${noun} '${path}' in use, can't be deleted!`);
    this.#files.delete(path);
    return done(`${noun} '${path}' deleted!`);
  }

  get #locked(): string {
    return `Operations on ${this.#noun} files are currently locked!`;
  }

  #otherThan(path: string, verb: string): string | null {
    if (this.#open === null || this.#open.path === path) return null;
    return `The ongoing transaction is about '${this.#open.path}' but you are trying to ${verb} '${path}'`;
  }

  /** How many there are in a file, 0 also if one of them can't be read. */
  #count(bytes: Uint8Array | null): number {
    if (bytes === null) return 0;
    const isAuthorities = this.#role === 'authorities';
    const found = attempt(() => (isAuthorities ? certificatesOf(bytes) : revocationsOf(bytes)));
    if (typeof found === 'string') return 0;
    if (isAuthorities) freeCertificates(found);
    else freeRevocations(found);
    return found.length;
  }
}

function listsIn(bytes: Uint8Array): readonly string[] {
  const found = attempt(() => revocationsOf(bytes));
  if (typeof found === 'string') return [];
  const texts = found.map(revocationText);
  freeRevocations(found);
  return texts;
}
