/**
 * What a message digest is, and message authentication codes over any (RFC 2104). One object works through one message after another and
 * allocates nothing while it does. It must not know which digests there are.
 */

export interface Digest {
  /** Bytes of the result. */
  readonly size: number;
  readonly blockSize: number;
  reset(): void;
  update(bytes: Uint8Array, start: number, end: number): void;
  /** Writes `size` bytes at `at`; false: there was no memory for it, and nothing was written. */
  finish(to: Uint8Array, at: number): boolean;
}

const INNER = 0x36;
const OUTER = 0x5c;

export class Hmac {
  readonly #digest: Digest;
  readonly #key: Uint8Array;
  #hasKey = false;

  constructor(digest: Digest) {
    this.#digest = digest;
    this.#key = new Uint8Array(digest.blockSize);
  }

  get size(): number {
    return this.#digest.size;
  }

  setKey(bytes: Uint8Array, start: number, end: number): void {
    const key = this.#key;
    const digest = this.#digest;
    key.fill(0);
    this.#hasKey = true;
    if (end - start > digest.blockSize) {
      digest.reset();
      digest.update(bytes, start, end);
      this.#hasKey = digest.finish(key, 0);
    } else for (let at = start; at < end; at++) key[at - start] = bytes[at] as number;
  }

  /** Writes `size` bytes at `at`, which may not overlap the message; false: there is no key, or there was no memory for it. */
  sign(bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number): boolean {
    const digest = this.#digest;
    if (!this.#hasKey) return false;
    digest.reset();
    this.#pad(INNER);
    digest.update(bytes, start, end);
    if (!digest.finish(to, at)) return false;
    digest.reset();
    this.#pad(OUTER);
    digest.update(to, at, at + digest.size);
    return digest.finish(to, at);
  }

  /** Forgets the key. */
  clear(): void {
    this.#hasKey = false;
    this.#key.fill(0);
  }

  #pad(byte: number): void {
    const key = this.#key;
    for (let i = 0; i < key.length; i++) key[i] = (key[i] as number) ^ byte;
    this.#digest.update(key, 0, key.length);
    for (let i = 0; i < key.length; i++) key[i] = (key[i] as number) ^ byte;
  }
}
