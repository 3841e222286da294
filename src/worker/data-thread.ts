/**
 * A data thread put together: host, muxes, machine, listeners. Whoever calls it has chosen the host and
 * built the state; tests call it with the simulator.
 */
import { BandwidthLimits } from '../filter/bandwidth.ts';
import { BackPool } from '../mux/back-pool.ts';
import { MuxContext, type MuxLimits } from '../mux/context.ts';
import type { Host } from '../platform/contract.ts';
import type { Cause } from '../state/end.ts';
import type { Server, Stream } from '../state/records.ts';
import { followAddress } from '../state/server-address.ts';
import type { Shared } from '../state/shared.ts';
import { tracking } from '../stick/track.ts';
import { isUsable, redistribute, serveQueues, wakeWaiters } from '../stream/assign.ts';
import { type BuiltinReplies, StreamContext } from '../stream/context.ts';
import { evict } from '../stream/evict.ts';
import { StreamMachine } from '../stream/machine.ts';
import { Listeners } from './listeners.ts';

export class DataThread {
  readonly host: Host;
  readonly listeners: Listeners;
  readonly mux: MuxContext;
  readonly backs: BackPool;
  readonly streams: StreamContext;
  readonly #servers: readonly Server[];
  readonly #machine: StreamMachine;

  constructor(host: Host, shared: Shared, limits: MuxLimits, servers: readonly Server[], replies: BuiltinReplies) {
    this.host = host;
    this.#servers = servers;
    this.mux = new MuxContext(host, shared, limits);
    this.backs = new BackPool(this.mux);
    this.streams = new StreamContext(this.mux, this.backs, replies, serveFreed);
    const machine = new StreamMachine(this.streams);
    this.#machine = machine;
    this.streams.limits = new BandwidthLimits(host, machine);
    this.mux.events = machine;
    this.mux.streamTimers = machine;
    this.listeners = new Listeners(this.mux, this.backs);
    host.onWake = () => this.serveAllQueues();
  }

  start(): void {
    this.backs.start(this.#servers);
    this.host.start();
  }

  /** A server came back, or another thread freed a slot. */
  serveAllQueues(): void {
    for (const server of this.#servers) {
      if (server.queue.length === 0 && server.backend.queue.length === 0) continue;
      if (isUsable(this.streams, server)) serveQueues(this.streams, server);
      else redistribute(this.streams, server);
    }
  }

  /** The name that the stream waits for is known, or will not be. */
  onNamed(stream: Stream): void {
    this.#machine.onNamed(stream);
  }

  /** A server has another address: connections that are in use go on. `index`: among all servers. */
  onMoved(index: number): void {
    const server = this.#servers[index];
    if (server === undefined) return;
    followAddress(this.mux.shared.live, server);
    this.backs.closeIdleOf(server);
  }

  /** The streams that the server serves end at once, or have an answer if theirs has not begun. `index`: among all servers. */
  onEvict(index: number, cause: Cause): void {
    const server = this.#servers[index];
    if (server !== undefined) evict(this.streams, server, cause);
  }

  /** Records and blocks that are in use: all zero once everything has come home. */
  inUse(): { streams: number; blocks: number; notes: number; faults: number; connections: number; tracked: number } {
    const { memory } = this.host;
    // Blocks that the host has lent to the kernel for receiving are where they belong.
    const offered = this.host.counters()['offered'] ?? 0;
    return {
      streams: this.mux.streams,
      blocks: memory.blocks.total - memory.blocks.free - offered,
      notes: memory.notes.total - memory.notes.free,
      faults: memory.blocks.faults + memory.notes.faults,
      connections: this.listeners.connections,
      tracked: tracking.held,
    };
  }
}

function serveFreed(context: StreamContext): void {
  const { freed } = context;
  while (freed.length > 0) {
    const server = freed.pop() as Server;
    serveQueues(context, server);
    wakeWaiters(context, server);
  }
}
