/**
 * Certificates made while a client waits (`generate-certificates`): for the name that it asks for, with a key that is there already,
 * signed by an authority whose key is. So one costs one signature. It must not know who asks.
 */
import { area, ownArea } from '../ffi.ts';
import { lendText } from './lending.ts';
import * as lib from './library.ts';
import type { Native } from './pem.ts';

const NULL = 0n;
const DAY_S = 86_400n;
/** From yesterday on, for clients whose clock is behind; for a year, as HAProxy. */
const FROM_S = -DAY_S;
const UNTIL_S = 365n * DAY_S;
/** RFC 5280 4.1.2.1: version 3. */
const VERSION_3 = 2n;
/** MBSTRING_ASC */
const TEXT = 0x1001;
/** RFC 5280, upper bounds: longer names stand among the alternative ones only. */
const LONGEST_COMMON_NAME = 64;
/** Room for an X509V3_CTX, which is a few pointers long. */
const CONTEXT_BYTES = 256;
/** NID_… of basic_constraints, subject_key_identifier, authority_key_identifier, key_usage. */
const EXTENSIONS: readonly (readonly [number, string])[] = [
  [87, 'CA:FALSE'],
  [82, 'hash'],
  [90, 'keyid,issuer:always'],
  [83, 'nonRepudiation,digitalSignature,keyEncipherment'],
];
const ALTERNATIVE_NAME = 85;

export interface Signer {
  readonly certificate: Native;
  readonly key: Native;
}

/** Random serial numbers: at most 63 bits, so that they are positive. */
const serial = area(8);

/** A certificate for a name (letters, digits, dots, hyphens, stars), which the caller frees; null: it can't be made. @param key of the certificate */
export function forge(name: string, key: Native, signer: Signer): Native | null {
  lib.errClear();
  const made = lib.certificateNew();
  if (made === NULL) return null;
  if (fill(made, name, key, signer) && lib.certificateSign(made, signer.key, digestOf(signer.key)) > 0) return made;
  lib.errClear();
  lib.certificateFree(made);
  return null;
}

function fill(made: Native, name: string, key: Native, signer: Signer): boolean {
  const authority = lib.certificateSubject(signer.certificate);
  lib.randomBytes(serial.pointer, 8);
  serial.bytes[7] = (serial.bytes[7] as number) & 0x7f;
  const number = new BigUint64Array(serial.bytes.buffer)[0] as bigint;
  return (
    lib.certificateVersion(made, VERSION_3) === 1 &&
    lib.integerSet(lib.certificateSerial(made), number) === 1 &&
    lib.timeFromNow(lib.certificateFrom(made), FROM_S) !== NULL &&
    lib.timeFromNow(lib.certificateUntil(made), UNTIL_S) !== NULL &&
    lib.certificateSetKey(made, key) === 1 &&
    lib.certificateSetIssuer(made, authority) === 1 &&
    lib.certificateSetSubject(made, authority) === 1 &&
    addCommonName(made, name) &&
    extend(made, name, signer)
  );
}

/** The subject is the authority's, with the name, as HAProxy makes it. */
function addCommonName(made: Native, name: string): boolean {
  if (name.length > LONGEST_COMMON_NAME) return true;
  return lendText(name, (at) => lib.nameAdd(lib.certificateSubject(made), 'CN', TEXT, at, -1, -1, 0)) === 1;
}

function extend(made: Native, name: string, signer: Signer): boolean {
  const { pointer } = ownContext;
  lib.extensionContext(pointer, signer.certificate, made, NULL, NULL, 0);
  for (let at = 0; at < EXTENSIONS.length; at++) {
    const [kind, value] = EXTENSIONS[at] as readonly [number, string];
    if (!addExtension(made, pointer, kind, value)) return false;
  }
  return addExtension(made, pointer, ALTERNATIVE_NAME, `DNS:${name}`);
}

const ownContext = ownArea(CONTEXT_BYTES);

function addExtension(made: Native, context: bigint, kind: number, value: string): boolean {
  const extension = lib.extensionOf(NULL, context, kind, value);
  if (extension === NULL) return false;
  const added = lib.certificateExtend(made, extension, -1) === 1;
  lib.extensionFree(extension);
  return added;
}

/** Ed25519 and Ed448 sign without a digest of their own choice. */
function digestOf(key: Native): bigint {
  return lib.textAt(lib.keyType(key)).startsWith('ED') ? NULL : lib.sha256();
}
