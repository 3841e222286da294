/**
 * Reads the ClientHello with which a TLS connection begins (RFC 8446 4.1.2, RFC 5246 7.4.1.2), for choosing a certificate or a
 * backend before anything is decrypted. It gives places in the bytes, copies nothing and knows no socket; bytes may come in any cuts:
 * it is asked again with more.
 */

export const HelloResult = {
  /** What is there is the start of one. */
  more: 0,
  done: 1,
  /** It is not a ClientHello, or a broken one. */
  other: 2,
} as const;
export type HelloResultValue = (typeof HelloResult)[keyof typeof HelloResult];

/** [start, end) in the bytes that were read; start < 0: absent. */
export interface Span {
  start: number;
  end: number;
}

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
/** A record's payload is at most 2^14 bytes; the hello must lie in the first record, as all clients send it. */
const LONGEST_RECORD = 16_384;
const RANDOM_LENGTH = 32;
/** Numbers of extensions (IANA TLS ExtensionType values). */
const Extension = {
  serverName: 0,
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  alpn: 16,
  sessionTicket: 35,
  supportedVersions: 43,
  keyShare: 51,
} as const;

function span(): Span {
  return { start: -1, end: -1 }; // hot-ok: when a reader is made, not per hello
}

export class ClientHello {
  /** Of the record and of the hello: 0x0301 … 0x0303; TLS 1.3 says so in `versions`. */
  recordVersion = 0;
  version = 0;
  readonly random = span();
  readonly sessionId = span();
  /** Two bytes a cipher. */
  readonly ciphers = span();
  /** All extensions, without the length in front. */
  readonly extensions = span();
  /** The host name that is asked for. */
  readonly serverName = span();
  /** Names with their lengths in front. */
  readonly alpn = span();
  readonly versions = span();
  readonly groups = span();
  readonly pointFormats = span();
  readonly signatures = span();
  /** Entries of group, length, key. */
  readonly keyShares = span();
  /** A session ticket; empty: the client would like to get one. */
  readonly ticket = span();
  hasTicket = false;
  #bytes!: Uint8Array;
  #at = 0;
  #end = 0;
  #broken = false;

  /** Reads [start, end) of `bytes`. The places stay valid as long as the bytes stay. */
  read(bytes: Uint8Array, start: number, end: number): HelloResultValue {
    this.#clear();
    const length = end - start;
    if (length > 0 && bytes[start] !== HANDSHAKE_RECORD) return HelloResult.other;
    if (length > 1 && bytes[start + 1] !== 3) return HelloResult.other;
    if (length < RECORD_HEADER) return HelloResult.more;
    this.#bytes = bytes;
    this.recordVersion = this.#two(start + 1);
    const record = this.#two(start + 3);
    if (record < 4 || record > LONGEST_RECORD) return HelloResult.other;
    if (length > RECORD_HEADER && bytes[start + RECORD_HEADER] !== CLIENT_HELLO) return HelloResult.other;
    if (length < RECORD_HEADER + record) return HelloResult.more;
    const body = start + RECORD_HEADER + 4;
    const size = ((bytes[body - 3] as number) << 16) | this.#two(body - 2);
    if (size + 4 > record) return HelloResult.other;
    this.#at = body;
    this.#end = body + size;
    this.#hello();
    return this.#broken ? HelloResult.other : HelloResult.done;
  }

  /** Whether the client can speak a version, 0x0304 for TLS 1.3. */
  offers(version: number): boolean {
    const { start, end } = this.versions;
    if (start < 0) return version <= this.version && version >= 0x0301;
    for (let at = start; at + 1 < end; at += 2) if (this.#two(at) === version) return true;
    return false;
  }

  /** The highest version that the client offers, without the reserved values that keep servers tolerant (RFC 8701). */
  get highestVersion(): number {
    const { start, end } = this.versions;
    let highest = start < 0 ? this.version : 0;
    for (let at = start; start >= 0 && at + 1 < end; at += 2) {
      const version = this.#two(at);
      if (version <= 0x0304 && version > highest) highest = version;
    }
    return highest;
  }

  #clear(): void {
    this.recordVersion = this.version = 0;
    this.hasTicket = this.#broken = false;
    clear(this.random);
    clear(this.sessionId);
    clear(this.ciphers);
    clear(this.extensions);
    clear(this.serverName);
    clear(this.alpn);
    clear(this.versions);
    clear(this.groups);
    clear(this.pointFormats);
    clear(this.signatures);
    clear(this.keyShares);
    clear(this.ticket);
  }

  #two(at: number): number {
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  /** Takes a vector with its length in `width` bytes in front. */
  #vector(width: number, into: Span): void {
    if (this.#broken || this.#at + width > this.#end) {
      this.#broken = true;
      return;
    }
    const size = width === 1 ? (this.#bytes[this.#at] as number) : this.#two(this.#at);
    into.start = this.#at + width;
    into.end = into.start + size;
    this.#at = into.end;
    if (this.#at > this.#end) this.#broken = true;
  }

  #hello(): void {
    if (this.#end - this.#at < 2 + RANDOM_LENGTH) {
      this.#broken = true;
      return;
    }
    this.version = this.#two(this.#at);
    this.random.start = this.#at + 2;
    this.random.end = this.#at = this.random.start + RANDOM_LENGTH;
    this.#vector(1, this.sessionId);
    this.#vector(2, this.ciphers);
    // Compression methods: nobody asks for them.
    this.#vector(1, this.extensions);
    clear(this.extensions);
    if (this.#broken || this.#at === this.#end) return;
    this.#vector(2, this.extensions);
    if (!this.#broken) this.#extensions(this.extensions.start, this.extensions.end);
  }

  #extensions(start: number, end: number): void {
    let at = start;
    while (at < end && !this.#broken) {
      if (at + 4 > end) break;
      const body = at + 4;
      const next = body + this.#two(at + 2);
      if (next > end) break;
      this.#extension(this.#two(at), body, next);
      at = next;
    }
    if (at !== end) this.#broken = true;
  }

  #extension(kind: number, start: number, end: number): void {
    this.#at = start;
    this.#end = end;
    switch (kind) {
      case Extension.serverName:
        this.#serverName(start, end);
        break;
      case Extension.supportedGroups:
        this.#vector(2, this.groups);
        break;
      case Extension.pointFormats:
        this.#vector(1, this.pointFormats);
        break;
      case Extension.signatureAlgorithms:
        this.#vector(2, this.signatures);
        break;
      case Extension.alpn:
        this.#vector(2, this.alpn);
        break;
      case Extension.sessionTicket:
        this.hasTicket = true;
        this.ticket.start = start;
        this.ticket.end = end;
        break;
      case Extension.supportedVersions:
        this.#vector(1, this.versions);
        break;
      case Extension.keyShare:
        this.#vector(2, this.keyShares);
        break;
    }
  }

  /** A list of names of which the first of type host_name counts (RFC 6066 3). */
  #serverName(start: number, end: number): void {
    let at = start + 2;
    while (at + 3 <= end) {
      const next = at + 3 + this.#two(at + 1);
      if (next > end) break;
      if (this.#bytes[at] === 0 && this.serverName.start < 0) {
        this.serverName.start = at + 3;
        this.serverName.end = next;
      }
      at = next;
    }
    if (at !== end) this.#broken = true;
  }
}

function clear(place: Span): void {
  place.start = place.end = -1;
}
