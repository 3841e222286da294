/** What a stream keeps of its request for the log, after the blocks have moved on. */
import type { Memory } from '../base/memory.ts';
import type { Stream } from '../state/records.ts';

/** HTTP/1.0 */
const OLD_VERSION: readonly number[] = [72, 84, 84, 80, 47, 49, 46, 48];

/**
 * Copies method, target and version to the stream's note: before any rule changes them.
 * @param most bytes of the line that are kept, one less: longer ones are cut in logs
 */
export function saveRequestLine(memory: Memory, stream: Stream, most: number): void {
  const { request } = stream;
  const { bytes } = memory;
  stream.hasRequestLine = true;
  stream.logMethodStart = stream.noteEnd;
  stream.logMethodEnd = keep(memory, stream, request.methodStart, request.methodEnd, most - 1);
  stream.logTargetStart = stream.noteEnd;
  const left = Math.max(0, most - 2 - (request.methodEnd - request.methodStart));
  stream.logTargetEnd = keep(memory, stream, request.targetStart, request.targetEnd, left);
  stream.logVersionStart = stream.noteEnd;
  // A line that is cut has no version.
  if (request.targetEnd - request.targetStart >= left) {
    stream.logVersionEnd = stream.noteEnd;
    return;
  }
  stream.logVersionEnd = keep(memory, stream, request.versionStart, request.versionEnd, 16);
  if (request.versionEnd === request.versionStart) writeOldVersion(bytes, stream);
}

/** A request line without a version counts as HTTP/1.0. */
function writeOldVersion(bytes: Uint8Array, stream: Stream): void {
  for (let at = 0; at < OLD_VERSION.length; at++) bytes[stream.noteEnd++] = OLD_VERSION[at] as number;
  stream.logVersionEnd = stream.noteEnd;
}

function keep(memory: Memory, stream: Stream, start: number, end: number, most: number): number {
  const stop = Math.min(end, start + most, start + stream.noteLimit - stream.noteEnd);
  stream.noteEnd = memory.copy(start, stop, stream.noteEnd);
  return stream.noteEnd;
}
