/**
 * The OpenSSL that the node binary exports, bound through node:ffi. Loaded only when a configuration uses TLS. Raw addresses
 * stay in this folder. It must not know wires or configurations.
 *
 * Functions that are called per record have three arguments at most: those are the cheap ones (see ../ffi.ts).
 */
import ffi from 'node:ffi';

const library = new ffi.DynamicLibrary(null);

const I = 'int32';
const L = 'int64';
const P = 'pointer';

/** What a build of Node lacks: named in the message that refuses TLS. */
const missing: string[] = [];

export type Kind = 'int32' | 'uint32' | 'int64' | 'uint64' | 'pointer' | 'string';

/** A function of the library; one that is absent is recorded, and must not be called. */
export function bound<F>(name: string, args: readonly Kind[], result: Kind | 'void'): F {
  try {
    return library.getFunction(name, { arguments: [...args], return: result }) as unknown as F;
  } catch {
    missing.push(name);
    return undefined as unknown as F;
  }
}

type Pointer = bigint;

// Library and errors
export const errClear = bound<() => void>('ERR_clear_error', [], 'void');
export const errGet = bound<() => bigint>('ERR_get_error', [], 'uint64');
export const errPeekLast = bound<() => bigint>('ERR_peek_last_error', [], 'uint64');
/** The error in words to a room, with a zero behind it. */
export const errText = bound<(code: bigint, into: Pointer, length: bigint) => void>('ERR_error_string_n', ['uint64', P, 'uint64'], 'void');
export const errReason = bound<(code: bigint) => Pointer>('ERR_reason_error_string', ['uint64'], P);
export const versionNumber = bound<() => bigint>('OpenSSL_version_num', [], 'uint64');

// Memory BIOs
export const bioNew = bound<(method: Pointer) => Pointer>('BIO_new', [P], P);
export const bioMemory = bound<() => Pointer>('BIO_s_mem', [], P);
/** A BIO that reads `length` bytes at an address where they are. */
export const bioOver = bound<(at: Pointer, length: number) => Pointer>('BIO_new_mem_buf', [P, I], P);
export const bioRead = bound<(bio: Pointer, into: Pointer, length: number) => number>('BIO_read', [P, P, I], I);
export const bioWrite = bound<(bio: Pointer, from: Pointer, length: number) => number>('BIO_write', [P, P, I], I);
export const bioControl = bound<(bio: Pointer, command: number, number: bigint, at: Pointer) => bigint>('BIO_ctrl', [P, I, L, P], L);
export const bioFree = bound<(bio: Pointer) => number>('BIO_free', [P], I);
export const bioShare = bound<(bio: Pointer) => number>('BIO_up_ref', [P], I);

// Contexts
export const serverMethod = bound<() => Pointer>('TLS_server_method', [], P);
export const clientMethod = bound<() => Pointer>('TLS_client_method', [], P);
export const contextNew = bound<(method: Pointer) => Pointer>('SSL_CTX_new', [P], P);
export const contextFree = bound<(context: Pointer) => void>('SSL_CTX_free', [P], 'void');
export const contextControl = bound<(context: Pointer, command: number, number: bigint, at: Pointer) => bigint>(
  'SSL_CTX_ctrl',
  [P, I, L, P],
  L,
);
export const contextOptions = bound<(context: Pointer, options: bigint) => bigint>('SSL_CTX_set_options', [P, 'uint64'], 'uint64');
export const contextCiphers = bound<(context: Pointer, list: string) => number>('SSL_CTX_set_cipher_list', [P, 'string'], I);
export const contextSuites = bound<(context: Pointer, list: string) => number>('SSL_CTX_set_ciphersuites', [P, 'string'], I);
export const contextCertificate = bound<(context: Pointer, certificate: Pointer) => number>('SSL_CTX_use_certificate', [P, P], I);
export const contextKey = bound<(context: Pointer, key: Pointer) => number>('SSL_CTX_use_PrivateKey', [P, P], I);
export const contextCheckKey = bound<(context: Pointer) => number>('SSL_CTX_check_private_key', [P], I);
export const contextVerify = bound<(context: Pointer, mode: number, callback: Pointer) => void>('SSL_CTX_set_verify', [P, I, P], 'void');
export const contextDepth = bound<(context: Pointer, depth: number) => void>('SSL_CTX_set_verify_depth', [P, I], 'void');
export const contextStore = bound<(context: Pointer) => Pointer>('SSL_CTX_get_cert_store', [P], P);
export const contextAlpnChoice = bound<(context: Pointer, callback: Pointer, argument: Pointer) => void>(
  'SSL_CTX_set_alpn_select_cb',
  [P, P, P],
  'void',
);
export const contextAlpnOffer = bound<(context: Pointer, list: Pointer, length: number) => number>('SSL_CTX_set_alpn_protos', [P, P, I], I);
/** How long sessions may be gone on with, in seconds. */
export const contextTimeout = bound<(context: Pointer, seconds: bigint) => bigint>('SSL_CTX_set_timeout', [P, L], L);
export const contextKeyLog = bound<(context: Pointer, callback: Pointer) => void>('SSL_CTX_set_keylog_callback', [P, P], 'void');
export const contextSessionName = bound<(context: Pointer, name: Pointer, length: number) => number>(
  'SSL_CTX_set_session_id_context',
  [P, P, I],
  I,
);
/** Tells of new sessions; the callback's answer 1 keeps the session's reference. */
export const contextNewSession = bound<(context: Pointer, callback: Pointer) => void>('SSL_CTX_sess_set_new_cb', [P, P], 'void');
/** Asks for a session by its identifier; tells of one that must not be used any more. */
export const contextWantedSession = bound<(context: Pointer, callback: Pointer) => void>('SSL_CTX_sess_set_get_cb', [P, P], 'void');
export const contextBadSession = bound<(context: Pointer, callback: Pointer) => void>('SSL_CTX_sess_set_remove_cb', [P, P], 'void');
/** A session in bytes, as `certificateDer`; and back: from where the address behind `at` points. */
export const sessionBytes = bound<(session: Pointer, at: Pointer) => number>('i2d_SSL_SESSION', [P, P], I);
export const sessionFrom = bound<(into: Pointer, at: Pointer, length: bigint) => Pointer>('d2i_SSL_SESSION', [P, P, L], P);
export const sslVersionNumber = bound<(ssl: Pointer) => number>('SSL_version', [P], I);
export const contextCallback = bound<(context: Pointer, command: number, callback: Pointer) => bigint>(
  'SSL_CTX_callback_ctrl',
  [P, I, P],
  L,
);
/** A copy that OpenSSL may free; the last two arguments name a place in a source file. */
export const duplicate = bound<(at: Pointer, length: bigint, file: Pointer, line: number) => Pointer>(
  'CRYPTO_memdup',
  [P, 'uint64', P, I],
  P,
);
export const randomBytes = bound<(into: Pointer, length: number) => number>('RAND_bytes', [P, I], I);
type CipherBegin = (context: Pointer, cipher: Pointer, engine: Pointer, key: Pointer, vector: Pointer) => number;
export const encryptBegin = bound<CipherBegin>('EVP_EncryptInit_ex', [P, P, P, P, P], I);
export const decryptBegin = bound<CipherBegin>('EVP_DecryptInit_ex', [P, P, P, P, P], I);
export const aes128 = bound<() => Pointer>('EVP_aes_128_cbc', [], P);
export const aes256 = bound<() => Pointer>('EVP_aes_256_cbc', [], P);
export const sha256 = bound<() => Pointer>('EVP_sha256', [], P);
export const macBegin = bound<(context: Pointer, key: Pointer, length: number, digest: Pointer, engine: Pointer) => number>(
  'HMAC_Init_ex',
  [P, P, I, P, P],
  I,
);
export const contextDefaultPaths = bound<(context: Pointer) => number>('SSL_CTX_set_default_verify_paths', [P], I);
export const contextClientNames = bound<(context: Pointer, certificate: Pointer) => number>('SSL_CTX_add_client_CA', [P, P], I);

/** Tells of states that connections go through. */
export const contextInfo = bound<(context: Pointer, callback: Pointer) => void>('SSL_CTX_set_info_callback', [P, P], 'void');

// Connections
/** The state's number, and its name of a few letters. */
export const sslState = bound<(ssl: Pointer) => number>('SSL_get_state', [P], I);
export const sslStateName = bound<(ssl: Pointer) => Pointer>('SSL_state_string', [P], P);
export const sslNew = bound<(context: Pointer) => Pointer>('SSL_new', [P], P);
export const sslContext = bound<(ssl: Pointer) => Pointer>('SSL_get_SSL_CTX', [P], P);
export const sslFree = bound<(ssl: Pointer) => void>('SSL_free', [P], 'void');
export const sslBios = bound<(ssl: Pointer, read: Pointer, write: Pointer) => void>('SSL_set_bio', [P, P, P], 'void');
export const sslAccept = bound<(ssl: Pointer) => void>('SSL_set_accept_state', [P], 'void');
export const sslConnect = bound<(ssl: Pointer) => void>('SSL_set_connect_state', [P], 'void');
export const sslHandshake = bound<(ssl: Pointer) => number>('SSL_do_handshake', [P], I);
export const sslRead = bound<(ssl: Pointer, into: Pointer, length: number) => number>('SSL_read', [P, P, I], I);
export const sslWrite = bound<(ssl: Pointer, from: Pointer, length: number) => number>('SSL_write', [P, P, I], I);
/** Early data: SSL_READ_EARLY_DATA_…, and how many bytes to `count`. */
export const sslReadEarly = bound<(ssl: Pointer, into: Pointer, length: bigint, count: Pointer) => number>(
  'SSL_read_early_data',
  [P, P, 'uint64', P],
  I,
);
/** Before the handshake is done. */
export const sslWriteEarly = bound<(ssl: Pointer, from: Pointer, length: bigint, count: Pointer) => number>(
  'SSL_write_early_data',
  [P, P, 'uint64', P],
  I,
);
/** SSL_EARLY_DATA_NOT_SENT, …_REJECTED, …_ACCEPTED. */
export const sslEarlyStatus = bound<(ssl: Pointer) => number>('SSL_get_early_data_status', [P], I);
export const sessionMaxEarly = bound<(session: Pointer) => number>('SSL_SESSION_get_max_early_data', [P], 'uint32');
export const contextMaxEarly = bound<(context: Pointer, bytes: number) => number>('SSL_CTX_set_max_early_data', [P, 'uint32'], I);
export const sslError = bound<(ssl: Pointer, result: number) => number>('SSL_get_error', [P, I], I);
export const sslShutdown = bound<(ssl: Pointer) => number>('SSL_shutdown', [P], I);
export const sslControl = bound<(ssl: Pointer, command: number, number: bigint, at: Pointer) => bigint>('SSL_ctrl', [P, I, L, P], L);
export const sslHost = bound<(ssl: Pointer, name: Pointer) => number>('SSL_set1_host', [P, P], I);
/** A value of our own at a connection, at index 0: OpenSSL leaves that to its user. */
export const sslMark = bound<(ssl: Pointer, index: number, value: Pointer) => number>('SSL_set_ex_data', [P, I, P], I);
export const sslMarkOf = bound<(ssl: Pointer, index: number) => Pointer>('SSL_get_ex_data', [P, I], P);
export const sslVerifyResult = bound<(ssl: Pointer) => bigint>('SSL_get_verify_result', [P], L);
export const sslVersion = bound<(ssl: Pointer) => Pointer>('SSL_get_version', [P], P);
export const sslCipher = bound<(ssl: Pointer) => Pointer>('SSL_get_current_cipher', [P], P);
export const cipherName = bound<(cipher: Pointer) => Pointer>('SSL_CIPHER_get_name', [P], P);
/** The cipher of two bytes at an address; 0n: none of this library. */
export const cipherFind = bound<(ssl: Pointer, at: Pointer) => Pointer>('SSL_CIPHER_find', [P, P], P);
export const cipherBits = bound<(cipher: Pointer, algorithm: Pointer) => number>('SSL_CIPHER_get_bits', [P, P], I);
export const sslResumed = bound<(ssl: Pointer) => number>('SSL_session_reused', [P], I);
export const sslAlpn = bound<(ssl: Pointer, at: Pointer, length: Pointer) => void>('SSL_get0_alpn_selected', [P, P, P], 'void');
export const sslName = bound<(ssl: Pointer, type: number) => Pointer>('SSL_get_servername', [P, I], P);
/** Copies a text of C, cut to a room with the zero behind it. */
export const copyText = bound<(to: Pointer, from: Pointer, room: bigint) => void>('OPENSSL_strlcpy', [P, P, 'uint64'], 'void');
export const sslOwnCertificate = bound<(ssl: Pointer) => Pointer>('SSL_get_certificate', [P], P);
export const sslPeerChain = bound<(ssl: Pointer) => Pointer>('SSL_get_peer_cert_chain', [P], P);
/** Of a peer whose certificate was looked at, from its own to the authority; 0n: none, also when a session goes on. */
export const sslVerifiedChain = bound<(ssl: Pointer) => Pointer>('SSL_get0_verified_chain', [P], P);
export const sslClientRandom = bound<(ssl: Pointer, into: Pointer, length: bigint) => bigint>(
  'SSL_get_client_random',
  [P, P, 'uint64'],
  'uint64',
);
export const sslServerRandom = bound<(ssl: Pointer, into: Pointer, length: bigint) => bigint>(
  'SSL_get_server_random',
  [P, P, 'uint64'],
  'uint64',
);
export const sslFinished = bound<(ssl: Pointer, into: Pointer, length: bigint) => bigint>('SSL_get_finished', [P, P, 'uint64'], 'uint64');
export const sslPeerFinished = bound<(ssl: Pointer, into: Pointer, length: bigint) => bigint>(
  'SSL_get_peer_finished',
  [P, P, 'uint64'],
  'uint64',
);
export const sslGroup = bound<(ssl: Pointer) => Pointer>('SSL_get0_group_name', [P], P);
export const sslSession = bound<(ssl: Pointer) => Pointer>('SSL_get_session', [P], P);
export const sessionId = bound<(session: Pointer, length: Pointer) => Pointer>('SSL_SESSION_get_id', [P, P], P);
export const sessionSecret = bound<(session: Pointer, into: Pointer, length: bigint) => bigint>(
  'SSL_SESSION_get_master_key',
  [P, P, 'uint64'],
  'uint64',
);
export const sslPeerCertificate = bound<(ssl: Pointer) => Pointer>('SSL_get0_peer_certificate', [P], P);
export const sslTakeSession = bound<(ssl: Pointer) => Pointer>('SSL_get1_session', [P], P);
export const sslUseSession = bound<(ssl: Pointer, session: Pointer) => number>('SSL_set_session', [P, P], I);
export const sessionFree = bound<(session: Pointer) => void>('SSL_SESSION_free', [P], 'void');

// Certificates and keys
/** Writes DER where the address behind `at` points, and moves that address; how many bytes. `at` 0n: only how many. */
export const certificateDer = bound<(certificate: Pointer, at: Pointer) => number>('i2d_X509', [P, P], I);
export const stackLength = bound<(stack: Pointer) => number>('OPENSSL_sk_num', [P], I);
export const stackItem = bound<(stack: Pointer, index: number) => Pointer>('OPENSSL_sk_value', [P, I], P);
export const storeError = bound<(context: Pointer) => number>('X509_STORE_CTX_get_error', [P], I);
export const storeErrorDepth = bound<(context: Pointer) => number>('X509_STORE_CTX_get_error_depth', [P], I);
export const readCertificate = bound<(bio: Pointer, into: Pointer, password: Pointer) => Pointer>('PEM_read_bio_X509', [P, P, P], P);
export const readKeyCall = bound<(bio: Pointer, into: Pointer, callback: Pointer, argument: Pointer) => Pointer>(
  'PEM_read_bio_PrivateKey',
  [P, P, P, P],
  P,
);
export const readRevocations = bound<(bio: Pointer, into: Pointer, password: Pointer) => Pointer>('PEM_read_bio_X509_CRL', [P, P, P], P);
export const certificateFree = bound<(certificate: Pointer) => void>('X509_free', [P], 'void');
export const revocationsFree = bound<(list: Pointer) => void>('X509_CRL_free', [P], 'void');
export const keyFree = bound<(key: Pointer) => void>('EVP_PKEY_free', [P], 'void');
export const storeCertificate = bound<(store: Pointer, certificate: Pointer) => number>('X509_STORE_add_cert', [P, P], I);
export const storeRevocations = bound<(store: Pointer, list: Pointer) => number>('X509_STORE_add_crl', [P, P], I);
export const storeFlags = bound<(store: Pointer, flags: bigint) => number>('X509_STORE_set_flags', [P, 'uint64'], I);
export const verifyText = bound<(code: bigint) => Pointer>('X509_verify_cert_error_string', [L], P);
export const certificateIssued = bound<(issuer: Pointer, subject: Pointer) => number>('X509_check_issued', [P, P], I);
export const certificateShare = bound<(certificate: Pointer) => number>('X509_up_ref', [P], I);
/** The key that it certifies: not counted. */
export const certificateKey = bound<(certificate: Pointer) => Pointer>('X509_get0_pubkey', [P], P);
export const keyShare = bound<(key: Pointer) => number>('EVP_PKEY_up_ref', [P], I);
export const keyBits = bound<(key: Pointer) => number>('EVP_PKEY_get_bits', [P], I);

// Certificates that are made
export const certificateNew = bound<() => Pointer>('X509_new', [], P);
export const certificateVersion = bound<(certificate: Pointer, version: bigint) => number>('X509_set_version', [P, L], I);
export const certificateSerial = bound<(certificate: Pointer) => Pointer>('X509_get_serialNumber', [P], P);
export const integerSet = bound<(integer: Pointer, value: bigint) => number>('ASN1_INTEGER_set_uint64', [P, 'uint64'], I);
export const certificateFrom = bound<(certificate: Pointer) => Pointer>('X509_getm_notBefore', [P], P);
export const certificateUntil = bound<(certificate: Pointer) => Pointer>('X509_getm_notAfter', [P], P);
export const timeFromNow = bound<(time: Pointer, seconds: bigint) => Pointer>('X509_gmtime_adj', [P, L], P);
export const certificateSetKey = bound<(certificate: Pointer, key: Pointer) => number>('X509_set_pubkey', [P, P], I);
export const certificateSubject = bound<(certificate: Pointer) => Pointer>('X509_get_subject_name', [P], P);
export const certificateSetSubject = bound<(certificate: Pointer, name: Pointer) => number>('X509_set_subject_name', [P, P], I);
export const certificateSetIssuer = bound<(certificate: Pointer, name: Pointer) => number>('X509_set_issuer_name', [P, P], I);
type NameAdd = (name: Pointer, field: string, type: number, text: Pointer, length: number, place: number, set: number) => number;
export const nameAdd = bound<NameAdd>('X509_NAME_add_entry_by_txt', [P, 'string', I, P, I, I, I], I);
type ExtensionContext = (context: Pointer, issuer: Pointer, subject: Pointer, request: Pointer, list: Pointer, flags: number) => void;
export const extensionContext = bound<ExtensionContext>('X509V3_set_ctx', [P, P, P, P, P, I], 'void');
export const extensionOf = bound<(table: Pointer, context: Pointer, kind: number, value: string) => Pointer>(
  'X509V3_EXT_conf_nid',
  [P, P, I, 'string'],
  P,
);
export const extensionFree = bound<(extension: Pointer) => void>('X509_EXTENSION_free', [P], 'void');
export const certificateExtend = bound<(certificate: Pointer, extension: Pointer, place: number) => number>('X509_add_ext', [P, P, I], I);
export const certificateSign = bound<(certificate: Pointer, key: Pointer, digest: Pointer) => number>('X509_sign', [P, P, P], I);
export const keyType = bound<(key: Pointer) => Pointer>('EVP_PKEY_get0_type_name', [P], P);
export const sslUseCertificate = bound<(ssl: Pointer, certificate: Pointer) => number>('SSL_use_certificate', [P, P], I);

// Parameters, timestamps, providers
export const readParameters = bound<(bio: Pointer, into: Pointer) => Pointer>('PEM_read_bio_Parameters', [P, P], P);
export const keyMaker = bound<(library: Pointer, name: string, properties: Pointer) => Pointer>(
  'EVP_PKEY_CTX_new_from_name',
  [P, 'string', P],
  P,
);
export const keyMakerFree = bound<(maker: Pointer) => void>('EVP_PKEY_CTX_free', [P], 'void');
export const parametersBegin = bound<(maker: Pointer) => number>('EVP_PKEY_paramgen_init', [P], I);
export const parametersGroup = bound<(maker: Pointer, name: string) => number>('EVP_PKEY_CTX_set_group_name', [P, 'string'], I);
export const parametersMake = bound<(maker: Pointer, into: Pointer) => number>('EVP_PKEY_paramgen', [P, P], I);
export const contextDh = bound<(context: Pointer, parameters: Pointer) => number>('SSL_CTX_set0_tmp_dh_pkey', [P, P], I);
export const contextSecurity = bound<(context: Pointer, level: number) => void>('SSL_CTX_set_security_level', [P, I], 'void');
export const contextServerInfo = bound<(context: Pointer, version: number, at: Pointer, length: bigint) => number>(
  'SSL_CTX_use_serverinfo_ex',
  [P, 'uint32', P, 'uint64'],
  I,
);
export const providerPath = bound<(library: Pointer, path: string) => number>('OSSL_PROVIDER_set_default_search_path', [P, 'string'], I);
export const providerLoad = bound<(library: Pointer, name: string) => Pointer>('OSSL_PROVIDER_load', [P, 'string'], P);
export const defaultProperties = bound<(library: Pointer, query: string) => number>('EVP_set_default_properties', [P, 'string'], I);
export const privateKeyMatches = bound<(certificate: Pointer, key: Pointer) => number>('X509_check_private_key', [P, P], I);

/** OpenSSL's functions that this build of Node does not export. Empty: TLS works. */
export function missingFunctions(): readonly string[] {
  return missing;
}

/** The bytes at an address, up to a zero: constants of the library. '' for a null pointer. */
export function textAt(pointer: Pointer): string {
  return pointer === 0n ? '' : (ffi.toString(pointer) ?? '');
}

/** The reason of the oldest error in this thread's queue, which is emptied: "no start line"; '' if there is none. */
export function takeError(): string {
  const code = errGet();
  errClear();
  return code === 0n ? '' : textAt(errReason(code));
}

/**
 * Registers what OpenSSL asks while a server chooses an application protocol: offered protocols at `list`, the answer is
 * their offset and length, or -1 for none. It must not throw and is called on this thread only.
 */
export function alpnCallback(choose: (list: Uint8Array) => { at: number; length: number } | null): Pointer {
  return library.registerCallback({ arguments: [P, P, P, P, 'uint32', P], return: I }, (_ssl, out, outLength, list, length) => {
    const [outAt, lengthAt, listAt] = [out, outLength, list] as Pointer[] as [Pointer, Pointer, Pointer];
    const found = choose(new Uint8Array(ffi.toArrayBuffer(listAt, length as number, false)));
    if (found === null) return NO_ACKNOWLEDGE;
    new BigUint64Array(ffi.toArrayBuffer(outAt, 8, false))[0] = listAt + BigInt(found.at);
    new Uint8Array(ffi.toArrayBuffer(lengthAt, 1, false))[0] = found.length;
    return 0;
  }) as Pointer;
}

/**
 * Registers what OpenSSL asks for each certificate of a peer's chain: `judge` answers whether the handshake may go on. It must not
 * throw and is called on this thread only.
 */
export function verifyCallback(judge: (isGood: boolean, error: number, depth: number) => boolean): Pointer {
  return library.registerCallback({ arguments: [I, P], return: I }, (good, context) => {
    const isGood = good === 1;
    const goesOn = judge(isGood, isGood ? 0 : storeError(context as Pointer), storeErrorDepth(context as Pointer));
    if (goesOn && !isGood) errClear();
    return goesOn ? 1 : 0;
  }) as Pointer;
}

/** Registers who takes new sessions, with their reference; false: it stays OpenSSL's. It must not throw and is called on this thread only. */
export function sessionCallback(take: (ssl: Pointer, session: Pointer) => boolean): Pointer {
  return library.registerCallback({ arguments: [P, P], return: I }, (ssl, session) =>
    take(ssl as Pointer, session as Pointer) ? 1 : 0,
  ) as Pointer;
}

/** Registers who gets lines of secrets (`LABEL random secret`). It must not throw and is called on this thread only. */
export function keyLogCallback(take: (ssl: Pointer, line: string) => void): Pointer {
  return library.registerCallback({ arguments: [P, P], return: 'void' }, (ssl, line) =>
    take(ssl as Pointer, textAt(line as Pointer)),
  ) as Pointer;
}

/** Registers who hears of states that connections go through. It must not throw and is called on this thread only. */
export function infoCallback(hear: (ssl: Pointer, where: number) => void): Pointer {
  return library.registerCallback({ arguments: [P, I, I], return: 'void' }, (ssl, where) =>
    hear(ssl as Pointer, where as number),
  ) as Pointer;
}

/** Registers who keeps the bytes of new sessions. It must not throw and is called on this thread only. */
export function newSessionCallback(keep: (session: Pointer) => void): Pointer {
  return library.registerCallback({ arguments: [P, P], return: I }, (_ssl, session) => {
    keep(session as Pointer);
    return 0;
  }) as Pointer;
}

/** Registers who finds a session by its identifier; OpenSSL owns what is answered. It must not throw and is called on this thread only. */
export function wantedSessionCallback(find: (id: Pointer, length: number) => Pointer): Pointer {
  return library.registerCallback({ arguments: [P, P, I, P], return: P }, (_ssl, id, length, copy) => {
    // Nobody else holds it.
    new Int32Array(ffi.toArrayBuffer(copy as Pointer, 4, false))[0] = 0;
    return find(id as Pointer, length as number);
  }) as Pointer;
}

/** Registers who forgets sessions. It must not throw and is called on this thread only. */
export function badSessionCallback(forget: (session: Pointer) => void): Pointer {
  return library.registerCallback({ arguments: [P, P], return: 'void' }, (_context, session) => forget(session as Pointer)) as Pointer;
}

/** Registers who staples a response; false: none. It must not throw and is called on this thread only. */
export function statusCallback(staple: (ssl: Pointer) => boolean): Pointer {
  return library.registerCallback({ arguments: [P, P], return: I }, (ssl) => (staple(ssl as Pointer) ? 0 : NO_ACKNOWLEDGE)) as Pointer;
}

/** Registers who prepares a ticket's cipher and MAC. It must not throw and is called on this thread only. */
export function ticketCallback(
  prepare: (name: Pointer, vector: Pointer, cipher: Pointer, mac: Pointer, encrypts: boolean) => number,
): Pointer {
  return library.registerCallback({ arguments: [P, P, P, P, P, I], return: I }, (_ssl, name, vector, cipher, mac, encrypts) =>
    prepare(name as Pointer, vector as Pointer, cipher as Pointer, mac as Pointer, encrypts === 1),
  ) as Pointer;
}

/** SSL_TLSEXT_ERR_NOACK: the handshake goes on without a protocol. */
const NO_ACKNOWLEDGE = 3;
