/**
 * Session tickets under keys of one's own (RFC 5077 4): several, so that they can be changed on several nodes one after another. The
 * second of three encrypts, all are accepted. It must not know where keys come from.
 */
import { type Area, ownArea, viewAt } from '../ffi.ts';
import * as lib from './library.ts';

const NULL = 0n;
/** Of SSL_CTX_callback_ctrl. */
const SET_TICKET_CALLBACK = 72;
const NAME = 16;
const LONGEST_KEY = 32;
/** What the callback answers: the ticket's key is unknown; fine; fine, and a new ticket is wanted. */
const UNKNOWN = 0;
const FINE = 1;
const RENEW = 2;

class TicketKey {
  readonly name: Uint8Array;
  readonly cipher: Area;
  readonly mac: Area;
  readonly macLength: number;
  readonly isLong: boolean;

  /** 48 bytes: name, AES-128 key, MAC key; 80: name, MAC key, AES-256 key, as HAProxy reads them. */
  constructor(bytes: Uint8Array) {
    this.isLong = bytes.length === 80;
    this.macLength = this.isLong ? 32 : 16;
    this.name = bytes.slice(0, NAME);
    const first = bytes.slice(NAME, NAME + this.macLength);
    const second = bytes.slice(NAME + this.macLength);
    this.cipher = ownArea(LONGEST_KEY);
    this.mac = ownArea(LONGEST_KEY);
    this.cipher.bytes.set(this.isLong ? second : first);
    this.mac.bytes.set(this.isLong ? first : second);
  }
}

/** Keys that contexts share, and that may be changed while they are used. */
export class TicketRing {
  keys: readonly TicketKey[];

  /** @param keys three, of one size */
  constructor(keys: readonly Uint8Array[]) {
    this.keys = keys.map((bytes) => new TicketKey(bytes));
  }

  replace(keys: readonly Uint8Array[]): void {
    this.keys = keys.map((bytes) => new TicketKey(bytes));
  }
}

/** Whose handshake runs, and the keys of its context. */
export interface TicketUser {
  readonly number: number;
  readonly current: { readonly ring: TicketRing | null } | null;
}

/** One callback per thread, never released. */
const callbacks = new Map<number, bigint>();

/** Tickets of the context are under the ring that `current` of `library` has while its handshakes run. */
export function rotateTickets(library: TicketUser, context: bigint): void {
  const known = callbacks.get(library.number);
  const callback =
    known ??
    lib.ticketCallback((name, vector, cipher, mac, encrypts) => {
      const keys = library.current?.ring?.keys ?? [];
      const sealing = keys[1];
      if (sealing === undefined) return UNKNOWN;
      return encrypts ? seal(sealing, name, vector, cipher, mac) : open(keys, name, vector, cipher, mac);
    });
  callbacks.set(library.number, callback);
  lib.contextCallback(context, SET_TICKET_CALLBACK, callback);
}

function seal(key: TicketKey, name: bigint, vector: bigint, cipher: bigint, mac: bigint): number {
  if (lib.randomBytes(vector, NAME) !== 1) return -1;
  new Uint8Array(viewAt(name, NAME)).set(key.name);
  if (lib.encryptBegin(cipher, cipherOf(key), NULL, key.cipher.pointer, vector) !== 1) return -1;
  return beginMac(key, mac) ? FINE : -1;
}

function open(known: readonly TicketKey[], name: bigint, vector: bigint, cipher: bigint, mac: bigint): number {
  const wanted = new Uint8Array(viewAt(name, NAME));
  const key = known.find((each) => each.name.every((byte, at) => byte === wanted[at]));
  if (key === undefined) return UNKNOWN;
  if (!beginMac(key, mac) || lib.decryptBegin(cipher, cipherOf(key), NULL, key.cipher.pointer, vector) !== 1) return -1;
  return key === known[1] ? FINE : RENEW;
}

function cipherOf(key: TicketKey): bigint {
  return key.isLong ? lib.aes256() : lib.aes128();
}

function beginMac(key: TicketKey, mac: bigint): boolean {
  return lib.macBegin(mac, key.mac.pointer, key.macLength, lib.sha256(), NULL) === 1;
}
