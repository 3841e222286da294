/**
 * A response of an OCSP server, stapled to handshakes with clients that ask for it (RFC 6066 8). It must not know where responses come
 * from, nor judge them.
 */
import { addressOf } from '../ffi.ts';
import * as lib from './library.ts';

const NULL = 0n;
/** Of SSL_CTX_callback_ctrl and SSL_ctrl. */
const SET_STATUS_CALLBACK = 63;
const SET_STATUS_RESPONSE = 71;

/** The context shows this response. The bytes are copied: OpenSSL frees what it is given. */
export function staple(context: bigint, response: Uint8Array): void {
  const kept = new Uint8Array(new ArrayBuffer(Math.max(128, response.length)));
  kept.set(response);
  held.push(kept);
  const answer = lib.statusCallback((ssl) => {
    const copy = lib.duplicate(addressOf(kept.buffer), BigInt(response.length), NULL, 0);
    if (copy === NULL) return false;
    lib.sslControl(ssl, SET_STATUS_RESPONSE, BigInt(response.length), copy);
    return true;
  });
  lib.contextCallback(context, SET_STATUS_CALLBACK, answer);
}

/** Responses live as long as the thread: a raw address keeps nothing alive. */
const held: Uint8Array[] = [];
