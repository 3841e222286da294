/**
 * How a table names servers: by `server_id`, which is a number within a backend, and by a number for the server's name or address
 * (`srvkey`), so that backends that share a table agree although their ids differ. Made once at start.
 */
import { ipText, type SocketAddress } from '../base/address.ts';
import type { Backend, Server } from '../state/records.ts';
import { Data, type Entry, type StickTable } from '../state/tracked.ts';

/** hot-ok: at start */
function addressText(address: SocketAddress): string {
  return address.path === '' ? `${ipText(address)}:${address.port}` : address.path;
}

/** What servers may be called in a table, `name …` and `addr …`, each once: its place from 1 on is its number. hot-ok: at start */
export function serverTexts(servers: readonly { readonly name: string; readonly address: SocketAddress }[]): string[] {
  return [...new Set(servers.flatMap(({ name, address }) => [`name ${name}`, `addr ${addressText(address)}`]))];
}

export class ServerNumbers {
  readonly #numbers: ReadonlyMap<string, number>;
  /** Per backend: servers by number of their names, by number of their addresses, by id. */
  readonly #byName = new Map<Backend, Map<number, Server>>();
  readonly #byAddress = new Map<Backend, Map<number, Server>>();
  readonly #byId = new Map<Backend, Map<number, Server>>();
  readonly #byServer = new Map<Server, { readonly name: number; readonly address: number }>();
  /** Tables whose key of a server is its address. */
  readonly #addressed: ReadonlySet<string>;

  /** hot-ok: at start */
  constructor(backends: readonly Backend[], addressed: ReadonlySet<string>) {
    this.#addressed = addressed;
    const texts = serverTexts(backends.flatMap(({ servers }) => servers));
    this.#numbers = new Map(texts.map((text, index) => [text, index + 1]));
    for (const backend of backends) this.#add(backend);
  }

  /** hot-ok: at start */
  #add(backend: Backend): void {
    const names = new Map<number, Server>();
    const addresses = new Map<number, Server>();
    const ids = new Map<number, Server>();
    for (let at = 0; at < backend.servers.length; at++) {
      const server = backend.servers[at] as Server;
      const name = this.#numbers.get(`name ${server.name}`) as number;
      const address = this.#numbers.get(`addr ${addressText(server.address)}`) as number;
      this.#byServer.set(server, { name, address });
      names.set(name, server);
      if (!addresses.has(address)) addresses.set(address, server);
      ids.set(server.id, server);
    }
    this.#byName.set(backend, names);
    this.#byAddress.set(backend, addresses);
    this.#byId.set(backend, ids);
  }

  /** The server_key of a server. */
  numberOf(table: StickTable, server: Server): number {
    const numbers = this.#byServer.get(server);
    if (numbers === undefined) return 0;
    return this.#addressed.has(table.name) ? numbers.address : numbers.name;
  }

  /** The backend's server that an open entry names. */
  find(table: StickTable, entry: Entry, backend: Backend): Server | null {
    const key = table.holds(Data.serverKey, 0) ? table.value(entry, Data.serverKey, 0) : 0;
    if (key !== 0) return (this.#addressed.has(table.name) ? this.#byAddress : this.#byName).get(backend)?.get(key) ?? null;
    const id = table.holds(Data.serverId, 0) ? table.value(entry, Data.serverId, 0) : 0;
    return this.#byId.get(backend)?.get(id) ?? null;
  }
}
