/**
 * What is known of a connection, out of OpenSSL into the thread's memory. Texts are fetched once a connection; certificates
 * and secrets are written anew each time, without an object. It must not know who asks.
 */
import type { Memory } from '../../base/memory.ts';
import { type Area, viewAt } from '../ffi.ts';
import { Fact, type FactValue, Figure, type FigureValue } from './contract.ts';
import * as lib from './library.ts';

const NULL = 0n;
/** TLSEXT_NAMETYPE_host_name */
const HOST_NAME = 0;
const LONGEST_NAME = 255;
/** Bytes of a random, and of a Finished message and of a master secret at most. */
const RANDOM = 32;
const LONGEST_SECRET = 64;
/** ERR_error_string_n's own limit is 256. */
const LONGEST_ERROR = 256;
/** Certificates of a peer's chain that are looked at. */
const MOST_CERTIFICATES = 100;

const NOTHING = new Uint8Array(0);

/** A connection, as it is looked at here. */
export interface FactSource {
  readonly ssl: bigint;
  readonly isServer: boolean;
  readonly isResumed: boolean;
  readonly certificateName: string;
  readonly errorCode: number;
  readonly certificateError: number;
  readonly authorityError: number;
  readonly authorityErrorDepth: number;
  readonly wasPeerVerified: boolean;
  readonly refusal: number;
  readonly hadEarly: boolean;
  /** Texts that were asked for, by Fact. */
  readonly texts: (Uint8Array | null)[];
}

/** Where facts are written. */
export interface FactGround {
  readonly memory: Memory;
  /** The address of the memory's first byte. */
  readonly baseNumber: number;
  /** 16 bytes for answers of OpenSSL. */
  readonly cell: Area;
  cellPointer(): bigint;
  address(offset: number): bigint;
}

export class EngineFacts {
  readonly #library: FactGround;
  /** Names of cipher suites that were asked for, by number: those that the library knows, some two hundred. */
  readonly #suites = new Map<number, Uint8Array>();

  constructor(library: FactGround) {
    this.#library = library;
  }

  /** The end, or -1. */
  write(engine: FactSource, fact: FactValue, start: number, limit: number): number {
    switch (fact) {
      case Fact.version:
      case Fact.cipher:
      case Fact.alpn:
      case Fact.serverName:
      case Fact.curve:
      case Fact.certificateName:
        return this.#copy(this.#text(engine, fact), start, limit);
      case Fact.clientEarlySecret:
      case Fact.clientHandshakeSecret:
      case Fact.serverHandshakeSecret:
      case Fact.clientSecret:
      case Fact.serverSecret:
      case Fact.exporterSecret:
      case Fact.earlyExporterSecret:
        return this.#copy(engine.texts[fact] ?? NOTHING, start, limit);
      case Fact.errorText:
        return this.#errorText(engine.errorCode, start, limit);
      case Fact.ownCertificate:
        return this.#der(lib.sslOwnCertificate(engine.ssl), start, limit);
      case Fact.peerCertificate:
        return this.#der(lib.sslPeerCertificate(engine.ssl), start, limit);
      case Fact.peerRoot:
        return this.#root(engine, start, limit);
      case Fact.peerChain:
        return this.#chain(engine, start, limit);
      default:
        return limit - start < LONGEST_SECRET ? -1 : this.#secret(engine, fact, start);
    }
  }

  /** The end, or -1. */
  suiteName(ssl: bigint, suite: number, start: number, limit: number): number {
    const known = this.#suites.get(suite) ?? this.#findSuite(ssl, suite);
    return known === null ? -1 : this.#copy(known, start, limit);
  }

  #findSuite(ssl: bigint, suite: number): Uint8Array | null {
    const { cell } = this.#library;
    cell.bytes[0] = suite >> 8;
    cell.bytes[1] = suite;
    const cipher = lib.cipherFind(ssl, cell.pointer);
    if (cipher === NULL) return null;
    const name = bytesOf(lib.textAt(lib.cipherName(cipher)));
    this.#suites.set(suite, name);
    return name;
  }

  figure(engine: FactSource, figure: FigureValue): number {
    switch (figure) {
      case Figure.errorCode:
        return engine.errorCode;
      case Figure.verifyResult:
        return Number(lib.sslVerifyResult(engine.ssl));
      case Figure.certificateError:
        return engine.certificateError;
      case Figure.authorityError:
        return engine.authorityError;
      case Figure.authorityErrorDepth:
        return engine.authorityErrorDepth;
      case Figure.usedKeyBits:
        return this.#bits(engine, true);
      case Figure.keyBits:
        return this.#bits(engine, false);
      case Figure.hasPeerCertificate:
        return lib.sslPeerCertificate(engine.ssl) === NULL ? 0 : 1;
      case Figure.wasPeerVerified:
        return engine.wasPeerVerified ? 1 : 0;
      case Figure.hasServerName:
        return lib.sslName(engine.ssl, HOST_NAME) === NULL ? 0 : 1;
      case Figure.hadEarly:
        return engine.hadEarly ? 1 : 0;
      case Figure.refusal:
        return engine.refusal;
    }
  }

  #bits({ ssl }: FactSource, used: boolean): number {
    const cipher = lib.sslCipher(ssl);
    if (cipher === NULL) return 0;
    const { cell } = this.#library;
    const secret = lib.cipherBits(cipher, cell.pointer);
    return used ? secret : (cell.words[0] as number);
  }

  /** Once a connection: its bytes are kept by the engine. */
  #text(engine: FactSource, fact: FactValue): Uint8Array {
    const known = engine.texts[fact];
    if (known) return known;
    const bytes = bytesOf(this.#read(engine, fact));
    while (engine.texts.length <= fact) engine.texts.push(null);
    engine.texts[fact] = bytes;
    return bytes;
  }

  #read({ ssl, certificateName }: FactSource, fact: FactValue): string {
    switch (fact) {
      case Fact.version:
        return lib.textAt(lib.sslVersion(ssl));
      case Fact.cipher:
        return lib.textAt(lib.cipherName(lib.sslCipher(ssl)));
      case Fact.alpn:
        return this.#alpn(ssl);
      case Fact.serverName:
        return lib.textAt(lib.sslName(ssl, HOST_NAME)).slice(0, LONGEST_NAME);
      case Fact.curve:
        return lib.textAt(lib.sslGroup(ssl));
      default:
        return certificateName;
    }
  }

  #alpn(ssl: bigint): string {
    const { cell } = this.#library;
    lib.sslAlpn(ssl, cell.pointer, cell.pointer + 8n);
    const length = cell.words[2] as number;
    return length === 0 ? '' : String.fromCharCode(...new Uint8Array(viewAt(this.#library.cellPointer(), length)));
  }

  #copy(bytes: Uint8Array, start: number, limit: number): number {
    const { length } = bytes;
    if (length === 0 || start + length > limit) return -1;
    const into = this.#library.memory.bytes;
    for (let at = 0; at < length; at++) into[start + at] = bytes[at] as number;
    return start + length;
  }

  #errorText(code: number, start: number, limit: number): number {
    if (code === 0 || limit - start < LONGEST_ERROR) return -1;
    lib.errText(BigInt(code), this.#library.address(start), BigInt(LONGEST_ERROR)); // hot-ok: of connections that failed
    const end = this.#library.memory.bytes.indexOf(0, start);
    return end > start && end < limit ? end : -1;
  }

  #der(certificate: bigint, start: number, limit: number): number {
    if (certificate === NULL) return -1;
    const length = lib.certificateDer(certificate, NULL);
    if (length <= 0 || start + length > limit) return -1;
    const { cell, baseNumber } = this.#library;
    const address = baseNumber + start;
    cell.words[0] = address >>> 0;
    cell.words[1] = Math.floor(address / 0x1_0000_0000);
    lib.certificateDer(certificate, cell.pointer);
    return start + length;
  }

  /** OpenSSL leaves the peer's own certificate out on the side of the server, as HAProxy's samples show. */
  #chain(engine: FactSource, start: number, limit: number): number {
    const chain = lib.sslPeerChain(engine.ssl);
    if (chain === NULL) return -1;
    const count = Math.min(lib.stackLength(chain), MOST_CERTIFICATES);
    let end = start;
    for (let at = 0; at < count && end >= 0; at++) end = this.#der(lib.stackItem(chain, at), end, limit);
    return end === start ? -1 : end;
  }

  #root({ ssl }: FactSource, start: number, limit: number): number {
    const chain = lib.sslVerifiedChain(ssl);
    const count = chain === NULL ? 0 : lib.stackLength(chain);
    return count === 0 ? -1 : this.#der(lib.stackItem(chain, count - 1), start, limit);
  }

  #secret(engine: FactSource, fact: FactValue, start: number): number {
    const { ssl } = engine;
    const into = this.#library.address(start);
    switch (fact) {
      case Fact.clientRandom:
        return start + Number(lib.sslClientRandom(ssl, into, BigInt(RANDOM))); // hot-ok: a number for C
      case Fact.serverRandom:
        return start + Number(lib.sslServerRandom(ssl, into, BigInt(RANDOM))); // hot-ok: a number for C
      case Fact.sessionKey: {
        const session = lib.sslSession(ssl);
        return session === NULL ? -1 : start + Number(lib.sessionSecret(session, into, BigInt(LONGEST_SECRET))); // hot-ok: a number for C
      }
      case Fact.sessionId:
        return this.#sessionId(ssl, start);
      default:
        return this.#firstFinished(engine, start, into);
    }
  }

  #sessionId(ssl: bigint, start: number): number {
    const session = lib.sslSession(ssl);
    if (session === NULL) return -1;
    const { cell, memory } = this.#library;
    const at = lib.sessionId(session, cell.pointer);
    const length = cell.words[0] as number;
    if (length > 0) memory.bytes.set(new Uint8Array(viewAt(at, length)), start); // hot-ok: where a rule asks for the identifier
    return start + length;
  }

  /** The client's in a full handshake, the server's in a resumed one. */
  #firstFinished(engine: FactSource, start: number, into: bigint): number {
    const isPeers = engine.isServer !== engine.isResumed;
    const length = isPeers
      ? lib.sslPeerFinished(engine.ssl, into, BigInt(LONGEST_SECRET)) // hot-ok: a number for C
      : lib.sslFinished(engine.ssl, into, BigInt(LONGEST_SECRET)); // hot-ok: a number for C
    return length === NULL ? -1 : start + Number(length);
  }
}

/** hot-ok: once a connection or a name, then kept */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
