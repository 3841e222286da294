/**
 * The name that OpenSSL has of a client against the one by which its certificate was chosen. A hello that the program can't read, and
 * a second one behind a HelloRetryRequest (RFC 8446 4.1.2), might name somebody else: another line's rules would judge the client. It must
 * not know how certificates are chosen.
 */
import { area } from '../ffi.ts';
import { NOBODY } from './contract.ts';
import * as lib from './library.ts';

/** TLSEXT_NAMETYPE_host_name; TLSEXT_MAXLEN_host_name and the zero behind it. */
const HOST_NAME = 0;
const ROOM = 256;
const ROOM_BYTES = BigInt(ROOM);
const TLS_1_2 = 0x0303;

/** OpenSSL's name for a moment: engines are called one at a time. */
const name = area(ROOM);

/** @param asked in lower case; '': the client has asked for none; NOBODY: nothing will do */
export function isAskedName(ssl: bigint, asked: string): boolean {
  const at = lib.sslName(ssl, HOST_NAME);
  if (at === 0n) return asked === '' || (asked !== NOBODY && isOldSession(ssl));
  lib.copyText(name.pointer, at, ROOM_BYTES);
  const { bytes } = name;
  for (let index = 0; index < asked.length; index++) {
    const byte = bytes[index] as number;
    if ((byte >= 65 && byte <= 90 ? byte + 32 : byte) !== asked.charCodeAt(index)) return false;
  }
  return bytes[asked.length] === 0;
}

/**
 * Up to TLS 1.2 OpenSSL forgets the hello's name where a session goes on, and has that of the session, if any. Nor do rules see one;
 * and there is no second hello.
 */
function isOldSession(ssl: bigint): boolean {
  return lib.sslResumed(ssl) === 1 && lib.sslVersionNumber(ssl) <= TLS_1_2;
}
