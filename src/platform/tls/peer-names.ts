/**
 * How a client's connections begin: the name that the server is told (SNI) and whose certificate it must show, and the session
 * that is gone on with. One session is kept per context, for one name, as HAProxy keeps one per server and thread. It must not know
 * servers.
 */
import type { Memory } from '../../base/memory.ts';
import { type Area, ownArea } from '../ffi.ts';
import * as lib from './library.ts';

const NULL = 0n;
/** Of SSL_ctrl. */
const SET_SERVER_NAME = 55;
/** TLSEXT_NAMETYPE_host_name */
const HOST_NAME = 0;
/** Of SSL_CTX_ctrl; SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL: sessions go to the callback only. */
const SET_CACHE_MODE = 44;
const CACHE_OUTSIDE = 0x1n | 0x300n;
/** RFC 1035 2.3.4 */
const LONGEST_NAME = 255;
const DOT = 46;
const COLON = 58;

export interface PeerSettings {
  readonly verify: 'none' | 'optional' | 'required';
  readonly verifyHost?: string | null;
  readonly reusesSessions?: boolean;
}

export class PeerNames {
  readonly #memory: Memory;
  readonly #verifies: boolean;
  /** Zero-terminated; null: none. */
  readonly #verifyHost: Area | null;
  readonly #name = ownArea(LONGEST_NAME + 1);
  /** The session that was made last, and the name it was made for. */
  #session = NULL;
  #sessionName = '';

  readonly #context: bigint;

  constructor(memory: Memory, context: bigint, settings: PeerSettings) {
    this.#memory = memory;
    this.#context = context;
    this.#verifies = settings.verify !== 'none';
    const { verifyHost = null } = settings;
    this.#verifyHost = verifyHost === null ? null : textArea(verifyHost);
    if (settings.reusesSessions !== true) return;
    lib.contextControl(context, SET_CACHE_MODE, CACHE_OUTSIDE, NULL);
    keepers.set(context, this);
    callback ??= lib.sessionCallback((ssl, session) => keepers.get(lib.sslContext(ssl))?.keep(ssl, session) ?? false);
    lib.contextNewSession(context, callback);
  }

  /** Prepares a connection to the server called [start, end) of the memory. */
  address(ssl: bigint, start: number, end: number): void {
    const name = this.#name;
    const kind = kindOf(this.#memory.bytes, start, end);
    if (kind !== NameKind.none) {
      name.bytes.set(this.#memory.bytes.subarray(start, end)); // hot-ok: once per connection
      name.bytes[end - start] = 0;
    }
    if (kind === NameKind.host) lib.sslControl(ssl, SET_SERVER_NAME, BigInt(HOST_NAME), name.pointer); // hot-ok: once per connection
    if (this.#verifies) this.#expect(ssl, kind);
    if (this.#session !== NULL && this.#sessionName === lib.textAt(lib.sslName(ssl, HOST_NAME))) lib.sslUseSession(ssl, this.#session);
  }

  #expect(ssl: bigint, kind: number): void {
    if (kind === NameKind.host) lib.sslHost(ssl, this.#name.pointer);
    else if (this.#verifyHost !== null) lib.sslHost(ssl, this.#verifyHost.pointer);
  }

  keep(ssl: bigint, session: bigint): boolean {
    if (this.#session !== NULL) lib.sessionFree(this.#session);
    this.#session = session;
    this.#sessionName = lib.textAt(lib.sslName(ssl, HOST_NAME));
    return true;
  }

  /** Connections that are open may still get sessions: nobody takes them. */
  free(): void {
    keepers.delete(this.#context);
    if (this.#session !== NULL) lib.sessionFree(this.#session);
    this.#session = NULL;
  }
}

/** By context: who keeps its sessions. The one callback of this thread is never released. */
const keepers = new Map<bigint, PeerNames>();
let callback: bigint | null = null;

const NameKind = { none: 0, host: 1 } as const;

/** Addresses are no names of servers (RFC 6066 3), nor is what holds bytes that no name has. */
function kindOf(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > LONGEST_NAME) return NameKind.none;
  let isNumeric = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte <= 32 || byte >= 127 || byte === COLON || byte === 91) return NameKind.none;
    if (byte !== DOT && (byte < 48 || byte > 57)) isNumeric = false;
  }
  return isNumeric ? NameKind.none : NameKind.host;
}

function textArea(text: string): Area {
  const made = ownArea(text.length + 1);
  made.bytes.set(Buffer.from(text, 'latin1'));
  return made;
}
