/**
 * Keys as JSON (RFC 7517, RFC 7518 6): secrets, RSA keys and keys on NIST's curves. Those that come with requests are kept in a cache of
 * eight per thread, whose oldest is freed for a new one; so a peer that sends keys makes nothing grow. It must not know tokens.
 */
import type { Memory } from '../../base/memory.ts';
import { type Crypto, type Curve, EC_NUMBERS, MOST_SENT_RSA_BITS, type PrivateKey, RSA_NUMBERS } from '../../platform/crypto/contract.ts';
import { NameList } from './compact.ts';
import { JsonFields, pathTo } from './fields.ts';

/** Bytes of the longest key, as text: RSA with 8192 bits needs some 6 kB. */
export const MOST_JWK = 8192;
/** Bytes of the longest secret that an algorithm takes. */
export const MOST_SECRET = 64;
const CACHED = 8;

export class Jwk {
  readonly secret = new Uint8Array(MOST_SECRET);
  /** -1: it is no secret. */
  secretLength = -1;
  key: PrivateKey | null = null;

  free(): void {
    this.key?.free();
    this.key = null;
    this.secret.fill(0);
    this.secretLength = -1;
  }
}

const KINDS = ['oct', 'RSA', 'EC'] as const;
const CURVES: readonly Curve[] = ['P-256', 'P-384', 'P-521'];

export class JwkReader {
  readonly #crypto: Crypto;
  readonly #fields: JsonFields;
  readonly #kinds: NameList;
  readonly #curves: NameList;
  readonly #kty: ReturnType<typeof pathTo>;
  readonly #k: ReturnType<typeof pathTo>;
  readonly #crv: ReturnType<typeof pathTo>;
  readonly #rsa: readonly ReturnType<typeof pathTo>[];
  readonly #ec: readonly ReturnType<typeof pathTo>[];
  readonly #numbers = new Uint8Array(MOST_JWK);
  readonly #starts = new Int32Array(RSA_NUMBERS.length);
  readonly #ends = new Int32Array(RSA_NUMBERS.length);

  constructor(memory: Memory, crypto: Crypto) {
    this.#crypto = crypto;
    this.#fields = new JsonFields(memory);
    this.#kinds = new NameList(memory, KINDS);
    this.#curves = new NameList(memory, CURVES);
    this.#kty = pathTo(memory, 'kty');
    this.#k = pathTo(memory, 'k');
    this.#crv = pathTo(memory, 'crv');
    this.#rsa = RSA_NUMBERS.map((name) => pathTo(memory, name));
    this.#ec = EC_NUMBERS.map((name) => pathTo(memory, name));
  }

  /**
   * Fills an empty record with the key in [start, end); false: it is none, and the record stays empty. hot-ok: once per key
   * @param mostBits of an RSA key
   */
  read(into: Jwk, start: number, end: number, mostBits: number): boolean {
    const fields = this.#fields;
    if (!fields.find(start, end, this.#kty)) return false;
    switch (KINDS[this.#kinds.find(fields.start, fields.end)]) {
      case 'oct':
        into.secretLength = fields.decode(start, end, this.#k, into.secret, 0);
        return into.secretLength >= 0;
      case 'RSA':
        into.key = this.#decode(start, end, this.#rsa) ? this.#crypto.rsaKey(this.#numbers, this.#starts, this.#ends, mostBits) : null;
        break;
      case 'EC':
        into.key = this.#curveKey(start, end);
        break;
    }
    this.#numbers.fill(0);
    return into.key !== null;
  }

  #curveKey(start: number, end: number): PrivateKey | null {
    const fields = this.#fields;
    if (!fields.find(start, end, this.#crv)) return null;
    const curve = CURVES[this.#curves.find(fields.start, fields.end)];
    if (curve === undefined || !this.#decode(start, end, this.#ec)) return null;
    return this.#crypto.ecKey(curve, this.#numbers, this.#starts, this.#ends);
  }

  #decode(start: number, end: number, paths: readonly ReturnType<typeof pathTo>[]): boolean {
    let at = 0;
    for (let index = 0; index < paths.length; index++) {
      this.#starts[index] = at;
      at = this.#fields.decode(start, end, paths[index] as ReturnType<typeof pathTo>, this.#numbers, at);
      if (at < 0) return false;
      this.#ends[index] = at;
    }
    return true;
  }
}

class CachedJwk {
  readonly text = new Uint8Array(MOST_JWK);
  length = -1;
  lastUse = 0;
  readonly jwk = new Jwk();
}

export class JwkCache {
  readonly #bytes: Uint8Array;
  readonly #reader: JwkReader;
  readonly #entries: readonly CachedJwk[] = Array.from({ length: CACHED }, () => new CachedJwk());
  #uses = 0;

  constructor({ bytes }: Memory, reader: JwkReader) {
    this.#bytes = bytes;
    this.#reader = reader;
  }

  /** The key that [start, end) is; null: it is none, or too long. What is no key is remembered as well. */
  find(start: number, end: number): Jwk | null {
    if (end - start > MOST_JWK) return null;
    let oldest = this.#entries[0] as CachedJwk;
    for (let index = 0; index < CACHED; index++) {
      const entry = this.#entries[index] as CachedJwk;
      if (this.#holds(entry, start, end)) return this.#use(entry);
      if (entry.lastUse < oldest.lastUse) oldest = entry;
    }
    oldest.jwk.free();
    oldest.length = end - start;
    for (let at = start; at < end; at++) oldest.text[at - start] = this.#bytes[at] as number;
    this.#reader.read(oldest.jwk, start, end, MOST_SENT_RSA_BITS);
    return this.#use(oldest);
  }

  #use(entry: CachedJwk): Jwk | null {
    entry.lastUse = ++this.#uses;
    return entry.jwk.secretLength < 0 && entry.jwk.key === null ? null : entry.jwk;
  }

  #holds(entry: CachedJwk, start: number, end: number): boolean {
    if (entry.length !== end - start) return false;
    for (let at = start; at < end; at++) if (this.#bytes[at] !== entry.text[at - start]) return false;
    return true;
  }

  free(): void {
    for (let index = 0; index < CACHED; index++) {
      const entry = this.#entries[index] as CachedJwk;
      entry.jwk.free();
      entry.length = -1;
    }
  }
}
