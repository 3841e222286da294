/**
 * The patterns of a file, a map or an ACL as flat columns: keys and values lie in one arena of bytes, four numbers tell where,
 * so a million entries are a handful of objects. The buffers may be shared by all threads: entries are only ever appended, and
 * what changes about one is a single cell, so that who looks something up needs no lock. Who changes takes the lock of the set.
 *
 * An entry counts while its generation is the one that is seen: 0 is dead, and a set is replaced at once by naming another
 * generation, but for streams that began before (versions.ts). It must not know how keys are found (patternindex.ts) nor where they come from.
 */
import { copyForeign } from '../value/bytes.ts';
import { EVERY_COMMIT, keptVersions, noteVersion, VERSION_CELLS, versionBehind } from './versions.ts';

export const SetCell = {
  /** 1: somebody changes. */
  lock: 0,
  /** Entries, dead ones too. */
  count: 1,
  /** Bytes of the arena in use. */
  used: 2,
  /** The generation that counts. */
  generation: 3,
  /** The last generation that was prepared. */
  prepared: 4,
  /** Changes that found no room or no lock. */
  refused: 5,
  /** Grows with every change. */
  changes: 6,
  /** 1 once half of the room is used: whoever gives room waits for it. */
  bell: 7,
  /** Entries and bytes from which on the bell is rung. */
  bellEntries: 8,
  bellBytes: 9,
  /** The number of the last commit of this set; 0: there was none. */
  since: 10,
  /** The oldest generation that somebody may see. */
  oldest: 11,
  /** versions.ts */
  versions: 12,
} as const;
const CELLS = SetCell.versions + VERSION_CELLS;

/** Columns of an entry. */
const KEY = 0;
const KEY_LENGTH = 1;
/** Where the value's length (4 bytes) and bytes lie; 0: there is none. */
const VALUE = 2;
const GENERATION = 3;
const STRIDE = 4;

const LOCK = SetCell.lock;
const COUNT = SetCell.count;
const USED = SetCell.used;
const CURRENT = SetCell.generation;
const REFUSED = SetCell.refused;
const CHANGES = SetCell.changes;
const BELL = SetCell.bell;
const BELL_ENTRIES = SetCell.bellEntries;
const BELL_BYTES = SetCell.bellBytes;
const SINCE = SetCell.since;
const OLDEST = SetCell.oldest;
const VERSIONS = SetCell.versions;

/** Turns of waiting for the lock before a change is refused. */
const SPINS = 20_000;
const WAITS = 20;

/** Plain data: threads get it by message. */
export interface EntryBuffers {
  readonly header: ArrayBufferLike;
  readonly columns: ArrayBufferLike;
  readonly arena: ArrayBufferLike;
}

/** @param isShared for several threads. hot-ok: when a set is loaded or grows */
export function newEntryBuffers(entries: number, bytes: number, isShared: boolean): EntryBuffers {
  const make = (size: number): ArrayBufferLike => (isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
  const buffers = { header: make(CELLS * 4), columns: make(entries * STRIDE * 4), arena: make(bytes + 4) };
  const header = new Int32Array(buffers.header);
  header[USED] = 4;
  header[CURRENT] = header[SetCell.prepared] = header[OLDEST] = 1;
  return buffers;
}

export class PatternEntries {
  header: Int32Array;
  columns: Int32Array;
  arena: Uint8Array;
  /** The generation that lookups and changes are about: whoever starts one says for whom (`see`). */
  seen = 0;
  /** The generation of the entry that is being stored. */
  storing = 0;
  #newest = 0;
  #since = 0;

  constructor(buffers: EntryBuffers) {
    this.header = new Int32Array(buffers.header);
    this.columns = new Int32Array(buffers.columns);
    this.arena = new Uint8Array(buffers.arena);
    this.see(EVERY_COMMIT);
  }

  /** Another place for the same set. hot-ok: when a set has grown */
  adopt(buffers: EntryBuffers): void {
    this.header = new Int32Array(buffers.header);
    this.columns = new Int32Array(buffers.columns);
    this.arena = new Uint8Array(buffers.arena);
    this.#newest = 0;
  }

  /** From now on lookups see what counted behind so many commits. A set that was never committed costs two comparisons. */
  see(commits: number): void {
    if (this.header[CURRENT] !== this.#newest) this.#look();
    this.seen = commits >= this.#since ? this.#newest : versionBehind(this.header, VERSIONS, commits, this.#newest);
  }

  #look(): void {
    this.#newest = Atomics.load(this.header, CURRENT);
    this.#since = Atomics.load(this.header, SINCE);
  }

  /** What is seen does not count any more. */
  get isBehind(): boolean {
    return this.seen !== this.header[CURRENT];
  }

  /** This generation counts from commit `commit` on, for who begins behind it. The number of commits is raised afterwards. */
  commit(generation: number, commit: number): void {
    const { header } = this;
    noteVersion(header, VERSIONS, header[CURRENT] as number, commit);
    Atomics.store(header, SINCE, commit);
    Atomics.store(header, CURRENT, generation);
    Atomics.store(header, OLDEST, keptVersions(header, VERSIONS).at(-1) ?? generation);
  }

  get capacity(): number {
    return this.columns.length / STRIDE;
  }

  get count(): number {
    return this.header[COUNT] as number;
  }

  get generation(): number {
    return Atomics.load(this.header, CURRENT);
  }

  /** Half of the room that was given for changes is used. */
  get isHalfFull(): boolean {
    const { header } = this;
    return (header[COUNT] as number) > (header[BELL_ENTRIES] as number) || (header[USED] as number) > (header[BELL_BYTES] as number);
  }

  generationOf(entry: number): number {
    return this.columns[entry * STRIDE + GENERATION] as number;
  }

  isLive(entry: number): boolean {
    return this.columns[entry * STRIDE + GENERATION] === this.seen;
  }

  /** Nobody will see it again. */
  isGone(entry: number): boolean {
    return (this.columns[entry * STRIDE + GENERATION] as number) < (this.header[OLDEST] as number);
  }

  keyStart(entry: number): number {
    return this.columns[entry * STRIDE + KEY] as number;
  }

  keyLength(entry: number): number {
    return this.columns[entry * STRIDE + KEY_LENGTH] as number;
  }

  /** Where the value's bytes start; 0: there is none. */
  valueStart(entry: number): number {
    const at = this.columns[entry * STRIDE + VALUE] as number;
    return at === 0 ? 0 : at + 4;
  }

  valueLength(entry: number): number {
    const at = this.columns[entry * STRIDE + VALUE] as number;
    return at === 0 ? 0 : this.#word(at);
  }

  #word(at: number): number {
    const { arena } = this;
    return (arena[at] as number) | ((arena[at + 1] as number) << 8) | ((arena[at + 2] as number) << 16) | ((arena[at + 3] as number) << 24);
  }

  /** False: it is not free for a long time. The change is then counted as refused. */
  lock(): boolean {
    const { header } = this;
    for (let turn = 0; turn < SPINS; turn++) if (Atomics.compareExchange(header, LOCK, 0, 1) === 0) return true;
    for (let turn = 0; turn < WAITS; turn++) {
      Atomics.wait(header, LOCK, 1, 1);
      if (Atomics.compareExchange(header, LOCK, 0, 1) === 0) return true;
    }
    Atomics.add(header, REFUSED, 1);
    return false;
  }

  unlock(): void {
    const { header } = this;
    Atomics.add(header, CHANGES, 1);
    if (this.isHalfFull && Atomics.exchange(header, BELL, 1) === 0) Atomics.notify(header, BELL);
    Atomics.store(this.header, LOCK, 0);
  }

  /** Where `size` bytes can be written; -1: the arena is full. Under the lock. */
  claim(size: number): number {
    const at = this.header[USED] as number;
    if (at + size > this.arena.length) return -1;
    this.header[USED] = at + size;
    return at;
  }

  /** Stores a value and returns its place for `setValue`; -1: the arena is full. Under the lock. */
  storeValue(bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    const at = this.claim(size + 4);
    if (at < 0) return -1;
    const { arena } = this;
    arena[at] = size & 255;
    arena[at + 1] = (size >> 8) & 255;
    arena[at + 2] = (size >> 16) & 255;
    arena[at + 3] = size >> 24;
    copyForeign(bytes, start, end, arena, at + 4);
    return at;
  }

  /**
   * Stores a new entry, which counts only once `publish` is called: before that an index may take it in. Its number; -1: there is
   * no room. Under the lock.
   * @param value as `storeValue` returned it, or 0
   */
  store(bytes: Uint8Array, start: number, end: number, value: number): number {
    const entry = this.header[COUNT] as number;
    if (entry >= this.capacity) return -1;
    const at = this.claim(end - start);
    if (at < 0) return -1;
    copyForeign(bytes, start, end, this.arena, at);
    const row = entry * STRIDE;
    this.columns[row + KEY] = at;
    this.columns[row + KEY_LENGTH] = end - start;
    this.columns[row + VALUE] = value;
    this.columns[row + GENERATION] = 0;
    Atomics.store(this.header, COUNT, entry + 1);
    return entry;
  }

  publish(entry: number, generation: number): void {
    Atomics.store(this.columns, entry * STRIDE + GENERATION, generation);
  }

  kill(entry: number): void {
    Atomics.store(this.columns, entry * STRIDE + GENERATION, 0);
  }

  setValue(entry: number, value: number): void {
    Atomics.store(this.columns, entry * STRIDE + VALUE, value);
  }

  /** Whether the entry's key is these bytes. */
  hasKey(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    return equalForeign(this.arena, this.keyStart(entry), this.keyLength(entry), bytes, start, end);
  }

  /** Whether the entry's value is these bytes. */
  hasValue(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.valueStart(entry);
    return at > 0 && equalForeign(this.arena, at, this.valueLength(entry), bytes, start, end);
  }
}

function equalForeign(arena: Uint8Array, at: number, length: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (arena[at + i] !== bytes[start + i]) return false;
  return true;
}
