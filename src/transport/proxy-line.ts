/**
 * What a server is told of a client's connection in the header of the PROXY protocol (HAProxy configuration manual, 5.2 send-proxy,
 * proxy-v2-options), in HAProxy's order. It must not know server connections.
 */
import type { Memory } from '../base/memory.ts';
import { Fact, type FactValue, Figure, type TlsEngine } from '../platform/tls/contract.ts';
import { LINE_MOST, SSL_HEAD, SslBit, TLV_HEAD, TlvType } from '../proto/proxy-line/shapes.ts';
import { closeTlv, finish, openTlv, V2_MOST, writeBinary, writeLine } from '../proto/proxy-line/write.ts';
import type { TextFormat } from '../rules/define.ts';
import { Writer } from '../rules/format/writer.ts';
import type { ProxyLineSender, Session, Stream } from '../state/records.ts';
import { CertificateFacts } from './certificate-facts.ts';

type CertificateTlv = typeof TlvType.sslName | typeof TlvType.sslKey | typeof TlvType.sslSignature;

export interface ProxyLineOptions {
  readonly isBinary: boolean;
  readonly crc32c: boolean;
  readonly authority: boolean;
  readonly uniqueId: boolean;
  readonly ssl: boolean;
  readonly sslCipher: boolean;
  readonly certName: boolean;
  readonly certKey: boolean;
  readonly certSignature: boolean;
  readonly tlvs: readonly { readonly type: number; readonly format: TextFormat }[];
}

export class ProxyLine implements ProxyLineSender {
  readonly #memory: Memory;
  readonly #options: ProxyLineOptions;
  readonly #out: Writer;
  readonly #certificates: CertificateFacts;
  /** Where the header may not go on. */
  #limit = 0;
  #isTooLong = false;

  constructor(memory: Memory, options: ProxyLineOptions) {
    this.#memory = memory;
    this.#options = options;
    this.#out = new Writer(memory);
    this.#certificates = new CertificateFacts(memory);
  }

  write(stream: Stream, start: number, limit: number): number {
    const { bytes } = this.#memory;
    const { session } = stream;
    if (!session.hasDestination) stream.front?.findDestination();
    if (limit - start < LINE_MOST + V2_MOST) return -1;
    const { source, destination, hasDestination } = session;
    if (!this.#options.isBinary) return writeLine(bytes, start, hasDestination, source, destination);
    this.#limit = limit;
    this.#isTooLong = false;
    const end = this.#writeTlvs(stream, start, writeBinary(bytes, start, hasDestination, source, destination));
    return this.#isTooLong ? -1 : end;
  }

  #writeTlvs(stream: Stream, start: number, from: number): number {
    const { crc32c, authority, uniqueId, ssl, tlvs } = this.#options;
    const { session } = stream;
    let end = from;
    for (let at = 0; at < tlvs.length; at++) end = this.#writeFormat(stream, tlvs[at] as (typeof tlvs)[number], end);
    let checksum = -1;
    if (crc32c) {
      checksum = openTlv(this.#memory.bytes, end, TlvType.crc32c);
      this.#memory.bytes.fill(0, checksum, checksum + 4);
      end = closeTlv(this.#memory.bytes, end, checksum + 4);
    }
    end = this.#writeFact(session, TlvType.alpn, Fact.alpn, end);
    if (authority) end = this.#writeAuthority(session, end);
    if (uniqueId) end = this.#writeUniqueId(stream, end);
    if (ssl) end = this.#writeSsl(session, end);
    if (!this.#isTooLong) finish(this.#memory.bytes, start, end, checksum);
    return end;
  }

  #writeFormat(stream: Stream, { type, format }: ProxyLineOptions['tlvs'][number], at: number): number {
    if (!this.#fits(at, 0)) return at;
    const value = openTlv(this.#memory.bytes, at, type);
    const out = this.#out;
    out.open(value, this.#limit);
    format.write(out, stream);
    if (out.overflow) this.#isTooLong = true;
    return closeTlv(this.#memory.bytes, at, out.at);
  }

  /** Room for a TLV of `length` bytes, and for the fixed ones behind it. */
  #fits(at: number, length: number): boolean {
    if (at + TLV_HEAD + length > this.#limit) this.#isTooLong = true;
    return !this.#isTooLong;
  }

  /** Without TLS, or if it is not known, there is no TLV. */
  #writeFact({ tls }: Session, type: number, fact: FactValue, at: number): number {
    if (tls === null || !this.#fits(at, 0)) return at;
    const value = at + TLV_HEAD;
    const end = tls.fact(fact, value, this.#limit);
    if (end <= value) return at;
    openTlv(this.#memory.bytes, at, type);
    return closeTlv(this.#memory.bytes, at, end);
  }

  /** The name that the sender of our own PROXY header has told, else that of the handshake. */
  #writeAuthority(session: Session, at: number): number {
    const { introduction } = session;
    const found = introduction.find(TlvType.authority);
    if (found < 0) return this.#writeFact(session, TlvType.authority, Fact.serverName, at);
    const length = introduction.lengthAt(found);
    if (!this.#fits(at, length)) return at;
    const value = openTlv(this.#memory.bytes, at, TlvType.authority);
    for (let index = 0; index < length; index++) this.#memory.bytes[value + index] = introduction.tlvs[found + TLV_HEAD + index] as number;
    return closeTlv(this.#memory.bytes, at, value + length);
  }

  #writeUniqueId(stream: Stream, at: number): number {
    stream.frontend.uniqueId?.make(stream);
    const { uniqueIdStart, uniqueIdEnd } = stream;
    const length = uniqueIdEnd - uniqueIdStart;
    if (uniqueIdEnd === 0 || !this.#fits(at, length)) return at;
    const value = openTlv(this.#memory.bytes, at, TlvType.uniqueId);
    this.#memory.bytes.copyWithin(value, uniqueIdStart, uniqueIdEnd);
    return closeTlv(this.#memory.bytes, at, value + length);
  }

  /** Specification 2.2.6: bits, the result of the verification, then TLVs. Zeroes for a client without TLS. */
  #writeSsl(session: Session, at: number): number {
    if (!this.#fits(at, SSL_HEAD)) return at;
    const { bytes } = this.#memory;
    const value = openTlv(bytes, at, TlvType.ssl);
    let end = value + SSL_HEAD;
    bytes.fill(0, value, end);
    const { tls } = session;
    if (tls !== null) {
      const { certName, certKey, certSignature, sslCipher } = this.#options;
      const hasCertificate = tls.figure(Figure.hasPeerCertificate) === 1;
      const isOfNow = tls.figure(Figure.wasPeerVerified) === 1;
      bytes[value] = SslBit.tls | (hasCertificate ? SslBit.certificateEver : 0) | (isOfNow ? SslBit.certificateNow : 0);
      putWord(bytes, value + 1, tls.figure(Figure.verifyResult));
      end = this.#writeFact(session, TlvType.sslVersion, Fact.version, end);
      if (certName && hasCertificate) end = this.#writeCertificate(TlvType.sslName, tls, end);
      if (certKey) end = this.#writeCertificate(TlvType.sslKey, tls, end);
      if (certSignature) end = this.#writeCertificate(TlvType.sslSignature, tls, end);
      if (sslCipher) end = this.#writeFact(session, TlvType.sslCipher, Fact.cipher, end);
    }
    return closeTlv(bytes, at, end);
  }

  #writeCertificate(type: CertificateTlv, tls: TlsEngine, at: number): number {
    if (!this.#fits(at, 0)) return at;
    const value = at + TLV_HEAD;
    const end = this.#certificateFact(type, tls, value);
    if (end <= value) return at;
    openTlv(this.#memory.bytes, at, type);
    return closeTlv(this.#memory.bytes, at, end);
  }

  #certificateFact(type: CertificateTlv, tls: TlsEngine, at: number): number {
    const facts = this.#certificates;
    if (type === TlvType.sslName) return facts.commonName(tls, at, this.#limit);
    return type === TlvType.sslKey ? facts.key(tls, at, this.#limit) : facts.signature(tls, at, this.#limit);
  }
}

/** 32 bits in network order. */
function putWord(to: Uint8Array, at: number, value: number): void {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
}
