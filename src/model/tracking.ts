/** Whom a server follows: what `track` names, among the backends of a configuration. */
import type { ProxyModel, ServerModel } from './config.ts';

/** What a `track` names. */
export interface TrackName {
  /** null: the server's own backend. */
  readonly proxy: string | null;
  readonly server: string;
}

export function trackName(text: string): TrackName {
  const slash = text.lastIndexOf('/');
  return slash < 0 ? { proxy: null, server: text } : { proxy: text.slice(0, slash), server: text.slice(slash + 1) };
}

export interface Tracked {
  readonly proxy: ProxyModel;
  readonly server: ServerModel;
}

/** Backends by name, and their servers: looked up once for all that track. */
export class TrackIndex {
  readonly #proxies = new Map<string, ProxyModel>();
  readonly #servers = new Map<ProxyModel, Map<string, ServerModel>>();

  constructor(proxies: readonly ProxyModel[]) {
    for (const proxy of proxies) if (proxy.kind !== 'frontend' && !this.#proxies.has(proxy.name)) this.#proxies.set(proxy.name, proxy);
  }

  proxy(name: string): ProxyModel | null {
    return this.#proxies.get(name) ?? null;
  }

  server(proxy: ProxyModel, name: string): ServerModel | null {
    let servers = this.#servers.get(proxy);
    if (servers === undefined) {
      servers = new Map();
      for (const server of proxy.servers) if (!servers.has(server.name)) servers.set(server.name, server);
      this.#servers.set(proxy, servers);
    }
    return servers.get(name) ?? null;
  }

  /** null: it tracks none, or one that is not there. */
  trackedBy(proxy: ProxyModel, { track }: ServerModel): Tracked | null {
    if (track === null) return null;
    const name = trackName(track);
    const other = name.proxy === null ? proxy : this.proxy(name.proxy);
    const server = other === null ? null : this.server(other, name.server);
    return other === null || server === null ? null : { proxy: other, server };
  }
}
