/**
 * Variables of sessions, transactions and messages: lists of cells in the thread's memory, each with a name's number,
 * a type's number and a value (HAProxy 3.x configuration 2.8). It must not know names, types or expressions.
 *
 * A cell: words next (NONE: last), name, type (0: not set), bytes used, room, unused; a number in the fourth pair of words;
 * then the bytes. A list counts what it holds as HAProxy does, and every list counts for its parents too.
 */
import type { Memory } from '../base/memory.ts';
import { ProcessLive, type Shared } from './shared.ts';

const NEXT = 0;
const NAME = 1;
const TYPE = 2;
const LENGTH = 3;
const ROOM = 4;
const NUMBER = 3;
/** Where the bytes begin in a cell. */
export const CELL_HEAD = 32;
const NONE = -1;
/** What a variable costs beside its bytes (HAProxy 2.6 counts 80 on 64-bit machines). */
export const VARIABLE_COST = 80;

/** Which list of a stream a name lives in. The numbers index `VariableLimits.lists`. */
export const Scope = { process: 0, session: 1, transaction: 2, request: 3, response: 4, check: 5, parent: 6 } as const;
export type ScopeValue = (typeof Scope)[keyof typeof Scope];

/** Bytes; 0: no limit. */
export interface VariableLimits {
  /** By Scope. */
  readonly lists: readonly number[];
  /** Of everything in the process: the lower one of `tune.vars.global-max-size` and `proc-max-size`. */
  readonly process: number;
}

export const NO_LIMITS: VariableLimits = { lists: [0, 0, 0, 0, 0, 0, 0], process: 0 };

export class VariableList {
  head = NONE;
  /** Bytes of this list and of those below it. */
  size = 0;
  /** Whose variables these are; Scope.parent: nobody's, nothing can be set. */
  scope: ScopeValue = Scope.parent;
  parent: VariableList | null = null;
}

/** The variables of one data thread. Made at start; many may look at one memory. */
export class Variables {
  readonly memory: Memory;
  readonly #shared: Shared;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #limits: VariableLimits;
  /** Without any limit nothing is counted. */
  readonly #isLimited: boolean;

  constructor(memory: Memory, shared: Shared, limits: VariableLimits = NO_LIMITS) {
    const { bytes } = memory;
    this.memory = memory;
    this.#shared = shared;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
    this.#limits = limits;
    this.#isLimited = limits.process > 0 || limits.lists.some((limit) => limit > 0);
    if (limits.process > 0) Atomics.store(shared.live, ProcessLive.variablesLimit, limits.process);
  }

  /** The cell of a name in a list; -1: it does not exist there. */
  find(list: VariableList, name: number): number {
    const words = this.#words;
    for (let cell = list.head; cell !== NONE; cell = words[cell >> 2] as number) {
      if (words[(cell >> 2) + NAME] === name) return cell;
    }
    return NONE;
  }

  /** The first cell of a list, or the one behind `cell`; -1: none. */
  next(list: VariableList, cell: number): number {
    return cell === NONE ? list.head : (this.#words[cell >> 2] as number);
  }

  name(cell: number): number {
    return this.#words[(cell >> 2) + NAME] as number;
  }

  /** 0: not set. */
  type(cell: number): number {
    return this.#words[(cell >> 2) + TYPE] as number;
  }

  number(cell: number): number {
    return this.#numbers[(cell >> 3) + NUMBER] as number;
  }

  start(cell: number): number {
    return cell + CELL_HEAD;
  }

  end(cell: number): number {
    return cell + CELL_HEAD + (this.#words[(cell >> 2) + LENGTH] as number);
  }

  /**
   * Sets a variable: a number and the bytes [start, end) of the memory, which may be its own. False: a limit or the memory does not
   * allow it; a variable that existed is then not set any more.
   */
  set(list: VariableList, name: number, type: number, number: number, start: number, end: number): boolean {
    const length = end - start;
    let cell = this.find(list, name);
    const had = cell === NONE ? 0 : VARIABLE_COST + (this.#words[(cell >> 2) + LENGTH] as number);
    if (!this.#hasRoom(list, VARIABLE_COST + length - had)) {
      if (cell !== NONE) this.#remove(list, cell);
      return false;
    }
    if (cell === NONE || (this.#words[(cell >> 2) + ROOM] as number) < length) cell = this.#replace(list, cell, name, start, end);
    else this.memory.copy(start, end, cell + CELL_HEAD);
    if (cell === NONE) return false;
    const words = this.#words;
    const more = length - (words[(cell >> 2) + LENGTH] as number);
    if (more !== 0) this.#count(list, more);
    words[(cell >> 2) + TYPE] = type;
    words[(cell >> 2) + LENGTH] = length;
    this.#numbers[(cell >> 3) + NUMBER] = number;
    return true;
  }

  unset(list: VariableList, name: number): void {
    const cell = this.find(list, name);
    if (cell !== NONE) this.#remove(list, cell);
  }

  /** A stream of the session begins: `transaction` and `message` are its lists. */
  begin(session: VariableList, transaction: VariableList, message: VariableList): void {
    transaction.scope = Scope.transaction;
    transaction.parent = session;
    message.scope = Scope.request;
    message.parent = transaction;
  }

  /** The response begins: what was the request's is gone. */
  turn(message: VariableList): void {
    if (message.scope !== Scope.request) return;
    this.clear(message);
    message.scope = Scope.response;
  }

  /** Empties a list; it belongs to nobody from now on. */
  release(list: VariableList): void {
    this.clear(list);
    list.scope = Scope.parent;
    list.parent = null;
    list.size = 0;
  }

  clear(list: VariableList): void {
    if (list.head === NONE) return;
    const words = this.#words;
    let size = 0;
    for (let cell = list.head; cell !== NONE; ) {
      const next = words[cell >> 2] as number;
      size += VARIABLE_COST + (words[(cell >> 2) + LENGTH] as number);
      this.memory.cells.give(cell);
      cell = next;
    }
    list.head = NONE;
    this.#count(list, -size);
  }

  /** A new cell with these bytes at the head of the list, instead of `old` (NONE: there was none); NONE: no memory, `old` is gone too. */
  #replace(list: VariableList, old: number, name: number, start: number, end: number): number {
    const { cells } = this.memory;
    const length = end - start;
    const cell = cells.take(CELL_HEAD + length);
    if (cell >= 0) this.memory.copy(start, end, cell + CELL_HEAD);
    if (old !== NONE) this.#remove(list, old);
    if (cell < 0) return NONE;
    const words = this.#words;
    const at = cell >> 2;
    words[at + NEXT] = list.head;
    words[at + NAME] = name;
    words[at + LENGTH] = length;
    words[at + ROOM] = cells.sizeOf(cell) - CELL_HEAD;
    list.head = cell;
    this.#count(list, VARIABLE_COST + length);
    return cell;
  }

  #remove(list: VariableList, cell: number): void {
    const words = this.#words;
    const next = words[cell >> 2] as number;
    if (list.head === cell) list.head = next;
    else {
      let before = list.head;
      while (words[before >> 2] !== cell) before = words[before >> 2] as number;
      words[before >> 2] = next;
    }
    this.#count(list, -VARIABLE_COST - (words[(cell >> 2) + LENGTH] as number));
    this.memory.cells.give(cell);
  }

  #hasRoom(list: VariableList, more: number): boolean {
    if (more <= 0 || !this.#isLimited) return true;
    const { lists } = this.#limits;
    for (let at: VariableList | null = list; at !== null; at = at.parent) {
      const limit = lists[at.scope] as number;
      if (limit > 0 && at.size + more > limit) return false;
    }
    const { live } = this.#shared;
    const limit = live[ProcessLive.variablesLimit] as number;
    return limit === 0 || Atomics.load(live, ProcessLive.variables) + more <= limit;
  }

  #count(list: VariableList, more: number): void {
    if (!this.#isLimited) return;
    for (let at: VariableList | null = list; at !== null; at = at.parent) at.size += more;
    const { live } = this.#shared;
    if ((live[ProcessLive.variablesLimit] as number) > 0) Atomics.add(live, ProcessLive.variables, more);
  }
}
