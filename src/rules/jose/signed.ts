/**
 * Signatures of tokens (RFC 7515, RFC 7518 3.1, HAProxy 3.x configuration 7.3.1, jwt_verify). It checks a signature and says nothing of
 * what a token claims. It must not know keywords.
 */
import { type Digest, Hmac } from '../../base/digest.ts';
import type { Memory } from '../../base/memory.ts';
import {
  type Crypto,
  type DigestBits,
  MOST_INPUT,
  MOST_SIGNATURE,
  type PublicKey,
  Signature,
  type SignatureValue,
} from '../../platform/crypto/contract.ts';
import { RuleError } from '../error.ts';
import { decodeBase64Url } from '../value/base64.ts';
import { CompactToken } from './compact.ts';

/** What jwt_verify yields. */
export const Verdict = {
  wrong: 0,
  right: 1,
  unknownAlgorithm: -1,
  /** Only where a certificate is wanted: it signs without one. */
  unmanagedAlgorithm: -2,
  invalidToken: -3,
  /** Or the token is longer than MOST_INPUT. */
  noMemory: -4,
  unknownKey: -5,
} as const;
export type VerdictValue = (typeof Verdict)[keyof typeof Verdict];

export const HMAC = -1;
export const NONE = -2;

/** How a token is signed. */
export interface SigningAlgorithm {
  readonly kind: SignatureValue | typeof HMAC | typeof NONE;
  readonly bits: DigestBits;
}

const FAMILIES: readonly (readonly [string, SignatureValue | typeof HMAC])[] = [
  ['HS', HMAC],
  ['RS', Signature.rsa],
  ['ES', Signature.ecdsa],
  ['PS', Signature.pss],
];
const BITS: readonly DigestBits[] = [256, 384, 512];

/** RFC 7518 3.1, the numbers being those of ALGORITHMS. */
export const ALGORITHM_NAMES: readonly string[] = ['none', ...FAMILIES.flatMap(([name]) => BITS.map((bits) => name + bits))];
export const ALGORITHMS: readonly SigningAlgorithm[] = [
  { kind: NONE, bits: 256 },
  ...FAMILIES.flatMap(([, kind]) => BITS.map((bits) => ({ kind, bits }))),
];

const PAD = 61;
const SIGNATURE = 2;

/** One that OpenSSL always has. At start. */
export function sha2(crypto: Crypto, bits: DigestBits): Digest {
  const digest = crypto.newDigest(`sha${bits}`);
  if (digest === null) throw new RuleError(`there is no SHA-${bits} here`);
  return digest;
}

/** A signed token that is looked at: first `open`, then one of the checks. */
export class SignedToken {
  readonly #memory: Memory;
  readonly #crypto: Crypto;
  readonly #token = new CompactToken();
  /** With 256, 384 and 512 bits. */
  readonly #digests: readonly Digest[];
  readonly #hmacs: readonly Hmac[];
  /** Bytes of the signature, which are in the room for it; one more than fits where there are too many. */
  #length = 0;
  /** What is signed: header, dot and payload as they came. */
  #start = 0;
  #end = 0;

  constructor(memory: Memory, crypto: Crypto) {
    this.#memory = memory;
    this.#crypto = crypto;
    this.#digests = BITS.map((bits) => sha2(crypto, bits));
    this.#hmacs = this.#digests.map((digest) => new Hmac(digest));
  }

  /** Takes [start, end) apart, for an algorithm that signs; `right`: go on with a check. */
  open(start: number, end: number): VerdictValue {
    const token = this.#token;
    const { bytes } = this.#memory;
    if (end - start > MOST_INPUT) return Verdict.noMemory;
    if (!token.split(bytes, start, end, 3) || token.count !== 3) return Verdict.invalidToken;
    const from = token.starts[SIGNATURE] as number;
    const size = end - from;
    if (size === 0 || size % 4 === 1) return Verdict.invalidToken;
    const { output, signature } = this.#crypto.rooms;
    const length = decodeBase64Url(bytes, from, end, output, 0);
    if (length < 0) return Verdict.invalidToken;
    // RFC 7515 2: there is no padding. HAProxy decodes it to further bytes, which no signature has.
    this.#start = start;
    this.#end = from - 1;
    this.#length = bytes[end - 1] === PAD ? -1 : length;
    for (let at = 0; at < Math.min(length, MOST_SIGNATURE); at++) signature[at] = output[at] as number;
    return Verdict.right;
  }

  /** Without a signature there must be nothing in its place (RFC 7515 A.5). */
  checkNone(start: number, end: number): VerdictValue {
    const token = this.#token;
    if (!token.split(this.#memory.bytes, start, end, 3) || token.count < 2) return Verdict.invalidToken;
    return token.count === 2 || token.starts[SIGNATURE] === end ? Verdict.right : Verdict.wrong;
  }

  /** Compares in a time that does not tell where the codes differ. */
  checkCode(bits: DigestBits, keyStart: number, keyEnd: number): VerdictValue {
    const { digest, signature } = this.#crypto.rooms;
    const { bytes } = this.#memory;
    const hmac = this.#hmacs[(bits - 256) >> 7] as Hmac;
    if (this.#length !== bits >> 3) return Verdict.wrong;
    hmac.setKey(bytes, keyStart, keyEnd);
    if (!hmac.sign(bytes, this.#start, this.#end, digest, 0)) return Verdict.noMemory;
    let difference = 0;
    for (let at = 0; at < this.#length; at++) difference |= (digest[at] as number) ^ (signature[at] as number);
    return difference === 0 ? Verdict.right : Verdict.wrong;
  }

  checkSignature(kind: SignatureValue, bits: DigestBits, key: PublicKey): VerdictValue {
    const length = this.#length;
    // As HAProxy: a pair that can't be halved is no signature at all.
    if (kind === Signature.ecdsa && length > 0 && length % 2 === 1) return Verdict.invalidToken;
    if (length < 0 || length > MOST_SIGNATURE) return Verdict.wrong;
    const digest = this.#digests[(bits - 256) >> 7] as Digest;
    digest.reset();
    digest.update(this.#memory.bytes, this.#start, this.#end);
    if (!digest.finish(this.#crypto.rooms.digest, 0)) return Verdict.noMemory;
    return key.verify(kind, bits, length) ? Verdict.right : Verdict.wrong;
  }
}
