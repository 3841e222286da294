/** OpenSSL's functions for OCSP (RFC 6960) and for printing: used by the control thread only. It must not know what they are for. */
import { bound } from './library.ts';

const I = 'int32';
const L = 'int64';
const P = 'pointer';
type Pointer = bigint;
type Read = (into: Pointer, at: Pointer, length: bigint) => Pointer;
type Write = (object: Pointer, at: Pointer) => number;
type Free = (object: Pointer) => void;
type Get = (object: Pointer) => Pointer;

export const sha1 = bound<() => Pointer>('EVP_sha1', [], P);
export const responderNames = bound<Get>('X509_get1_ocsp', [P], P);
export const namesFree = bound<Free>('X509_email_free', [P], 'void');

export const idOf = bound<(digest: Pointer, subject: Pointer, issuer: Pointer) => Pointer>('OCSP_cert_to_id', [P, P, P], P);
export const idRead = bound<Read>('d2i_OCSP_CERTID', [P, P, L], P);
export const idDer = bound<Write>('i2d_OCSP_CERTID', [P, P], I);
export const idFree = bound<Free>('OCSP_CERTID_free', [P], 'void');

export const requestNew = bound<() => Pointer>('OCSP_REQUEST_new', [], P);
/** The request owns the id from then on. */
export const requestAdd = bound<(request: Pointer, id: Pointer) => Pointer>('OCSP_request_add0_id', [P, P], P);
export const requestDer = bound<Write>('i2d_OCSP_REQUEST', [P, P], I);
export const requestFree = bound<Free>('OCSP_REQUEST_free', [P], 'void');

export const responseRead = bound<Read>('d2i_OCSP_RESPONSE', [P, P, L], P);
export const responseFree = bound<Free>('OCSP_RESPONSE_free', [P], 'void');
export const responseStatus = bound<(response: Pointer) => number>('OCSP_response_status', [P], I);
export const responsePrint = bound<(bio: Pointer, response: Pointer, flags: bigint) => number>('OCSP_RESPONSE_print', [P, P, 'uint64'], I);
export const basicOf = bound<Get>('OCSP_response_get1_basic', [P], P);
export const basicFree = bound<Free>('OCSP_BASICRESP_free', [P], 'void');
export const basicCount = bound<(basic: Pointer) => number>('OCSP_resp_count', [P], I);
export const basicSingle = bound<(basic: Pointer, index: number) => Pointer>('OCSP_resp_get0', [P, I], P);
export const basicVerify = bound<(basic: Pointer, certificates: Pointer, store: Pointer, flags: bigint) => number>(
  'OCSP_basic_verify',
  [P, P, P, 'uint64'],
  I,
);
export const singleId = bound<Get>('OCSP_SINGLERESP_get0_id', [P], P);
/** Its certificate's status; the times are written as addresses, 0 where there is none. */
export const singleStatus = bound<(single: Pointer, reason: Pointer, revoked: Pointer, from: Pointer, until: Pointer) => number>(
  'OCSP_single_get0_status',
  [P, P, P, P, P],
  I,
);
export const checkValidity = bound<(from: Pointer, until: Pointer, skewS: bigint, mostS: bigint) => number>(
  'OCSP_check_validity',
  [P, P, L, L],
  I,
);
/** Into a `struct tm`. */
export const timeFields = bound<(time: Pointer, into: Pointer) => number>('ASN1_TIME_to_tm', [P, P], I);

export const storeNew = bound<() => Pointer>('X509_STORE_new', [], P);
export const storeFree = bound<Free>('X509_STORE_free', [P], 'void');
export const stackNew = bound<() => Pointer>('OPENSSL_sk_new_null', [], P);
export const stackPush = bound<(stack: Pointer, item: Pointer) => number>('OPENSSL_sk_push', [P, P], I);
/** Of the stack alone. */
export const stackFree = bound<Free>('OPENSSL_sk_free', [P], 'void');
export const revocationsPrint = bound<(bio: Pointer, list: Pointer) => number>('X509_CRL_print', [P, P], I);
