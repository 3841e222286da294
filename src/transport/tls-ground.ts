/** What all TLS wires of a thread share. It must not know wires. */
import { type Block, type Memory, NO_BLOCK, SCRATCH_SIZE } from '../base/memory.ts';
import type { Host, Wire } from '../platform/contract.ts';
import { NO_SUCH_NAME } from '../platform/tls/contract.ts';
import { ClientHello, HelloResult, type HelloResultValue } from '../proto/tls-hello.ts';
import { Joined, joinHello } from '../proto/tls-hello-records.ts';
import { DEFAULT_TLS_TUNING } from './tls-tuning.ts';

/**
 * Answers to what a peer says to the engine (updates of keys, attempts to renegotiate) that may wait to be sent, each in a block:
 * nothing more is read from a peer who asks and asks and reads none of them.
 */
export const MOST_ANSWERS = 16;
/** The part of all blocks that must be free for another client that has sent but the start of its hello. */
const FREE_PART = 4;

export class TlsGround {
  readonly host: Host;
  readonly memory: Memory;
  /** Hellos are read one at a time. */
  readonly hello = new ClientHello();
  /** Set by the worker before the first connection. */
  tuning = DEFAULT_TLS_TUNING;
  /** The shared columns, where connections are counted; null: nowhere. */
  readonly live: Int32Array | null;
  /** 1: a block that a wire has taken for itself, which does not belong to the handler above. */
  readonly #own: Uint8Array;

  constructor(host: Host, live: Int32Array | null = null) {
    this.host = host;
    this.live = live;
    this.memory = host.memory;
    this.#own = new Uint8Array(host.memory.blocks.total);
  }

  /** Reads [start, end) into `hello`, whose places are good until the next event. */
  readHello(start: number, end: number): HelloResultValue {
    const { bytes } = this.memory;
    const result = this.hello.read(bytes, start, end);
    if (result !== HelloResult.other) return result;
    const to = this.memory.scratch();
    const stop = joinHello(bytes, start, end, to, to + SCRATCH_SIZE);
    if (stop === Joined.more) return HelloResult.more;
    return stop < 0 ? HelloResult.other : this.hello.read(bytes, to, stop);
  }

  /** Tells a client that there is no certificate for the name that it has asked for. */
  refuseName(wire: Wire): void {
    const block = this.takeOwn();
    if (block === NO_BLOCK) return;
    const at = this.memory.base(block);
    for (let index = 0; index < NO_SUCH_NAME.length; index++) this.memory.bytes[at + index] = NO_SUCH_NAME[index] as number;
    if (wire.send(block, at, at + NO_SUCH_NAME.length)) this.giveOwn(block);
  }

  /** Few blocks are left: they are for those who go on. */
  get isShort(): boolean {
    const { free, total } = this.memory.blocks;
    return free * FREE_PART < total;
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
