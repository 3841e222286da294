/**
 * Session tickets under keys of one's own (RFC 5077 4): several, so that they can be changed on several nodes one after another. The
 * second of three encrypts, all are accepted. It must not know where keys come from.
 */
import { type Area, area, viewAt } from '../ffi.ts';
import * as lib from './library.ts';

const NULL = 0n;
/** Of SSL_CTX_callback_ctrl. */
const SET_TICKET_CALLBACK = 72;
const NAME = 16;
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
    this.cipher = area(32);
    this.mac = area(32);
    this.cipher.bytes.set(this.isLong ? second : first);
    this.mac.bytes.set(this.isLong ? first : second);
  }
}

/** @param keys three, of one size */
export function rotateTickets(context: bigint, keys: readonly Uint8Array[]): void {
  const known = keys.map((bytes) => new TicketKey(bytes));
  const callback = lib.ticketCallback((name, vector, cipher, mac, encrypts) =>
    encrypts ? seal(known[1] as TicketKey, name, vector, cipher, mac) : open(known, name, vector, cipher, mac),
  );
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
