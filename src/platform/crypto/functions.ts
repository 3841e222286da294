/**
 * Functions of the OpenSSL in the node binary for ciphers, digests and keys, bound when they are first asked for: most configurations
 * need none. Raw addresses stay in this folder. It must not know what they are called for.
 *
 * Calls with more than three arguments are declared with seven, which is cheaper (docs/decisions/2026-11-20-ffi-arguments.md). Lengths
 * are below 2^31 and non-negative, so a C `size_t` may be declared as 32 bits: both machines clear the upper half of a register.
 */
import ffi from 'node:ffi';

type Pointer = bigint;
type Kind = 'int32' | 'int64' | 'pointer' | 'string';

const I: Kind = 'int32';
const P: Kind = 'pointer';

export type Functions = ReturnType<typeof bindAll>;

let bound: Functions | undefined;

/** @throws Error that names what this build of Node does not export */
export function functions(): Functions {
  bound ??= bindAll();
  return bound;
}

function bindAll() {
  const library = new ffi.DynamicLibrary(null);
  const missing: string[] = [];
  const bind = <F>(name: string, args: readonly Kind[], result: Kind | 'void'): F => {
    try {
      return library.getFunction(name, { arguments: [...args], return: result }) as unknown as F;
    } catch {
      missing.push(name);
      return undefined as unknown as F;
    }
  };
  const made = { ...bindCiphers(bind), ...bindKeys(bind), ...bindReading(bind) };
  if (missing.length > 0) throw new Error(`these functions of OpenSSL are not exported by this Node: ${missing.join(', ')}`);
  return made;
}

type Bind = <F>(name: string, args: readonly Kind[], result: Kind | 'void') => F;

function bindCiphers(bind: Bind) {
  const constant = (name: string): (() => Pointer) => bind(name, [], P);
  return {
    clearErrors: bind<() => void>('ERR_clear_error', [], 'void'),
    cipherNew: bind<() => Pointer>('EVP_CIPHER_CTX_new', [], P),
    cipherReset: bind<(context: Pointer) => number>('EVP_CIPHER_CTX_reset', [P], I),
    cipherFlags: bind<(context: Pointer, flags: number) => void>('EVP_CIPHER_CTX_set_flags', [P, I], 'void'),
    /** context, cipher, engine, key, vector, encrypts */
    cipherInit: bind<(c: Pointer, cipher: Pointer, engine: Pointer, key: Pointer, vector: Pointer, way: number, x: number) => number>(
      'EVP_CipherInit_ex',
      [P, P, P, P, P, I, I],
      I,
    ),
    cipherControl: bind<(c: Pointer, command: number, number: number, at: Pointer, x: number, y: number, z: number) => number>(
      'EVP_CIPHER_CTX_ctrl',
      [P, I, I, P, I, I, I],
      I,
    ),
    cipherUpdate: bind<(c: Pointer, out: Pointer, length: Pointer, from: Pointer, size: number, x: number, y: number) => number>(
      'EVP_CipherUpdate',
      [P, P, P, P, I, I, I],
      I,
    ),
    cipherFinal: bind<(c: Pointer, out: Pointer, length: Pointer) => number>('EVP_CipherFinal_ex', [P, P, P], I),
    digestByName: bind<(name: string) => Pointer>('EVP_get_digestbyname', ['string'], P),
    digestName: bind<(digest: Pointer) => Pointer>('EVP_MD_get0_name', [P], P),
    /** library, name, properties */
    digestFetch: bind<(library: Pointer, name: Pointer, properties: Pointer) => Pointer>('EVP_MD_fetch', [P, P, P], P),
    digestSize: bind<(digest: Pointer) => number>('EVP_MD_get_size', [P], I),
    digestBlockSize: bind<(digest: Pointer) => number>('EVP_MD_get_block_size', [P], I),
    digestNew: bind<() => Pointer>('EVP_MD_CTX_new', [], P),
    /** context, digest, engine */
    digestInit: bind<(context: Pointer, digest: Pointer, engine: Pointer) => number>('EVP_DigestInit_ex', [P, P, P], I),
    digestUpdate: bind<(context: Pointer, from: Pointer, size: number) => number>('EVP_DigestUpdate', [P, P, I], I),
    /** context, result, where its length goes */
    digestFinal: bind<(context: Pointer, out: Pointer, length: Pointer) => number>('EVP_DigestFinal_ex', [P, P, P], I),
    sha1: constant('EVP_sha1'),
    sha256: constant('EVP_sha256'),
    sha384: constant('EVP_sha384'),
    sha512: constant('EVP_sha512'),
    aes: {
      gcm: { 128: constant('EVP_aes_128_gcm'), 192: constant('EVP_aes_192_gcm'), 256: constant('EVP_aes_256_gcm') },
      cbc: { 128: constant('EVP_aes_128_cbc'), 192: constant('EVP_aes_192_cbc'), 256: constant('EVP_aes_256_cbc') },
      wrap: { 128: constant('EVP_aes_128_wrap'), 192: constant('EVP_aes_192_wrap'), 256: constant('EVP_aes_256_wrap') },
    },
  };
}

function bindKeys(bind: Bind) {
  type OnContext = (context: Pointer) => number;
  type WithNumber = (context: Pointer, number: number) => number;
  type WithPointer = (context: Pointer, at: Pointer) => number;
  return {
    contextNew: bind<(key: Pointer, engine: Pointer) => Pointer>('EVP_PKEY_CTX_new', [P, P], P),
    contextFree: bind<(context: Pointer) => void>('EVP_PKEY_CTX_free', [P], 'void'),
    verifyInit: bind<OnContext>('EVP_PKEY_verify_init', [P], I),
    decryptInit: bind<OnContext>('EVP_PKEY_decrypt_init', [P], I),
    deriveInit: bind<OnContext>('EVP_PKEY_derive_init', [P], I),
    setPadding: bind<WithNumber>('EVP_PKEY_CTX_set_rsa_padding', [P, I], I),
    setSaltLength: bind<WithNumber>('EVP_PKEY_CTX_set_rsa_pss_saltlen', [P, I], I),
    setDigest: bind<WithPointer>('EVP_PKEY_CTX_set_signature_md', [P, P], I),
    setMaskDigest: bind<WithPointer>('EVP_PKEY_CTX_set_rsa_mgf1_md', [P, P], I),
    setOaepDigest: bind<WithPointer>('EVP_PKEY_CTX_set_rsa_oaep_md', [P, P], I),
    /** context, signature, its length, digest, its length */
    verify: bind<(c: Pointer, signature: Pointer, length: number, digest: Pointer, size: number, x: number, y: number) => number>(
      'EVP_PKEY_verify',
      [P, P, I, P, I, I, I],
      I,
    ),
    /** context, result, where its length stands, bytes, their count */
    decrypt: bind<(c: Pointer, out: Pointer, length: Pointer, from: Pointer, size: number, x: number, y: number) => number>(
      'EVP_PKEY_decrypt',
      [P, P, P, P, I, I, I],
      I,
    ),
    setPeer: bind<WithPointer>('EVP_PKEY_derive_set_peer', [P, P], I),
    derive: bind<(c: Pointer, out: Pointer, length: Pointer) => number>('EVP_PKEY_derive', [P, P, P], I),
    keyNew: bind<() => Pointer>('EVP_PKEY_new', [], P),
    keyFree: bind<(key: Pointer) => void>('EVP_PKEY_free', [P], 'void'),
    keyCopyParameters: bind<(to: Pointer, from: Pointer) => number>('EVP_PKEY_copy_parameters', [P, P], I),
    keySetPoint: bind<(key: Pointer, at: Pointer, length: number) => number>('EVP_PKEY_set1_encoded_public_key', [P, P, I], I),
    keyKind: bind<(key: Pointer) => number>('EVP_PKEY_get_base_id', [P], I),
    keyBits: bind<(key: Pointer) => number>('EVP_PKEY_get_bits', [P], I),
  };
}

function bindReading(bind: Bind) {
  type Reader = (bio: Pointer, into: Pointer, callback: Pointer, argument: Pointer) => Pointer;
  return {
    bioOver: bind<(at: Pointer, length: number) => Pointer>('BIO_new_mem_buf', [P, I], P),
    bioFree: bind<(bio: Pointer) => number>('BIO_free', [P], I),
    readPublic: bind<Reader>('PEM_read_bio_PUBKEY', [P, P, P, P], P),
    readCertificate: bind<Reader>('PEM_read_bio_X509', [P, P, P, P], P),
    readPrivate: bind<Reader>('PEM_read_bio_PrivateKey', [P, P, P, P], P),
    certificateKey: bind<(certificate: Pointer) => Pointer>('X509_get_pubkey', [P], P),
    certificateFree: bind<(certificate: Pointer) => void>('X509_free', [P], 'void'),
    /** type, into, where the address of the bytes stands, their count */
    keyOfDer: bind<(type: number, into: Pointer, at: Pointer, length: bigint) => Pointer>('d2i_PrivateKey', [I, P, P, 'int64'], P),
  };
}
