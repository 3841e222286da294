/**
 * The servers of a backend that may get balanced traffic now: the active ones, else the first backup
 * server, else (option allbackups) all backup servers. Derived from the live columns and kept until
 * BackendLive.version changes. It must not know any algorithm.
 */
import type { Backend, Server } from '../state/records.ts';
import { BackendLive, ServerLive, type Shared } from '../state/shared.ts';
import { takesTraffic } from './usable.ts';

export class Farm {
  readonly backend: Backend;
  readonly servers: readonly Server[];
  readonly live: Int32Array;
  /** Indexes into `servers`, in order of declaration; `count` of them are valid. */
  readonly eligible: Int32Array;
  count = 0;
  /** The backup server that gets everything; null unless only backup servers are left. */
  onlyBackup: Server | null = null;
  #version = -1;
  readonly #versionCell: number;

  constructor(backend: Backend, shared: Shared) {
    this.backend = backend;
    this.servers = backend.servers;
    this.live = shared.live;
    this.eligible = new Int32Array(backend.servers.length);
    this.#versionCell = backend.live + BackendLive.version;
  }

  get version(): number {
    return this.#version;
  }

  /** True if the servers or their weights have changed since the last call: what was derived from them is out of date. */
  refresh(): boolean {
    // A plain load: a change that is seen a request later is as good.
    const version = this.live[this.#versionCell] as number;
    if (version === this.#version) return false;
    this.#version = version;
    this.#collect(false);
    this.onlyBackup = null;
    if (this.count > 0) return true;
    this.#collect(true);
    if (this.count > 0 && !this.backend.allBackups) {
      this.onlyBackup = this.servers[this.eligible[0] as number] as Server;
      this.count = 0;
    }
    return true;
  }

  /** Effective weight × 256 of the server with this index. */
  weight(index: number): number {
    return this.live[(this.servers[index] as Server).live + ServerLive.weight] as number;
  }

  #collect(backups: boolean): void {
    const { servers, live, eligible } = this;
    let count = 0;
    for (let index = 0; index < servers.length; index++) {
      const server = servers[index] as Server;
      if (server.isBackup === backups && takesTraffic(live, server.live)) eligible[count++] = index;
    }
    this.count = count;
  }
}
