/**
 * Runs the programs that no automaton can: with look-around, back-references, atomic groups. Alternatives are tried one
 * after another, which can take for ever on hostile texts, so a search may take only so many steps: above them there is no match,
 * and that is counted, as with HAProxy's match limit of PCRE. Nothing is allocated per match.
 */
import { LOWER } from '../../http/tokens.ts';
import { holds } from './holds.ts';
import { Look, OP, type Program } from './tree.ts';

const BYTE = OP.byte;
const SET = OP.set;
const MATCH = OP.match;
const JUMP = OP.jump;
const SPLIT = OP.split;
const SAVE = OP.save;
const BACK = OP.back;
const LOOK = OP.look;
const DONE = OP.done;
const MARK = OP.mark;
const PROGRESS = OP.progress;

const NEGATIVE = Look.negative;
const BEHIND = Look.behind;
const ATOMIC = Look.atomic;

/** Steps of one search: about 5 ms. */
const STEP_BUDGET = 500_000;
/** Alternatives that may be open at once: kinds, places and values. */
const MOST_OPEN = 3 * 16_384;
/** An entry of the stack: a slot to be set back, or a place to go on at. */
const SLOT = -1;

/** Matches that ran out of budget, of this thread. */
export const regexCounters = { overBudget: 0 };

export class Backtracker {
  readonly #program: Program;
  readonly #result: { readonly match: Int32Array };
  /** Groups, then loops. */
  readonly #slots: Int32Array;
  readonly #groupSlots: number;
  readonly #stack = new Int32Array(MOST_OPEN);
  #top = 0;
  #steps = 0;
  #bytes: Uint8Array;
  #start = 0;
  #end = 0;

  /** @param result whose `match` is filled */
  constructor(program: Program, result: { readonly match: Int32Array }) {
    this.#program = program;
    this.#result = result;
    this.#groupSlots = program.groups * 2;
    this.#slots = new Int32Array(this.#groupSlots + program.loops);
    this.#bytes = new Uint8Array(0);
  }

  /** The leftmost match that begins at `from` or later. */
  find(bytes: Uint8Array, start: number, end: number, from: number): boolean {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#steps = 0;
    const last = this.#program.anchored ? Math.min(start, end) : end;
    for (let at = from; at <= last; at++) {
      this.#slots.fill(-1);
      this.#top = 0;
      if (this.#run(0, at) >= 0) {
        const { match } = this.#result;
        for (let slot = 0; slot < match.length; slot++) match[slot] = this.#slots[slot] as number;
        return true;
      }
      if (this.#steps > STEP_BUDGET) {
        regexCounters.overBudget++;
        return false;
      }
    }
    return false;
  }

  /** Runs from `pc` at `at` to `match` or `done`: where it ends, or -1. Alternatives that are left open are dropped by the caller. */
  #run(pcStart: number, atStart: number): number {
    const { code } = this.#program;
    const base = this.#top;
    let pc = pcStart;
    let at = atStart;
    for (;;) {
      if (++this.#steps > STEP_BUDGET) return -1;
      const op = code[pc * 3] as number;
      const x = code[pc * 3 + 1] as number;
      let goesOn = true;
      if (op <= SET) {
        goesOn = at < this.#end && this.#reads(op, x, this.#bytes[at] as number);
        pc++;
        at++;
      } else if (op === MATCH || op === DONE) return at;
      else if (op === JUMP) pc = x;
      else if (op === SPLIT) {
        goesOn = this.#push(code[pc * 3 + 2] as number, at, 0);
        pc = x;
      } else if (op === SAVE || op === MARK) {
        const slot = op === SAVE ? x : this.#groupSlots + x;
        goesOn = this.#push(SLOT, slot, this.#slots[slot] as number);
        this.#slots[slot] = at;
        pc++;
      } else if (op === PROGRESS) pc = this.#slots[this.#groupSlots + x] === at ? (code[pc * 3 + 2] as number) : pc + 1;
      else if (op === BACK) {
        at = this.#repeatGroup(x, at, code[pc * 3 + 2] === 1);
        goesOn = at >= 0;
        pc++;
      } else if (op === LOOK) {
        at = this.#look(pc, x, at);
        goesOn = at >= 0;
        pc = code[pc * 3 + 2] as number;
      } else {
        goesOn = holds(op, this.#bytes, this.#start, this.#end, at);
        pc++;
      }
      if (goesOn) continue;
      if (!this.#pop(base)) return -1;
      pc = this.#stack[this.#top] as number;
      at = this.#stack[this.#top + 1] as number;
    }
  }

  #reads(op: number, x: number, byte: number): boolean {
    if (op === BYTE) return x === byte;
    return ((this.#program.classes[x * 8 + (byte >> 5)] as number) & (1 << (byte & 31))) !== 0;
  }

  /** False: too many are open; the search ends as if it had taken too many steps. */
  #push(pc: number, at: number, value: number): boolean {
    const stack = this.#stack;
    if (this.#top + 3 > MOST_OPEN) {
      this.#steps = STEP_BUDGET;
      return false;
    }
    stack[this.#top] = pc;
    stack[this.#top + 1] = at;
    stack[this.#top + 2] = value;
    this.#top += 3;
    return true;
  }

  /** Sets slots back to where the last alternative was left open, which is then at the top; false: there is none above `base`. */
  #pop(base: number): boolean {
    const stack = this.#stack;
    while (this.#top > base) {
      this.#top -= 3;
      if (stack[this.#top] !== SLOT) return true;
      this.#slots[stack[this.#top + 1] as number] = stack[this.#top + 2] as number;
    }
    return false;
  }

  /** Matches the body behind `pc` by itself: where to go on, or -1. */
  #look(pc: number, bits: number, at: number): number {
    const from = (bits & BEHIND) !== 0 ? at - (bits >> Look.shift) : at;
    const isNegative = (bits & NEGATIVE) !== 0;
    if (from < this.#start) return isNegative ? at : -1;
    // All slots as they are, so that they can be set back although the alternatives inside are dropped.
    for (let slot = 0; slot < this.#slots.length; slot++) if (!this.#push(SLOT, slot, this.#slots[slot] as number)) return -1;
    const kept = this.#top;
    const end = this.#run(pc + 1, from);
    if (this.#steps > STEP_BUDGET) return -1;
    if (end >= 0 && !isNegative) {
      this.#top = kept;
      return (bits & ATOMIC) !== 0 ? end : at;
    }
    if (end >= 0) for (let top = this.#top; top > kept; top = this.#top) if (!this.#pop(kept)) break;
    return isNegative && end < 0 ? at : -1;
  }

  /** Behind the text of a group, which is there once more; -1: it is not, or the group took no part. */
  #repeatGroup(group: number, at: number, fold: boolean): number {
    const bytes = this.#bytes;
    const start = this.#slots[group * 2] as number;
    const end = this.#slots[group * 2 + 1] as number;
    if (start < 0 || end < start || at + end - start > this.#end) return -1;
    for (let i = 0; i < end - start; i++) {
      const one = bytes[start + i] as number;
      const other = bytes[at + i] as number;
      if (fold ? LOWER[one] !== LOWER[other] : one !== other) return -1;
    }
    this.#steps += end - start;
    return at + end - start;
  }
}
