/**
 * Regular expressions over bytes, in time linear in the text: a program for a set of threads that advance
 * together (Thompson, Pike), so hostile input can't make a match slow, and nothing is allocated per match.
 * The first alternative and the greedy repetition win, as in PCRE. What can't be run so, look-around, back-references
 * and atomic groups, runs with a budget of steps (regex-backtrack.ts). Refused at start, with the reason: what
 * would make the program too large. Patterns are bytes (latin-1), not Unicode, as HAProxy's are by default.
 *
 * It must not know samples, headers or replacement texts.
 */
import { RuleError } from '../error.ts';
import { Backtracker, regexCounters } from './backtrack.ts';
import { holds } from './holds.ts';
import { compileProgram } from './program.ts';
import { Found, hasStates, RegexStates } from './states.ts';
import { OP, type Program } from './tree.ts';

// In this file, so that V8 sees constants (DESIGN 1).
const BYTE = OP.byte;
const MATCH = OP.match;
const JUMP = OP.jump;
const SPLIT = OP.split;
const SAVE = OP.save;

/** Thread steps that one match may take: about 20 ms. Above it there is no match, counted. */
const STEP_BUDGET = 4_000_000;

export { regexCounters };

/** Sets of program positions, in order of preference, with the captures of each. */
class ThreadList {
  readonly dense: Int32Array;
  readonly sparse: Int32Array;
  readonly captures: Int32Array;
  count = 0;

  constructor(size: number, slots: number) {
    this.dense = new Int32Array(size);
    this.sparse = new Int32Array(size);
    this.captures = new Int32Array(size * slots);
  }
}

export class Regex {
  /** Groups, the whole match being number 0. */
  readonly groups: number;
  /** After a match: start and end of each group as offsets into the bytes; -1: it took no part. */
  readonly match: Int32Array;
  readonly #program: Program;
  /** The quick way for `test`; null: the pattern has word boundaries or is too large. */
  readonly #states: RegexStates | null;
  /** For what can't be run in linear time. */
  readonly #backtracker: Backtracker | null;
  readonly #slots: number;
  #now: ThreadList;
  #next: ThreadList;
  readonly #stack: Int32Array;
  readonly #scratch: Int32Array;
  #steps = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#states = !program.backtracks && hasStates(program) ? new RegexStates(program) : null;
    this.#backtracker = program.backtracks ? new Backtracker(program, this) : null;
    this.groups = program.groups;
    this.#slots = program.groups * 2;
    this.match = new Int32Array(this.#slots);
    const size = program.code.length / 3;
    this.#now = new ThreadList(size, this.#slots);
    this.#next = new ThreadList(size, this.#slots);
    this.#stack = new Int32Array((size + 2) * 3);
    this.#scratch = new Int32Array(this.#slots);
  }

  /** Whether the pattern is found anywhere in bytes[start, end). */
  test(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#backtracker !== null) return this.#backtracker.find(bytes, start, end, start);
    if (this.#states !== null) {
      const found = this.#states.test(bytes, start, end);
      if (found !== Found.unsure) return found === Found.yes;
    }
    return this.#run(bytes, start, end, start, true);
  }

  /** The leftmost match that begins at `from` or later; `match` is then filled. Anchors mean `start` and `end`. */
  find(bytes: Uint8Array, start: number, end: number, from: number): boolean {
    if (this.#backtracker !== null) return this.#backtracker.find(bytes, start, end, from);
    return this.#run(bytes, start, end, from, false);
  }

  #run(bytes: Uint8Array, start: number, end: number, from: number, anyMatch: boolean): boolean {
    const { anchored } = this.#program;
    let found = false;
    this.#steps = 0;
    this.#now.count = 0;
    for (let at = from; ; at++) {
      if (!found && (!anchored || at === start)) {
        this.#scratch.fill(-1);
        this.#add(this.#now, 0, bytes, start, end, at);
      }
      if (this.#now.count === 0 && (found || anchored)) break;
      if (this.#step(bytes, start, end, at)) {
        found = true;
        if (anyMatch) return true;
      }
      if (at >= end) break;
      if (this.#steps > STEP_BUDGET) {
        regexCounters.overBudget++;
        return false;
      }
      const swap = this.#now;
      this.#now = this.#next;
      this.#next = swap;
    }
    return found;
  }

  /** Lets every thread read the byte at `at`; true if one of them has matched. */
  #step(bytes: Uint8Array, start: number, end: number, at: number): boolean {
    const now = this.#now;
    const next = this.#next;
    const { code, classes } = this.#program;
    const slots = this.#slots;
    next.count = 0;
    this.#steps += now.count;
    const byte = at < end ? (bytes[at] as number) : -1;
    for (let i = 0; i < now.count; i++) {
      const pc = now.dense[i] as number;
      const op = code[pc * 3] as number;
      if (op === MATCH) {
        for (let slot = 0; slot < slots; slot++) this.match[slot] = now.captures[i * slots + slot] as number;
        return true;
      }
      if (byte < 0 || op > MATCH) continue;
      const x = code[pc * 3 + 1] as number;
      const reads = op === BYTE ? x === byte : ((classes[x * 8 + (byte >> 5)] as number) & (1 << (byte & 31))) !== 0;
      if (!reads) continue;
      for (let slot = 0; slot < slots; slot++) this.#scratch[slot] = now.captures[i * slots + slot] as number;
      this.#add(next, pc + 1, bytes, start, end, at + 1);
    }
    return false;
  }

  /** Adds position `pc` and all that is reached from it without reading, in order of preference. */
  #add(list: ThreadList, pc: number, bytes: Uint8Array, start: number, end: number, at: number): void {
    const { code } = this.#program;
    const stack = this.#stack;
    const scratch = this.#scratch;
    let top = 0;
    stack[top++] = pc;
    stack[top++] = -1;
    stack[top++] = 0;
    while (top > 0) {
      const value = stack[--top] as number;
      const slot = stack[--top] as number;
      const here = stack[--top] as number;
      if (slot >= 0) {
        scratch[slot] = value;
        continue;
      }
      const known = list.sparse[here] as number;
      if (known < list.count && list.dense[known] === here) continue;
      list.sparse[here] = list.count;
      list.dense[list.count] = here;
      const op = code[here * 3] as number;
      const x = code[here * 3 + 1] as number;
      if (op > MATCH) {
        // A position that reads nothing holds its place only so that it is not visited again.
        list.count++;
        if (op === SPLIT) {
          stack[top++] = code[here * 3 + 2] as number;
          stack[top++] = -1;
          stack[top++] = 0;
          stack[top++] = x;
        } else if (op === SAVE) {
          stack[top++] = 0;
          stack[top++] = x;
          stack[top++] = scratch[x] as number;
          scratch[x] = at;
          stack[top++] = here + 1;
        } else if (op === JUMP) stack[top++] = x;
        else if (holds(op, bytes, start, end, at)) stack[top++] = here + 1;
        else continue;
        stack[top++] = -1;
        stack[top++] = 0;
        continue;
      }
      const base = list.count * this.#slots;
      for (let i = 0; i < this.#slots; i++) list.captures[base + i] = scratch[i] as number;
      list.count++;
    }
  }
}

/** Compiles a pattern. @throws RuleError with the reason if it can't be run safely or is malformed */
export function compileRegex(pattern: string, ignoreCase: boolean): Regex {
  try {
    return new Regex(compileProgram(pattern, ignoreCase));
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new RuleError(`regular expression '${pattern}': ${error.message}`, -1, pattern);
  }
}
