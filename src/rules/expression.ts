/**
 * Compiles `fetch(args),converter(args)…` into one object that fills the sample register. Types are checked
 * and casts put in between at start, so a step finds what it declared.
 */
import type { Stream } from '../state/records.ts';
import { argumentValues } from './arguments.ts';
import { type Call, parseCalls } from './calls.ts';
import type { CompileContext, Converter, ConvertStep, Expression, Fetch, FetchStep } from './define.ts';
import { RuleError } from './error.ts';
import { maskOf, needOf, placeName, Valid } from './place.ts';
import type { Registry } from './registry.ts';
import { canCast, cast, type Sample, SampleType, type SampleTypeValue, TYPE_NAMES } from './sample.ts';
import { type RawHead, readsHead } from './value/raw-head.ts';

/** A parsed expression whose fetch is known: what ACLs and formats compile in their own way. */
export interface ParsedExpression {
  readonly fetch: Fetch;
  readonly fetchArgs: readonly string[];
  readonly converters: readonly Call[];
  /** Offset behind it. */
  readonly end: number;
}

/** Reads an expression from `from` on; what follows it is the caller's. */
export function parseExpression(text: string, from: number, registry: Registry): ParsedExpression {
  const { calls, end } = parseCalls(text, from);
  const first = calls[0] as Call;
  return { fetch: registry.fetch(first.name), fetchArgs: first.args, converters: calls.slice(1), end };
}

/** A converter chain with its casts, from one type to another. */
export interface Chain {
  readonly type: SampleTypeValue;
  readonly steps: readonly ConvertStep[];
  /** The type each step wants; SampleType.any: no cast. */
  readonly wants: readonly SampleTypeValue[];
}

export function compileChain(calls: readonly Call[], from: SampleTypeValue, registry: Registry, context: CompileContext): Chain {
  const steps: ConvertStep[] = [];
  const wants: SampleTypeValue[] = [];
  let type = from;
  for (const call of calls) {
    const converter = registry.converter(call.name);
    checkCast(type, converter);
    const what = `converter '${call.name}'`;
    steps.push(converter.compile(argumentValues(what, converter.args, call.args, context), context));
    wants.push(converter.from);
    if (converter.to !== SampleType.any) type = converter.to;
  }
  return { type, steps, wants };
}

function checkCast(type: SampleTypeValue, converter: Converter): void {
  if (canCast(type, converter.from)) return;
  const wanted = TYPE_NAMES[converter.from];
  throw new RuleError(`converter '${converter.name}' takes a ${wanted}, but what stands before it gives a ${TYPE_NAMES[type]}`);
}

/** Runs a chain on the register. */
export function runChain(chain: Chain, sample: Sample, stream: Stream): boolean {
  const { steps, wants } = chain;
  for (let at = 0; at < steps.length; at++) {
    const want = wants[at] as SampleTypeValue;
    if (sample.type !== want && want !== SampleType.any && !cast(sample, want)) return false;
    const step = steps[at] as ConvertStep;
    if (!step(sample, stream)) return false;
  }
  return true;
}

const REQUEST_PLACES = maskOf(Valid.request);

/** A fetch with its arguments; with `each` the variant that yields every value. */
export function compileFetch(fetch: Fetch, words: readonly string[], each: boolean, context: CompileContext): FetchStep {
  const args = argumentValues(`sample fetch '${fetch.name}'`, fetch.args, words, context);
  const step = each && fetch.compileEach !== null ? fetch.compileEach(args, context) : fetch.compile(args, context);
  const isRaw = !context.proxy.http && (context.places & REQUEST_PLACES) !== 0 && readsHead(fetch.name);
  return isRaw ? withRawHead(step, context.thread.rawHead()) : step;
}

/** The step, on streams of TCP mode with the head that was sent. */
function withRawHead(step: FetchStep, head: RawHead): FetchStep {
  return (sample, stream) => {
    if (!stream.tunnel || stream.hasRequestLine) return step(sample, stream);
    if (!head.read(sample, stream)) return false;
    // Only for this step: the log of a TCP proxy has no request line.
    stream.hasRequestLine = true;
    const found = step(sample, stream);
    stream.hasRequestLine = false;
    return found;
  };
}

/** Null if the fetch works where it stands, else what it lacks there. */
export function misplaced(fetch: Fetch, context: CompileContext): string | null {
  if ((maskOf(fetch.valid) & context.places) !== 0) return null;
  return `it needs '${needOf(fetch.valid)}' which is not available here`;
}

class CompiledExpression implements Expression {
  readonly type: SampleTypeValue;
  readonly #fetch: FetchStep;
  readonly #chain: Chain;
  readonly #isBare: boolean;

  constructor(fetch: FetchStep, chain: Chain) {
    this.type = chain.type;
    this.#fetch = fetch;
    this.#chain = chain;
    this.#isBare = chain.steps.length === 0;
  }

  run(sample: Sample, stream: Stream): boolean {
    const fetch = this.#fetch;
    if (!fetch(sample, stream)) return false;
    return this.#isBare || runChain(this.#chain, sample, stream);
  }
}

/** The rest of the work for a parsed expression. @throws RuleError if it can't be used here */
export function compileParsed(parsed: ParsedExpression, registry: Registry, context: CompileContext): Expression {
  const { fetch } = parsed;
  const lacks = misplaced(fetch, context);
  if (lacks !== null) {
    throw new RuleError(`sample fetch <${fetch.name}> may not be reliably used here because ${lacks}`, -1, fetch.name, [
      placeName(context.places),
    ]);
  }
  const step = compileFetch(fetch, parsed.fetchArgs, false, context);
  return new CompiledExpression(step, compileChain(parsed.converters, fetch.type, registry, context));
}

/** An expression that is the whole of `text`. */
export function compileExpression(text: string, registry: Registry, context: CompileContext): Expression {
  const parsed = parseExpression(text, 0, registry);
  if (parsed.end < text.length) throw new RuleError(`unexpected '${text.slice(parsed.end)}' behind the expression`, -1, text);
  return compileParsed(parsed, registry, context);
}
