/**
 * Where bandwidth limits meet a stream: they begin when rules asked for them, take over the body data that came with a head, and end
 * with the stream. How a limit measures is the filter's.
 */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import type { HttpMessage } from '../http/message.ts';
import type { DataLimit } from '../state/overrides.ts';
import type { Stream } from '../state/records.ts';
import { leaveLimits } from '../stick/shares.ts';
import type { StreamContext } from './context.ts';

/** Body data between `detachEarly` and `passEarly`: one at a time. */
const early = { block: NO_BLOCK as Block, start: 0, end: 0, last: false };

/** Begins the limits that rules have asked for. */
export function beginLimits(context: StreamContext, stream: Stream): void {
  const { overrides } = stream;
  const { inLimit, outLimit } = overrides;
  if (inLimit.isSet && overrides.limitIn === null) overrides.limitIn = context.limits.begin(stream, false, inLimit);
  if (outLimit.isSet && overrides.limitOut === null) overrides.limitOut = context.limits.begin(stream, true, outLimit);
}

/** Before a response goes out. True: its early body is the limit's, to be passed behind the head. */
export function limitResponse(context: StreamContext, stream: Stream): boolean {
  beginLimits(context, stream);
  return stream.overrides.limitOut !== null && detachEarly(context.mux.memory, stream.response);
}

/** Before a request goes out. True: as above; the request is not done before that has passed. */
export function limitRequest(context: StreamContext, stream: Stream): boolean {
  beginLimits(context, stream);
  if (stream.overrides.limitIn === null || !detachEarly(context.mux.memory, stream.request)) return false;
  stream.requestDone = false;
  return true;
}

/** Takes the early body out of a message that is about to be sent. False: there is none, or no block for it. */
function detachEarly(memory: Memory, message: HttpMessage): boolean {
  early.block = NO_BLOCK;
  if (message.bodyEnd === message.bodyStart) return false;
  if (message.bodyBlock !== NO_BLOCK) {
    early.block = message.bodyBlock;
    early.start = message.bodyStart;
    message.bodyBlock = NO_BLOCK;
  } else {
    early.block = memory.take();
    if (early.block === NO_BLOCK) return false;
    early.start = memory.dataStart(early.block);
    memory.bytes.copyWithin(early.start, message.bodyStart, message.bodyEnd);
  }
  early.end = early.start + message.bodyEnd - message.bodyStart;
  early.last = message.complete;
  keepTrailers(message);
  message.bodyEnd = message.bodyStart;
  message.complete = false;
  return true;
}

/** A response's head goes out in the block that its trailers lie in: that one stays, the head takes another. */
function keepTrailers(message: HttpMessage): void {
  if (message.trailers.rows === 0 || message.headBlock !== NO_BLOCK || message.status === 0) return;
  message.headBlock = message.block;
  message.block = NO_BLOCK;
}

/** Hands what was detached to the limit. */
export function passEarly(limit: DataLimit | null): void {
  const { block } = early;
  if (block === NO_BLOCK) return;
  early.block = NO_BLOCK;
  limit?.take(block, early.start, early.end, early.last);
}

/** Gives back what was detached: the message could not be sent. */
export function dropEarly(memory: Memory): void {
  memory.give(early.block);
  early.block = NO_BLOCK;
}

/** The stream ends: what limits hold is for nobody. */
export function endLimits({ overrides }: Stream): void {
  const { limitIn, limitOut, inLimit, outLimit } = overrides;
  overrides.limitIn = overrides.limitOut = null;
  limitIn?.release();
  limitOut?.release();
  if (inLimit.shared !== null) leaveLimits(inLimit.shared);
  if (outLimit.shared !== null) leaveLimits(outLimit.shared);
}
