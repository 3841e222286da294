/**
 * A part of the request target exchanged by a text: path, path and query, query, all of it. The parts are found per request.
 * It must not know which rules do so.
 */
import type { Stream } from '../state/records.ts';
import { type ActionStep, type CompileContext, Outcome, type TextFormat } from './define.ts';
import { type Replacement, Spliced } from './fieldtexts.ts';
import { compileFailure, writeValue, written } from './rewrite.ts';
import { pathEnd, pathStart } from './target.ts';

const QUESTION = 63;

/** A part of the request target, found per request. */
interface Part {
  start: number;
  end: number;
}
export const part: Part = { start: 0, end: 0 };

export type PartFinder = (stream: Stream, bytes: Uint8Array) => boolean;

export function findPath(stream: Stream, bytes: Uint8Array): boolean {
  const { targetStart, targetEnd } = stream.request;
  const start = pathStart(bytes, targetStart, targetEnd);
  if (start < 0) return false;
  part.start = start;
  part.end = pathEnd(bytes, start, targetEnd);
  return true;
}

export function findPathAndQuery(stream: Stream, bytes: Uint8Array): boolean {
  const { targetStart, targetEnd } = stream.request;
  part.start = pathStart(bytes, targetStart, targetEnd);
  part.end = targetEnd;
  return part.start >= 0;
}

export function findTarget(stream: Stream): boolean {
  part.start = stream.request.targetStart;
  part.end = stream.request.targetEnd;
  return true;
}

/** The query with the question mark before it. */
export function findQuery(stream: Stream, bytes: Uint8Array): boolean {
  const { targetStart, targetEnd } = stream.request;
  part.start = targetStart;
  while (part.start < targetEnd && bytes[part.start] !== QUESTION) part.start++;
  part.end = targetEnd;
  return true;
}

/** The parameters of the query, without the question mark; false: there are none. */
export function findParameters(stream: Stream, bytes: Uint8Array): boolean {
  findQuery(stream, bytes);
  part.start++;
  return part.start < part.end;
}

/** Exchanges a part of the target. `replacement` (if any) decides whether, by its pattern. */
export function compileExchange(find: PartFinder, text: TextFormat, replacement: Replacement | null, context: CompileContext): ActionStep {
  const source = context.thread;
  const spliced = new Spliced(text);
  const fail = compileFailure(context);
  return (stream) => {
    const { request } = stream;
    if (!find(stream, source.bytes)) return Outcome.next;
    if (replacement !== null) {
      replacement.prepare(stream);
      if (!replacement.matches(part.start, part.end)) return Outcome.next;
    }
    spliced.beforeStart = request.targetStart;
    spliced.beforeEnd = part.start;
    spliced.afterStart = part.end;
    spliced.afterEnd = request.targetEnd;
    if (!writeValue(source, stream, request, spliced)) return fail(stream);
    request.targetStart = written.start;
    request.targetEnd = written.end;
    return Outcome.next;
  };
}
