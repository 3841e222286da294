/**
 * Cuts a line of configuration into words: quotes, escapes, comments, variables (HAProxy configuration
 * manual, 2.2 and 2.3). A problem is data with its column, never an exception. It must not know keywords.
 */
import type { Word } from '../keywords/define.ts';

/** The value of a variable or pseudo variable (`.FILE`); undefined if it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface LineProblem {
  readonly text: string;
  /** Counted from 1. */
  readonly column: number;
}

export interface LineWords {
  readonly words: Word[];
  readonly problem: LineProblem | null;
}

/**
 * The line must come without its line feed. Lines that are empty or only a comment give no words.
 * @param most more words than this are a problem
 */
export function splitWords(line: string, lookup: Lookup, most = Number.MAX_SAFE_INTEGER): LineWords {
  const cutter = new Cutter(line, lookup, most);
  cutter.run();
  return { words: cutter.words, problem: cutter.problem };
}

/** Variables can double a word with each line: this is where it ends. */
const WORD_LIMIT = 1 << 20;

const SIMPLE_ESCAPES = new Map([
  [' ', ' '],
  ['\\', '\\'],
  ['#', '#'],
  ['"', '"'],
  ["'", "'"],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

const PLAIN = /[^ \t\r\v\f\\"'#$]*/y;

class Cutter {
  readonly words: Word[] = [];
  problem: LineProblem | null = null;
  readonly #line: string;
  readonly #lookup: Lookup;
  readonly #most: number;
  #at = 0;
  /** Text and first column (from 0) of the word being built; start < 0: between words. */
  #text = '';
  #start = -1;
  #quoted = false;
  /** Column of the open quote; < 0: none. */
  #quoteAt = -1;
  #quote = '';

  constructor(line: string, lookup: Lookup, most: number) {
    this.#line = line;
    this.#lookup = lookup;
    this.#most = most;
  }

  run(): void {
    while (this.#at < this.#line.length && this.problem === null) {
      if (!this.#step(this.#line[this.#at] as string)) break;
    }
    if (this.problem === null && this.#quoteAt >= 0) this.#fail('unmatched quote', this.#quoteAt);
    if (this.problem === null) this.#endWord();
  }

  /** Takes one character or sequence; false at a comment. */
  #step(char: string): boolean {
    if (this.#quote !== "'" && char === '\\') this.#escape();
    else if (this.#quote !== '' ? char === this.#quote : char === '"' || char === "'") this.#toggle(char);
    else if (this.#quote === '"' && char === '$') this.#variable();
    else if (this.#quote === '' && isBlank(char)) {
      this.#endWord();
      this.#at++;
    } else if (this.#quote === '' && char === '#') return false;
    else this.#plain();
    return true;
  }

  /** All characters that mean only themselves, at once: at least the one that stands here. */
  #plain(): void {
    PLAIN.lastIndex = this.#at + 1;
    PLAIN.test(this.#line);
    this.#add(this.#line.slice(this.#at, PLAIN.lastIndex), PLAIN.lastIndex - this.#at);
  }

  #add(text: string, length: number): undefined {
    if (this.#start < 0) this.#start = this.#at;
    if (this.#text.length + text.length > WORD_LIMIT) return this.#fail(`a word of more than ${WORD_LIMIT} bytes`, this.#start);
    this.#text += text;
    this.#at += length;
  }

  #endWord(): undefined {
    if (this.#start < 0) return;
    if (this.words.length === this.#most) return this.#tooMany();
    this.words.push({ text: this.#text, column: this.#start + 1, quoted: this.#quoted });
    this.#text = '';
    this.#start = -1;
    this.#quoted = false;
  }

  #tooMany(): undefined {
    const last = this.words.at(-1) as Word;
    this.problem = {
      text: `too many words, truncating after word ${this.#most}, position ${last.column}: <${last.text.slice(0, 100)}>`,
      column: last.column,
    };
  }

  #toggle(char: string): void {
    this.#quoteAt = this.#quote === '' ? this.#at : -1;
    this.#quote = this.#quote === '' ? char : '';
    this.#add('', 1);
    this.#quoted = true;
  }

  /** Sequences that mean nothing keep their backslash, so that regular expressions pass. */
  #escape(): undefined {
    const next = this.#line[this.#at + 1];
    if (next === undefined) return this.#add('\\', 1);
    const simple = SIMPLE_ESCAPES.get(next);
    if (simple !== undefined) return this.#add(simple, 2);
    if (next === '$' && this.#quote === '"') return this.#add('$', 2);
    if (next !== 'x') return this.#add('\\', 1);
    const digits = this.#line.slice(this.#at + 2, this.#at + 4);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) return this.#fail('truncated or invalid hexadecimal sequence', this.#at);
    const code = Number.parseInt(digits, 16);
    if (code === 0) return this.#fail('a zero byte cannot be part of a word', this.#at);
    this.#add(String.fromCharCode(code), 4);
  }

  /** `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}` inside double quotes. */
  #variable(): undefined {
    const match = /^\$(\{?)([A-Za-z_.]\w*)?/.exec(this.#line.slice(this.#at)) as RegExpExecArray;
    const nameAt = this.#at + 1 + (match[1] as string).length;
    const name = match[2];
    if (name === undefined) return this.#fail('forbidden first char in environment variable name', nameAt);
    if (match[1] === '') return this.#add(this.#lookup(name) ?? '', match[0].length);
    let end = nameAt + name.length;
    const isList = this.#line.startsWith('[*]', end);
    if (isList) end += 3;
    let fallback = '';
    if (this.#line[end] === '-') {
      const close = this.#line.indexOf('}', end);
      fallback = close < 0 ? '' : this.#line.slice(end + 1, close);
      end = close < 0 ? end : close;
    }
    if (this.#line[end] !== '}') return this.#fail('unmatched brace in environment variable name', nameAt - 1);
    const value = this.#lookup(name) ?? fallback;
    if (isList) this.#list(value, end + 1 - this.#at);
    else this.#add(value, end + 1 - this.#at);
  }

  /** The parts of a list become words of their own; what touches it joins the first and the last. */
  #list(value: string, length: number): undefined {
    const parts = value.split(/[ \t]+/).filter((part) => part !== '');
    for (let index = 0; index < parts.length - 1; index++) {
      this.#add(parts[index] as string, 0);
      this.#quoted = true;
      this.#endWord();
    }
    // A list of nothing is no word at all: unlike a plain variable it may vanish.
    this.#quoted = true;
    const isAlone = parts.length === 0 && this.#text === '' && this.#line[this.#at + length] === '"';
    this.#add(parts[parts.length - 1] ?? '', length);
    if (isAlone && isBlank(this.#line[this.#at + 1] ?? ' ')) this.#dropWord();
  }

  #dropWord(): void {
    this.#start = -1;
    this.#quote = '';
    this.#quoteAt = -1;
    this.#at++;
  }

  #fail(text: string, at: number): undefined {
    this.problem = { text: `${text} at position ${at + 1}`, column: at + 1 };
  }
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\v' || char === '\f';
}

/** Index of the first empty word: it would end the list of arguments unseen, so lines with one are refused; -1: none. */
export function emptyWord(words: readonly Word[]): number {
  return words.findIndex((word) => word.text === '');
}

/** `$NAME` and `${NAME}` as addresses take them, quoted or not. What is not set becomes nothing. */
export function expandVariables(text: string, lookup: Lookup): string {
  if (!text.includes('$')) return text;
  return text.replace(/\$(?:\{(\w+)(?:-([^}]*))?\}|(\w+))/g, (_, braced?: string, fallback?: string, bare?: string) => {
    return lookup(braced ?? (bare as string)) ?? fallback ?? '';
  });
}
