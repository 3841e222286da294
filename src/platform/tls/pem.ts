/**
 * Certificates, keys and revocation lists out of PEM text, as objects of OpenSSL. Those are counted and may be used by all
 * threads: they are read once. Nothing here asks for a passphrase: an encrypted key is refused. It must not know files.
 */
import { addressOf } from '../ffi.ts';
import { lend } from './lending.ts';
import * as lib from './library.ts';

const NULL = 0n;

/** An object of OpenSSL that was read: 0n never stands in one. */
export type Native = bigint;

export interface Bundle {
  /** The certificate itself. */
  readonly certificate: Native;
  /** Those that sign it, from the nearest on. */
  readonly chain: readonly Native[];
  /** null: the text holds none. */
  readonly key: Native | null;
}

/** OpenSSL's reason where a text ends as it should. */
const NO_MORE = 'no start line';

/** All certificates of a text, in its order; none: []. @throws Error that says which can't be read, and why */
export function certificatesOf(pem: Uint8Array): Native[] {
  return allOf(pem, 'certificate', (bio) => lib.readCertificate(bio, NULL, NULL), freeCertificates);
}

export function revocationsOf(pem: Uint8Array): Native[] {
  return allOf(pem, 'revocation list', (bio) => lib.readRevocations(bio, NULL, NULL), freeRevocations);
}

/** The first private key of a text; null: there is none. @throws Error if it is encrypted or broken */
export function keyOf(pem: Uint8Array): Native | null {
  if (!/-----BEGIN (?:\w+ )*PRIVATE KEY-----/.test(latin1(pem))) return null;
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(latin1(pem)))
    throw new Error("the private key is encrypted: take its passphrase off, or name a program by 'ssl-passphrase-cmd'");
  const key = withBio(pem, (bio) => lib.readKeyCall(bio, NULL, NULL, NULL));
  if (key === NULL) throw new Error(`the private key can't be read: ${lib.takeError()}`);
  held++;
  lib.errClear();
  return key;
}

/**
 * Sorts what a `crt` file holds, in any order: key, certificate that fits it, the rest of the chain.
 * @throws Error that says what is wrong with it
 */
export function bundleOf(pem: Uint8Array, keyText: Uint8Array | null): Bundle {
  const certificates = certificatesOf(pem);
  if (certificates.length === 0) throw new Error('there is no certificate in it');
  try {
    return sorted(certificates, keyOf(keyText ?? pem));
  } catch (error) {
    freeCertificates(certificates);
    throw error;
  }
}

/** Takes both over; the key is freed if it fits none. */
function sorted(certificates: readonly Native[], key: Native | null): Bundle {
  const first = certificates[0] as Native;
  if (key === null) return { certificate: first, chain: certificates.slice(1), key };
  const own = certificates.find((each) => lib.privateKeyMatches(each, key) === 1);
  lib.errClear();
  if (own === undefined) {
    freeKey(key);
    throw new Error('the private key does not belong to a certificate in it');
  }
  return { certificate: own, chain: certificates.filter((each) => each !== own), key };
}

/** Whether `issuer` can have signed a certificate: by names and key identifiers, not by the signature. */
export function isIssuedBy(certificate: Native, issuer: Native): boolean {
  return lib.certificateIssued(issuer, certificate) === 0;
}

/** A certificate as it is sent. */
export function derOf(certificate: Native): Uint8Array {
  const length = Math.max(0, lib.certificateDer(certificate, NULL));
  const bytes = new Uint8Array(new ArrayBuffer(Math.max(128, length)));
  const cell = new BigUint64Array(new ArrayBuffer(128));
  cell[0] = addressOf(bytes.buffer);
  lib.certificateDer(certificate, addressOf(cell.buffer));
  return bytes.subarray(0, length);
}

export function freeBundle({ certificate, chain, key }: Bundle): void {
  freeCertificates([certificate, ...chain]);
  if (key !== null) freeKey(key);
}

export function freeCertificates(certificates: readonly Native[]): void {
  for (const each of certificates) lib.certificateFree(each);
  held -= certificates.length;
}

export function freeRevocations(lists: readonly Native[]): void {
  for (const each of lists) lib.revocationsFree(each);
  held -= lists.length;
}

export function freeKey(key: Native): void {
  lib.keyFree(key);
  held--;
}

let held = 0;

/** Objects of OpenSSL that this thread has read and not freed: for tests that look for leaks. */
export function heldNatives(): number {
  return held;
}

function allOf(pem: Uint8Array, what: string, read: (bio: bigint) => Native, free: (found: Native[]) => void): Native[] {
  const found: Native[] = [];
  withBio(pem, (bio) => {
    for (let next = read(bio); next !== NULL; next = read(bio)) found.push(next);
  });
  held += found.length;
  const reason = lib.takeError();
  // The rest of a file that is broken in its middle must not be left out in silence.
  if (reason !== '' && reason !== NO_MORE) {
    free(found);
    throw new Error(`${what} ${found.length + 1} in it can't be read: ${reason}`);
  }
  return found;
}

/** The bytes must not be empty: an address of nothing is none. */
export function withBio<T>(bytes: Uint8Array, use: (bio: bigint) => T): T {
  return lend(bytes, (at) => {
    const bio = lib.bioOver(at, bytes.length);
    try {
      return use(bio);
    } finally {
      lib.bioFree(bio);
    }
  });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
