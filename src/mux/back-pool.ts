/**
 * Server connections of a thread: opening them, keeping idle ones, and choosing one for a request by the
 * rules of http-reuse (HAProxy 3.x configuration 4.2 http-reuse). It must not know streams' rules.
 */
import { copyAddress, isIp, isSameAddress, newAddress, type SocketAddress } from '../base/address.ts';
import { Timer, type TimerOwner } from '../base/timers.ts';
import { xxh32 } from '../base/xxhash.ts';
import type { ConnectOptions, Wire } from '../platform/contract.ts';
import type { ProxyLineSender, Server, Session, Stream } from '../state/records.ts';
import { followAddress } from '../state/server-address.ts';
import { Reuse } from '../state/settings.ts';
import { Count } from '../state/shared.ts';
import { MOST_HEADER_BYTES, type Opener } from '../transport/proxy-dialer.ts';
import type { MuxContext } from './context.ts';
import { maySendEarly } from './early-requests.ts';
import { H1Back } from './h1-back.ts';
import { RawBack } from './raw-back.ts';

/** How often it is looked whether a server's `pool-purge-delay` has passed (milliseconds). */
const LOOK_MS = 1000;

export class BackPool implements TimerOwner {
  readonly #context: MuxContext;
  readonly #free: H1Back[] = [];
  readonly #freeRaw: RawBack[] = [];
  readonly #timer = new Timer(this);
  readonly #target: SocketAddress = newAddress();
  readonly #options: {
    source: SocketAddress | null;
    keepAlive: boolean;
    mark: number;
    tos: number;
    userTimeoutMs: number;
  } & ConnectOptions = {
    source: null,
    keepAlive: false,
    mark: -1,
    tos: -1,
    userTimeoutMs: 0,
  };
  #servers: readonly Server[] = [];
  #lookMs = LOOK_MS;
  /** What `#findName` has found, in the memory. */
  #nameStart = 0;
  #nameEnd = 0;

  constructor(context: MuxContext) {
    this.#context = context;
  }

  /** Starts purging the idle connections of these servers. */
  start(servers: readonly Server[]): void {
    this.#servers = servers;
    for (let at = 0; at < servers.length; at++)
      this.#lookMs = Math.min(this.#lookMs, Math.max(1, (servers[at] as Server).poolPurgeDelayMs));
    const { timers } = this.#context.host;
    timers.set(this.#timer, this.#context.host.now() + this.#lookMs);
  }

  stop(): void {
    this.#context.host.timers.drop(this.#timer);
    this.closeIdle();
  }

  /** An idle connection that this stream may use, or null. It is the stream's from then on. */
  takeIdle(stream: Stream, server: Server): H1Back | null {
    if (isMarked(stream)) return null;
    this.#findName(stream, server);
    const { session } = stream;
    const own = session.privateBack as H1Back | null;
    if (own !== null) {
      session.privateBack = own.owner = null;
      if (own.server === server && this.#fits(own, stream, server)) return this.#reused(own, stream);
      own.close();
    }
    const { reuse } = server.backend;
    if (reuse === Reuse.never || server.proxyLine !== null) return null;
    const first = session.requests <= 1;
    if (first && reuse === Reuse.safe) return null;
    const { idle } = server;
    for (let at = idle.length - 1; at >= 0; at--) {
      const back = idle[at] as H1Back;
      // A connection that has served two exchanges has shown that its server keeps connections open.
      if ((first && reuse === Reuse.aggressive && back.requests < 2) || !this.#fits(back, stream, server)) continue;
      idle.splice(at, 1);
      return this.#reused(back, stream);
    }
    return null;
  }

  /** The name that the server is asked for in TLS: empty if none is. */
  #findName(stream: Stream, server: Server): void {
    this.#nameStart = this.#nameEnd = 0;
    const name = server.tls === null ? null : server.tls.name;
    if (name === null || !name.find(stream)) return;
    this.#nameStart = name.start;
    this.#nameEnd = name.end;
  }

  /**
   * Is the connection what a new one would be? One for a name is not used for another: the server may be another one behind it (HAProxy
   * 3.x configuration 5.2 sni). Nor is one that leads to another place, or that was introduced for another client.
   */
  #fits(back: H1Back, stream: Stream, server: Server): boolean {
    if (!back.hasName(this.#context.memory.bytes, this.#nameStart, this.#nameEnd)) return false;
    if (server.proxyLine !== null && !this.#isIntroduced(back, stream, server.proxyLine)) return false;
    return !followsClient(server) || isSameAddress(back.target, this.#targetOf(stream, server));
  }

  /** Whether the connection began with the PROXY header that this request would have. */
  #isIntroduced({ proxyHash }: H1Back, stream: Stream, proxyLine: ProxyLineSender): boolean {
    const { memory } = this.#context;
    const start = memory.scratch();
    const end = proxyLine.write(stream, start, start + MOST_HEADER_BYTES);
    return end >= 0 && xxh32(memory.bytes, start, end, 0) === proxyHash;
  }

  #reused(back: H1Back, stream: Stream): H1Back {
    const { counts } = this.#context.shared;
    const server = back.server as Server;
    counts[server.counts + Count.reuses] = (counts[server.counts + Count.reuses] as number) + 1;
    back.attach(stream);
    return back;
  }

  /** A new connection to the server for this stream: onConnected or onConnectFailed follows. */
  connect(stream: Stream, server: Server): void {
    followAddress(this.#context.shared.live, server);
    if (stream.tunnel) {
      const raw = this.#freeRaw.pop() ?? new RawBack(this.#context, this); // hot-ok: once per concurrent connection, then pooled
      raw.start(this.#open(stream, server, raw), server, stream);
      return;
    }
    const back = this.#free.pop() ?? new H1Back(this.#context, this); // hot-ok: once per concurrent connection, then pooled
    back.start(this.#open(stream, server, back), server, stream);
    back.setName(this.#context.memory.bytes, this.#nameStart, this.#nameEnd);
    back.addressVersion = server.addressVersion;
    if (followsClient(server)) copyAddress(this.#targetOf(stream, server), back.target);
  }

  #open(stream: Stream, server: Server, back: H1Back | RawBack): Wire {
    const { host, shared } = this.#context;
    const { counts } = shared;
    counts[server.counts + Count.connectsTotal] = (counts[server.counts + Count.connectsTotal] as number) + 1;
    this.#options.source = server.source;
    this.#options.keepAlive = server.backend.tcpKeepAlive;
    this.#options.mark = stream.overrides.backMark;
    this.#options.tos = stream.overrides.backTos;
    this.#options.userTimeoutMs = server.userTimeoutMs;
    const target = this.#targetOf(stream, server);
    const opener = server.proxyLine === null ? host : this.#announce(stream, server, back);
    const wire = this.#dial(stream, server, back, target, opener ?? host);
    if (opener === null) wire.destroy(false);
    return wire;
  }

  #dial(stream: Stream, server: Server, back: H1Back | RawBack, target: SocketAddress, opener: Opener): Wire {
    if (server.tls === null) return opener.connect(target, back, this.#options);
    this.#findName(stream, server);
    const { context, sendsEarly } = server.tls;
    const speaker = sendsEarly && back instanceof H1Back && maySendEarly(stream, server.backend) ? back : null;
    return this.#context.tls.connect(context, this.#nameStart, this.#nameEnd, target, back, this.#options, opener, speaker);
  }

  /** The opener of a connection that begins with the stream's PROXY header; null: it is too long, there can be no connection. */
  #announce(stream: Stream, { proxyLine, tls }: Server, back: H1Back | RawBack): Opener | null {
    const { memory, proxy } = this.#context;
    const start = memory.scratch();
    const end = (proxyLine as ProxyLineSender).write(stream, start, start + MOST_HEADER_BYTES);
    if (end < 0) return null;
    back.proxyHash = xxh32(memory.bytes, start, end, 0);
    return proxy.announcing(start, end, tls !== null);
  }

  /** Where the server is; with an address or port of the client's in a record that lasts until the next call. */
  #targetOf({ session }: Stream, server: Server): SocketAddress {
    const { address } = server;
    if (!followsClient(server)) return address;
    const target = this.#target;
    const { destination } = session;
    copyAddress(server.addressFromClient && isIp(destination) ? destination : address, target);
    target.port = server.portFromClient ? destination.port + server.portOffset : address.port;
    return target;
  }

  /** Puts a connection that has finished an exchange aside for others, or for its session. */
  keep(back: H1Back, stream: Stream): void {
    const server = back.server as Server;
    if (back.requests > server.maxReuse || isMarked(stream) || back.addressVersion !== server.addressVersion) back.close();
    else if (server.backend.reuse === Reuse.never || server.proxyLine !== null) {
      this.closePrivate(stream.session);
      stream.session.privateBack = back;
      back.owner = stream.session;
    } else if (server.idle.length >= server.poolMaxConnections) back.close();
    else server.idle.push(back);
  }

  /** The session is over, or has another connection: its own idle one goes. */
  closePrivate(session: Session): void {
    const own = session.privateBack as H1Back | null;
    if (own === null) return;
    session.privateBack = own.owner = null;
    own.close();
  }

  /** An idle connection has ended by itself. */
  forget(back: H1Back): void {
    if (back.owner !== null) {
      back.owner.privateBack = back.owner = null;
      return;
    }
    const { idle } = back.server as Server;
    const at = idle.indexOf(back);
    if (at >= 0) idle.splice(at, 1);
  }

  recycle(back: H1Back): void {
    this.#free.push(back);
  }

  recycleRaw(back: RawBack): void {
    this.#freeRaw.push(back);
  }

  closeIdle(): void {
    for (let at = 0; at < this.#servers.length; at++) this.closeIdleOf(this.#servers[at] as Server);
  }

  /** Its address has changed, or the thread ends. */
  closeIdleOf({ idle }: Server): void {
    while (idle.length > 0) (idle.pop() as H1Back).close();
  }

  /** Every `pool-purge-delay` half of a server's idle connections go, the ones that were not needed longest first. */
  onTimer(): void {
    const { host } = this.#context;
    const now = host.now();
    for (let at = 0; at < this.#servers.length; at++) {
      const server = this.#servers[at] as Server;
      if (server.nextPurgeMs > now) continue;
      server.nextPurgeMs = now + server.poolPurgeDelayMs;
      const { idle } = server;
      for (let count = (idle.length + 1) >> 1; count > 0; count--) (idle.shift() as H1Back).close();
    }
    host.timers.set(this.#timer, now + this.#lookMs);
  }
}

/** Not all connections to the server lead to the same place. */
function followsClient(server: Server): boolean {
  return server.portFromClient || server.addressFromClient;
}

/** set-bc-mark and set-bc-tos: its packets are its own. */
function isMarked({ overrides }: Stream): boolean {
  return overrides.backMark >= 0 || overrides.backTos >= 0;
}
