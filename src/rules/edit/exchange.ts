/**
 * A part of the request target exchanged by a text: path, path and query, query, all of it. The parts are found per request.
 * It must not know which rules do so.
 */
import { HeaderId, type HeaderTable, type HttpMessage } from '../../http/message.ts';
import type { Stream } from '../../state/records.ts';
import { type ActionStep, type CompileContext, Outcome, type TextFormat } from '../define.ts';
import type { Writer } from '../format/writer.ts';
import { type Replacement, Spliced } from './fieldtexts.ts';
import { compileFailure, writeValue, written } from './rewrite.ts';
import { authorityStart, pathEnd, pathStart } from './target.ts';

const QUESTION = 63;
const SLASH = 47;
const AT = 64;
const STAR = 42;

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

/** The path; all before the query where there is none (`*`, an authority): so set-path makes one. */
export function findPathOrTarget(stream: Stream, bytes: Uint8Array): boolean {
  if (findPath(stream, bytes)) return true;
  part.start = stream.request.targetStart;
  part.end = pathEnd(bytes, part.start, stream.request.targetEnd);
  return true;
}

/** As findPathOrTarget, with the query. */
export function findPathAndQueryOrTarget(stream: Stream, bytes: Uint8Array): boolean {
  return findPathAndQuery(stream, bytes) || findTarget(stream);
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
    request.setTarget(written.start, written.end);
    if (find === findTarget) followAuthority(request, source.bytes);
    return Outcome.next;
  };
}

/** The Host field says what the authority of an absolute target says, without user information (RFC 9112 3.2.2). */
function followAuthority({ headers, targetStart, targetEnd }: HttpMessage, bytes: Uint8Array): void {
  let start = authorityStart(bytes, targetStart, targetEnd);
  // Neither a path nor a scheme: all of it is an authority.
  if (start < 0 && bytes[targetStart] !== SLASH && bytes[targetStart] !== STAR) start = targetStart;
  if (start < 0) return;
  let end = start;
  for (; end < targetEnd && bytes[end] !== SLASH; end++) if (bytes[end] === AT) start = end + 1;
  if (end === start) return;
  for (let row = headers.findId(HeaderId.host, 0); row >= 0; row = headers.findId(HeaderId.host, row + 1))
    headers.setValue(row, start, end);
}

/** The value of a field, as a text. */
class FieldText implements TextFormat {
  readonly constant = null;
  start = 0;
  end = 0;

  write(out: Writer): void {
    out.copy(this.start, this.end);
  }
}

/** The other way: after a rule on the Host field, the authority of an absolute target follows the last one. */
export function withAuthority(step: ActionStep, context: CompileContext): ActionStep {
  const source = context.thread;
  const { bytes } = source;
  const text = new FieldText();
  const spliced = new Spliced(text);
  const fail = compileFailure(context);
  return (stream) => {
    const outcome = step(stream);
    const { request } = stream;
    const start = authorityStart(bytes, request.targetStart, request.targetEnd);
    if (outcome !== Outcome.next || start < 0 || !takeHost(request.headers, text)) return outcome;
    spliced.beforeStart = request.targetStart;
    spliced.beforeEnd = start;
    spliced.afterStart = pathStart(bytes, request.targetStart, request.targetEnd);
    if (spliced.afterStart < 0) spliced.afterStart = request.targetEnd;
    spliced.afterEnd = request.targetEnd;
    if (!writeValue(source, stream, request, spliced)) return fail(stream);
    request.setTarget(written.start, written.end);
    return outcome;
  };
}

/** The value of the last Host field; false: there is none. */
function takeHost(headers: HeaderTable, text: FieldText): boolean {
  let last = -1;
  for (let row = headers.findId(HeaderId.host, 0); row >= 0; row = headers.findId(HeaderId.host, row + 1)) last = row;
  if (last < 0) return false;
  text.start = headers.valueStart(last);
  text.end = headers.valueEnd(last);
  return true;
}
