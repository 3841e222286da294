/**
 * Answers "is the pattern in the text" with one table look-up per byte: a deterministic automaton that is built
 * while texts are read, within fixed memory. What it can't hold (too many states, word boundaries) it says so,
 * and regex.ts does it the slower way. It knows no groups.
 */
import { OP, type Program } from './tree.ts';

// In this file, so that V8 sees constants (DESIGN 1).
const BYTE = OP.byte;
const MATCH = OP.match;
const JUMP = OP.jump;
const SPLIT = OP.split;
const SAVE = OP.save;
const TEXT_START = OP.textStart;
const TEXT_END = OP.textEnd;
const ABSOLUTE_END = OP.absoluteEnd;
const NEWLINE = 10;

/** States. */
const DEAD = 0;
const ACCEPT = 1;
const FIRST_FREE = 2;
const MOST_STATES = 192;
/** Positions that all states together may hold, per instruction. */
const POSITIONS_PER_INSTRUCTION = 64;
const MOST_INSTRUCTIONS = 1024;
/** Not built yet. */
const UNKNOWN = -1;
/** How often the memory may run full before the pattern is left to the other way. */
const MOST_FLUSHES = 16;

export const Found = { no: 0, yes: 1, unsure: 2 } as const;
export type FoundValue = (typeof Found)[keyof typeof Found];

/** Whether a program is small and simple enough. */
export function hasStates(program: Program): boolean {
  const { code } = program;
  if (code.length / 3 > MOST_INSTRUCTIONS) return false;
  for (let at = 0; at < code.length; at += 3) if ((code[at] as number) > ABSOLUTE_END) return false;
  return true;
}

export class RegexStates {
  readonly #program: Program;
  /** Bytes that no instruction tells apart share a number. */
  readonly #classOf = new Uint8Array(256);
  readonly #sample: Uint8Array;
  readonly #classes: number;
  readonly #next: Int16Array;
  /** Per state: UNKNOWN, 0 or 1: whether it matches at the end of the text. */
  readonly #atEnd: Int8Array;
  readonly #starts: Int32Array;
  readonly #positions: Int16Array;
  #states = 0;
  #used = 0;
  #flushes = 0;
  /** The set that is being made: positions in `dense`, where each stands in `sparse`. */
  readonly #dense: Int16Array;
  readonly #sparse: Int16Array;
  #count = 0;
  readonly #stack: Int16Array;

  constructor(program: Program) {
    this.#program = program;
    const size = program.code.length / 3;
    this.#sample = this.#partition();
    this.#classes = this.#sample.length;
    this.#next = new Int16Array(MOST_STATES * this.#classes);
    this.#atEnd = new Int8Array(MOST_STATES);
    this.#starts = new Int32Array(MOST_STATES + 1);
    this.#positions = new Int16Array(size * POSITIONS_PER_INSTRUCTION);
    this.#dense = new Int16Array(size);
    this.#sparse = new Int16Array(size);
    this.#stack = new Int16Array(size * 2 + 2);
    this.#clear();
  }

  /** Whether the pattern is found in bytes[start, end). */
  test(bytes: Uint8Array, start: number, end: number): FoundValue {
    // An empty text is a start and an end at once; a last newline may stand behind `$`.
    if (start >= end || bytes[end - 1] === NEWLINE || this.#flushes > MOST_FLUSHES) return Found.unsure;
    const next = this.#next;
    const classOf = this.#classOf;
    const classes = this.#classes;
    let state = FIRST_FREE;
    for (let at = start; at < end; at++) {
      const cell = state * classes + (classOf[bytes[at] as number] as number);
      let to = next[cell] as number;
      if (to === UNKNOWN) {
        to = this.#advance(state, cell - state * classes);
        if (to === UNKNOWN) return this.#flush();
        next[cell] = to;
      }
      if (to <= ACCEPT) return to === ACCEPT ? Found.yes : Found.no;
      state = to;
    }
    return this.#endsIn(state) ? Found.yes : Found.no;
  }

  /** Gives every byte its class: instruction by instruction, those that it reads part from those that it does not. A byte of each. */
  #partition(): Uint8Array {
    const { code, classes } = this.#program;
    const classOf = this.#classOf;
    const parted = new Int16Array(512);
    let count = 1;
    for (let at = 0; at < code.length; at += 3) {
      if ((code[at] as number) >= MATCH) continue;
      parted.fill(-1);
      count = 0;
      for (let byte = 0; byte < 256; byte++) {
        const key = (classOf[byte] as number) * 2 + (reads(code, classes, at, byte) ? 1 : 0);
        if (parted[key] === -1) parted[key] = count++;
        classOf[byte] = parted[key] as number;
      }
    }
    const samples = new Uint8Array(count);
    for (let byte = 255; byte >= 0; byte--) samples[classOf[byte] as number] = byte;
    return samples;
  }

  /** Forgets all states but those that always are: dead, accepting, the first. */
  #clear(): void {
    this.#next.fill(UNKNOWN);
    this.#atEnd.fill(UNKNOWN);
    this.#states = FIRST_FREE;
    this.#used = 0;
    this.#count = 0;
    this.#starts.fill(0);
    const accepts = this.#close(0, true);
    // An empty pattern is found at once: its first state leads nowhere else.
    this.#intern();
    if (accepts) {
      this.#next.fill(ACCEPT, FIRST_FREE * this.#classes, (FIRST_FREE + 1) * this.#classes);
      this.#atEnd[FIRST_FREE] = 1;
    }
  }

  #flush(): FoundValue {
    this.#flushes++;
    this.#clear();
    return Found.unsure;
  }

  /** The state behind `state` on a byte of a class; UNKNOWN if there is no memory for it. */
  #advance(state: number, byteClass: number): number {
    const { code, classes, anchored } = this.#program;
    const byte = this.#sample[byteClass] as number;
    this.#count = 0;
    for (let at = this.#starts[state] as number; at < (this.#starts[state + 1] as number); at++) {
      const position = this.#positions[at] as number;
      if ((code[position * 3] as number) > MATCH || !reads(code, classes, position * 3, byte)) continue;
      if (this.#close(position + 1, false)) return ACCEPT;
    }
    if (!anchored && this.#close(0, false)) return ACCEPT;
    return this.#count === 0 ? DEAD : this.#intern();
  }

  /** Adds a position and what is reached from it without reading; true if that is a match. Assertions of the end stay in the set. */
  #close(from: number, atStart: boolean): boolean {
    const { code } = this.#program;
    const stack = this.#stack;
    let top = 0;
    stack[top++] = from;
    while (top > 0) {
      const here = stack[--top] as number;
      const known = this.#sparse[here] as number;
      if (known < this.#count && this.#dense[known] === here) continue;
      this.#sparse[here] = this.#count;
      this.#dense[this.#count++] = here;
      const op = code[here * 3] as number;
      const x = code[here * 3 + 1] as number;
      if (op === MATCH) return true;
      if (op === JUMP) stack[top++] = x;
      else if (op === SPLIT) {
        stack[top++] = code[here * 3 + 2] as number;
        stack[top++] = x;
      } else if (op === SAVE || (op === TEXT_START && atStart)) stack[top++] = here + 1;
    }
    return false;
  }

  /** The number of the state with the positions of `dense`, made if it is new; UNKNOWN if there is no memory. */
  #intern(): number {
    const { code } = this.#program;
    const from = this.#used;
    let to = from;
    if (from + this.#count > this.#positions.length || this.#states >= MOST_STATES) return UNKNOWN;
    // Only what reads or waits for the end makes a difference.
    for (let at = 0; at < this.#count; at++) {
      const position = this.#dense[at] as number;
      const op = code[position * 3] as number;
      if (op < MATCH || op === TEXT_END || op === ABSOLUTE_END) this.#positions[to++] = position;
    }
    this.#sort(from, to);
    for (let state = FIRST_FREE; state < this.#states; state++) if (this.#isSame(state, from, to)) return state;
    const state = this.#states++;
    this.#starts[state] = from;
    this.#starts[state + 1] = to;
    this.#used = to;
    return state;
  }

  /** Insertion sort: sets are small, and there are few. */
  #sort(from: number, to: number): void {
    const positions = this.#positions;
    for (let at = from + 1; at < to; at++) {
      const position = positions[at] as number;
      let place = at;
      for (; place > from && (positions[place - 1] as number) > position; place--) positions[place] = positions[place - 1] as number;
      positions[place] = position;
    }
  }

  #isSame(state: number, from: number, to: number): boolean {
    const start = this.#starts[state] as number;
    if ((this.#starts[state + 1] as number) - start !== to - from) return false;
    for (let at = 0; at < to - from; at++) if (this.#positions[start + at] !== this.#positions[from + at]) return false;
    return true;
  }

  /** Whether a match is reached from the state when the text ends. */
  #endsIn(state: number): boolean {
    const known = this.#atEnd[state] as number;
    if (known !== UNKNOWN) return known === 1;
    const { code } = this.#program;
    const from = this.#starts[state] as number;
    const to = this.#starts[state + 1] as number;
    this.#count = 0;
    let found = false;
    for (let at = from; at < to && !found; at++) {
      const position = this.#positions[at] as number;
      if ((code[position * 3] as number) > MATCH) found = this.#endsAt(position + 1);
    }
    this.#atEnd[state] = found ? 1 : 0;
    return found;
  }

  /** As `close`, with assertions of the end holding. */
  #endsAt(from: number): boolean {
    const { code } = this.#program;
    const stack = this.#stack;
    let top = 0;
    stack[top++] = from;
    while (top > 0) {
      const here = stack[--top] as number;
      const known = this.#sparse[here] as number;
      if (known < this.#count && this.#dense[known] === here) continue;
      this.#sparse[here] = this.#count;
      this.#dense[this.#count++] = here;
      const op = code[here * 3] as number;
      if (op === MATCH) return true;
      if (op === JUMP) stack[top++] = code[here * 3 + 1] as number;
      else if (op === SPLIT) {
        stack[top++] = code[here * 3 + 2] as number;
        stack[top++] = code[here * 3 + 1] as number;
      } else if (op === SAVE || op === TEXT_END || op === ABSOLUTE_END) stack[top++] = here + 1;
    }
    return false;
  }
}

/** Whether the instruction at cell `at` reads this byte. */
function reads(code: Int32Array, classes: Int32Array, at: number, byte: number): boolean {
  const x = code[at + 1] as number;
  return code[at] === BYTE ? x === byte : ((classes[x * 8 + (byte >> 5)] as number) & (1 << (byte & 31))) !== 0;
}
