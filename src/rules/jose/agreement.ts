/**
 * Keys that sender and receiver agree on (RFC 7518 4.6): a secret from a point in the header, and the key that is derived from it
 * (NIST SP 800-56A 5.8.1, with SHA-256). It must not know what the key is for.
 */
import type { Digest } from '../../base/digest.ts';
import type { Memory } from '../../base/memory.ts';
import { type Crypto, type Curve, MOST_INPUT, type PrivateKey } from '../../platform/crypto/contract.ts';
import { NameList } from './compact.ts';
import { JsonFields, pathTo } from './fields.ts';
import { sha2 } from './signed.ts';

const CURVES: readonly Curve[] = ['P-256', 'P-384', 'P-521'];
/** Bytes of a coordinate. */
const SIZES = [32, 48, 66];
/** Of SHA-256. */
const DIGEST = 32;

export class KeyAgreement {
  /** The key, after `derive`. */
  readonly derived = new Uint8Array(2 * DIGEST);
  readonly #memory: Memory;
  readonly #crypto: Crypto;
  readonly #fields: JsonFields;
  readonly #curves: NameList;
  readonly #crv;
  readonly #x;
  readonly #y;
  readonly #apu;
  readonly #apv;
  readonly #digest: Digest;
  readonly #secret = new Uint8Array(66);
  #secretLength = 0;

  constructor(memory: Memory, crypto: Crypto) {
    this.#memory = memory;
    this.#crypto = crypto;
    this.#digest = sha2(crypto, 256);
    this.#fields = new JsonFields(memory);
    this.#curves = new NameList(memory, CURVES);
    this.#crv = pathTo(memory, 'epk.crv');
    this.#x = pathTo(memory, 'epk.x');
    this.#y = pathTo(memory, 'epk.y');
    this.#apu = pathTo(memory, 'apu');
    this.#apv = pathTo(memory, 'apv');
  }

  /** Finds the secret of the key and the point `epk` of the header [start, end); false: they do not fit. */
  agree(key: PrivateKey, start: number, end: number): boolean {
    const fields = this.#fields;
    const { input, output } = this.#crypto.rooms;
    if (key.kind !== 'ec' || !fields.find(start, end, this.#crv)) return false;
    const { size } = key;
    if (SIZES[this.#curves.find(fields.start, fields.end)] !== size) return false;
    if (fields.decode(start, end, this.#x, input, 0) !== size || fields.decode(start, end, this.#y, input, size) !== 2 * size) return false;
    const length = key.agree();
    if (length < 0 || length > this.#secret.length) return false;
    for (let at = 0; at < length; at++) this.#secret[at] = output[at] as number;
    output.fill(0, 0, length);
    this.#secretLength = length;
    return true;
  }

  /** Derives a key of `size` bytes for an algorithm with this name, which lies in memory; false: the header [start, end) is wrong. */
  derive(name: number, nameLength: number, size: number, start: number, end: number): boolean {
    for (let round = 1; (round - 1) * DIGEST < size; round++) {
      const length = this.#compose(round, name, nameLength, size, start, end);
      this.#digest.reset();
      this.#digest.update(this.#crypto.rooms.input, 0, Math.max(0, length));
      if (length < 0 || !this.#digest.finish(this.derived, (round - 1) * DIGEST)) return false;
    }
    this.#secret.fill(0);
    return true;
  }

  /** The round's number, the secret, and what binds the key: name, both parties, length (RFC 7518 4.6.2). */
  #compose(round: number, name: number, nameLength: number, size: number, start: number, end: number): number {
    const { bytes } = this.#memory;
    const { input } = this.#crypto.rooms;
    let to = this.#number(round, 0);
    for (let at = 0; at < this.#secretLength; at++) input[to++] = this.#secret[at] as number;
    to = this.#number(nameLength, to);
    for (let at = 0; at < nameLength; at++) input[to++] = bytes[name + at] as number;
    to = this.#party(this.#apu, start, end, to);
    to = to < 0 ? to : this.#party(this.#apv, start, end, to);
    return to < 0 || to + 4 > MOST_INPUT ? -1 : this.#number(size * 8, to);
  }

  /** One of the two parties with its length before it; nobody if the header does not name it. */
  #party(path: ReturnType<typeof pathTo>, start: number, end: number, at: number): number {
    if (!this.#fields.find(start, end, path)) return this.#number(0, at);
    const stop = this.#fields.decode(start, end, path, this.#crypto.rooms.input, at + 4);
    if (stop >= 0) this.#number(stop - at - 4, at);
    return stop;
  }

  #number(value: number, at: number): number {
    const { input } = this.#crypto.rooms;
    for (let index = 0; index < 4; index++) input[at + index] = value >>> (24 - 8 * index);
    return at + 4;
  }
}
