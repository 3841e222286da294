/**
 * What the proxy asks of its host: wires (connected sockets), listeners,
 * datagrams, a clock and a loop. Everything above this file is host-free; only
 * worker/ and main.ts choose an implementation. A host has no policy: no
 * timeouts, no retries, no protocol.
 *
 * Bytes lie in the blocks of the thread's one Memory (base/memory.ts); a slice is
 * two offsets into `memory.bytes`. A block has one owner at a time.
 *
 * No event is delivered from inside a call: `send`, `destroy`, `resume` and the
 * others never call a handler back before they return.
 */
import type { SocketAddress } from '../base/address.ts';
import type { Block, Memory } from '../base/memory.ts';
import type { TimerWheel } from '../base/timers.ts';

/** Why a wire ended. */
export const Close = {
  /** Both sides have finished. */
  end: 0,
  /** The peer reset the connection or it broke (ECONNRESET, EPIPE, ETIMEDOUT of the kernel). */
  reset: 1,
  /** `connect`: nobody listens there (ECONNREFUSED). */
  refused: 2,
  /** `connect`: no way to the address (EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ENOENT of a UNIX path …). */
  unreachable: 3,
  /** `destroy` was called. */
  local: 4,
  /** The process is out of descriptors or of kernel memory. */
  resources: 5,
} as const;
export type CloseReason = (typeof Close)[keyof typeof Close];

export interface WireHandler {
  /** `connect` has succeeded. Accepted wires are open from the start and get no such event. */
  onOpen(wire: Wire): void;
  /**
   * Bytes arrived at [start, end) of `memory.bytes`, inside `block`; HEADROOM bytes before
   * and TAILROOM bytes behind them are free for the handler. True keeps the block: the
   * handler owns it now. False gives it back to the host.
   */
  onData(wire: Wire, block: Block, start: number, end: number): boolean;
  /** The block given to `send` is the handler's again (also after an error or `destroy`). */
  onSent(wire: Wire, block: Block): void;
  /** The peer sends no more (half-close); sending is still possible. At most once. */
  onEnd(wire: Wire): void;
  /**
   * The last event of a wire. Every block it held has come back through onSent before.
   * The wire object may be used for another connection after this returns.
   */
  onClose(wire: Wire, reason: CloseReason): void;
}

export interface Wire {
  handler: WireHandler;
  /**
   * Asked inside onData: the kernel already has more for this wire, bytes or the end. False may also mean that the host
   * can't tell.
   */
  readonly hasMore: boolean;
  /** Blocks given to `send` that have not come back. */
  readonly unsent: number;
  /** The operating system's descriptor, for diagnostics and socket options; -1 where there is none. */
  readonly descriptor: number;
  /**
   * Sends [start, end) in order after all earlier sends. True: all was taken and the block
   * stays with the caller at once. False: it comes back with `onSent`. `block` may be
   * NO_BLOCK for static bytes: those must stay unchanged until the (equally reported) onSent.
   * After `finish` or `destroy` it is a fault of the caller; the block comes back unsent.
   */
  send(block: Block, start: number, end: number): boolean;
  /**
   * No onData and no onEnd until `resume`. The host keeps at most a few received blocks
   * and stops reading, so the peer is slowed down. While paused a reset need not be noticed.
   */
  pause(): void;
  resume(): void;
  /** Half-closes after everything sent so far has gone out. */
  finish(): void;
  /**
   * Ends the wire at once: unsent blocks come back, then onClose(Close.local) follows. No onData or
   * onEnd comes any more. `reset` true makes the kernel send RST instead of FIN. Calling it again is harmless.
   */
  destroy(reset: boolean): void;
  /**
   * What ends the wire from now on is kept from the peer as far as the system allows: the kernel forgets the connection (needs
   * CAP_NET_ADMIN), or its last packets live for `ttl` hops; 0: the former if it can be done, else 1. `destroy(true)` follows.
   */
  silence(ttl: number): void;
  /** Marks the packets of the connection, or sets their type of service. False: the system does not allow it. */
  setOption(option: WireOptionValue, value: number): boolean;
  /** What the kernel's TCP says of the connection; -1: it is none of TCP, or closed. */
  measure(figure: TcpFigureValue): number;
  /**
   * Copies the packet that the client began with, if its listener was asked to keep it: at most `most` bytes to `at`. Its length; -1:
   * there is none, or it was read already, which takes it.
   */
  savedSyn(into: Uint8Array, at: number, most: number): number;
  /** Fills in the peer's address (accepted: the client's; connected: the server's). False if unknown. */
  peerAddress(into: SocketAddress): boolean;
  /** Fills in this side's address. False if unknown. */
  localAddress(into: SocketAddress): boolean;
}

/** Of the packets that a wire sends. */
export const WireOption = {
  /** SO_MARK: for routing and filtering; needs CAP_NET_ADMIN. */
  mark: 0,
  /** IP_TOS, or the traffic class of IPv6. */
  tos: 1,
} as const;
export type WireOptionValue = (typeof WireOption)[keyof typeof WireOption];

/** Figures of a TCP connection, as in Linux' struct tcp_info: times in microseconds, packets. */
export const TcpFigure = {
  unacked: 0,
  sacked: 1,
  lost: 2,
  retransmitted: 3,
  forwardAcked: 4,
  rttUs: 5,
  rttVarianceUs: 6,
  reordering: 7,
} as const;
export type TcpFigureValue = (typeof TcpFigure)[keyof typeof TcpFigure];

/** Chooses the handler of an accepted wire; null refuses it: the host closes it at once. */
export type Acceptor = (wire: Wire, listener: Listener) => WireHandler | null;

export interface Listener {
  readonly descriptor: number;
  /** Accepts no more until `resume`; the kernel's queue holds what comes meanwhile. */
  pause(): void;
  resume(): void;
  /** Accepts no more and forgets the descriptor without closing it (other threads share it). */
  stop(): void;
}

export interface ConnectOptions {
  /** Bind to this address first (`source`); null: the kernel chooses. */
  readonly source: SocketAddress | null;
  /** TCP keep-alive packets (SO_KEEPALIVE). */
  readonly keepAlive?: boolean;
  /** WireOption.mark and tos, before the first packet; absent or below 0: as they are. */
  readonly mark?: number;
  readonly tos?: number;
  /** How long sent data may stay unacknowledged, ms; absent or 0: as long as the system says. */
  readonly userTimeoutMs?: number;
}

/** A datagram sender with one destination (syslog over UDP or a UNIX datagram socket). */
export interface DatagramSender {
  /** How many lines were dropped because the peer or the queue took no more. */
  readonly dropped: number;
  /** Copies nothing: like Wire.send, one datagram. True: taken at once. False: `sent` is called with the block later. */
  send(block: Block, start: number, end: number): boolean;
  close(): void;
}

/** A stream of lines to a descriptor that is already open (stdout, stderr, fd@N). Writes whole slices in order. */
export interface DescriptorWriter {
  readonly dropped: number;
  send(block: Block, start: number, end: number): boolean;
  close(): void;
}

export interface SentHandler {
  /** The block given to a sender is the caller's again. */
  onBlockSent(block: Block): void;
}

export interface Host {
  readonly name: 'uring' | 'epoll' | 'sim';
  readonly memory: Memory;
  readonly timers: TimerWheel;
  /** Milliseconds, monotonic, read once a turn of the loop: cheap. */
  now(): number;
  /** Milliseconds since the epoch, read once a turn of the loop. */
  wallClock(): number;
  /**
   * Accepts on a descriptor that is bound and listening (platform/sockets.ts opened it; the simulator
   * makes its own: `descriptor` is a port there). Several hosts may share one descriptor.
   */
  listen(descriptor: number, accept: Acceptor): Listener;
  /** Starts a connection. onOpen, or onClose with the reason, follows; never from inside this call. */
  connect(address: SocketAddress, handler: WireHandler, options: ConnectOptions): Wire;
  datagrams(address: SocketAddress, handler: SentHandler): DatagramSender;
  writer(descriptor: number, handler: SentHandler): DescriptorWriter;
  /** Runs `task` once, after the events of this turn, from the loop itself. */
  later(task: Task): void;
  /** Descriptor on which a write of 8 bytes (eventfd) by another thread makes `onWake` run here; -1 in the simulator. */
  readonly wakeDescriptor: number;
  /** Wakes the host that owns this wakeDescriptor. */
  wake(descriptor: number): void;
  onWake: (() => void) | null;
  /**
   * Starts the loop. It serves wires, timers, and the thread's own event loop (promises, messages).
   * It returns at once; the loop goes on until `stop`.
   */
  start(): void;
  /** Ends the loop after this turn, releases the ring and the descriptors it owns. Resolves when nothing is in flight. */
  stop(): Promise<void>;
  /** Counters of the host itself, by name (ring enters, exhausted buffers, …): for diagnostics and tests. */
  counters(): Readonly<Record<string, number>>;
}

/** Something `later` runs: an object, so that nothing is allocated per request. */
export interface Task {
  /** Set by the host while it is queued, so that a task is queued once. */
  queued: boolean;
  run(): void;
}

export interface HostOptions {
  readonly memory: Memory;
  /** How many wires may exist at once: more are refused (Close.resources). */
  readonly maxWires: number;
  /** Other hosts accept on the same descriptors: each must leave them their share. False if not said. */
  readonly sharesListeners?: boolean;
}
