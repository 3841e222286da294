/**
 * Keys of OpenSSL and what is done with them. A key has its contexts from the start, one per way of use, so that using it makes no
 * native object. It must not know where keys come from.
 */
import { type Area, area } from '../ffi.ts';
import type { RoomAreas } from './ciphers.ts';
import {
  type DigestBits,
  type KeyKind,
  MOST_INPUT,
  MOST_RSA_BITS,
  Padding,
  type PaddingValue,
  type PrivateKey,
  type PublicKey,
  Signature,
  type SignatureValue,
} from './contract.ts';
import { DerWriter } from './der-writer.ts';
import type { Functions } from './functions.ts';

const NULL = 0n;
/** EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_EC */
const RSA = 6;
const RSA_PSS = 912;
const EC = 408;
/** RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PSS_PADDING */
const PKCS1 = 1;
const OAEP = 4;
const PSS = 6;
/** The first byte of a point with both coordinates (SEC 1, 2.3.3). */
const UNCOMPRESSED = 4;
/** RSA_PSS_SALTLEN_AUTO: whatever the signer took. */
const ANY_SALT = -2;
/** Bytes of half a signature on the longest curve, P-521, and some. */
const MOST_HALF = 72;
/** Of a key on a short curve: what has less is none. */
const LEAST_BITS = 160;
/** Nine numbers of an RSA key with their headers. */
const MOST_DER = 8192;

/** What the keys of a thread share. */
export class KeyWorld {
  readonly lib: Functions;
  readonly areas: RoomAreas;
  /** For what OpenSSL takes as DER or as an encoded point. */
  readonly der: Area = area(MOST_DER);
  readonly writer: DerWriter = new DerWriter(this.der.bytes);
  /** Native keys that are not freed. */
  open = 0;

  constructor(lib: Functions, areas: RoomAreas) {
    this.lib = lib;
    this.areas = areas;
  }

  /** Moves what the writer wrote to the start of its area, whose address is known: its length, or -1: it did not fit. */
  settle(): number {
    const { writer } = this;
    const size = writer.bytes.length - writer.at;
    writer.bytes.copyWithin(0, writer.at);
    return writer.overflow ? -1 : size;
  }
}

export function kindOf({ lib }: KeyWorld, key: bigint): KeyKind {
  const kind = lib.keyKind(key);
  return kind === RSA || kind === RSA_PSS ? 'rsa' : kind === EC ? 'ec' : 'other';
}

/** Contexts of a key that are freed with it. */
class Contexts {
  readonly all: bigint[] = [];
  readonly #lib: Functions;
  readonly #key: bigint;

  constructor(lib: Functions, key: bigint) {
    this.#lib = lib;
    this.#key = key;
  }

  /** 0n: the key can't be used so. */
  make(prepare: (context: bigint) => boolean): bigint {
    const context = this.#lib.contextNew(this.#key, NULL);
    const isGood = context !== NULL && prepare(context);
    if (!isGood && context !== NULL) this.#lib.contextFree(context);
    if (isGood) this.all.push(context);
    else this.#lib.clearErrors();
    return isGood ? context : NULL;
  }

  free(): void {
    for (const context of this.all) this.#lib.contextFree(context);
    this.all.length = 0;
  }
}

export class OpenSslPublicKey implements PublicKey {
  readonly kind: KeyKind;
  readonly #world: KeyWorld;
  readonly #key: bigint;
  readonly #contexts: Contexts;
  /** By signature, then by digest. */
  readonly #ways: readonly (readonly bigint[])[];

  /** Takes the key over. */
  constructor(world: KeyWorld, key: bigint) {
    const { lib } = world;
    this.#world = world;
    this.#key = key;
    this.kind = kindOf(world, key);
    const contexts = new Contexts(lib, key);
    this.#contexts = contexts;
    const row = (signature: SignatureValue): bigint[] =>
      [lib.sha256(), lib.sha384(), lib.sha512()].map((digest) => contexts.make((made) => this.#prepare(made, signature, digest)));
    this.#ways = [row(Signature.rsa), row(Signature.pss), row(Signature.ecdsa)];
    world.open++;
  }

  #prepare(context: bigint, signature: SignatureValue, digest: bigint): boolean {
    const { lib } = this.#world;
    if ((signature === Signature.ecdsa) !== (this.kind === 'ec') || this.kind === 'other') return false;
    if (lib.verifyInit(context) !== 1) return false;
    if (signature !== Signature.ecdsa && lib.setPadding(context, signature === Signature.pss ? PSS : PKCS1) !== 1) return false;
    if (lib.setDigest(context, digest) !== 1) return false;
    return signature !== Signature.pss || (lib.setSaltLength(context, ANY_SALT) === 1 && lib.setMaskDigest(context, digest) === 1);
  }

  verify(signature: SignatureValue, bits: DigestBits, length: number): boolean {
    const { lib, areas } = this.#world;
    const context = (this.#ways[signature] as bigint[])[(bits - 256) >> 7] as bigint;
    if (context === NULL) return false;
    const isGood =
      signature === Signature.ecdsa
        ? this.#verifyPair(context, bits, length)
        : this.#verify(context, bits, areas.signature.pointer, length);
    if (!isGood) lib.clearErrors();
    return isGood;
  }

  #verify(context: bigint, bits: DigestBits, at: bigint, length: number): boolean {
    const { lib, areas } = this.#world;
    return lib.verify(context, at, length, areas.digest.pointer, bits >> 3, 0, 0) === 1;
  }

  /** OpenSSL wants r and s in DER. */
  #verifyPair(context: bigint, bits: DigestBits, length: number): boolean {
    const world = this.#world;
    if (length % 2 === 1 || length > 2 * MOST_HALF) return false;
    world.writer.signature(world.areas.signature.bytes, length);
    return this.#verify(context, bits, world.der.pointer, world.settle());
  }

  free(): void {
    this.#contexts.free();
    this.#world.lib.keyFree(this.#key);
    this.#world.open--;
  }
}

export class OpenSslPrivateKey implements PrivateKey {
  readonly kind: KeyKind;
  readonly size: number;
  readonly #world: KeyWorld;
  readonly #key: bigint;
  readonly #contexts: Contexts;
  /** By padding. */
  readonly #decrypting: readonly bigint[];
  readonly #deriving: bigint;
  /** The other side's point is put into it. */
  readonly #peer: bigint;

  /** Takes the key over. @throws Error if it is too short or too long */
  constructor(world: KeyWorld, key: bigint) {
    const { lib } = world;
    const bits = lib.keyBits(key);
    if (bits < LEAST_BITS || bits > MOST_RSA_BITS) {
      lib.keyFree(key);
      throw new Error(`the key has ${bits} bits, not ${LEAST_BITS} to ${MOST_RSA_BITS}`);
    }
    this.#world = world;
    this.#key = key;
    this.kind = kindOf(world, key);
    this.size = (bits + 7) >> 3;
    this.#contexts = new Contexts(lib, key);
    const paddings = this.kind === 'rsa' ? [Padding.pkcs1, Padding.oaep, Padding.oaep256] : [];
    this.#decrypting = paddings.map((padding) => this.#contexts.make((context) => this.#prepare(context, padding)));
    this.#deriving = this.kind === 'ec' ? this.#contexts.make((context) => lib.deriveInit(context) === 1) : NULL;
    this.#peer = this.#deriving === NULL ? NULL : lib.keyNew();
    if (this.#peer !== NULL) lib.keyCopyParameters(this.#peer, key);
    world.open++;
  }

  #prepare(context: bigint, padding: PaddingValue): boolean {
    const { lib } = this.#world;
    if (lib.decryptInit(context) !== 1 || lib.setPadding(context, padding === Padding.pkcs1 ? PKCS1 : OAEP) !== 1) return false;
    if (padding === Padding.pkcs1) return true;
    const digest = padding === Padding.oaep ? lib.sha1() : lib.sha256();
    return lib.setOaepDigest(context, digest) === 1 && lib.setMaskDigest(context, digest) === 1;
  }

  decrypt(padding: PaddingValue, length: number): number {
    const { lib, areas } = this.#world;
    const context = this.#decrypting[padding] ?? NULL;
    if (context === NULL || length !== this.size) return -1;
    const size = areas.size;
    size.words[0] = MOST_INPUT;
    size.words[1] = 0;
    if (lib.decrypt(context, areas.output.pointer, size.pointer, areas.signature.pointer, length, 0, 0) === 1) return size.words[0];
    lib.clearErrors();
    return -1;
  }

  agree(): number {
    const { lib, areas, der } = this.#world;
    if (this.#peer === NULL) return -1;
    der.bytes[0] = UNCOMPRESSED;
    for (let at = 0; at < 2 * this.size; at++) der.bytes[at + 1] = areas.input.bytes[at] as number;
    const size = areas.size;
    size.words[0] = MOST_INPUT;
    size.words[1] = 0;
    const isGood =
      lib.keySetPoint(this.#peer, der.pointer, 2 * this.size + 1) === 1 &&
      lib.setPeer(this.#deriving, this.#peer) === 1 &&
      lib.derive(this.#deriving, areas.output.pointer, size.pointer) === 1;
    if (isGood) return size.words[0];
    lib.clearErrors();
    return -1;
  }

  free(): void {
    const { lib } = this.#world;
    this.#contexts.free();
    if (this.#peer !== NULL) lib.keyFree(this.#peer);
    lib.keyFree(this.#key);
    this.#world.open--;
  }
}
