/**
 * What a balancing algorithm is: one object with its name, arguments, text and examples, and `make`,
 * which builds the picker of one backend on one data thread. It must not know how words are parsed.
 *
 * A picker answers a usable server, or null when there is none or all are full: the caller tells the two apart by
 * the counts in BackendLive.active and BackendLive.backup. A server that is the only possible choice (the
 * first backup server, one found by a hash) is answered even when it is full: the caller queues for it.
 */
import type { Memory } from '../base/memory.ts';
import type { Backend, ServerPicker, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';

/** `hash-type` of the backend, with HAProxy's defaults applied. */
export interface HashSettings {
  readonly method: 'map-based' | 'consistent';
  readonly algorithm: 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none';
  readonly avalanche: boolean;
}

/** Bytes of a request that decide. */
export interface BalanceKey {
  /** Finds them; false: there are none. */
  find(stream: Stream): boolean;
  /** [start, end) of the thread's memory, after `find`. */
  readonly start: number;
  readonly end: number;
}

export interface BalanceArguments {
  /** The words behind the algorithm's name: `2` of `random(2)`. */
  readonly words: readonly string[];
  readonly hash: HashSettings;
  /** `hash` and `rdp-cookie`: leaves what is hashed in `value`, false if there is none; null: other algorithms. */
  readonly key: BalanceKey | null;
  /** The thread's memory, for algorithms that read the request; null: they fall back to turns. */
  readonly memory: Memory | null;
}

export interface Algorithm {
  readonly name: string;
  /** Arguments as a user writes them; empty: none. */
  readonly signature: string;
  readonly text: string;
  /** Lines that must be accepted. */
  readonly examples: readonly string[];
  /** Weights can be changed while it runs; otherwise only to 0 and back. */
  readonly isDynamic: boolean;
  /** What is wrong with the words, or null. */
  problem(words: readonly string[]): string | null;
  /** At start, once per backend and thread. `backend.servers` must be complete. */
  make(backend: Backend, shared: Shared, given: BalanceArguments): ServerPicker;
}

export const DEFAULT_HASH: HashSettings = { method: 'map-based', algorithm: 'sdbm', avalanche: false };

/** For algorithms without arguments. */
export function takesNoWords(words: readonly string[]): string | null {
  return words.length === 0 ? null : `takes no argument, found '${words[0]}'`; // hot-ok: at start
}
