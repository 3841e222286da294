/**
 * Parses a regular expression (the common part of PCRE) and writes it as a program for regex.ts. Start only.
 * It must not know how a program runs.
 */
import { RuleError } from '../error.ts';
import { canBeEmpty, isAnchored, Look, type Node, OP, type Program, widthOf } from './tree.ts';

/** Instructions that a program may have: counted repetition multiplies. */
const MOST_INSTRUCTIONS = 5000;
const MOST_REPEATS = 1000;
const MOST_DEPTH = 100;
const INFINITE = -1;

export function compileProgram(pattern: string, ignoreCase: boolean): Program {
  const parser = new Parser(pattern, ignoreCase);
  const tree = parser.parse();
  const emitter = new Emitter(parser.backtracks);
  emitter.emit({ kind: 'group', index: 0, body: tree });
  emitter.push(OP.match, 0, 0);
  return {
    code: Int32Array.from(emitter.code),
    classes: Int32Array.from(emitter.classes),
    groups: parser.groups,
    anchored: isAnchored(tree),
    backtracks: parser.backtracks,
    loops: emitter.loops,
  };
}

// Classes of bytes -----------------------------------------------------------------------------------

function newSet(): Int32Array {
  return new Int32Array(8);
}

function addRange(set: Int32Array, from: number, to: number): void {
  for (let byte = from; byte <= to; byte++) set[byte >> 5] = (set[byte >> 5] as number) | (1 << (byte & 31));
}

function has(set: Int32Array, byte: number): boolean {
  return ((set[byte >> 5] as number) & (1 << (byte & 31))) !== 0;
}

function invert(set: Int32Array): Int32Array {
  return set.map((word) => ~word);
}

function addSet(set: Int32Array, other: Int32Array): void {
  for (let at = 0; at < 8; at++) set[at] = (set[at] as number) | (other[at] as number);
}

/** Adds the other case of every ASCII letter. */
function foldSet(set: Int32Array): void {
  for (let byte = 65; byte <= 90; byte++) {
    if (has(set, byte)) addRange(set, byte | 32, byte | 32);
    else if (has(set, byte | 32)) addRange(set, byte, byte);
  }
}

function setOf(...ranges: readonly (readonly [number, number])[]): Int32Array {
  const set = newSet();
  for (const [from, to] of ranges) addRange(set, from, to);
  return set;
}

const DIGIT = setOf([48, 57]);
const WORD = setOf([48, 57], [65, 90], [95, 95], [97, 122]);
const SPACE = setOf([9, 13], [32, 32]);
const HORIZONTAL = setOf([9, 9], [32, 32]);
const VERTICAL = setOf([10, 13]);
const ANY = invert(newSet());
const ANY_BUT_NEWLINE = invert(setOf([10, 10]));
/** Escapes that stand for a class; the capital stands for all other bytes. */
const CLASS_ESCAPES: Readonly<Record<string, Int32Array>> = { d: DIGIT, w: WORD, s: SPACE, h: HORIZONTAL, v: VERTICAL };
const CHAR_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 };
const POSIX: Readonly<Record<string, Int32Array>> = {
  alpha: setOf([65, 90], [97, 122]),
  digit: DIGIT,
  alnum: setOf([48, 57], [65, 90], [97, 122]),
  upper: setOf([65, 90]),
  lower: setOf([97, 122]),
  space: SPACE,
  blank: HORIZONTAL,
  punct: setOf([33, 47], [58, 64], [91, 96], [123, 126]),
  xdigit: setOf([48, 57], [65, 70], [97, 102]),
  word: WORD,
  print: setOf([32, 126]),
  graph: setOf([33, 126]),
  cntrl: setOf([0, 31], [127, 127]),
};

// Parser ----------------------------------------------------------------------------------------------

class Parser {
  groups = 1;
  backtracks = false;
  readonly #text: string;
  readonly #names = new Map<string, number>();
  #at = 0;
  #ignoreCase: boolean;
  /** (?s): a point reads newlines too. */
  #dotAll = false;
  /** (?m): ^ and $ stand at lines. */
  #lines = false;
  #depth = 0;

  constructor(text: string, ignoreCase: boolean) {
    this.#text = text;
    this.#ignoreCase = ignoreCase;
  }

  parse(): Node {
    const tree = this.#alternatives();
    if (this.#at < this.#text.length) throw new RuleError("unmatched ')'");
    return tree;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #alternatives(): Node {
    if (++this.#depth > MOST_DEPTH) throw new RuleError(`groups are nested more than ${MOST_DEPTH} deep`);
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'any', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const atom = this.#atom();
      if (atom !== null) parts.push(this.#repeated(atom));
    }
    return { kind: 'all', parts };
  }

  /** One atom; null for an option setting, which matches nothing by itself. */
  #atom(): Node | null {
    const char = this.#text[this.#at++] as string;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return this.#bracket();
      case '.':
        return { kind: 'set', set: this.#dotAll ? ANY : ANY_BUT_NEWLINE };
      case '^':
        return { kind: 'assert', op: this.#lines ? OP.lineStart : OP.textStart };
      case '$':
        return { kind: 'assert', op: this.#lines ? OP.lineEnd : OP.textEnd };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new RuleError(`'${char}' has nothing to repeat`);
      default:
        return this.#byte(char.charCodeAt(0));
    }
  }

  #byte(byte: number): Node {
    const isLetter = (byte | 32) >= 97 && (byte | 32) <= 122;
    if (!this.#ignoreCase || !isLetter) return { kind: 'byte', byte };
    return { kind: 'set', set: setOf([byte & ~32, byte & ~32], [byte | 32, byte | 32]) };
  }

  #group(): Node | null {
    const outer = [this.#ignoreCase, this.#dotAll, this.#lines] as const;
    let index = -1;
    let look = -1;
    if (this.#take('?')) {
      look = this.#look();
      if (look < 0 && this.#named()) index = this.groups++;
      else if (look < 0 && !this.#options()) return null;
    } else if (this.#peek() === '*') throw new RuleError(`'(*…)' is not supported by this version`);
    else index = this.groups++;
    const body = this.#alternatives();
    if (!this.#take(')')) throw new RuleError("')' is missing");
    [this.#ignoreCase, this.#dotAll, this.#lines] = outer;
    if (look >= 0) return lookAt(body, look);
    return index < 0 ? body : { kind: 'group', index, body };
  }

  /** The bits of look-around and atomic groups; -1: it is another group. */
  #look(): number {
    const bits = this.#take('=')
      ? 0
      : this.#take('!')
        ? Look.negative
        : this.#take('<=')
          ? Look.behind
          : this.#take('<!')
            ? Look.behind | Look.negative
            : this.#take('>')
              ? Look.atomic
              : -1;
    if (bits >= 0) this.backtracks = true;
    return bits;
  }

  #named(): boolean {
    const name = /^(?:P?<|')(\w+)[>']/.exec(this.#text.slice(this.#at));
    if (name === null) return false;
    this.#names.set(name[1] as string, this.groups);
    this.#at += name[0].length;
    return true;
  }

  /** `(?:`, `(?i:` and, for the rest of the group, `(?i)`, with the letters i, s and m; true if a body follows. */
  #options(): boolean {
    const options = /^([ism]*)(?:-([ism]+))?([:)])/.exec(this.#text.slice(this.#at));
    if (options === null) {
      throw new RuleError(`'(?${this.#text.slice(this.#at, this.#at + 2)}' is not supported by this version`);
    }
    this.#at += options[0].length;
    for (const letter of options[1] as string) this.#setOption(letter, true);
    for (const letter of options[2] ?? '') this.#setOption(letter, false);
    return options[3] === ':';
  }

  #setOption(letter: string, on: boolean): void {
    if (letter === 'i') this.#ignoreCase = on;
    else if (letter === 's') this.#dotAll = on;
    else this.#lines = on;
  }

  #escape(): Node {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new RuleError("'\\' at the end");
    if (char === 'b') return { kind: 'assert', op: OP.wordEdge };
    if (char === 'B') return { kind: 'assert', op: OP.notWordEdge };
    if (char === 'A') return { kind: 'assert', op: OP.textStart };
    if (char === 'z') return { kind: 'assert', op: OP.absoluteEnd };
    if (char === 'Z') return { kind: 'assert', op: OP.textEnd };
    const set = classEscape(char);
    if (set !== null) return { kind: 'set', set };
    const back = this.#backReference(char);
    if (back >= 0) return { kind: 'back', index: back, fold: this.#ignoreCase };
    if (char === 'Q') return this.#quoted();
    if (char === 'E') return { kind: 'all', parts: [] };
    return this.#byte(this.#charEscape(char));
  }

  /** The group of `\\1`, `\\g1`, `\\g{1}`, `\\k<name>`; -1: it is none. */
  #backReference(char: string): number {
    if (!/[1-9gk]/.test(char)) return -1;
    const found = /^(?:(\d+)|g\{?(\d+)\}?|k[<{'](\w+)[>}'])/.exec(this.#text.slice(this.#at - 1));
    if (found === null) throw new RuleError(`'\\${char}' is not supported by this version`);
    const index = found[3] === undefined ? Number(found[1] ?? found[2]) : (this.#names.get(found[3]) ?? 0);
    // Two digits and more that no group answers to are an octal number.
    if (found[1] !== undefined && index > 9 && index >= this.groups) return -1;
    if (index < 1 || index >= this.groups) throw new RuleError(`there is no group before '\\${found[0]}'`);
    this.#at += found[0].length - 1;
    this.backtracks = true;
    return index;
  }

  /** `\\Q…\\E` */
  #quoted(): Node {
    const end = this.#text.indexOf('\\E', this.#at);
    const text = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at += text.length + (end < 0 ? 0 : 2);
    const parts = Array.from(text, (char) => this.#byte(char.charCodeAt(0)));
    // What repeats stands for the last character alone.
    const last = parts.pop();
    return { kind: 'all', parts: last === undefined ? parts : [...parts, this.#repeated(last)] };
  }

  /** The byte of an escape whose backslash and letter were read. */
  #charEscape(char: string): number {
    const known = CHAR_ESCAPES[char];
    if (known !== undefined) return known;
    if (char === 'x') {
      const hex = /^[0-9a-fA-F]{1,2}/.exec(this.#text.slice(this.#at))?.[0] ?? '';
      this.#at += hex.length;
      return hex === '' ? 0 : Number.parseInt(hex, 16);
    }
    if (/[0-7]/.test(char)) {
      const octal = /^[0-7]{0,2}/.exec(this.#text.slice(this.#at))?.[0] ?? '';
      this.#at += octal.length;
      return Number.parseInt(`${char}${octal}`, 8) & 255;
    }
    if (/[a-zA-Z]/.test(char)) throw new RuleError(`'\\${char}' is not supported by this version`);
    return char.charCodeAt(0);
  }

  #bracket(): Node {
    const set = newSet();
    const negated = this.#take('^');
    let first = true;
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === undefined) throw new RuleError("']' is missing");
      if (char === ']' && !first) break;
      first = false;
      this.#bracketItem(set, char);
    }
    if (this.#ignoreCase) foldSet(set);
    return { kind: 'set', set: negated ? invert(set) : set };
  }

  #bracketItem(set: Int32Array, char: string): void {
    const posix = char === '[' ? /^:(\^?)(\w+):\]/.exec(this.#text.slice(this.#at)) : null;
    if (posix !== null) {
      const named = POSIX[posix[2] as string];
      if (named === undefined) throw new RuleError(`unknown class '[:${posix[2]}:]'`);
      this.#at += posix[0].length;
      addSet(set, posix[1] === '^' ? invert(named) : named);
      return;
    }
    const from = this.#bracketByte(set, char);
    if (from < 0) return;
    const isRange = this.#peek() === '-' && (this.#text[this.#at + 1] ?? ']') !== ']';
    if (!isRange) {
      addRange(set, from, from);
      return;
    }
    this.#at++;
    const to = this.#bracketByte(set, this.#text[this.#at++] as string);
    if (to < 0) {
      addRange(set, from, from);
      addRange(set, 45, 45);
    } else if (to < from) throw new RuleError('a range in brackets is the wrong way round');
    else addRange(set, from, to);
  }

  /** The byte of one item; -1 if it was a class, which has been added. */
  #bracketByte(set: Int32Array, char: string): number {
    if (char !== '\\') return char.charCodeAt(0);
    const escaped = this.#text[this.#at++] ?? '\\';
    const named = classEscape(escaped);
    if (named !== null) {
      addSet(set, named);
      return -1;
    }
    return escaped === 'b' ? 8 : this.#charEscape(escaped);
  }

  #repeated(atom: Node): Node {
    let node = atom;
    for (;;) {
      const range = this.#range();
      if (range === null) return node;
      const lazy = this.#take('?');
      node = { kind: 'repeat', body: node, min: range.min, max: range.max, lazy };
      if (!lazy && this.#take('+')) {
        node = { kind: 'look', body: node, bits: Look.atomic };
        this.backtracks = true;
      }
    }
  }

  #range(): { min: number; max: number } | null {
    if (this.#take('*')) return { min: 0, max: INFINITE };
    if (this.#take('+')) return { min: 1, max: INFINITE };
    if (this.#take('?')) return { min: 0, max: 1 };
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at));
    if (counted === null) return null;
    this.#at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? INFINITE : Number(counted[3]);
    if (min > MOST_REPEATS || max > MOST_REPEATS) throw new RuleError(`a repetition above ${MOST_REPEATS} is not supported`);
    if (max !== INFINITE && max < min) throw new RuleError(`'${counted[0]}' is the wrong way round`);
    return { min, max };
  }
}

/** Look-behind has a width; alternatives have one each. */
function lookAt(body: Node, bits: number): Node {
  if ((bits & Look.behind) === 0) return { kind: 'look', body, bits };
  if (body.kind === 'any') {
    const parts = body.parts.map((part) => lookAt(part, bits));
    return (bits & Look.negative) !== 0 ? { kind: 'all', parts } : { kind: 'any', parts };
  }
  const width = widthOf(body);
  if (width < 0) throw new RuleError('what is looked at behind must have a fixed length');
  return { kind: 'look', body, bits: bits | (width << Look.shift) };
}

function classEscape(char: string): Int32Array | null {
  const direct = CLASS_ESCAPES[char];
  if (direct !== undefined) return direct;
  const opposite = /[DWSHV]/.test(char) ? CLASS_ESCAPES[char.toLowerCase()] : undefined;
  return opposite === undefined ? null : invert(opposite);
}

// Code ------------------------------------------------------------------------------------------------

class Emitter {
  readonly code: number[] = [];
  readonly classes: number[] = [];
  loops = 0;
  readonly #backtracks: boolean;

  constructor(backtracks: boolean) {
    this.#backtracks = backtracks;
  }

  /** Index of the next instruction. */
  get here(): number {
    return this.code.length / 3;
  }

  push(op: number, x: number, y: number): number {
    const at = this.here;
    if (at >= MOST_INSTRUCTIONS) throw new RuleError(`it is too large: more than ${MOST_INSTRUCTIONS} steps`);
    this.code.push(op, x, y);
    return at;
  }

  emit(node: Node): void {
    switch (node.kind) {
      case 'byte':
        this.push(OP.byte, node.byte, 0);
        return;
      case 'set':
        this.classes.push(...node.set);
        this.push(OP.set, this.classes.length / 8 - 1, 0);
        return;
      case 'assert':
        this.push(node.op, 0, 0);
        return;
      case 'group':
        this.push(OP.save, node.index * 2, 0);
        this.emit(node.body);
        this.push(OP.save, node.index * 2 + 1, 0);
        return;
      case 'look': {
        const look = this.push(OP.look, node.bits, 0);
        this.emit(node.body);
        this.push(OP.done, 0, 0);
        this.code[look * 3 + 2] = this.here;
        return;
      }
      case 'back':
        this.push(OP.back, node.index, node.fold ? 1 : 0);
        return;
      case 'all':
        for (const part of node.parts) this.emit(part);
        return;
      case 'any':
        this.#alternatives(node.parts);
        return;
      case 'repeat':
        this.#repeat(node.body, node.min, node.max, node.lazy);
    }
  }

  #alternatives(parts: readonly Node[]): void {
    const jumps: number[] = [];
    for (let at = 0; at < parts.length - 1; at++) {
      const split = this.push(OP.split, this.here + 1, 0);
      this.emit(parts[at] as Node);
      jumps.push(this.push(OP.jump, 0, 0));
      this.code[split * 3 + 2] = this.here;
    }
    this.emit(parts.at(-1) as Node);
    for (const jump of jumps) this.code[jump * 3 + 1] = this.here;
  }

  #repeat(body: Node, min: number, max: number, lazy: boolean): void {
    for (let count = 0; count < min; count++) this.emit(body);
    if (max === INFINITE) {
      const split = this.push(OP.split, 0, 0);
      const isGuarded = this.#backtracks && canBeEmpty(body);
      const slot = isGuarded ? this.loops++ : 0;
      if (isGuarded) this.push(OP.mark, slot, 0);
      this.emit(body);
      const progress = isGuarded ? this.push(OP.progress, slot, 0) : -1;
      this.push(OP.jump, split, 0);
      if (progress >= 0) this.code[progress * 3 + 2] = this.here;
      this.#aim(split, split + 1, this.here, lazy);
      return;
    }
    const splits: number[] = [];
    for (let count = min; count < max; count++) {
      splits.push(this.push(OP.split, 0, 0));
      this.emit(body);
    }
    for (const split of splits) this.#aim(split, split + 1, this.here, lazy);
  }

  /** Sets where a split goes: into the body first, or past it first. */
  #aim(split: number, body: number, past: number, lazy: boolean): void {
    this.code[split * 3 + 1] = lazy ? past : body;
    this.code[split * 3 + 2] = lazy ? body : past;
  }
}
