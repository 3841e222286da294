/**
 * What the PROXY protocol tells of certificates: the common name, the key's kind and size, the signature's algorithm. Read in place
 * from DER each time, written behind each other as text. It must not know the protocol, nor whose certificate it is.
 */
import { type Memory, SCRATCH_SIZE } from '../base/memory.ts';
import { Fact, type FactValue, type TlsEngine } from '../platform/tls/contract.ts';
import { DerElement, DerTag } from '../proto/der.ts';
import { isSame, oidBytes, oidName } from '../proto/oids.ts';
import { CertificateReader } from '../proto/x509.ts';
import { NameWriter } from '../proto/x509-name.ts';

const COMMON_NAME = oidBytes('CN') as Uint8Array;
const RSA = oidBytes('1.2.840.113549.1.1.1') as Uint8Array;
const EC = oidBytes('1.2.840.10045.2.1') as Uint8Array;
const BIT_STRING = 0x03;
/** P-521 is the one curve whose size is no number of bytes. */
const ODD_CURVE_BYTES = 66;

export class CertificateFacts {
  readonly #memory: Memory;
  readonly #reader = new CertificateReader();
  readonly #names = new NameWriter();
  readonly #element = new DerElement();
  /** Where the certificate ends. */
  #end = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** `client-name` of the client's certificate to [to, limit); the end, -1: there is none. */
  commonName(tls: TlsEngine, to: number, limit: number): number {
    if (!this.#read(tls, Fact.peerCertificate)) return -1;
    const { subject } = this.#reader;
    return this.#names.part(COMMON_NAME, 1, this.#memory.bytes, subject.start, subject.end, to, limit);
  }

  /** `RSA2048`, `EC256` of the certificate that the client was shown; -1: it is of another kind. */
  key(tls: TlsEngine, to: number, limit: number): number {
    if (limit - to < 16 || !this.#read(tls, Fact.ownCertificate)) return -1;
    const { bytes } = this.#memory;
    const { key } = this.#reader;
    const isRsa = isSame(RSA, bytes, key.start, key.end);
    if (!isRsa && !isSame(EC, bytes, key.start, key.end)) return -1;
    const bits = this.#keyBits(key.end, isRsa);
    return bits < 0 ? -1 : this.#number(this.#word(isRsa ? RSA_WORD : EC_WORD, to), bits);
  }

  /** `RSA-SHA256` of the certificate that the client was shown; -1: the algorithm has no name. */
  signature(tls: TlsEngine, to: number, limit: number): number {
    if (!this.#read(tls, Fact.ownCertificate)) return -1;
    const { signature } = this.#reader;
    const found = oidName(this.#memory.bytes, signature.start, signature.end);
    return found === null || limit - to < found.name.length ? -1 : this.#word(found.name, to);
  }

  #read(tls: TlsEngine, fact: FactValue): boolean {
    const start = this.#memory.scratch();
    this.#end = tls.fact(fact, start, start + SCRATCH_SIZE);
    return this.#end >= 0 && this.#reader.read(this.#memory.bytes, start, this.#end);
  }

  /** RFC 5280 4.1.2.7: parameters follow the algorithm, then the key as a string of bits. */
  #keyBits(at: number, isRsa: boolean): number {
    const { bytes } = this.#memory;
    const element = this.#element;
    if (!element.read(bytes, at, this.#end) || !element.readTag(bytes, element.end, this.#end, BIT_STRING)) return -1;
    if (!isRsa) return curveBits((element.end - element.start - 2) >> 1);
    if (!element.readTag(bytes, element.start + 1, element.end, DerTag.sequence)) return -1;
    if (!element.readTag(bytes, element.start, element.end, DerTag.integer)) return -1;
    let start = element.start;
    while (start < element.end && bytes[start] === 0) start++;
    return start === element.end ? -1 : (element.end - start) * 8 - (Math.clz32(bytes[start] as number) - 24);
  }

  #word(word: Uint8Array, to: number): number {
    for (let at = 0; at < word.length; at++) this.#memory.bytes[to + at] = word[at] as number;
    return to + word.length;
  }

  /** At most 524,280 bits. */
  #number(to: number, value: number): number {
    let end = to;
    for (let unit = 100_000; unit >= 1; unit /= 10) {
      const digit = ((value / unit) | 0) % 10;
      if (value >= unit) this.#memory.bytes[end++] = 48 + digit;
    }
    return end;
  }
}

const RSA_WORD = Uint8Array.of(0x52, 0x53, 0x41);
const EC_WORD = Uint8Array.of(0x45, 0x43);

function curveBits(bytes: number): number {
  return bytes === ODD_CURVE_BYTES ? 521 : bytes * 8;
}
