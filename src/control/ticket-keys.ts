/** Keys of session tickets while they are in use: a new one takes the place of the oldest. It must not know commands, nor tickets. */
import { base64Of } from './certificates.ts';
import { done, type Reply, refused } from './reply.ts';
import type { Publish, TicketFile, TlsStore } from './tls-store.ts';

export class TicketKeyControl {
  readonly #store: TlsStore;
  readonly #publish: Publish;

  constructor(store: TlsStore, publish: Publish) {
    this.#store = store;
    this.#publish = publish;
  }

  /** A file's number is its place. Its keys: the oldest first, the second encrypts. */
  list(): readonly TicketFile[] {
    return this.#store.ticketFiles;
  }

  /** @param id `#NUMBER` or a file's name. @param content a key of the size of the others, in base64 */
  async set(id: string, content: Uint8Array): Promise<Reply> {
    const stored = this.find(id);
    if (stored === null) return refused("'set ssl tls-key' unable to locate referenced filename");
    const key = base64Of(content);
    if (key === null) return refused("'set ssl tls-key' received invalid base64 encoded TLS key.");
    const wanted = stored.keys[0]?.length;
    if (key.length !== wanted) return refused(`'set ssl tls-key' received a key of wrong size: ${key.length} bytes, expected ${wanted}.`);
    const keys = [...stored.keys.slice(1), key];
    const refusal = await this.#publish({ kind: 'ticket-keys', file: stored.file, keys });
    if (refusal !== null) return refused(refusal);
    stored.keys = keys;
    return done('TLS ticket key updated!');
  }

  find(id: string): TicketFile | null {
    const files = this.#store.ticketFiles;
    return (id.startsWith('#') ? files[Number(id.slice(1))] : files.find(({ file }) => file === id)) ?? null;
  }
}
