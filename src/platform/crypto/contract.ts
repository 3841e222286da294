/**
 * What the rules ask of a cryptographic library: ciphers, digests, signatures and keys. Bytes go in and out through rooms that never
 * move, so a call allocates nothing. It must not know tokens, and not which library it is.
 */

import type { Digest } from '../../base/digest.ts';

/** Bytes that a room for messages holds at least. */
export const MOST_INPUT = 32768;
/** Bytes of the longest signature and the longest encrypted key: RSA with 16,384 bits. */
export const MOST_SIGNATURE = 2048;
/** Bytes of the longest initialization vector. */
export const MOST_VECTOR = 128;
export const TAG_SIZE = 16;
/** Bits of the longest RSA key that decrypts: a longer one would hold up a thread for more than some 50 ms. */
export const MOST_RSA_BITS = 8192;
/** The same of a key that somebody sends, who may make up one with which OpenSSL does four times as much. */
export const MOST_SENT_RSA_BITS = 4096;

/** Ways of AES. */
export const Mode = {
  /** NIST SP 800-38D: with a tag, and data that is only authenticated. */
  gcm: 0,
  /** NIST SP 800-38A, padded as in RFC 5652 6.3. */
  cbc: 1,
  /** Key wrapping (RFC 3394): decrypts only. */
  wrap: 2,
} as const;
export type ModeValue = (typeof Mode)[keyof typeof Mode];

/** Kinds of signatures (RFC 7518 3.1). */
export const Signature = { rsa: 0, pss: 1, ecdsa: 2 } as const;
export type SignatureValue = (typeof Signature)[keyof typeof Signature];

/** How RSA hides a key (RFC 7518 4.2, 4.3). */
export const Padding = { pkcs1: 0, oaep: 1, oaep256: 2 } as const;
export type PaddingValue = (typeof Padding)[keyof typeof Padding];

export type DigestBits = 256 | 384 | 512;
export type KeyBits = 128 | 192 | 256;
export type KeyKind = 'rsa' | 'ec' | 'other';

/** What calls read and write. Whoever fills one calls at once: nothing stays in them. */
export interface Rooms {
  /** MOST_INPUT + 64 bytes. */
  readonly input: Uint8Array;
  readonly additional: Uint8Array;
  readonly output: Uint8Array;
  readonly key: Uint8Array;
  readonly vector: Uint8Array;
  readonly tag: Uint8Array;
  /** 64 bytes. */
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

/** Checks signatures; counted as native until it is freed. */
export interface PublicKey {
  readonly kind: KeyKind;
  /** Whether `length` bytes of `rooms.signature` sign what has the digest in `rooms.digest`. ECDSA as r and s (RFC 7518 3.4). */
  verify(signature: SignatureValue, bits: DigestBits, length: number): boolean;
  free(): void;
}

/** Decrypts keys, or agrees on one. */
export interface PrivateKey {
  readonly kind: KeyKind;
  /** The modulus, or a coordinate of the curve. */
  readonly size: number;
  /** `rooms.signature` to `rooms.output`: how many bytes, or -1. */
  decrypt(padding: PaddingValue, length: number): number;
  /** With the point x, y of `size` bytes each in `rooms.input`: how many bytes of a secret in `rooms.output`, or -1: it is not on the curve. */
  agree(): number;
  free(): void;
}

/** Numbers of an RSA key, big endian, each [starts[i], ends[i]) of the bytes: n, e, d, p, q, dp, dq, qi (RFC 8017 A.1.2). */
export const RSA_NUMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;
/** Of a key on a curve: x, y, d. */
export const EC_NUMBERS = ['x', 'y', 'd'] as const;
export type Curve = 'P-256' | 'P-384' | 'P-521';

export interface Crypto {
  readonly rooms: Rooms;
  /** Native keys that are not freed: for tests that look for leaks. */
  readonly open: number;
  /** By OpenSSL's name, without regard to case; null: it has no such digest. At start. */
  newDigest(name: string): Digest | null;
  /** `rooms.input` to `rooms.output`, with `rooms.tag` for GCM: how many bytes, or -1. `rooms.key` is wiped. */
  encrypt(mode: ModeValue, bits: KeyBits, vectorLength: number, additionalLength: number, inputLength: number): number;
  /** The same back; -1 also: the tag or the padding is wrong. */
  decrypt(mode: ModeValue, bits: KeyBits, vectorLength: number, additionalLength: number, inputLength: number): number;
  /** The first public key or certificate of a PEM text. @throws Error that says what is wrong with it */
  publicKey(pem: Uint8Array): PublicKey;
  /** The first private key of a PEM text. @throws Error that says what is wrong with it */
  privateKey(pem: Uint8Array): PrivateKey;
  /** null: these numbers are no key, or one of more than `mostBits`. */
  rsaKey(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, mostBits: number): PrivateKey | null;
  ecKey(curve: Curve, bytes: Uint8Array, starts: Int32Array, ends: Int32Array): PrivateKey | null;
}
