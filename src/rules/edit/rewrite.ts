/**
 * Where rewritten parts of a message go: the free bytes of its block, or the stream's note where it has no
 * block or no room there. The bytes stay valid as long as the message. HAProxy's limit is tune.maxrewrite;
 * here it is what the block has left.
 */
import { NO_BLOCK } from '../../base/memory.ts';
import type { HttpMessage } from '../../http/message.ts';
import { Ended } from '../../state/end.ts';
import type { Stream } from '../../state/records.ts';
import { compileFailedReply } from '../answer/error-page.ts';
import { type ActionStep, type CompileContext, Outcome, type TextFormat } from '../define.ts';
import type { Thread } from '../thread.ts';

/** Range of the last value that was written. */
export const written = { start: 0, end: 0 };

/** Writes a value for `message` and keeps its room. False: there was none, nothing has changed. */
export function writeValue(thread: Thread, stream: Stream, message: HttpMessage, format: TextFormat): boolean {
  const { out } = thread;
  if (message.block !== NO_BLOCK && message.spare < message.spareEnd) {
    out.open(message.spare, message.spareEnd);
    format.write(out, stream);
    if (!out.overflow) {
      written.start = message.spare;
      written.end = out.at;
      message.spare = out.at;
      return true;
    }
  }
  if (stream.note < 0) return fail(thread);
  out.open(stream.noteEnd, stream.noteLimit);
  format.write(out, stream);
  if (out.overflow) return fail(thread);
  written.start = stream.noteEnd;
  written.end = out.at;
  stream.noteEnd = out.at;
  return true;
}

/** Keeps a copy of bytes that would not live as long as the message. False: no room. */
export function keepValue(thread: Thread, stream: Stream, message: HttpMessage, start: number, end: number): boolean {
  return writeValue(thread, stream, message, copyFormat(start, end));
}

const copied = {
  constant: null,
  start: 0,
  end: 0,
  write(out: Thread['out']): void {
    out.copy(this.start, this.end);
  },
};

function copyFormat(start: number, end: number): TextFormat {
  copied.start = start;
  copied.end = end;
  return copied;
}

function fail(thread: Thread): boolean {
  thread.rewriteFailures++;
  return false;
}

/** No room for the new value: an internal error, or the next rule after `strict-mode off`. */
export function compileFailure(context: CompileContext): ActionStep {
  const fail = compileFailedReply(context.thread.memory, Ended.rewriteFailed);
  return (stream) => {
    if (stream.skipsRewrites) return Outcome.next;
    return fail(stream) ? Outcome.answer : Outcome.drop;
  };
}
