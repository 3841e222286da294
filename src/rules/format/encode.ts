/**
 * Steps that write an alias or an expression encoded (`+json`, `+cbor`). An alias writes its text aside first, and that
 * is encoded by what it is: number, text, or nothing. hot-ok: compiles at start; the steps it returns follow the rules.
 */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import type { Alias, AliasStep, CompileContext, Expression } from '../define.ts';
import { cast, type Sample, SampleType } from '../sample.ts';
import { writeBinary, writeBool, writeInteger, writeNull, writeString } from './encoding.ts';
import type { OutputType } from './parse.ts';
import { Encoding, type TextStyle, type Writer } from './writer.ts';

const DASH = 45;
const ZERO = 48;
const NINE = 57;

/** `style.encoding` is set. */
export function encodeAlias(alias: Alias, type: OutputType | null, style: TextStyle, context: CompileContext): AliasStep {
  if (alias.encodes === true) return alias.compile(style, context);
  const plain = alias.compile({ ...style, quote: false, backslash: false, dash: false, encoding: Encoding.none }, context);
  const isNumber = alias.kind === 'number' && !(style.hex && alias.inHex === true);
  const isOptional = alias.optional === true;
  const { memory } = context.thread;
  return (out, stream) => {
    const { at, limit, overflow } = out;
    const start = memory.scratch();
    out.at = start;
    out.limit = start + SCRATCH_SIZE;
    plain(out, stream);
    const end = out.at;
    out.at = at;
    out.limit = limit;
    out.overflow = overflow;
    if (start === end && isOptional) writeNull(out, style);
    else if (isNumber && start < end) encodeNumber(out, style, numberAt(out, start, end), type);
    else writeString(out, style, start, end);
  };
}

/** The digits in [start, end) with a sign before them: `+` is a hint that encoded values do without. */
function numberAt(out: Writer, start: number, end: number): number {
  const { bytes } = out;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= ZERO && byte <= NINE) value = value * 10 + byte - ZERO;
  }
  return bytes[start] === DASH ? -value : value;
}

function encodeNumber(out: Writer, style: TextStyle, value: number, type: OutputType | null): void {
  if (type === 'bool') writeBool(out, style, value !== 0);
  else writeInteger(out, style, value, type === 'str');
}

/** The type asked for, else booleans and integers as such, and binary data in CBOR; everything else is text. */
export function encodeExpression(
  expression: Expression,
  type: OutputType | null,
  style: TextStyle,
  { thread: { sample } }: CompileContext,
): AliasStep {
  return (out, stream) => {
    if (!expression.run(sample, stream)) {
      writeString(out, style, 0, 0);
      return;
    }
    const wanted = wantedType(sample, style, type);
    if (!cast(sample, wanted)) writeString(out, style, 0, 0);
    else if (wanted === SampleType.bool) writeBool(out, style, sample.int !== 0);
    else if (wanted === SampleType.int) writeInteger(out, style, sample.int, false);
    else if (wanted === SampleType.bin) writeBinary(out, style, sample.start, sample.end);
    else writeString(out, style, sample.start, sample.end);
  };
}

function wantedType(sample: Sample, style: TextStyle, type: OutputType | null): Sample['type'] {
  if (type !== null) return type === 'sint' ? SampleType.int : type === 'bool' ? SampleType.bool : SampleType.str;
  if (sample.type === SampleType.int || sample.type === SampleType.bool) return sample.type;
  return sample.type === SampleType.bin && style.encoding === Encoding.cbor ? SampleType.bin : SampleType.str;
}
