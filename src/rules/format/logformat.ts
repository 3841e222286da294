/**
 * Log-format strings (HAProxy 3.x configuration 8.2.6), compiled to a list of pieces that is written without
 * allocation. The same engine serves log lines, header values, redirect targets and bodies; what differs is in
 * `FormatKind`. It must not know any alias.
 */
import type { Stream } from '../../state/records.ts';
import type { AliasStep, CompileContext, Expression, FormatKind, TextFormat } from '../define.ts';
import { RuleError } from '../error.ts';
import { compileParsed } from '../expression.ts';
import type { Registry } from '../registry.ts';
import { cast, SampleType } from '../sample.ts';
import { type FormatFunction, fuseFormat } from './codegen.ts';
import { encodeAlias, encodeExpression } from './encode.ts';
import { CborMark } from './encoding.ts';
import { inExpression, type ParsedFormat, parseFormat, type ValueItem } from './parse.ts';
import { Encoding, Escape, type TextStyle, type Writer } from './writer.ts';

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
  readonly #fused: FormatFunction | null;

  constructor(pieces: readonly Piece[], context: CompileContext) {
    const { memory } = context.thread;
    this.constant = pieces.every((piece) => piece.step === null && piece.flags === 0) ? pieces.map((piece) => piece.text).join('') : null;
    this.#texts = Int32Array.from(pieces.flatMap(({ flags, text }) => [flags, memory.intern(text), text.length]));
    this.#steps = pieces.map((piece) => piece.step);
    this.#fused = fuseFormat(
      pieces.map(({ flags, text, step }) => ({
        spaceBefore: (flags & SPACE_BEFORE) !== 0,
        start: memory.intern(text),
        length: text.length,
        byte: text.charCodeAt(0),
        spaceAfter: (flags & SPACE_AFTER) !== 0,
        step,
      })),
    );
  }

  write(out: Writer, stream: Stream): void {
    const fused = this.#fused;
    if (fused === null) this.#walk(out, stream);
    else fused(out, stream);
  }

  /** The format piece by piece: what the fused function does, too. */
  #walk(out: Writer, stream: Stream): void {
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
  return new CompiledFormat(new PieceList(registry, context).from(parseFormat(text, kind, registry)), context);
}

/** Puts the items of a format together: text first, then a step behind it. */
class PieceList {
  readonly #registry: Registry;
  readonly #context: CompileContext;
  readonly #pieces: Piece[] = [];

  constructor(registry: Registry, context: CompileContext) {
    this.#registry = registry;
    this.#context = context;
  }

  from(format: ParsedFormat): Piece[] {
    if (format.encoding === Encoding.none) this.#plain(format);
    else this.#encoded(format);
    return this.#pieces;
  }

  #plain({ items, binary }: ParsedFormat): void {
    for (const item of items) {
      if (item.kind === 'text') this.#text(item.text);
      else if (item.kind === 'space') this.#space();
      else this.#step(this.#value(item, { ...item.style, binary }));
    }
  }

  /** One object of all values that have a name. Texts between them, and values without a name, do not appear. */
  #encoded({ items, encoding, binary }: ParsedFormat): void {
    const isJson = encoding === Encoding.json;
    const digits = (text: string): string => (binary ? text : hexadecimal(text));
    this.#text(isJson ? '{' : digits(String.fromCharCode(CborMark.map)));
    let isFirst = true;
    for (const item of items) {
      if (item.kind !== 'value') continue;
      const step = this.#value(item, { ...item.style, encoding, binary });
      if (item.label === '') continue;
      if (isJson) this.#text(`${isFirst ? '' : ', '}"${item.label}": `);
      else this.#text(digits(cborText(item.label)));
      isFirst = false;
      this.#step(step);
    }
    this.#text(isJson ? '}' : digits(String.fromCharCode(CborMark.end)));
  }

  /** The piece that text can be added to. */
  #open(): Piece {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.step === null && (last.flags & SPACE_AFTER) === 0) return last;
    const piece: Piece = { text: '', flags: 0, step: null };
    this.#pieces.push(piece);
    return piece;
  }

  #text(text: string): void {
    this.#open().text += text;
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

  #value(item: ValueItem, style: TextStyle): AliasStep {
    const context = this.#context;
    const { alias: name, expression } = item;
    const isEncoded = style.encoding !== Encoding.none;
    if (name === null) {
      const parsed = expression as NonNullable<typeof expression>;
      const compiled = inExpression(item.rest, () => compileParsed(parsed, this.#registry, context));
      if (isEncoded) return encodeExpression(compiled, item.type, style, context);
      // As in HAProxy: what is escaped for a message is not quoted.
      return compileValue(compiled, item, style.escape === Escape.header ? { ...style, quote: false } : style, context);
    }
    const alias = this.#registry.alias(name);
    if (alias.httpOnly && !context.proxy.http) {
      throw new RuleError(`log format: format alias '${name}' is reserved for HTTP mode, at '${item.rest.slice(0, 20)}'`, -1, item.rest);
    }
    return isEncoded ? encodeAlias(alias, item.type, style, context) : alias.compile(style, context);
  }
}

/** A text of CBOR with its length, one character a byte (RFC 8949 3.1). Names are short. */
function cborText(text: string): string {
  const { length } = text;
  return `${length < 24 ? String.fromCharCode(0x60 + length) : `\x78${String.fromCharCode(length & 255)}`}${text}`;
}

function hexadecimal(text: string): string {
  return Array.from(text, (char) => char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('');
}

/** The value of an expression as text; with `+bin` binary values as they are. */
function compileValue(expression: Expression, item: ValueItem, style: TextStyle, context: CompileContext): AliasStep {
  const { sample } = context.thread;
  if (style.binary && item.type !== 'str') return compileBinary(expression, style, context);
  return (out, stream) => {
    if (expression.run(sample, stream) && cast(sample, SampleType.str)) out.text(sample.start, sample.end, style);
    else out.empty(style);
  };
}

function compileBinary(expression: Expression, style: TextStyle, context: CompileContext): AliasStep {
  const { sample } = context.thread;
  return (out, stream) => {
    if (!expression.run(sample, stream)) out.empty(style);
    else if (sample.type === SampleType.bin) out.copy(sample.start, sample.end);
    else if (cast(sample, SampleType.str)) out.text(sample.start, sample.end, style);
    else out.empty(style);
  };
}
