/**
 * What a server's context needs beside certificate and key: parameters for DHE ciphers, and timestamps of certificate transparency.
 * It must not know where they come from.
 */
import { addressOf } from '../ffi.ts';
import { lend } from './lending.ts';
import * as lib from './library.ts';
import { type Native, withBio } from './pem.ts';

const NULL = 0n;
/** Groups of RFC 7919, by their size in bits. */
const GROUPS = [8192, 6144, 4096, 3072, 2048] as const;
const SMALLEST = 2048;

/** The parameters of DHE ciphers in a PEM text; null: there are none. @throws Error if they can't be read */
export function dhParametersOf(pem: Uint8Array): Native | null {
  if (!/-----BEGIN (?:X9\.42 )?DH PARAMETERS-----/.test(Buffer.from(pem).toString('latin1'))) return null;
  const found = withBio(pem, (bio) => lib.readParameters(bio, NULL));
  const reason = lib.takeError();
  if (found === NULL) throw new Error(`the DH parameters can't be read: ${reason}`);
  return found;
}

export function freeDhParameters(parameters: Native): void {
  lib.keyFree(parameters);
}

const groups = new Map<number, Native>();

/** A known group (RFC 7919) of at most as many bits; never fewer than 2048. They are made once a thread. */
export function dhGroup(mostBits: number): Native {
  const bits = GROUPS.find((size) => size <= mostBits) ?? SMALLEST;
  const known = groups.get(bits);
  if (known !== undefined) return known;
  const made = makeGroup(`ffdhe${bits}`);
  groups.set(bits, made);
  return made;
}

function makeGroup(name: string): Native {
  const maker = lib.keyMaker(NULL, 'DH', NULL);
  const cell = new BigUint64Array(new ArrayBuffer(128));
  const done =
    lib.parametersBegin(maker) === 1 && lib.parametersGroup(maker, name) === 1 && lib.parametersMake(maker, addressOf(cell.buffer)) === 1;
  lib.keyMakerFree(maker);
  if (!done) throw new Error(`the group ${name} can't be made: ${lib.takeError()}`);
  return cell[0] as bigint;
}

/** DHE ciphers of the context use them. @throws Error if OpenSSL finds them too weak */
export function useDhParameters(context: bigint, parameters: Native): void {
  // The context takes a reference over.
  lib.keyShare(parameters);
  if (lib.contextDh(context, parameters) === 1) return;
  lib.keyFree(parameters);
  throw new Error(`the DH parameters are refused: ${lib.takeError()}`);
}

/** Of the key that a certificate certifies; 0: unknown. */
export function keyBitsOf(certificate: Native): number {
  return Math.max(0, lib.keyBits(lib.certificateKey(certificate)));
}

/** SSL_SERVERINFOV2, and what stands in front of an extension in that form: SSL_EXT_CLIENT_HELLO, TLS1_2_SERVER_HELLO, TLS1_3_CERTIFICATE, IGNORE_ON_RESUMPTION. */
const SERVER_INFO = 2;
const WHERE = 0x0080 | 0x0100 | 0x1000 | 0x0040;
/** signed_certificate_timestamp (RFC 6962 3.3.1). */
const TIMESTAMPS = 18;

/** Clients that ask for it are told a list of signed certificate timestamps. The context must have its certificate. */
export function tellTimestamps(context: bigint, list: Uint8Array): void {
  const bytes = new Uint8Array(list.length + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, WHERE);
  view.setUint16(4, TIMESTAMPS);
  view.setUint16(6, list.length);
  bytes.set(list, 8);
  if (lend(bytes, (at) => lib.contextServerInfo(context, SERVER_INFO, at, BigInt(bytes.length))) === 1) return;
  throw new Error(`the list of certificate timestamps is refused: ${lib.takeError()}`);
}
