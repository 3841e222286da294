/**
 * Log-format strings (HAProxy 3.x configuration 8.2.6): text, `%alias`, `%[expression]` and their flags,
 * compiled to a list of pieces that is written without allocation. The same engine serves log lines, header
 * values, redirect targets and bodies; what differs is in `FormatKind`. It must not know any alias.
 */
import type { Stream } from '../state/records.ts';
import type { AliasStep, CompileContext, Expression, FormatKind, TextFormat } from './define.ts';
import { notSupported, RuleError } from './error.ts';
import { compileParsed, parseExpression } from './expression.ts';
import type { Registry } from './registry.ts';
import { cast, SampleType } from './sample.ts';
import { Escape, type TextStyle, type Writer } from './writer.ts';

/** How each kind shows expressions. Log lines escape what would break a line; runs of spaces are merged there. */
const STYLES: Readonly<Record<FormatKind, TextStyle>> = {
  log: { quote: false, backslash: false, hex: false, dash: true, escape: Escape.line },
  header: { quote: false, backslash: false, hex: false, dash: false, escape: Escape.header },
  text: { quote: false, backslash: false, hex: false, dash: false, escape: Escape.header },
};

const SPACE_BEFORE = 1;
const SPACE_AFTER = 2;

interface Piece {
  text: string;
  flags: number;
  step: AliasStep | null;
}

class CompiledFormat implements TextFormat {
  readonly constant: string | null;
  /** Per piece: flags, offset and length of the text. */
  readonly #texts: Int32Array;
  readonly #steps: readonly (AliasStep | null)[];

  constructor(pieces: readonly Piece[], context: CompileContext) {
    const { memory } = context.thread;
    this.constant = pieces.every((piece) => piece.step === null && piece.flags === 0) ? pieces.map((piece) => piece.text).join('') : null;
    this.#texts = Int32Array.from(pieces.flatMap(({ flags, text }) => [flags, memory.intern(text), text.length]));
    this.#steps = pieces.map((piece) => piece.step);
  }

  write(out: Writer, stream: Stream): void {
    const texts = this.#texts;
    const steps = this.#steps;
    for (let at = 0; at < steps.length; at++) {
      const flags = texts[at * 3] as number;
      const start = texts[at * 3 + 1] as number;
      const length = texts[at * 3 + 2] as number;
      if ((flags & SPACE_BEFORE) !== 0) out.separator();
      if (length === 1) out.byte(out.bytes[start] as number);
      else if (length > 0) out.copy(start, start + length);
      if ((flags & SPACE_AFTER) !== 0) out.separator();
      const step = steps[at] as AliasStep | null;
      if (step !== null) step(out, stream);
    }
  }
}

/** @throws RuleError that shows where the format is wrong */
export function compileFormat(text: string, kind: FormatKind, registry: Registry, context: CompileContext): TextFormat {
  return new CompiledFormat(new FormatParser(text, kind, registry, context).parse(), context);
}

class FormatParser {
  readonly #text: string;
  readonly #kind: FormatKind;
  readonly #registry: Registry;
  readonly #context: CompileContext;
  readonly #pieces: Piece[] = [];
  #at = 0;
  #global: TextStyle;

  constructor(text: string, kind: FormatKind, registry: Registry, context: CompileContext) {
    this.#text = text;
    this.#kind = kind;
    this.#registry = registry;
    this.#context = context;
    this.#global = STYLES[kind];
  }

  parse(): Piece[] {
    const text = this.#text;
    while (this.#at < text.length) {
      const char = text[this.#at] as string;
      if (char === '%') this.#percent();
      else if (this.#kind === 'log' && /\s/.test(char)) {
        this.#space();
        this.#at++;
      } else {
        this.#literal(char);
        this.#at++;
      }
    }
    return this.#pieces;
  }

  /** The piece that text can be added to. */
  #open(): Piece {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.step === null && (last.flags & SPACE_AFTER) === 0) return last;
    const piece: Piece = { text: '', flags: 0, step: null };
    this.#pieces.push(piece);
    return piece;
  }

  #literal(char: string): void {
    this.#open().text += char;
  }

  #space(): void {
    const piece = this.#open();
    piece.flags |= piece.text === '' ? SPACE_BEFORE : SPACE_AFTER;
  }

  /** Puts a step behind the text before it. */
  #step(step: AliasStep): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.step === null) last.step = step;
    else this.#pieces.push({ text: '', flags: 0, step });
  }

  #percent(): void {
    this.#at++;
    if (this.#text[this.#at] === '%') {
      this.#literal('%');
      this.#at++;
      return;
    }
    const from = this.#at - 1;
    if (this.#text[this.#at] === '(') this.#itemName(from);
    const flags = this.#text[this.#at] === '{' ? this.#flags(from) : null;
    if (this.#text[this.#at] === '[') {
      this.#expression(flags ?? this.#global);
      return;
    }
    const name = /^[a-zA-Z]+/.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) throw this.#wrong(from, "an alias, '[' or '%%' is expected");
    this.#at += name.length;
    this.#alias(name, flags, from);
  }

  #alias(name: string, flags: TextStyle | null, from: number): void {
    if (name === 'o') {
      if (flags !== null) this.#global = flags;
      return;
    }
    const alias = this.#registry.alias(name);
    if (alias.httpOnly && !this.#context.proxy.http) throw this.#wrong(from, `'%${name}' needs 'mode http'`);
    this.#step(alias.compile(flags ?? this.#global, this.#context));
  }

  /** `%(name)`: a label for structured logs, of no effect in text. */
  #itemName(from: number): void {
    const close = this.#text.indexOf(')', this.#at);
    if (close < 0) throw this.#wrong(from, "')' is missing");
    this.#at = close + 1;
  }

  #flags(from: number): TextStyle {
    const close = this.#text.indexOf('}', this.#at);
    if (close < 0) throw this.#wrong(from, "'}' is missing");
    const style = { ...this.#global };
    for (const word of this.#text.slice(this.#at + 1, close).split(',')) {
      const on = word[0] !== '-';
      const flag = word.replace(/^[-+]/, '');
      if (flag === 'Q') style.quote = on;
      else if (flag === 'E') style.backslash = on;
      else if (flag === 'X') style.hex = on;
      else if (flag === 'json' || flag === 'cbor' || flag === 'bin') throw notSupported(`the log-format flag '+${flag}'`);
      else throw this.#wrong(from, `'${word}' is not a flag: Q, E and X are`);
    }
    this.#at = close + 1;
    return style;
  }

  #expression(style: TextStyle): void {
    const text = this.#text.slice(this.#at + 1);
    const expression = inExpression(text, () => {
      const parsed = parseExpression(this.#text, this.#at + 1, this.#registry);
      if (this.#text[parsed.end] !== ']') throw this.#wrong(this.#at - 1, "']' is missing");
      this.#at = parsed.end + 1;
      return compileParsed(parsed, this.#registry, this.#context);
    });
    this.#step(compileValue(expression, style, this.#context));
  }

  #wrong(from: number, why: string): RuleError {
    return new RuleError(`log format: ${why} at '${this.#text.slice(from, from + 20)}'`, -1, this.#text.slice(from));
  }
}

/** Says in which expression an error lies; those that do already are left alone. */
function inExpression<T>(text: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof RuleError) || /^(log format|sample fetch <)/.test(error.message)) throw error;
    throw new RuleError(`failed to parse sample expression <${text}> : ${error.message}`, error.word, error.found, error.allowed);
  }
}

/** The value of an expression as text. */
function compileValue(expression: Expression, style: TextStyle, context: CompileContext): AliasStep {
  const { sample } = context.thread;
  return (out, stream) => {
    if (expression.run(sample, stream) && cast(sample, SampleType.str)) out.text(sample.start, sample.end, style);
    else out.empty(style);
  };
}
