/**
 * What algorithms share that hash bytes of the request: the hash function of the backend, the farm behind it, and turns for
 * requests that have nothing to hash.
 */
import { type HashFunction, hashCrc32, hashDjb2, hashNone, hashSdbm, hashWt6 } from '../base/hash.ts';
import type { Backend, Server, ServerPicker, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { BalanceArguments, HashSettings } from './contract.ts';
import { KeyedFarm } from './keyed.ts';
import { Roundrobin } from './roundrobin.ts';

const FUNCTIONS: Readonly<Record<HashSettings['algorithm'], HashFunction>> = {
  sdbm: hashSdbm,
  djb2: hashDjb2,
  wt6: hashWt6,
  crc32: hashCrc32,
  none: hashNone,
};

const NO_BYTES = new Uint8Array(0);

export abstract class HashedPicker implements ServerPicker {
  readonly isDeterministic = true;
  /** The thread's memory. */
  readonly bytes: Uint8Array;
  readonly #farm: KeyedFarm;
  readonly #turns: Roundrobin;
  readonly #hash: HashFunction;

  constructor(backend: Backend, shared: Shared, given: BalanceArguments) {
    const { hash, memory } = given;
    this.bytes = memory === null ? NO_BYTES : memory.bytes;
    this.#farm = new KeyedFarm(backend, shared, hash);
    this.#turns = new Roundrobin(backend, shared);
    this.#hash = FUNCTIONS[hash.algorithm];
  }

  abstract pick(stream: Stream, avoid: Server | null): Server | null;

  /** The server of these bytes. */
  byRange(start: number, end: number, avoid: Server | null): Server | null {
    return this.#farm.find(this.#hash(this.bytes, start, end), avoid);
  }

  /** Any server in turns. */
  turn(stream: Stream, avoid: Server | null): Server | null {
    return this.#turns.pick(stream, avoid);
  }
}
