/**
 * One TLS connection over OpenSSL. All engines of a thread share two memory BIOs: every call uses up what the reading one
 * holds (OpenSSL keeps the start of an incomplete record itself) and takes away what the writing one has got, so an idle connection
 * costs no buffers. The reading BIO is pointed at the bytes where they are. It must not know wires.
 */
import type { Memory } from '../../base/memory.ts';
import { addressOf, area, viewAt } from '../ffi.ts';
import { isAskedName } from './asked-name.ts';
import {
  type FactValue,
  type FigureValue,
  Handshake,
  type HandshakeValue,
  MOST_EARLY,
  NO_SUCH_NAME,
  Read,
  Refusal,
  type TlsEngine,
} from './contract.ts';
import { EngineFacts, type FactSource } from './facts.ts';
import * as lib from './library.ts';
import { keepSecret } from './secrets.ts';
import { SessionCache } from './session-cache.ts';
import type { Response } from './stapling.ts';
import type { TicketRing } from './tickets.ts';

const NULL = 0n;
/** BIO_C_GET_BUF_MEM_PTR, BIO_C_SET_BUF_MEM_EOF_RETURN */
const GET_MEMORY = 115;
const SET_END_RESULT = 130;
/** BIO_CTRL_RESET, BIO_CTRL_PENDING */
const RESET = 1;
const PENDING = 10;
/** SSL_ERROR_… */
const WANT_READ = 2;
const ZERO_RETURN = 6;

/** Errors of verification (X509_V_ERR_…) that do not end a handshake. */
export interface IgnoredErrors {
  readonly certificate: ReadonlySet<number> | 'all';
  readonly authority: ReadonlySet<number> | 'all';
}

/** What a connection has of its context: as it is when it is asked for. */
export interface Served {
  readonly certificateName: string;
  /** What is stapled. */
  readonly response: Response | null;
  readonly ring: TicketRing | null;
  readonly countsKeyUpdates: boolean;
}

function ignores(ignored: ReadonlySet<number> | 'all', error: number): boolean {
  return ignored === 'all' || ignored.has(error);
}

const NOTHING: Served = { certificateName: '', response: null, ring: null, countsKeyUpdates: false };

/** Of an engine whose context takes early data: it may come; it has; all of it has, and the handshake goes on. Of a client: it was sent. */
const Early = { none: 0, possible: 1, open: 2, over: 3, sent: 4 } as const;
/** SSL_READ_EARLY_DATA_SUCCESS, …_FINISH */
const EARLY_BYTES = 1;
const EARLY_OVER = 2;
/** SSL_EARLY_DATA_REJECTED */
const EARLY_REFUSED = 1;
/** What `#readEarly` answers beside values of Read. */
const NO_MORE_EARLY = -3;

let libraries = 0;

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
  readonly facts: EngineFacts;
  /** Tells the libraries of a thread apart: tests make several. */
  readonly number = libraries++;
  /** Whose handshake runs: what OpenSSL asks meanwhile is about it. */
  current: OpenSslEngine | null = null;
  /** Engines that are lent: for tests that look for leaks. */
  open = 0;
  /** Sessions of clients that no ticket carries; null: none are kept. */
  readonly sessions: SessionCache | null;
  /** Early data that came with a hello, and whose it is: nobody else may get it. The next hello that brings some takes its place. */
  readonly early = area(MOST_EARLY);
  #earlyCount = 0;
  #earlyOf: OpenSslEngine | null = null;
  /** NO_SUCH_NAME, in whole words. */
  readonly #refusal = area(8);
  /** Contexts of OpenSSL that are held, as well. */
  contexts = 0;

  /**
   * @param sessions a room for sessions that all threads share (newByteCache); null: none
   * @throws Error if this build of Node lacks what TLS needs
   */
  constructor(memory: Memory, sessions: SharedArrayBuffer | null = null) {
    const missing = lib.missingFunctions();
    if (missing.length > 0) throw new Error(`TLS needs functions of OpenSSL that this Node does not export: ${missing.join(', ')}`);
    this.memory = memory;
    this.#refusal.bytes.set(NO_SUCH_NAME);
    this.facts = new EngineFacts(this);
    this.#base = addressOf(memory.bytes);
    this.baseNumber = Number(this.#base);
    this.reading = lib.bioOver(this.#base, 0);
    this.writing = lib.bioNew(lib.bioMemory());
    // Without more bytes it says "try again", not "the end".
    lib.bioControl(this.reading, SET_END_RESULT, -1n, NULL);
    lib.bioControl(this.reading, GET_MEMORY, 0n, this.cell.pointer);
    this.offered = new Uint32Array(viewAt(this.cellPointer(), 32));
    this.#prove();
    this.sessions = sessions === null ? null : new SessionCache(this, sessions);
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

  /** In the clear, before anything else is said. */
  refuseName(): void {
    lib.bioWrite(this.writing, this.#refusal.pointer, NO_SUCH_NAME.length);
  }

  /** @param asked see TlsContext.open */
  engine(context: bigint, isServer: boolean, served: Served, takesEarly: boolean, asked: string | null): OpenSslEngine | null {
    const ssl = lib.sslNew(context);
    if (ssl === NULL) return null;
    const engine = this.#free.pop() ?? new OpenSslEngine(this); // hot-ok: once per concurrent connection, then pooled
    lib.bioShare(this.reading);
    lib.bioShare(this.writing);
    lib.sslBios(ssl, this.reading, this.writing);
    if (isServer) lib.sslAccept(ssl);
    else lib.sslConnect(ssl);
    engine.begin(ssl, isServer, served, takesEarly, asked);
    this.open++;
    return engine;
  }

  /** `early` holds so many bytes for an engine. */
  keepEarly(engine: OpenSslEngine, count: number): void {
    this.#earlyOf = engine;
    this.#earlyCount = count;
  }

  /** What `early` holds for an engine, to [start, limit): it has room for all. */
  takeEarly(engine: OpenSslEngine, start: number): number {
    if (this.#earlyOf !== engine) return 0;
    const count = this.#earlyCount;
    this.forgetEarly(engine);
    const { bytes } = this.memory;
    for (let at = 0; at < count; at++) bytes[start + at] = this.early.bytes[at] as number;
    return count;
  }

  forgetEarly(engine: OpenSslEngine): void {
    if (this.#earlyOf !== engine) return;
    this.#earlyOf = null;
    this.#earlyCount = 0;
  }

  giveBack(engine: OpenSslEngine): void {
    this.forgetEarly(engine);
    this.open--;
    this.#free.push(engine);
  }
}

export class OpenSslEngine implements TlsEngine, FactSource {
  readonly #library: TlsLibrary;
  /** 0n: not in use. */
  #ssl = NULL;
  #end = 0;
  /** How often `free` is to be called. */
  #holders = 0;
  reason = '';
  errorCode = 0;
  /** See Figure. */
  certificateError = 0;
  authorityError = 0;
  authorityErrorDepth = 0;
  wasPeerVerified = false;
  refusal: number = Refusal.none;
  isServer = false;
  keyUpdates = 0;
  mostEarly = 0;
  /** See Figure. */
  hadEarly = false;
  #early: number = Early.none;
  #served: Served = NOTHING;
  #asked: string | null = null;
  readonly #facts: EngineFacts;
  /** Texts that were asked for, by Fact: once a connection, however many requests it carries. */
  readonly texts: (Uint8Array | null)[] = [];

  constructor(library: TlsLibrary) {
    this.#library = library;
    this.#facts = library.facts;
  }

  begin(ssl: bigint, isServer: boolean, served: Served, takesEarly: boolean, asked: string | null): void {
    this.#ssl = ssl;
    this.#asked = asked;
    this.#early = takesEarly ? Early.possible : Early.none;
    this.hadEarly = false;
    this.#holders = 1;
    this.#end = this.keyUpdates = this.mostEarly = 0;
    this.reason = '';
    this.errorCode = this.certificateError = this.authorityError = this.authorityErrorDepth = 0;
    this.wasPeerVerified = false;
    this.refusal = Refusal.none;
    this.isServer = isServer;
    this.#served = served;
    this.texts.length = 0;
  }

  get certificateName(): string {
    return this.#served.certificateName;
  }

  get response(): Response | null {
    return this.#served.response;
  }

  get ring(): TicketRing | null {
    return this.#served.ring;
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
    const result = this.#goOn();
    if (this.#asked === null || result === Handshake.failed) return result;
    // As soon as there is an answer to a hello, and before anybody gets it.
    if ((result === Handshake.wants && !this.hasOutput) || isAskedName(this.#ssl, this.#asked)) return result;
    this.discard();
    this.#library.forgetEarly(this);
    this.#library.refuseName();
    this.reason = 'another name than the one that the certificate was chosen by';
    return Handshake.failed;
  }

  #goOn(): HandshakeValue {
    lib.errClear();
    const library = this.#library;
    library.current = this;
    if (this.#early === Early.possible) {
      const count = this.#readEarly(library.early.pointer, MOST_EARLY);
      if (count > 0) {
        library.keepEarly(this, count);
        this.#early = Early.open;
        this.hadEarly = true;
        return Handshake.early;
      }
      if (count !== NO_MORE_EARLY) return count === Read.wants ? Handshake.wants : Handshake.failed;
      this.#early = Early.none;
    }
    return this.#shake();
  }

  #shake(): HandshakeValue {
    const result = lib.sslHandshake(this.#ssl);
    if (result === 1) {
      // What was tried in vain (a ticket that is no good) must not be taken for an error of what follows.
      lib.errClear();
      if (this.#early === Early.sent) this.#early = Early.none;
      const { sessions } = this.#library;
      if (sessions !== null && this.isServer && !this.isResumed) sessions.keepAfter(this.#ssl);
      return Handshake.done;
    }
    if (lib.sslError(this.#ssl, result) === WANT_READ) return Handshake.wants;
    this.#fail();
    return Handshake.failed;
  }

  get isEarly(): boolean {
    return this.#early >= Early.open;
  }

  /** To an address; a value of Read, or NO_MORE_EARLY. */
  #readEarly(into: bigint, room: number): number {
    const { cell } = this.#library;
    const result = lib.sslReadEarly(this.#ssl, into, BigInt(room), cell.pointer);
    if (result === EARLY_BYTES) return Number(this.#library.cellPointer());
    if (result === EARLY_OVER) return NO_MORE_EARLY;
    if (lib.sslError(this.#ssl, 0) === WANT_READ) return Read.wants;
    this.#fail();
    return Read.broken;
  }

  /** Early data, then the rest of the handshake, then what follows it. */
  #readThroughEarly(start: number, limit: number): number {
    const library = this.#library;
    const held = library.takeEarly(this, start);
    if (held > 0) return held;
    lib.errClear();
    library.current = this;
    if (this.#early === Early.open) {
      const count = this.#readEarly(library.address(start), limit - start);
      if (count !== NO_MORE_EARLY) return count;
      this.#early = Early.over;
    }
    const result = this.#shake();
    if (result !== Handshake.done) return result === Handshake.wants ? Read.wants : Read.broken;
    this.#early = Early.none;
    return this.read(start, limit);
  }

  read(start: number, limit: number): number {
    if (this.#early !== Early.none) return this.#readThroughEarly(start, limit);
    if (this.#served.countsKeyUpdates) this.#library.current = this;
    const count = lib.sslRead(this.#ssl, this.#library.address(start), limit - start);
    if (count > 0) return count;
    const error = lib.sslError(this.#ssl, count);
    if (error === WANT_READ) return Read.wants;
    if (error === ZERO_RETURN) return Read.end;
    this.#fail();
    return Read.broken;
  }

  write(start: number, end: number): boolean {
    const at = this.#library.address(start);
    const isDone =
      this.#early === Early.none
        ? lib.sslWrite(this.#ssl, at, end - start) === end - start
        : lib.sslWriteEarly(this.#ssl, at, BigInt(end - start), this.#library.cell.pointer) === 1;
    if (!isDone) this.#fail();
    return isDone;
  }

  writeEarly(start: number, end: number): boolean {
    const library = this.#library;
    library.current = this;
    const isDone = lib.sslWriteEarly(this.#ssl, library.address(start), BigInt(end - start), library.cell.pointer) === 1;
    if (!isDone) this.#fail();
    this.#early = Early.sent;
    this.hadEarly = true;
    return isDone;
  }

  get wasEarlyRefused(): boolean {
    return this.#ssl !== NULL && lib.sslEarlyStatus(this.#ssl) === EARLY_REFUSED;
  }

  output(start: number, limit: number): number {
    const count = lib.bioRead(this.#library.writing, this.#library.address(start), limit - start);
    return count > 0 ? count : 0;
  }

  get hasOutput(): boolean {
    return lib.bioControl(this.#library.writing, PENDING, 0n, NULL) !== 0n;
  }

  discard(): void {
    // To forget nothing would wipe the whole memory of the BIO too.
    if (this.hasOutput) lib.bioControl(this.#library.writing, RESET, 0n, NULL);
  }

  shutdown(): void {
    lib.sslShutdown(this.#ssl);
    lib.errClear();
  }

  /** The oldest error is the cause; Node shares the queue, so none may stay in it. */
  #fail(): void {
    const code = lib.errGet();
    lib.errClear();
    this.errorCode = Number(code);
    this.reason = code === NULL ? 'the connection was cut' : lib.textAt(lib.errReason(code));
  }

  get isResumed(): boolean {
    return this.#ssl !== NULL && lib.sslResumed(this.#ssl) === 1;
  }

  fact(fact: FactValue, start: number, limit: number): number {
    return this.#ssl === NULL ? -1 : this.#facts.write(this, fact, start, limit);
  }

  figure(figure: FigureValue): number {
    return this.#ssl === NULL ? 0 : this.#facts.figure(this, figure);
  }

  suiteName(suite: number, start: number, limit: number): number {
    return this.#ssl === NULL ? -1 : this.#facts.suiteName(this.#ssl, suite, start, limit);
  }

  /** A line of secrets: they are kept as texts, seven at most. */
  keepSecret(line: string): void {
    keepSecret(this.texts, line);
  }

  /** What the verification of the peer has come to, for one certificate of its chain. True: the handshake goes on. */
  judge(isGood: boolean, error: number, depth: number, ignored: IgnoredErrors): boolean {
    this.wasPeerVerified = true;
    if (isGood) return true;
    if (depth > 0) {
      if (this.authorityError === 0) {
        this.authorityError = error;
        this.authorityErrorDepth = depth;
      }
      if (ignores(ignored.authority, error)) return true;
      this.refusal = Refusal.authority;
      return false;
    }
    if (this.certificateError === 0) this.certificateError = error;
    if (ignores(ignored.certificate, error)) return true;
    this.refusal = Refusal.certificate;
    return false;
  }

  hold(): void {
    this.#holders++;
  }

  free(): void {
    if (this.#ssl === NULL || --this.#holders > 0) return;
    const ssl = this.#ssl;
    this.#ssl = NULL;
    this.#library.clean();
    this.#served = NOTHING;
    lib.sslFree(ssl);
    this.#library.giveBack(this);
  }
}
