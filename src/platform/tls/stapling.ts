/**
 * A response of an OCSP server, stapled to handshakes with clients that ask for it (RFC 6066 8). It must not know where responses come
 * from, nor judge them; one that has expired is not shown.
 */
import { addressOf } from '../ffi.ts';
import * as lib from './library.ts';

const NULL = 0n;
/** Of SSL_CTX_callback_ctrl and SSL_ctrl. */
const SET_STATUS_CALLBACK = 63;
const SET_STATUS_RESPONSE = 71;

export interface Response {
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970; Infinity: it says no end. */
  readonly untilMs: number;
}

/** Whose handshake runs, and what its context staples. */
export interface Stapling {
  readonly number: number;
  readonly current: { readonly response: Response | null } | null;
}

/** One callback per thread, never released: responses change without one. */
const callbacks = new Map<number, bigint>();

/** The context shows what `current` of `library` says while its handshakes run. */
export function staple(library: Stapling, context: bigint): void {
  const known = callbacks.get(library.number);
  const callback = known ?? lib.statusCallback((ssl) => show(ssl, library.current?.response ?? null));
  callbacks.set(library.number, callback);
  lib.contextCallback(context, SET_STATUS_CALLBACK, callback);
}

/** OpenSSL frees what it is given: it gets a copy. */
function show(ssl: bigint, response: Response | null): boolean {
  if (response === null || Date.now() > response.untilMs) return false;
  const { buffer, byteOffset, length } = response.bytes;
  const copy = lib.duplicate(addressOf(buffer as ArrayBuffer) + BigInt(byteOffset), BigInt(length), NULL, 0);
  if (copy === NULL) return false;
  lib.sslControl(ssl, SET_STATUS_RESPONSE, BigInt(length), copy);
  return true;
}
