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
const BRACKET = 91;
const CLOSING_BRACKET = 93;
/** Zero-terminated; spaces and parentheses are in no name of a host. */
const NO_SUCH_NAME = Buffer.from('(no name of a host)\0', 'latin1');
/** What `sslMark` says of a connection whose session nobody else may go on with. */
const OWN_SESSION = 1n;

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
  /** Nobody has sent early data with it: servers take that once (RFC 8446 8.1). */
  #isFresh = false;

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

  /**
   * Prepares a connection to the server called [start, end) of the memory. False: it can't be made.
   * A name that can't be told (an address, a text that is no name) is still what the certificate must have, as with HAProxy; `verifyhost`
   * counts instead if there is one.
   */
  address(ssl: bigint, start: number, end: number): boolean {
    const kind = this.#read(start, end);
    if (kind === NameKind.host) lib.sslControl(ssl, SET_SERVER_NAME, BigInt(HOST_NAME), this.#name.pointer); // hot-ok: once per connection
    if (this.#verifies && !this.#expect(ssl, kind)) return false;
    // A session that goes on is not verified again, and it is kept by the name that is told: these are told none.
    if (this.#verifies && this.#verifyHost === null && kind > NameKind.host) return lib.sslMark(ssl, 0, OWN_SESSION) === 1;
    if (this.#session !== NULL && this.#sessionName === lib.textAt(lib.sslName(ssl, HOST_NAME))) lib.sslUseSession(ssl, this.#session);
    return true;
  }

  /** How many bytes may be sent early on a connection that `address` has prepared just now; 0: none. */
  mostEarly(ssl: bigint): number {
    if (!this.#isFresh || this.#session === NULL || lib.sslSession(ssl) !== this.#session) return 0;
    this.#isFresh = false;
    return lib.sessionMaxEarly(this.#session);
  }

  /** Copies a name to where OpenSSL reads it: an address without its brackets; what can't be a name becomes what no certificate has. */
  #read(start: number, end: number): number {
    const { bytes } = this.#memory;
    const kind = kindOf(bytes, start, end);
    const name = this.#name.bytes;
    if (kind === NameKind.unusable) name.set(NO_SUCH_NAME);
    else if (kind !== NameKind.none) {
      const cut = bytes[start] === BRACKET ? 1 : 0;
      name.set(bytes.subarray(start + cut, end - cut)); // hot-ok: once per connection
      name[end - start - cut * 2] = 0;
    }
    return kind;
  }

  /** OpenSSL takes a text that is an address for one, and looks for it among those of the certificate. */
  #expect(ssl: bigint, kind: number): boolean {
    if (kind === NameKind.host || (kind !== NameKind.none && this.#verifyHost === null)) return lib.sslHost(ssl, this.#name.pointer) === 1;
    return this.#verifyHost === null || lib.sslHost(ssl, this.#verifyHost.pointer) === 1;
  }

  keep(ssl: bigint, session: bigint): boolean {
    if (lib.sslMarkOf(ssl, 0) === OWN_SESSION) return false;
    if (this.#session !== NULL) lib.sessionFree(this.#session);
    this.#session = session;
    this.#isFresh = true;
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

/** Above `host`: names that are not told. */
const NameKind = { none: 0, host: 1, address: 2, unusable: 3 } as const;

/** Addresses are no names of servers (RFC 6066 3), nor is what holds bytes that no name has. */
function kindOf(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start) return NameKind.none;
  if (end - start > LONGEST_NAME) return NameKind.unusable;
  let isAddress = true;
  let hasColon = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte <= 32 || byte >= 127) return NameKind.unusable;
    if (byte === COLON) hasColon = true;
    else if (byte !== DOT && (byte < 48 || byte > 57)) isAddress = false;
  }
  if (bytes[start] === BRACKET) return bytes[end - 1] === CLOSING_BRACKET && end - start > 2 ? NameKind.address : NameKind.unusable;
  return isAddress || hasColon ? NameKind.address : NameKind.host;
}

function textArea(text: string): Area {
  const made = ownArea(text.length + 1);
  made.bytes.set(Buffer.from(text, 'latin1'));
  return made;
}
