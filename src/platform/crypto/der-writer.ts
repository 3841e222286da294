/**
 * Private keys and signatures as DER (ITU-T X.690), written into an area: the form in which OpenSSL takes them. It must not know OpenSSL.
 */

const INTEGER = 2;
const BIT_STRING = 3;
const OCTET_STRING = 4;
const SEQUENCE = 0x30;

/** Writes from the end of its bytes to the front: a length is known when its header is written. */
export class DerWriter {
  readonly bytes: Uint8Array;
  /** Where what is written begins. */
  at: number;
  /** More than fits was asked for: what is there is no value. */
  overflow = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = bytes.length;
  }

  reset(): void {
    this.at = this.bytes.length;
    this.overflow = false;
  }

  byte(value: number): void {
    if (this.at === 0) this.overflow = true;
    else this.bytes[--this.at] = value;
  }

  copy(from: Uint8Array, start: number, end: number): void {
    if (this.at < end - start) {
      this.overflow = true;
      return;
    }
    this.at -= end - start;
    for (let index = start; index < end; index++) this.bytes[this.at + index - start] = from[index] as number;
  }

  /** The header of what was written since `end`. */
  header(tag: number, end: number): void {
    const length = end - this.at;
    if (length >= 128) {
      let count = 0;
      for (let rest = length; rest > 0; rest >>= 8, count++) this.byte(rest & 255);
      this.byte(128 | count);
    } else this.byte(length);
    this.byte(tag);
  }

  /** A non-negative integer, big endian, with or without zeros before it. */
  integer(from: Uint8Array, start: number, end: number): void {
    let first = start;
    while (first < end - 1 && from[first] === 0) first++;
    const stop = this.at;
    this.copy(from, first, end);
    if (first === end || (from[first] as number) >= 128) this.byte(0);
    this.header(INTEGER, stop);
  }

  /** r and s of a signature (RFC 3279 2.2.3), which are the two halves of [0, length). */
  signature(from: Uint8Array, length: number): void {
    const half = length / 2;
    this.reset();
    const end = this.at;
    this.integer(from, half, length);
    this.integer(from, 0, half);
    this.header(SEQUENCE, end);
  }

  /** RSAPrivateKey (RFC 8017 A.1.2) of n, e, d, p, q, dp, dq, qi. */
  rsaKey(from: Uint8Array, starts: Int32Array, ends: Int32Array): void {
    this.reset();
    const end = this.at;
    for (let index = 7; index >= 0; index--) this.integer(from, starts[index] as number, ends[index] as number);
    this.small(0);
    this.header(SEQUENCE, end);
  }

  /** ECPrivateKey (RFC 5915 3) of x, y, d with the object identifier of its curve; coordinates have `size` bytes. */
  ecKey(curve: Uint8Array, size: number, from: Uint8Array, starts: Int32Array, ends: Int32Array): void {
    this.reset();
    const end = this.at;
    this.#padded(from, starts[1] as number, ends[1] as number, size);
    this.#padded(from, starts[0] as number, ends[0] as number, size);
    this.byte(4);
    this.byte(0);
    this.header(BIT_STRING, end);
    this.header(0xa1, end);
    const parameters = this.at;
    this.copy(curve, 0, curve.length);
    this.header(0xa0, parameters);
    const secret = this.at;
    this.#padded(from, starts[2] as number, ends[2] as number, size);
    this.header(OCTET_STRING, secret);
    this.small(1);
    this.header(SEQUENCE, end);
  }

  /** An integer below 128. */
  small(value: number): void {
    const end = this.at;
    this.byte(value);
    this.header(INTEGER, end);
  }

  #padded(from: Uint8Array, start: number, end: number, size: number): void {
    const stop = this.at;
    this.copy(from, start, end);
    while (stop - this.at < size && !this.overflow) this.byte(0);
    if (stop - this.at > size) this.overflow = true;
  }
}
