/**
 * An HTTP/1 server connection: requests into bytes, bytes into responses, one exchange at a time.
 * Which server and whether the connection may be shared is decided by others (stream/, back-pool).
 */
import { newAddress, type SocketAddress } from '../base/address.ts';
import { Inbox } from '../base/inbox.ts';
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import { decideResponse } from '../http/framing.ts';
import { Framing, Method } from '../http/message.ts';
import { reframeRequest } from '../http/reframe.ts';
import { Close, type CloseReason, type TcpFigureValue, type Wire, type WireHandler } from '../platform/contract.ts';
import type { TlsEngine } from '../platform/tls/contract.ts';
import { BodyDecoder, BodyResult } from '../proto/h1/body.ts';
import { encodeRequestHead, requestConnectionField } from '../proto/h1/encode.ts';
import { HeadParser, HeadResult } from '../proto/h1/head.ts';
import { Broken, type BrokenReason } from '../state/end.ts';
import type { BackMux, Server, Session, Stream } from '../state/records.ts';
import { KeepAlive } from '../state/settings.ts';
import type { BackHome } from './back-home.ts';
import type { MuxContext } from './context.ts';
import { fitsEarly } from './early-requests.ts';
import { keepTrailers, sendBody, sendBodyEnd, sendHeadCopy, takeSent } from './h1-send.ts';
import { beginServer, countServerHandshake, endServer, tlsOf } from './server-tls.ts';

const State = {
  connecting: 0,
  /** A response head is awaited. */
  head: 1,
  body: 2,
  /** The response is complete; the machine has not let go yet. */
  complete: 3,
  idle: 4,
  tunnel: 5,
  closed: 6,
} as const;

/** Bytes of a server's name in TLS (RFC 1035 2.3.4). */
const MOST_NAME = 255;

export class H1Back implements WireHandler, BackMux {
  server: Server | null = null;
  #tls: TlsEngine | null = null;
  requests = 0;
  /** The only session that may use it while it is idle (http-reuse never). */
  owner: Session | null = null;
  /** Of its server when it was made; and where it leads, if that depends on the client. */
  addressVersion = 0;
  readonly target: SocketAddress = newAddress();
  /** A hash of the PROXY header that it began with: requests with another one need another connection. */
  proxyHash = 0;
  readonly #context: MuxContext;
  readonly #home: BackHome<H1Back>;
  readonly #memory: Memory;
  readonly #parser = new HeadParser('response');
  readonly #decoder = new BodyDecoder();
  readonly #inbox = new Inbox();
  #wire!: Wire;
  #stream: Stream | null = null;
  #state: number = State.closed;
  #ended = false;
  #wireClosed = true;
  #name: Uint8Array | null = null;
  #nameLength = 0;
  /** The handshake goes on behind a request that was sent early, or is too long for that. */
  #isShaking = false;
  /** The exchange left the connection in a state in which no other request may follow. */
  #spoiled = false;

  constructor(context: MuxContext, home: BackHome<H1Back>) {
    this.#context = context;
    this.#home = home;
    this.#memory = context.memory;
    this.#parser.maxHeaders = context.limits.maxHeaders;
    this.#parser.setLimits(context.limits.bufferSize, context.limits.maxRewrite);
  }

  /** Begins on a wire that is connecting. */
  start(wire: Wire, server: Server, stream: Stream): void {
    this.#wire = wire;
    this.#tls = tlsOf(wire);
    this.server = server;
    this.requests = 0;
    this.#ended = this.#wireClosed = this.#spoiled = this.#isShaking = false;
    this.attach(stream);
    this.#state = State.connecting;
  }

  /** Gives an idle connection to a stream. */
  attach(stream: Stream): void {
    this.#stream = stream;
    stream.back = this;
    beginServer(stream, this.#tls);
    this.#state = State.head;
    this.#parser.lenient = (this.server as Server).backend.lenientResponses;
    this.#parser.reset();
  }

  /** The name in TLS that the connection was made for; empty: none. */
  setName(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, MOST_NAME);
    this.#nameLength = end - start;
    if (length > 0 && this.#name === null) this.#name = new Uint8Array(MOST_NAME); // hot-ok: once per record
    for (let at = 0; at < length; at++) (this.#name as Uint8Array)[at] = bytes[start + at] as number;
  }

  hasName(bytes: Uint8Array, start: number, end: number): boolean {
    // What is too long to be kept is not told to the server, but is not shared either.
    if (this.#nameLength !== end - start || this.#nameLength > MOST_NAME) return false;
    for (let at = 0; at < this.#nameLength; at++) if ((this.#name as Uint8Array)[at] !== bytes[start + at]) return false;
    return true;
  }

  // Wire events ---------------------------------------------------------------------------------

  onOpen(): void {
    const tls = this.#tls;
    this.#isShaking = tls !== null && tls.mostEarly > 0;
    if (!this.#isShaking) this.onSettled();
    // What is longer than the server takes early waits for the handshake.
    else if (this.#stream !== null && fitsEarly(this.#stream, this.server as Server, (tls as TlsEngine).mostEarly)) this.#onUsable();
  }

  /** The handshake is done, perhaps behind an early request. */
  onSettled(): void {
    this.#isShaking = false;
    if (this.#tls !== null) countServerHandshake(this.#context, this.server as Server, this.#tls);
    if (this.#state === State.connecting) this.#onUsable();
  }

  #onUsable(): void {
    this.#state = State.head;
    if (this.#stream !== null) this.#context.events.onConnected(this.#stream);
  }

  onData(_wire: Wire, block: Block, start: number, end: number): boolean {
    const stream = this.#stream;
    if (stream === null) {
      this.#onIdleBytes();
      return false;
    }
    switch (this.#state) {
      case State.head:
        return this.#onHeadBytes(stream, block, start, end);
      case State.body:
        return this.#onBodyBytes(stream, block, start, end);
      case State.tunnel:
        stream.bytes.fromServer += end - start;
        this.#context.events.onResponseData(stream, block, start, end, false);
        return true;
      default:
        this.#spoiled = true;
        return false;
    }
  }

  onSent(_wire: Wire, block: Block): void {
    this.#memory.give(block);
    if (this.#stream !== null) this.#context.events.onBackDrained(this.#stream);
  }

  onEnd(): void {
    this.#ended = true;
    const stream = this.#stream;
    if (stream === null) this.#onIdleBytes();
    else this.#onServerEnd(stream, Broken.closed);
  }

  onClose(wire: Wire, reason: CloseReason): void {
    this.#tls = null;
    this.#wireClosed = true;
    const stream = this.#stream;
    const connecting = this.#state === State.connecting;
    if (stream !== null) endServer(stream, wire, connecting || this.#isShaking ? this.server : null, this.#context);
    if (stream === null) {
      if (this.#state === State.idle) this.#home.forget(this);
      this.#finish();
    } else if (connecting) this.#context.events.onConnectFailed(stream, reason === Close.resources ? Broken.resources : Broken.reset);
    else if (this.#ended) this.#context.events.onBackClosed(stream, reason === Close.end ? Broken.closed : Broken.reset);
    else this.#onServerEnd(stream, Broken.reset);
  }

  /** The server closed, or spoke without being asked: an idle connection is over. */
  #onIdleBytes(): void {
    if (this.#state !== State.idle) return;
    this.#home.forget(this);
    this.close();
  }

  #onServerEnd(stream: Stream, reason: BrokenReason): void {
    const { events } = this.#context;
    const closed = reason === Broken.closed;
    if (this.#state === State.complete) {
      this.#spoiled = true;
      // One that half-closes may still take the rest of the request.
      if (!stream.requestDone || !closed) events.onBackClosed(stream, reason);
    } else if (closed && (this.#state === State.tunnel || (this.#state === State.body && this.#decoder.untilClose))) {
      if (this.#state === State.body) this.#state = State.complete;
      this.#spoiled = true;
      events.onResponseEnd(stream);
    } else events.onBackClosed(stream, reason);
  }

  // Responses ---------------------------------------------------------------------------------------

  #onHeadBytes(stream: Stream, block: Block, start: number, end: number): boolean {
    const inbox = this.#inbox;
    stream.bytes.fromServer += end - start;
    if (inbox.isEmpty) {
      inbox.adopt(block, start, end);
      this.#parseHead(stream);
      return true;
    }
    const taken = inbox.append(this.#memory, start, end);
    this.#parseHead(stream);
    if (taken === end - start || this.#stream !== stream) return false;
    stream.bytes.fromServer -= end - start - taken;
    return this.onData(this.#wire, block, start + taken, end);
  }

  #parseHead(stream: Stream): void {
    const inbox = this.#inbox;
    const memory = this.#memory;
    // Several heads may stand in one block: 1xx answers, then the final one.
    for (;;) {
      let result = this.#parser.parse(stream.response, memory.bytes, inbox.start, inbox.end);
      if (result === HeadResult.more && inbox.moveToStart(memory)) {
        this.#parser.reset();
        stream.response.reset();
        result = this.#parser.parse(stream.response, memory.bytes, inbox.start, inbox.end);
      }
      if (result === HeadResult.more) return;
      if (result === HeadResult.failed || this.#decide(stream) !== 0) {
        this.#spoiled = true;
        this.#context.events.onBackClosed(stream, Broken.invalid);
        return;
      }
      const { status } = stream.response;
      if (status < 100 || status >= 200 || status === 101) break;
      if (!this.#onInterim(stream)) return;
    }
    this.#onHead(stream);
  }

  #decide(stream: Stream): number {
    const { request, response } = stream;
    return decideResponse(response, this.#memory.bytes, request.method, (this.server as Server).backend.framing, request.upgrade);
  }

  /** Hands a 1xx head on. False: nothing is left to parse, or the stream is gone. */
  #onInterim(stream: Stream): boolean {
    const inbox = this.#inbox;
    this.#context.events.onResponse(stream);
    if (this.#stream !== stream) return false;
    stream.response.reset();
    inbox.start = this.#parser.headEnd;
    this.#parser.reset();
    if (inbox.start < inbox.end) return true;
    inbox.clear(this.#memory);
    return false;
  }

  #onHead(stream: Stream): void {
    const { response } = stream;
    const inbox = this.#inbox;
    const memory = this.#memory;
    const { headEnd } = this.#parser;
    const { end } = inbox;
    response.block = inbox.release();
    response.spare = end;
    response.spareEnd = memory.end(response.block);
    if (response.framing === Framing.tunnel) {
      this.#state = State.tunnel;
      response.bodyStart = headEnd;
      response.bodyEnd = end;
    } else if (!this.#decodeEarlyBody(stream, headEnd, end)) {
      this.#spoiled = true;
      this.#context.events.onBackClosed(stream, Broken.invalid);
      return;
    }
    this.#context.events.onResponse(stream);
  }

  #decodeEarlyBody(stream: Stream, start: number, end: number): boolean {
    const { response } = stream;
    const decoder = this.#decoder;
    if (response.framing === Framing.none) {
      response.complete = true;
      this.#endOfResponse(stream, start, end);
      return true;
    }
    decoder.reset(response.framing, response.contentLength, response.trailers);
    const result = decoder.decode(this.#memory.bytes, start, end);
    if (result === BodyResult.failed) return false;
    response.bodyStart = decoder.dataStart;
    response.bodyEnd = decoder.dataEnd;
    response.complete = result === BodyResult.done;
    if (response.complete) this.#endOfResponse(stream, decoder.next, end);
    else {
      this.#state = State.body;
      if (decoder.next < end) return this.#keepTail(decoder.next, end);
    }
    return true;
  }

  /** The beginning of a trailer section. False: no block is left. */
  #keepTail(start: number, end: number): boolean {
    return this.#inbox.append(this.#memory, start, end) === end - start;
  }

  #endOfResponse(stream: Stream, start: number, end: number): void {
    this.#state = State.complete;
    if (start < end || !stream.response.persistent || stream.response.mustClose || this.#ended) this.#spoiled = true;
  }

  #onBodyBytes(stream: Stream, block: Block, start: number, end: number): boolean {
    const memory = this.#memory;
    stream.bytes.fromServer += end - start;
    if (!this.#inbox.isEmpty) return this.#onTrailerBytes(stream, start, end);
    const decoder = this.#decoder;
    const { events } = this.#context;
    const result = decoder.decode(memory.bytes, start, end);
    if (result === BodyResult.failed || (result === BodyResult.keepTail && !this.#keepTail(decoder.next, end))) {
      this.#spoiled = true;
      events.onBackClosed(stream, Broken.invalid);
      return false;
    }
    const done = result === BodyResult.done;
    if (done) this.#endOfResponse(stream, decoder.next, end);
    if (decoder.dataEnd > decoder.dataStart) {
      events.onResponseData(stream, block, decoder.dataStart, decoder.dataEnd, done);
      return true;
    }
    const keeps = done && keepTrailers(stream.response, block);
    if (done) events.onResponseEnd(stream);
    return keeps;
  }

  /** A trailer section in pieces; its bytes stay in the inbox until the connection is released. */
  #onTrailerBytes(stream: Stream, start: number, end: number): boolean {
    const inbox = this.#inbox;
    const decoder = this.#decoder;
    const { events } = this.#context;
    const taken = inbox.append(this.#memory, start, end);
    const result = taken < end - start ? BodyResult.failed : decoder.decode(this.#memory.bytes, inbox.start, inbox.end);
    if (result === BodyResult.failed) {
      this.#spoiled = true;
      events.onBackClosed(stream, Broken.invalid);
    } else if (result === BodyResult.done) {
      this.#endOfResponse(stream, decoder.next, inbox.end);
      events.onResponseEnd(stream);
    } else inbox.start = decoder.next;
    return false;
  }

  // Machine calls -----------------------------------------------------------------------------------

  sendRequest(stream: Stream): boolean {
    const { bytes, deskStart, deskEnd } = this.#memory;
    if (stream.request.method === Method.connect && stream.request.contentLength > 0) return false;
    this.requests++;
    const { caseMap, dropRequestTrailers } = (this.server as Server).backend;
    if (dropRequestTrailers) stream.request.trailers.clear();
    if (stream.request.reframe) reframeRequest(stream.request, bytes);
    const end = encodeRequestHead(stream.request, bytes, deskStart, deskEnd, this.#connectionField(stream));
    if (end < 0) return false;
    if (caseMap !== null) caseMap.adjust(bytes, deskStart, end);
    const isSent = sendHeadCopy(this.#memory, this.#wire, stream.request, deskStart, end);
    stream.bytes.toServer += takeSent();
    return isSent;
  }

  #connectionField(stream: Stream): number {
    const { backend } = this.server as Server;
    const closes = stream.request.mustClose || backend.keepAlive !== KeepAlive.keep || stream.frontend.keepAlive !== KeepAlive.keep;
    if (closes) this.#spoiled = true;
    return requestConnectionField(stream.request, closes && !backend.pretendKeepAlive);
  }

  sendData(stream: Stream, block: Block, start: number, end: number, last: boolean): void {
    if (last && this.server?.backend.dropRequestTrailers) stream.request.trailers.clear();
    if (this.#wireClosed) this.#memory.give(block);
    else if (!sendBody(this.#memory, this.#wire, stream.request, block, start, end, last)) this.#fail();
    stream.bytes.toServer += takeSent();
  }

  sendEnd(stream: Stream): void {
    if (this.server?.backend.dropRequestTrailers) stream.request.trailers.clear();
    if (this.#wireClosed) return;
    if (this.#state === State.tunnel) this.#wire.finish();
    else if (!sendBodyEnd(this.#memory, this.#wire, stream.request)) this.#fail();
    stream.bytes.toServer += takeSent();
  }

  /** The request can't be ended: neither can the exchange. */
  #fail(): void {
    this.#spoiled = true;
    this.#wire.destroy(true);
  }

  unsent(): number {
    return this.#wireClosed ? 0 : this.#wire.unsent;
  }

  findSource(stream: Stream): void {
    stream.hasBackSource = !this.#wireClosed && this.#wire.localAddress(stream.backSource);
  }

  measure(figure: TcpFigureValue): number {
    return this.#wireClosed ? -1 : this.#wire.measure(figure);
  }

  pauseResponse(): void {
    if (!this.#wireClosed) this.#wire.pause();
  }

  resumeResponse(): void {
    if (!this.#wireClosed) this.#wire.resume();
  }

  release(stream: Stream, reusable: boolean): void {
    this.#stream = null;
    stream.back = null;
    const clean = this.#state === State.complete && !this.#spoiled && !this.#ended && !this.#wireClosed && this.#wire.unsent === 0;
    if (!this.#inbox.isEmpty) this.#inbox.clear(this.#memory);
    if (this.#wireClosed) this.#finish();
    else if (reusable && clean) {
      this.#state = State.idle;
      this.#wire.resume();
      this.#home.keep(this, stream);
    } else this.close();
  }

  close(): void {
    if (this.#state === State.closed) return;
    this.#state = State.closed;
    if (!this.#wireClosed) this.#wire.destroy(false);
  }

  #finish(): void {
    this.#state = State.closed;
    if (this.#inbox.block !== NO_BLOCK) this.#inbox.clear(this.#memory);
    this.server = null;
    this.#home.recycle(this);
  }
}
