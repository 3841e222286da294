/**
 * Takes a log-format string apart (HAProxy 3.x configuration 8.2.6): text, spaces, `%alias` and `%[expression]` with
 * their names, types and flags. It must not know what an alias prints.
 */
import type { FormatKind } from '../define.ts';
import { RuleError } from '../error.ts';
import { type ParsedExpression, parseExpression } from '../expression.ts';
import type { Registry } from '../registry.ts';
import { Encoding, Escape, type TextStyle } from './writer.ts';

/** What `%(name:type)` makes of a value where values are encoded. */
export type OutputType = 'str' | 'sint' | 'bool';
const OUTPUT_TYPES: readonly OutputType[] = ['str', 'sint', 'bool'];

/** An alias or an expression. */
export interface ValueItem {
  readonly kind: 'value';
  /** `%(name)`: the key in structured logs; empty: none. */
  readonly label: string;
  readonly type: OutputType | null;
  readonly style: TextStyle;
  /** null: an expression. */
  readonly alias: string | null;
  readonly expression: ParsedExpression | null;
  /** The string from here on (of an expression: from behind its bracket), for messages. */
  readonly rest: string;
}

export type FormatItem = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'space' } | ValueItem;

export interface ParsedFormat {
  readonly items: readonly FormatItem[];
  /** Encoding of the whole line (`%{+json}o`) and whether it is binary (`%{+bin}o`): what all `%o` agree on. */
  readonly encoding: TextStyle['encoding'];
  readonly binary: boolean;
}

/** How each kind shows expressions. Log lines escape what would break a line. */
const PLAIN = { quote: false, backslash: false, hex: false, encoding: Encoding.none, binary: false };
const STYLES: Readonly<Record<FormatKind, TextStyle>> = {
  log: { ...PLAIN, dash: true, escape: Escape.line },
  header: { ...PLAIN, dash: false, escape: Escape.header },
  text: { ...PLAIN, dash: false, escape: Escape.header },
  id: { ...PLAIN, dash: false, escape: Escape.header },
  raw: { ...PLAIN, dash: false, escape: Escape.none },
};

/** @throws RuleError that shows where the format is wrong */
export function parseFormat(text: string, kind: FormatKind, registry: Registry): ParsedFormat {
  return new FormatParser(text, kind, registry).parse();
}

class FormatParser {
  readonly #text: string;
  readonly #kind: FormatKind;
  readonly #registry: Registry;
  /** Runs of spaces count as one, and none at the start. */
  readonly #merges: boolean;
  readonly #items: FormatItem[] = [];
  #literal = '';
  #at = 0;
  #style: TextStyle;
  /** The flags after each `%o`. */
  readonly #globals: TextStyle[] = [];

  constructor(text: string, kind: FormatKind, registry: Registry) {
    this.#text = text;
    this.#kind = kind;
    this.#registry = registry;
    this.#merges = kind === 'log' || kind === 'id';
    this.#style = STYLES[kind];
  }

  parse(): ParsedFormat {
    const text = this.#text;
    while (this.#at < text.length) {
      const char = text[this.#at] as string;
      if (char === '%') this.#percent();
      else {
        if (this.#merges && char === ' ') this.#push({ kind: 'space' });
        else this.#literal += char;
        this.#at++;
      }
    }
    this.#flush();
    const first = this.#globals[0];
    const agreed = first !== undefined && this.#globals.every(({ encoding }) => encoding === first.encoding);
    const binary = first !== undefined && this.#globals.every((style) => style.binary);
    return { items: this.#items, encoding: agreed ? first.encoding : Encoding.none, binary };
  }

  #flush(): void {
    if (this.#literal !== '') this.#items.push({ kind: 'text', text: this.#literal });
    this.#literal = '';
  }

  #push(item: FormatItem): void {
    this.#flush();
    this.#items.push(item);
  }

  #percent(): void {
    const from = this.#at++;
    const char = this.#text[this.#at];
    if (char === '%') {
      this.#literal += '%';
      this.#at++;
      return;
    }
    const { label, type } = char === '(' ? this.#name(from) : { label: '', type: null };
    const hasFlags = this.#text[this.#at] === '{';
    const style = hasFlags ? this.#flags(from) : this.#style;
    const rest = this.#text.slice(from);
    if (this.#text[this.#at] === '[') {
      const text = this.#text.slice(this.#at + 1);
      const expression = this.#expression(text);
      this.#push({ kind: 'value', label, type, style, alias: null, expression, rest: text });
      return;
    }
    const alias = /^[a-zA-Z][a-zA-Z0-9]*/.exec(this.#text.slice(this.#at))?.[0];
    if (alias === undefined) this.#stray(from, hasFlags || label !== '');
    else this.#alias({ kind: 'value', label, type, style, alias, expression: null, rest });
  }

  #alias(item: ValueItem & { readonly alias: string }): void {
    this.#at += item.alias.length;
    if (item.alias !== 'o') {
      this.#push(item);
      return;
    }
    this.#style = item.style;
    this.#globals.push(item.style);
  }

  /** A `%` before punctuation is dropped, as HAProxy does; before a digit, a space or the end it is an error. */
  #stray(from: number, isBegun: boolean): void {
    const char = this.#text[this.#at];
    if (char === undefined) throw this.#wrong(from, 'truncated line');
    if (isBegun || /[0-9 \t]/.test(char)) throw this.#wrong(from, `unexpected alias name, '%%' writes a single '%'`);
  }

  /** `(name)` or `(name:type)`. */
  #name(from: number): { label: string; type: OutputType | null } {
    const close = this.#text.indexOf(')', this.#at);
    if (close < 0) throw this.#wrong(from, "')' is missing");
    const [label = '', type] = this.#text.slice(this.#at + 1, close).split(':', 2);
    const stray = /[^A-Za-z0-9_-]/.exec(label)?.[0];
    if (stray !== undefined) throw this.#wrong(from, `invalid character in custom name near '${stray}'`);
    this.#at = close + 1;
    if (type === undefined) return { label, type: null };
    const known = OUTPUT_TYPES.find((one) => one === type);
    if (known === undefined) throw this.#wrong(from, `unexpected output type '${type}', supported are: ${OUTPUT_TYPES.join(', ')}`);
    return { label, type: known };
  }

  #flags(from: number): TextStyle {
    const close = this.#text.indexOf('}', this.#at);
    if (close < 0) throw this.#wrong(from, "'}' is missing");
    const style = { ...this.#style };
    for (const word of this.#text.slice(this.#at + 1, close).split(',')) this.#flag(style, word.trim(), from);
    this.#at = close + 1;
    return style;
  }

  #flag(style: { -readonly [K in keyof TextStyle]: TextStyle[K] }, word: string, from: number): void {
    const on = word[0] !== '-';
    switch (word.replace(/^[-+]/, '')) {
      case 'Q':
        style.quote = on;
        return;
      case 'E':
        style.backslash = on;
        return;
      case 'X':
        style.hex = on;
        return;
      case 'M':
        style.dash = on && this.#kind === 'log';
        return;
      case 'bin':
        style.binary = on;
        return;
      case 'json':
        this.#encoding(style, Encoding.json, on, from);
        return;
      case 'cbor':
        this.#encoding(style, Encoding.cbor, on, from);
        return;
      default:
        throw this.#wrong(from, `'${word}' is not a flag: Q, E, X, bin, json and cbor are`);
    }
  }

  /** An encoding that is set stays: they can't be mixed. */
  #encoding(style: { encoding: TextStyle['encoding'] }, encoding: TextStyle['encoding'], on: boolean, from: number): void {
    if (this.#kind === 'header' || this.#kind === 'id')
      throw this.#wrong(from, 'values can be encoded in logs and bodies, not in header fields');
    if (!on) {
      if (style.encoding === encoding) style.encoding = Encoding.none;
    } else if (style.encoding === Encoding.none) style.encoding = encoding;
  }

  #expression(text: string): ParsedExpression {
    return inExpression(text, () => {
      const parsed = parseExpression(this.#text, this.#at + 1, this.#registry);
      if (this.#text[parsed.end] !== ']') throw this.#wrong(this.#at - 1, "']' is missing");
      this.#at = parsed.end + 1;
      return parsed;
    });
  }

  #wrong(from: number, why: string): RuleError {
    return new RuleError(`log format: ${why} at '${this.#text.slice(from, from + 20)}'`, -1, this.#text.slice(from));
  }
}

/** Says in which expression an error lies; those that do already are left alone. */
export function inExpression<T>(text: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof RuleError) || /^(log format|sample fetch <)/.test(error.message)) throw error;
    throw new RuleError(`failed to parse sample expression <${text}> : ${error.message}`, error.word, error.found, error.allowed);
  }
}
