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

export class ServerNumbers {
  /** Names and addresses of all servers, numbered from 1 on. */
  readonly #numbers = new Map<string, number>();
  readonly #byServer = new Map<Server, { readonly name: number; readonly address: number }>();
  readonly #byName = new Map<Backend, Map<number, Server>>();
  readonly #byAddress = new Map<Backend, Map<number, Server>>();
  readonly #byId = new Map<Backend, Map<number, Server>>();
  /** Tables whose key of a server is its address. */
  readonly #addressed: ReadonlySet<string>;

  constructor(backends: readonly Backend[], addressed: ReadonlySet<string>) {
    this.#addressed = addressed;
    for (const backend of backends) {
      const names = new Map<number, Server>();
      const addresses = new Map<number, Server>();
      const ids = new Map<number, Server>();
      for (const server of backend.servers) {
        const numbers = { name: this.#number(`name ${server.name}`), address: this.#number(`addr ${addressText(server.address)}`) };
        this.#byServer.set(server, numbers);
        names.set(numbers.name, server);
        if (!addresses.has(numbers.address)) addresses.set(numbers.address, server);
        ids.set(server.id, server);
      }
      this.#byName.set(backend, names);
      this.#byAddress.set(backend, addresses);
      this.#byId.set(backend, ids);
    }
  }

  #number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size + 1);
    return this.#numbers.size;
  }

  /** The server_key of a server. */
  numberOf(table: StickTable, server: Server): number {
    const numbers = this.#byServer.get(server);
    if (numbers === undefined) return 0;
    return this.#addressed.has(table.name) ? numbers.address : numbers.name;
  }

  /** What a server_key stands for; null: nothing. For the control thread. hot-ok: on demand */
  textOf(number: number): string | null {
    for (const [text, known] of this.#numbers) if (known === number) return text.slice(5);
    return null;
  }

  /** The backend's server that an open entry names. */
  find(table: StickTable, entry: Entry, backend: Backend): Server | null {
    const key = table.holds(Data.serverKey, 0) ? table.value(entry, Data.serverKey, 0) : 0;
    if (key !== 0) return (this.#addressed.has(table.name) ? this.#byAddress : this.#byName).get(backend)?.get(key) ?? null;
    const id = table.holds(Data.serverId, 0) ? table.value(entry, Data.serverId, 0) : 0;
    return this.#byId.get(backend)?.get(id) ?? null;
  }
}
