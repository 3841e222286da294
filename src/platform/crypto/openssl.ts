/**
 * The contract of this folder over the OpenSSL that the node binary exports. One per thread. It must not know tokens.
 */
import type { Digest } from '../../base/digest.ts';
import { addressOf } from '../ffi.ts';
import { Ciphers, RoomAreas } from './ciphers.ts';
import type { Crypto, Curve, KeyBits, ModeValue, PrivateKey, PublicKey, Rooms } from './contract.ts';
import { digestNamed } from './digests.ts';
import { functions } from './functions.ts';
import { KeyWorld, OpenSslPrivateKey, OpenSslPublicKey } from './keys.ts';

const NULL = 0n;
/** EVP_PKEY_RSA, EVP_PKEY_EC */
const RSA = 6;
const EC = 408;
/** Bytes of the longest public exponent: OpenSSL's own bound for long keys. */
const MOST_EXPONENT = 8;
/** Bytes that a factor may have more than half of the modulus. */
const MOST_UNEVEN = 8;
/** Their object identifiers in DER (RFC 5480 2.1.1.1), and how many bytes a coordinate has. */
const CURVES: Readonly<Record<Curve, { readonly oid: Uint8Array; readonly size: number }>> = {
  'P-256': { oid: Uint8Array.of(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7), size: 32 },
  'P-384': { oid: Uint8Array.of(6, 5, 0x2b, 0x81, 4, 0, 34), size: 48 },
  'P-521': { oid: Uint8Array.of(6, 5, 0x2b, 0x81, 4, 0, 35), size: 66 },
};

let opened: Crypto | undefined;

/** This thread's. @throws Error that names what this build of Node lacks */
export function openCrypto(): Crypto {
  opened ??= new OpenSslCrypto();
  return opened;
}

class OpenSslCrypto implements Crypto {
  readonly rooms: Rooms;
  readonly #ciphers: Ciphers;
  readonly #world: KeyWorld;
  /** Where the address of DER bytes stands. */
  readonly #at = new BigUint64Array(new ArrayBuffer(8));

  constructor() {
    const areas = new RoomAreas();
    this.rooms = areas.rooms;
    this.#ciphers = new Ciphers(areas);
    this.#world = new KeyWorld(functions(), areas);
  }

  get open(): number {
    return this.#world.open;
  }

  newDigest(name: string): Digest | null {
    return digestNamed(name);
  }

  encrypt(mode: ModeValue, bits: KeyBits, vectorLength: number, additionalLength: number, inputLength: number): number {
    return this.#ciphers.run(mode, bits, true, vectorLength, additionalLength, inputLength);
  }

  decrypt(mode: ModeValue, bits: KeyBits, vectorLength: number, additionalLength: number, inputLength: number): number {
    return this.#ciphers.run(mode, bits, false, vectorLength, additionalLength, inputLength);
  }

  publicKey(pem: Uint8Array): PublicKey {
    const { lib } = this.#world;
    const key = readWith(pem, (bio) => lib.readPublic(bio, NULL, NULL, NULL)) || this.#certified(pem);
    lib.clearErrors();
    if (key === NULL) throw new Error('there is neither a public key nor a certificate in it');
    return new OpenSslPublicKey(this.#world, key);
  }

  /** The key of a certificate; 0n: there is none. */
  #certified(pem: Uint8Array): bigint {
    const { lib } = this.#world;
    const certificate = readWith(pem, (bio) => lib.readCertificate(bio, NULL, NULL, NULL));
    if (certificate === NULL) return NULL;
    const key = lib.certificateKey(certificate);
    lib.certificateFree(certificate);
    return key;
  }

  privateKey(pem: Uint8Array): PrivateKey {
    const { lib } = this.#world;
    const text = Buffer.from(pem).toString('latin1');
    // OpenSSL would ask the terminal for a passphrase.
    if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) throw new Error('the private key is encrypted');
    const key = readWith(pem, (bio) => lib.readPrivate(bio, NULL, NULL, NULL));
    lib.clearErrors();
    if (key === NULL) throw new Error('there is no private key in it');
    return new OpenSslPrivateKey(this.#world, key);
  }

  rsaKey(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, mostBits: number): PrivateKey | null {
    if (!isBounded(bytes, starts, ends, mostBits)) return null;
    this.#world.writer.rsaKey(bytes, starts, ends);
    return this.#written(RSA);
  }

  ecKey(curve: Curve, bytes: Uint8Array, starts: Int32Array, ends: Int32Array): PrivateKey | null {
    const { oid, size } = CURVES[curve];
    this.#world.writer.ecKey(oid, size, bytes, starts, ends);
    return this.#written(EC);
  }

  /** The key that was written as DER. hot-ok: once per key */
  #written(type: number): PrivateKey | null {
    const { lib, der, writer } = this.#world;
    const size = this.#world.settle();
    this.#at[0] = der.pointer;
    const key = size < 0 ? NULL : lib.keyOfDer(type, NULL, addressOf(this.#at.buffer), BigInt(size));
    writer.bytes.fill(0);
    lib.clearErrors();
    try {
      return key === NULL ? null : new OpenSslPrivateKey(this.#world, key);
    } catch {
      return null;
    }
  }
}

/**
 * Whether the numbers have sizes that an RSA key has. Who makes up a key may give it a public exponent as long as the modulus, or factors
 * of its size: OpenSSL would take them, and each use would take seconds.
 */
function isBounded(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, mostBits: number): boolean {
  const modulus = sizeOf(bytes, starts, ends, 0);
  if (modulus > mostBits >> 3 || sizeOf(bytes, starts, ends, 1) > MOST_EXPONENT || sizeOf(bytes, starts, ends, 2) > modulus) return false;
  const most = (modulus >> 1) + MOST_UNEVEN;
  for (let index = 3; index < starts.length; index++) if (sizeOf(bytes, starts, ends, index) > most) return false;
  return true;
}

/** Bytes of a number without zeros before it. */
function sizeOf(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, index: number): number {
  let start = starts[index] as number;
  const end = ends[index] as number;
  while (start < end && bytes[start] === 0) start++;
  return end - start;
}

/** Bytes must not be empty, and are copied: a small typed array may be moved while C reads it. */
function readWith(pem: Uint8Array, read: (bio: bigint) => bigint): bigint {
  const lib = functions();
  const copy = new Uint8Array(new ArrayBuffer(Math.max(64, pem.length + 1)));
  copy.set(pem);
  const bio = lib.bioOver(addressOf(copy.buffer), pem.length);
  const found = read(bio);
  lib.bioFree(bio);
  copy.fill(0);
  return found;
}
