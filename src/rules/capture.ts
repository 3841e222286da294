/**
 * Captures made by rules: values copied to the stream's note, because they are logged when the message is gone
 * (HAProxy 3.x configuration, http-request capture). A value is cut to the length of its slot.
 */
import { copyBytes } from '../base/words.ts';
import type { Stream } from '../state/records.ts';
import { MAX_CAPTURES } from '../state/settings.ts';
import type { CaptureCounts } from './define.ts';
import { RuleError } from './error.ts';
import type { Thread } from './thread.ts';

/** Takes a new slot; its number. @throws RuleError when there are too many */
export function addCapture(counts: CaptureCounts, direction: keyof CaptureCounts): number {
  const slot = counts[direction];
  if (slot >= MAX_CAPTURES) throw new RuleError(`at most ${MAX_CAPTURES} captures per direction are supported by this version`);
  counts[direction] = slot + 1;
  return slot;
}

/** Copies a value into a slot. Where the note is full it is cut or not captured. */
export function capture(thread: Thread, stream: Stream, slots: Int32Array, slot: number, start: number, end: number, most: number): void {
  if (stream.note < 0) return;
  const length = Math.min(end - start, most, stream.noteLimit - stream.noteEnd);
  if (length < 0) return;
  const at = stream.noteEnd;
  stream.noteEnd = copyBytes(thread.bytes, start, start + length, at);
  slots[slot * 2] = at;
  slots[slot * 2 + 1] = at + length;
}
