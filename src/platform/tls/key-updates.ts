/**
 * How often peers change their keys (KeyUpdate, RFC 8446 4.6.3), where the configuration limits it: OpenSSL tells of each state that its
 * machine goes through while it reads. It must not know limits.
 */
import * as lib from './library.ts';

/** SSL_CB_LOOP in what OpenSSL says: a state has been reached. */
const LOOP = 1;

/** A thread's library. */
interface Library {
  readonly number: number;
  /** Whose bytes are being read. */
  readonly current: { readonly ssl: bigint; keyUpdates: number } | null;
}

const callbacks = new Map<number, bigint>();

/** Has connections of a context count the updates of their peers. One callback per library and thread: they are never released. */
export function countKeyUpdates(library: Library, context: bigint): void {
  const made =
    callbacks.get(library.number) ??
    lib.infoCallback((ssl, where) => {
      if ((where & LOOP) === 0 || !isUpdate(lib.sslState(ssl), ssl)) return;
      const { current } = library;
      if (current !== null && current.ssl === ssl) current.keyUpdates++;
    });
  callbacks.set(library.number, made);
  lib.contextInfo(context, made);
}

const Kind = { unknown: 0, update: 1, other: 2 } as const;
/** By OpenSSL's number of a state, which is its own: found by the state's name when it is seen first. */
const kinds: number[] = [];

/** A message with which the peer changes its keys has been read. */
function isUpdate(state: number, ssl: bigint): boolean {
  const kind = kinds[state] ?? Kind.unknown;
  if (kind !== Kind.unknown) return kind === Kind.update;
  while (kinds.length <= state) kinds.push(Kind.unknown);
  // TLS 1.3, read, of the client or of the server, key update.
  const isOne = /^TR[CS]KU$/.test(lib.textAt(lib.sslStateName(ssl)));
  kinds[state] = isOne ? Kind.update : Kind.other;
  return isOne;
}
