/**
 * What is kept of the message that a client began TLS with (`tune.ssl.capture-buffer-size`): what fingerprints such as JA3 are made
 * of. All parts share one room of a fixed size, in HAProxy's order; what finds no place is cut off. It must not know samples.
 */
import { result as hashed, xxh64 } from '../base/xxhash.ts';
import type { ClientHello, Span } from '../proto/tls-hello.ts';

/** Parts in the order in which they take the room. */
export const HelloPart = { ciphers: 0, extensions: 1, groups: 2, pointFormats: 3, versions: 4, signatures: 5 } as const;
export type HelloPartValue = (typeof HelloPart)[keyof typeof HelloPart];
const PARTS = 6;

export class KeptHello {
  readonly bytes: Uint8Array;
  /** False: there was none, or none that can be read. */
  isKept = false;
  /** The version that the client names, which TLS 1.3 leaves at 0x0303. */
  version = 0;
  /** XXH64 of all ciphers, whatever the room. */
  hashHigh = 0;
  hashLow = 0;
  /** Where each part ends: the next begins there. */
  readonly #ends = new Int32Array(PARTS);
  #end = 0;

  /** @param size the room in bytes */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  start(part: HelloPartValue): number {
    return part === 0 ? 0 : (this.#ends[part - 1] as number);
  }

  end(part: HelloPartValue): number {
    return this.#ends[part] as number;
  }

  /** Keeps what was read from `bytes`. */
  keep(bytes: Uint8Array, hello: ClientHello): void {
    this.isKept = true;
    this.version = hello.version;
    xxh64(bytes, hello.ciphers.start, hello.ciphers.end, 0, 0);
    this.hashHigh = hashed.high;
    this.hashLow = hashed.low;
    this.#end = 0;
    this.#put(HelloPart.ciphers, bytes, hello.ciphers);
    this.#putKinds(bytes, hello.extensions);
    this.#put(HelloPart.groups, bytes, hello.groups);
    this.#put(HelloPart.pointFormats, bytes, hello.pointFormats);
    this.#put(HelloPart.versions, bytes, hello.versions);
    this.#put(HelloPart.signatures, bytes, hello.signatures);
  }

  #put(part: HelloPartValue, bytes: Uint8Array, { start, end }: Span): void {
    const stop = Math.min(end, start + this.bytes.length - this.#end);
    for (let at = start; at < stop; at++) this.bytes[this.#end++] = bytes[at] as number;
    this.#ends[part] = this.#end;
  }

  /** The numbers of the extensions, whole ones only. */
  #putKinds(bytes: Uint8Array, { start, end }: Span): void {
    let at = start;
    while (at >= 0 && at + 4 <= end && this.#end + 2 <= this.bytes.length) {
      this.bytes[this.#end++] = bytes[at] as number;
      this.bytes[this.#end++] = bytes[at + 1] as number;
      at += 4 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
    }
    this.#ends[HelloPart.extensions] = this.#end;
  }
}
