/**
 * Finds the parts of a certificate (RFC 5280 4.1) in its DER, in place: spans of the bytes, nothing copied. Bytes of a peer: whatever
 * they are, the answer is either all spans within them or that it is none. It must not verify anything: OpenSSL has done that.
 */
import { DerElement, DerTag } from './der.ts';
import { isSame, oidBytes } from './oids.ts';

/** [start, end) of the bytes; start < 0: absent. */
export interface DerSpan {
  start: number;
  end: number;
}

function span(): DerSpan {
  return { start: -1, end: -1 }; // hot-ok: when a reader is made, not per certificate
}

const VERSION_TAG = 0xa0;
const EXTENSIONS_TAG = 0xa3;
const MOST_EXTENSIONS = 64;
const ALTERNATIVE_NAMES = oidBytes('2.5.29.17') as Uint8Array;
const POLICIES = oidBytes('2.5.29.32') as Uint8Array;

export class CertificateReader {
  /** 1 to 3. */
  version = 0;
  /** Its bytes without a leading zero that only keeps it positive. */
  readonly serial = span();
  /** Contents of object identifiers. */
  readonly signature = span();
  readonly key = span();
  /** Contents of the names: sets of type and value (proto/x509-name.ts). */
  readonly issuer = span();
  readonly subject = span();
  /** Digits with a Z, of two or four for the year. */
  readonly notBefore = span();
  readonly notAfter = span();
  /** Contents of the sequences in these extensions. */
  readonly alternativeNames = span();
  readonly policies = span();
  readonly #element = new DerElement();
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #limit = 0;

  /** False: [start, end) does not begin with a certificate. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.alternativeNames.start = this.policies.start = -1;
    const element = this.#element;
    if (!element.readTag(bytes, start, end, DerTag.sequence)) return false;
    if (!element.readTag(bytes, element.start, element.end, DerTag.sequence)) return false;
    this.#at = element.start;
    this.#limit = element.end;
    return this.#fields() && this.#extensions();
  }

  #fields(): boolean {
    if (!this.#readVersion()) return false;
    if (!this.#next(DerTag.integer)) return false;
    this.#keep(this.serial);
    if (this.serial.end - this.serial.start > 1 && this.#bytes[this.serial.start] === 0) this.serial.start++;
    if (!this.#algorithm(this.signature)) return false;
    if (!this.#next(DerTag.sequence)) return false;
    this.#keep(this.issuer);
    if (!this.#validity()) return false;
    if (!this.#next(DerTag.sequence)) return false;
    this.#keep(this.subject);
    if (!this.#next(DerTag.sequence)) return false;
    return this.#keyAlgorithm();
  }

  #readVersion(): boolean {
    const element = this.#element;
    this.version = 1;
    if (!element.read(this.#bytes, this.#at, this.#limit)) return false;
    if (element.tag !== VERSION_TAG) return true;
    this.#at = element.end;
    if (!element.readTag(this.#bytes, element.start, element.end, DerTag.integer) || element.end - element.start !== 1) return false;
    this.version = (this.#bytes[element.start] as number) + 1;
    return true;
  }

  /** SEQUENCE { OBJECT IDENTIFIER, parameters } */
  #algorithm(into: DerSpan): boolean {
    const element = this.#element;
    if (!this.#next(DerTag.sequence)) return false;
    if (!element.readTag(this.#bytes, element.start, element.end, DerTag.oid)) return false;
    this.#keep(into);
    return true;
  }

  /** Of SubjectPublicKeyInfo, whose contents were just entered. */
  #keyAlgorithm(): boolean {
    const element = this.#element;
    if (!element.readTag(this.#bytes, element.start, element.end, DerTag.sequence)) return false;
    if (!element.readTag(this.#bytes, element.start, element.end, DerTag.oid)) return false;
    this.#keep(this.key);
    return true;
  }

  #validity(): boolean {
    if (!this.#next(DerTag.sequence)) return false;
    const element = this.#element;
    const { end } = element;
    if (!element.read(this.#bytes, element.start, end) || !isTime(element.tag)) return false;
    this.#keep(this.notBefore);
    if (!element.read(this.#bytes, element.end, end) || !isTime(element.tag)) return false;
    this.#keep(this.notAfter);
    return true;
  }

  #extensions(): boolean {
    const element = this.#element;
    const bytes = this.#bytes;
    while (element.read(bytes, this.#at, this.#limit)) {
      this.#at = element.end;
      if (element.tag !== EXTENSIONS_TAG) continue;
      if (!element.readTag(bytes, element.start, element.end, DerTag.sequence)) return false;
      const { end } = element;
      let at = element.start;
      for (let count = 0; count < MOST_EXTENSIONS && element.readTag(bytes, at, end, DerTag.sequence); count++) {
        at = element.end;
        this.#extension(element.start, element.end);
      }
      return true;
    }
    return true;
  }

  /** OBJECT IDENTIFIER, BOOLEAN that may be absent, OCTET STRING with the DER of the extension's own type. */
  #extension(start: number, end: number): void {
    const element = this.#element;
    const bytes = this.#bytes;
    if (!element.readTag(bytes, start, end, DerTag.oid)) return;
    const into = isSame(ALTERNATIVE_NAMES, bytes, element.start, element.end)
      ? this.alternativeNames
      : isSame(POLICIES, bytes, element.start, element.end)
        ? this.policies
        : null;
    if (into === null || !element.read(bytes, element.end, end)) return;
    if (element.tag === DerTag.boolean && !element.read(bytes, element.end, end)) return;
    if (element.tag !== DerTag.octetString) return;
    if (element.readTag(bytes, element.start, element.end, DerTag.sequence)) this.#keep(into);
  }

  /** Enters the next field of the certificate. */
  #next(tag: number): boolean {
    const element = this.#element;
    if (!element.readTag(this.#bytes, this.#at, this.#limit, tag)) return false;
    this.#at = element.end;
    return true;
  }

  #keep(into: DerSpan): void {
    into.start = this.#element.start;
    into.end = this.#element.end;
  }
}

const EMPTY = new Uint8Array(0);

function isTime(tag: number): boolean {
  return tag === DerTag.utcTime || tag === DerTag.generalizedTime;
}
