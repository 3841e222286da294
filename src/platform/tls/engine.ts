/**
 * One TLS connection over OpenSSL. All engines of a thread share two memory BIOs: every call uses up what the reading one
 * holds (OpenSSL keeps the start of an incomplete record itself) and takes away what the writing one has got, so an idle connection
 * costs no buffers. The reading BIO is pointed at the bytes where they are. It must not know wires.
 */
import type { Memory } from '../../base/memory.ts';
import { addressOf, area, viewAt } from '../ffi.ts';
import { Fact, type FactValue, Handshake, type HandshakeValue, Read, type TlsEngine } from './contract.ts';
import * as lib from './library.ts';

const NULL = 0n;
/** BIO_C_GET_BUF_MEM_PTR, BIO_C_SET_BUF_MEM_EOF_RETURN */
const GET_MEMORY = 115;
const SET_END_RESULT = 130;
/** SSL_ERROR_… */
const WANT_READ = 2;
const ZERO_RETURN = 6;
/** TLSEXT_NAMETYPE_host_name */
const HOST_NAME = 0;
/** Plain bytes that OpenSSL takes in one call: its lengths are 32-bit, ours are blocks. */
const LONGEST_NAME = 255;

/** What all engines of a thread share. */
export class TlsLibrary {
  readonly memory: Memory;
  readonly reading: bigint;
  readonly writing: bigint;
  /** The reading BIO's BUF_MEM as words: length at 0, address at 2 and 3, capacity at 4. */
  readonly offered: Uint32Array;
  readonly #base: bigint;
  readonly baseNumber: number;
  readonly cell = area(16);
  readonly #free: OpenSslEngine[] = [];
  /** Engines that are lent: for tests that look for leaks. */
  open = 0;

  /** @throws Error if this build of Node lacks what TLS needs */
  constructor(memory: Memory) {
    const missing = lib.missingFunctions();
    if (missing.length > 0) throw new Error(`TLS needs functions of OpenSSL that this Node does not export: ${missing.join(', ')}`);
    this.memory = memory;
    this.#base = addressOf(memory.bytes);
    this.baseNumber = Number(this.#base);
    this.reading = lib.bioOver(this.#base, 0);
    this.writing = lib.bioNew(lib.bioMemory());
    // Without more bytes it says "try again", not "the end".
    lib.bioControl(this.reading, SET_END_RESULT, -1n, NULL);
    lib.bioControl(this.reading, GET_MEMORY, 0n, this.cell.pointer);
    this.offered = new Uint32Array(viewAt(this.cellPointer(), 32));
    this.#prove();
  }

  /** The layout of BUF_MEM is OpenSSL's public one; a build that differs must not be used. */
  #prove(): void {
    const at = this.memory.deskStart;
    const { bytes } = this.memory;
    for (let index = 0; index < 8; index++) bytes[at + index] = 65 + index;
    this.offer(at, at + 4);
    const count = lib.bioRead(this.reading, this.address(at + 4), 8);
    if (count !== 4 || bytes[at + 4] !== 65 || bytes[at + 7] !== 68 || this.offered[0] !== 0)
      throw new Error('TLS: the memory BIO of this OpenSSL is laid out differently');
  }

  cellPointer(): bigint {
    return new BigUint64Array(this.cell.bytes.buffer)[0] as bigint;
  }

  /** The address of an offset of the memory. */
  address(offset: number): bigint {
    return this.#base + BigInt(offset);
  }

  offer(start: number, end: number): void {
    const { offered } = this;
    const address = this.baseNumber + start;
    offered[0] = offered[4] = end - start;
    offered[2] = address >>> 0;
    offered[3] = Math.floor(address / 0x1_0000_0000);
  }

  /** What one connection has not taken away of its output must not reach another. */
  clean(): void {
    while (lib.bioRead(this.writing, this.address(this.memory.deskStart), 4096) > 0);
  }

  engine(context: bigint, isServer: boolean): OpenSslEngine | null {
    const ssl = lib.sslNew(context);
    if (ssl === NULL) return null;
    const engine = this.#free.pop() ?? new OpenSslEngine(this); // hot-ok: once per concurrent connection, then pooled
    lib.bioShare(this.reading);
    lib.bioShare(this.writing);
    lib.sslBios(ssl, this.reading, this.writing);
    if (isServer) lib.sslAccept(ssl);
    else lib.sslConnect(ssl);
    engine.begin(ssl);
    this.open++;
    return engine;
  }

  giveBack(engine: OpenSslEngine): void {
    this.open--;
    this.#free.push(engine);
  }
}

export class OpenSslEngine implements TlsEngine {
  readonly #library: TlsLibrary;
  /** 0n: not in use. */
  #ssl = NULL;
  #end = 0;
  reason = '';

  constructor(library: TlsLibrary) {
    this.#library = library;
  }

  begin(ssl: bigint): void {
    this.#ssl = ssl;
    this.#end = 0;
    this.reason = '';
  }

  /** For what only platform/tls asks of a connection. */
  get ssl(): bigint {
    return this.#ssl;
  }

  offer(start: number, end: number): void {
    this.#library.offer(start, end);
    this.#end = end;
  }

  get rest(): number {
    return this.#end - (this.#library.offered[0] as number);
  }

  handshake(): HandshakeValue {
    lib.errClear();
    const result = lib.sslHandshake(this.#ssl);
    if (result === 1) return Handshake.done;
    if (lib.sslError(this.#ssl, result) === WANT_READ) return Handshake.wants;
    this.#fail();
    return Handshake.failed;
  }

  read(start: number, limit: number): number {
    const count = lib.sslRead(this.#ssl, this.#library.address(start), limit - start);
    if (count > 0) return count;
    const error = lib.sslError(this.#ssl, count);
    if (error === WANT_READ) return Read.wants;
    if (error === ZERO_RETURN) return Read.end;
    this.#fail();
    return Read.broken;
  }

  write(start: number, end: number): boolean {
    if (lib.sslWrite(this.#ssl, this.#library.address(start), end - start) === end - start) return true;
    this.#fail();
    return false;
  }

  output(start: number, limit: number): number {
    const count = lib.bioRead(this.#library.writing, this.#library.address(start), limit - start);
    return count > 0 ? count : 0;
  }

  shutdown(): void {
    lib.sslShutdown(this.#ssl);
    lib.errClear();
  }

  /** The oldest error is the cause; Node shares the queue, so none may stay in it. */
  #fail(): void {
    const code = lib.errGet();
    lib.errClear();
    this.reason = code === NULL ? 'the connection was cut' : lib.textAt(lib.errReason(code));
  }

  get isResumed(): boolean {
    return this.#ssl !== NULL && lib.sslResumed(this.#ssl) === 1;
  }

  fact(fact: FactValue, start: number, limit: number): number {
    const text = this.#ssl === NULL ? '' : this.#fact(fact);
    if (text === '' || start + text.length > limit) return -1;
    const { bytes } = this.#library.memory;
    for (let at = 0; at < text.length; at++) bytes[start + at] = text.charCodeAt(at);
    return start + text.length;
  }

  #fact(fact: FactValue): string {
    switch (fact) {
      case Fact.version:
        return lib.textAt(lib.sslVersion(this.#ssl));
      case Fact.cipher:
        return lib.textAt(lib.cipherName(lib.sslCipher(this.#ssl)));
      case Fact.alpn:
        return this.#alpn();
      case Fact.serverName:
        return lib.textAt(lib.sslName(this.#ssl, HOST_NAME)).slice(0, LONGEST_NAME);
      default:
        return '';
    }
  }

  #alpn(): string {
    const { cell } = this.#library;
    lib.sslAlpn(this.#ssl, cell.pointer, cell.pointer + 8n);
    const length = cell.words[2] as number;
    return length === 0 ? '' : String.fromCharCode(...new Uint8Array(viewAt(this.#library.cellPointer(), length)));
  }

  free(): void {
    if (this.#ssl === NULL) return;
    const ssl = this.#ssl;
    this.#ssl = NULL;
    this.#library.clean();
    lib.sslFree(ssl);
    this.#library.giveBack(this);
  }
}
