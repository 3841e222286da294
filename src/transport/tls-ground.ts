/** What all TLS wires of a thread share. It must not know wires. */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import type { Host } from '../platform/contract.ts';
import { ClientHello } from '../proto/tls-hello.ts';
import { DEFAULT_TLS_TUNING } from './tls-tuning.ts';

/** Blocks that wires of a thread have taken for themselves: they do not belong to the handler above. */
export class TlsGround {
  readonly host: Host;
  readonly memory: Memory;
  /** Hellos are read one at a time. */
  readonly hello = new ClientHello();
  /** Set by the worker before the first connection. */
  tuning = DEFAULT_TLS_TUNING;
  /** The shared columns, where connections are counted; null: nowhere. */
  readonly live: Int32Array | null;
  readonly #own: Uint8Array;

  constructor(host: Host, live: Int32Array | null = null) {
    this.host = host;
    this.live = live;
    this.memory = host.memory;
    this.#own = new Uint8Array(host.memory.blocks.total);
  }

  takeOwn(): Block {
    const block = this.memory.take();
    if (block !== NO_BLOCK) this.#own[block] = 1;
    return block;
  }

  giveOwn(block: Block): void {
    this.#own[block] = 0;
    this.memory.give(block);
  }

  isOwn(block: Block): boolean {
    return block !== NO_BLOCK && this.#own[block] === 1;
  }
}
