/**
 * `stick match`, `stick on` and `stick store-…` of a backend: a request whose key is known goes to the server stored for it, and
 * keys are stored with the server that answers (HAProxy 3.x configuration 4.2). It must not know how servers are balanced.
 */
import type { Memory } from '../base/memory.ts';
import type { AclTest } from '../rules/acl.ts';
import type { Expression } from '../rules/define.ts';
import type { Sample } from '../rules/sample.ts';
import type { Backend, Server, StickRules, Stream } from '../state/records.ts';
import { ServerAdmin, ServerLive, ServerRunning } from '../state/shared.ts';
import { Data, type Entry, MOST_STORES, NO_ENTRY, PendingStores, type StickTable } from '../state/tracked.ts';
import { putKey } from './key.ts';
import type { ServerNumbers } from './servers.ts';

export interface StickRule {
  readonly table: StickTable;
  readonly matches: boolean;
  readonly stores: 'request' | 'response' | null;
  readonly expression: Expression;
  readonly condition: AclTest | null;
}

export class BackendStickRules implements StickRules {
  readonly #request: readonly StickRule[];
  readonly #response: readonly StickRule[];
  readonly #backend: Backend;
  readonly #numbers: ServerNumbers;
  readonly #sample: Sample;
  readonly #memory: Memory;

  constructor(rules: readonly StickRule[], backend: Backend, numbers: ServerNumbers, sample: Sample) {
    this.#request = rules.filter((rule) => rule.stores !== 'response');
    this.#response = rules.filter((rule) => rule.stores === 'response');
    this.#backend = backend;
    this.#numbers = numbers;
    this.#sample = sample;
    this.#memory = sample.memory;
  }

  match(stream: Stream): Server | null {
    let server: Server | null = null;
    for (let at = 0; at < this.#request.length; at++) {
      const rule = this.#request[at] as StickRule;
      // Of all stores into one table the first that has a key counts, so that lines can stand from the most to the least exact.
      if (rule.stores !== null && isPending(stream, rule.table)) continue;
      if (!this.#applies(rule, stream)) continue;
      // The key goes into the note first: looking it up uses the register.
      if (rule.stores !== null) this.#note(stream, rule.table);
      if (rule.matches) server = this.#look(rule.table, stream, server);
    }
    return server;
  }

  /** Evaluates condition and key; true: the key is in the table's register. */
  #applies({ condition, expression, table }: StickRule, stream: Stream): boolean {
    if (condition !== null && !condition.test(stream)) return false;
    return expression.run(this.#sample, stream) && putKey(table, this.#sample);
  }

  #look(table: StickTable, stream: Stream, found: Server | null): Server | null {
    const entry = table.openKey(false);
    let server = found;
    if (entry !== NO_ENTRY) {
      if (server === null && stream.server === null) server = this.#usable(stream, this.#numbers.find(table, entry, this.#backend));
      table.touch(entry);
    }
    table.close();
    return server;
  }

  /** A server that is down is not stuck to, unless `option persist` or `force-persist` says so. */
  #usable(stream: Stream, server: Server | null): Server | null {
    if (server === null || this.#backend.persist || stream.overrides.forcePersist) return server;
    const { columns } = this.#backend;
    const admin = Atomics.load(columns, server.live + ServerLive.admin);
    if ((admin & ~(ServerAdmin.drain | ServerAdmin.drainInherited)) !== 0) return null;
    return Atomics.load(columns, server.live + ServerLive.running) === ServerRunning.stopped ? null : server;
  }

  /** Keeps the key in the register until the response; without room for it, or with eight already, it is not stored. */
  #note(stream: Stream, table: StickTable): void {
    // hot-ok: once per record, which is pooled
    if (stream.stores === null) stream.stores = new PendingStores();
    const { stores } = stream;
    const start = stream.noteEnd;
    const { keyRegister, keyLength } = table;
    if (stores.count === MOST_STORES || start + keyLength > stream.noteLimit) return;
    const { bytes } = this.#memory;
    for (let at = 0; at < keyLength; at++) bytes[start + at] = keyRegister[at] as number;
    stores.tables[stores.count] = table;
    stores.starts[stores.count] = start;
    stores.lengths[stores.count] = keyLength;
    stores.count++;
    stream.noteEnd = start + keyLength;
  }

  store(stream: Stream): void {
    for (let at = 0; at < this.#response.length; at++) {
      const rule = this.#response[at] as StickRule;
      if (!isPending(stream, rule.table) && this.#applies(rule, stream)) this.#note(stream, rule.table);
    }
    const { stores, server } = stream;
    if (stores === null) return;
    for (let at = 0; at < stores.count; at++) {
      if (server !== null && !server.nonStick) this.#storeOne(stores, at, server);
      stores.tables[at] = null;
    }
    stores.count = 0;
  }

  #storeOne({ tables, starts, lengths }: PendingStores, at: number, server: Server): void {
    const table = tables[at] as StickTable;
    const { keyRegister } = table;
    const { bytes } = this.#memory;
    const start = starts[at] as number;
    const length = lengths[at] as number;
    for (let i = 0; i < length; i++) keyRegister[i] = bytes[start + i] as number;
    table.setKey(length);
    const entry: Entry = table.openKey(true);
    if (entry !== NO_ENTRY) {
      table.set(entry, Data.serverId, 0, server.id);
      table.set(entry, Data.serverKey, 0, this.#numbers.numberOf(table, server));
      table.touch(entry);
    }
    table.close();
  }
}

function isPending({ stores }: Stream, table: StickTable): boolean {
  if (stores === null) return false;
  for (let at = 0; at < stores.count; at++) if (stores.tables[at] === table) return true;
  return false;
}
