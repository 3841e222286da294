/**
 * An answer that is described in the configuration: status, fields and body, some of them log formats. If all
 * is constant it is a canned reply; else it is written into a block per request, which the response then owns.
 */
import { NO_BLOCK } from '../../base/memory.ts';
import { HeaderId } from '../../http/message.ts';
import { reasonOf } from '../../http/reasons.ts';
import type { LocalReply, Stream } from '../../state/records.ts';
import type { CompileContext, TextFormat } from '../define.ts';
import type { Thread } from '../thread.ts';
import { ConstantReply, compileFailedReply } from './error-page.ts';
import { beginReply, cannedReply, headerIdOfName, setBody, tellsLength } from './reply.ts';

export interface ReplyField {
  /** In lower case. */
  readonly name: string;
  readonly format: TextFormat;
}

export interface ReplyParts {
  readonly status: number;
  /** null: the usual phrase. */
  readonly reason: string | null;
  readonly fields: readonly ReplyField[];
  /** Stands behind the length, where there is a body. */
  readonly contentType: string | null;
  /** The length stands before all fields (as in redirects), not behind `fields`. */
  readonly lengthFirst: boolean;
  readonly body: Uint8Array | TextFormat | null;
}

/** Where there is no room for it, the answer is a 500 page, with its cause. */
export function compileReply(parts: ReplyParts, context: CompileContext): LocalReply {
  const { body } = parts;
  const bodyConstant = body === null ? '' : body instanceof Uint8Array ? body : body.constant;
  const fields = parts.fields.map(({ name, format }) => [name, format.constant] as const);
  const { thread } = context;
  if (bodyConstant !== null && fields.every((field): field is readonly [string, string] => field[1] !== null)) {
    const reason = parts.reason ?? reasonOf(parts.status);
    const rows: (readonly [string, string])[] = fields.slice();
    if (showsLength(parts)) rows.push(['content-length', String(bodyConstant.length)]);
    if (bodyConstant.length > 0 && parts.contentType !== null) rows.push(['content-type', parts.contentType]);
    return new ConstantReply(thread.memory, cannedReply(thread.memory, parts.status, reason, rows, bodyConstant), false);
  }
  return new WrittenReply(parts, context);
}

/** 1xx and 204 have no Content-Length (RFC 9110 8.6); HAProxy gives one to 304. Without a row the codec puts it first. */
function showsLength({ status, lengthFirst, fields }: ReplyParts): boolean {
  return !lengthFirst && fields.length > 0 && status >= 200 && status !== 204;
}

const LENGTH_NAME = 'content-length';
const TYPE_NAME = 'content-type';

class WrittenReply implements LocalReply {
  readonly isWhole = false;
  readonly #thread: Thread;
  readonly #status: number;
  readonly #reasonStart: number;
  readonly #reasonLength: number;
  readonly #formats: readonly TextFormat[];
  /** id, name start, name length per field. */
  readonly #names: Int32Array;
  /** Where the value of field N ends, at N + 1; it begins where the one before ends. */
  readonly #ends: Int32Array;
  readonly #body: TextFormat | null;
  readonly #bodyStart: number;
  readonly #bodyLength: number;
  readonly #showsLength: boolean;
  readonly #lengthFirst: boolean;
  readonly #isRedirect: boolean;
  readonly #typeStart: number;
  readonly #typeLength: number;
  readonly #lengthName: number;
  readonly #typeName: number;
  readonly #fail: (stream: Stream) => boolean;

  constructor(parts: ReplyParts, context: CompileContext) {
    const { memory } = context.thread;
    const reason = parts.reason ?? reasonOf(parts.status);
    const { body } = parts;
    this.#thread = context.thread;
    this.#status = parts.status;
    this.#reasonStart = memory.intern(reason);
    this.#reasonLength = reason.length;
    this.#ends = new Int32Array(parts.fields.length + 1);
    this.#formats = parts.fields.map((field) => field.format);
    this.#names = Int32Array.from(parts.fields.flatMap(({ name }) => [headerIdOfName(name), memory.intern(name), name.length]));
    const isFixed = body instanceof Uint8Array;
    this.#body = isFixed ? null : body;
    this.#bodyStart = isFixed ? memory.internBytes(body) : 0;
    this.#bodyLength = isFixed ? body.length : 0;
    this.#showsLength = showsLength(parts);
    this.#isRedirect = parts.lengthFirst;
    this.#lengthFirst = !this.#showsLength && tellsLength(parts.status, []);
    this.#lengthName = memory.intern(LENGTH_NAME);
    this.#typeName = memory.intern(TYPE_NAME);
    this.#typeStart = memory.intern(parts.contentType ?? '');
    this.#typeLength = (parts.contentType ?? '').length;
    this.#fail = compileFailedReply(memory);
  }

  /** The fields are written before the response is emptied, for they may read it; the body behind that, as HAProxy does it. */
  fill(stream: Stream): boolean {
    const { memory, out } = this.#thread;
    const block = memory.take();
    if (block === NO_BLOCK) return this.#fail(stream);
    // What is written may say it (%ST); not in redirects, as in HAProxy.
    if (!this.#isRedirect) stream.status = this.#status;
    out.open(memory.dataStart(block), memory.dataEnd(block));
    const start = this.#writeFields(stream);
    if (this.#body !== null) this.#writeBody(this.#body, stream);
    else if (this.#bodyLength > 0) out.copy(this.#bodyStart, this.#bodyStart + this.#bodyLength);
    const end = out.at;
    out.int(end - start);
    if (out.overflow) {
      memory.give(block);
      return this.#fail(stream);
    }
    beginReply(memory, stream, this.#status, this.#reasonStart, this.#reasonLength);
    if (this.#lengthFirst) this.#addLength(stream, end, out.at);
    this.#addFields(stream);
    if (this.#showsLength) this.#addLength(stream, end, out.at);
    if (end > start) this.#addType(stream);
    setBody(stream, start, end);
    const { response } = stream;
    response.block = block;
    response.spare = out.at;
    response.spareEnd = memory.dataEnd(block);
    return true;
  }

  #writeBody(body: TextFormat, stream: Stream): void {
    const { response } = stream;
    response.giveBlocks(this.#thread.memory);
    response.reset();
    body.write(this.#thread.out, stream);
  }

  /** Writes the values and notes where they end; the offset behind the last. */
  #writeFields(stream: Stream): number {
    const { out } = this.#thread;
    const formats = this.#formats;
    const ends = this.#ends;
    ends[0] = out.at;
    for (let at = 0; at < formats.length; at++) {
      (formats[at] as TextFormat).write(out, stream);
      ends[at + 1] = out.at;
    }
    return out.at;
  }

  /** [start, end) is the length in digits. */
  #addLength({ response }: Stream, start: number, end: number): void {
    response.headers.add(HeaderId.contentLength, this.#lengthName, LENGTH_NAME.length, start, end);
  }

  #addType({ response }: Stream): void {
    if (this.#typeLength === 0) return;
    response.headers.add(HeaderId.contentType, this.#typeName, TYPE_NAME.length, this.#typeStart, this.#typeStart + this.#typeLength);
  }

  #addFields(stream: Stream): void {
    const names = this.#names;
    const ends = this.#ends;
    const { headers } = stream.response;
    for (let at = 0; at < this.#formats.length; at++) {
      const name = at * 3;
      // As in HAProxy: a field without a value is left out, but in redirects.
      if (ends[at] === ends[at + 1] && !this.#isRedirect) continue;
      headers.add(names[name] as number, names[name + 1] as number, names[name + 2] as number, ends[at] as number, ends[at + 1] as number);
    }
  }
}
