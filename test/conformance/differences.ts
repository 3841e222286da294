/**
 * Recorded cases in which Hawser differs from HAProxy 3.5: `ID PROFILE`, the reason, and the parts
 * that are not judged for it. Every entry is a debt.
 */
import type { Part } from '../corpus/judge.ts';

export interface KnownDifference {
  readonly reason: string;
  readonly parts: readonly Part[];
}

const ENDS_AT_ONCE: KnownDifference = {
  reason:
    'the end of the stream comes right behind the request: HAProxy has read it before it looks for a server (CR), here the connection may be under way (CC, CH)',
  parts: ['log', 'fwd'],
};

const FRAMES_ANEW: KnownDifference = {
  reason:
    'of a chunk that is cut off HAProxy 3.5 has passed the announced size, here (as in 2.6) what came is a chunk of its own: truncated both',
  parts: ['resp'],
};

export const DIFFERENCES: Readonly<Record<string, KnownDifference>> = {
  'chunked/truncated-after-data default': ENDS_AT_ONCE,
  'chunked/truncated-after-data lenient': ENDS_AT_ONCE,
  'resp-chunked/truncated-close default': FRAMES_ANEW,
  'resp-chunked/truncated-close lenient': FRAMES_ANEW,
};
