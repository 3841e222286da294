/**
 * Sessions of clients that are kept here, because no ticket carries them (`no-tls-tickets`, clients that take none): found again by
 * their identifier, on every thread (`tune.ssl.cachesize`). OpenSSL keeps none itself. What a ticket carries costs nothing here.
 */
import { ByteCache, LONGEST_VALUE } from '../../base/byte-cache.ts';
import { viewAt } from '../ffi.ts';
import type { FactGround } from './facts.ts';
import * as lib from './library.ts';

const NULL = 0n;
const TLS_1_2 = 0x0303;
/** Of SSL_CTX_ctrl; SSL_SESS_CACHE_SERVER | NO_AUTO_CLEAR | NO_INTERNAL */
const SET_CACHE_MODE = 44;
const CACHE_OUTSIDE = 0x2n | 0x80n | 0x300n;

export class SessionCache {
  readonly #ground: FactGround;
  readonly #cache: ByteCache;
  readonly #onNew: bigint;
  readonly #onWanted: bigint;
  readonly #onBad: bigint;

  /** One per thread: its callbacks are never released. @param buffer see newByteCache */
  constructor(ground: FactGround, buffer: SharedArrayBuffer) {
    this.#ground = ground;
    this.#cache = new ByteCache(buffer);
    this.#onNew = lib.newSessionCallback((session) => this.#keep(session));
    this.#onWanted = lib.wantedSessionCallback((at, length) => this.#find(at, length));
    this.#onBad = lib.badSessionCallback((session) => this.#forget(session));
  }

  /** Connections of this context keep their sessions. @param tickets what else would carry them */
  serve(context: bigint, tickets: boolean): void {
    lib.contextControl(context, SET_CACHE_MODE, CACHE_OUTSIDE, NULL);
    lib.contextWantedSession(context, this.#onWanted);
    lib.contextBadSession(context, this.#onBad);
    // With tickets it would be told of each session that a ticket carries: see `keepAfter`.
    if (!tickets) lib.contextNewSession(context, this.#onNew);
  }

  /** A handshake is done with new keys, on a context with tickets: a client of TLS 1.2 may have taken none. */
  keepAfter(ssl: bigint): void {
    if (lib.sslVersionNumber(ssl) > TLS_1_2) return;
    const session = lib.sslSession(ssl);
    if (session !== NULL) this.#keep(session);
  }

  /** [start, end) of the identifier, in the thread's memory. */
  #id(session: bigint): { start: number; end: number } {
    const { cell, memory } = this.#ground;
    const at = lib.sessionId(session, cell.pointer);
    const length = cell.words[0] as number;
    return this.#copy(at, length, memory.scratch());
  }

  #copy(at: bigint, length: number, start: number): { start: number; end: number } {
    if (length > 0) this.#ground.memory.bytes.set(new Uint8Array(viewAt(at, length)), start);
    return { start, end: start + length }; // hot-ok: once a handshake without a ticket
  }

  #keep(session: bigint): void {
    const size = lib.sessionBytes(session, NULL);
    const id = this.#id(session);
    if (id.end === id.start || size <= 0 || size > LONGEST_VALUE) return;
    const { memory } = this.#ground;
    const start = memory.scratch();
    this.#point(start);
    lib.sessionBytes(session, this.#ground.cell.pointer);
    this.#cache.put(memory.bytes, id.start, id.end, start, start + size);
    memory.bytes.fill(0, start, start + size);
  }

  /** A session for OpenSSL to own; 0n: none. */
  #find(at: bigint, length: number): bigint {
    const { memory, cell } = this.#ground;
    const id = this.#copy(at, length, memory.scratch());
    const start = memory.scratch();
    const end = this.#cache.get(memory.bytes, id.start, id.end, start);
    if (end < 0) return NULL;
    this.#point(start);
    const session = lib.sessionFrom(NULL, cell.pointer, BigInt(end - start));
    memory.bytes.fill(0, start, end);
    return session;
  }

  /** It must not be gone on with: its connection has failed, or it was used up (TLS 1.3). */
  #forget(session: bigint): void {
    const id = this.#id(session);
    this.#cache.remove(this.#ground.memory.bytes, id.start, id.end);
  }

  /** Puts the address of a place of the memory where OpenSSL takes it from, and moves it. */
  #point(start: number): void {
    const { cell, baseNumber } = this.#ground;
    const address = baseNumber + start;
    cell.words[0] = address >>> 0;
    cell.words[1] = Math.floor(address / 0x1_0000_0000);
  }
}
