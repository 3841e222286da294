/** Who owes what to an exchange: whose silence ends it. It must not know timers. */
import { NEVER } from '../base/timers.ts';
import { Phase } from '../state/phase.ts';
import type { Stream } from '../state/records.ts';
import { Wait } from '../state/settings.ts';

/** Blocks on their way to one side before the other is told to wait: two keep a bulk transfer busy. */
export const FLOW_BLOCKS = 2;

/** A client owes the rest of its request, unless the server takes no more of it; and has to take what is there of the answer. */
export function clientOwes(stream: Stream): boolean {
  if (stream.overrides.limitIn?.holds) return false;
  if (!stream.requestDone && !serverIsFull(stream)) return true;
  return stream.phase >= Phase.data && !stream.responseDone && stream.front !== null && stream.front.unsent(stream) > 0;
}

/**
 * A server owes nothing before it has the whole request, unless it takes it too slowly; nothing after its answer; and nothing
 * while the client takes no more of that.
 */
export function serverOwes(stream: Stream): boolean {
  const { front, back } = stream;
  if (stream.responseDone) return back !== null && back.unsent(stream) > 0;
  if (stream.wait === Wait.responsePause || stream.overrides.limitOut?.holds) return false;
  if (stream.phase < Phase.data) return stream.requestDone || serverIsFull(stream);
  return serverIsFull(stream) || front === null || front.unsent(stream) < FLOW_BLOCKS;
}

function serverIsFull(stream: Stream): boolean {
  return stream.back !== null && stream.back.unsent(stream) >= FLOW_BLOCKS;
}

/** Time is up: whoever was waiting for the other side meanwhile is not to blame. */
export function forgive(stream: Stream): void {
  const client = clientOwes(stream);
  const server = serverOwes(stream);
  // Somebody is always to blame.
  if (!client && server) stream.clientDeadlineMs = NEVER;
  if (!server && client) stream.serverDeadlineMs = NEVER;
}

export function finTimeout(done: boolean, finMs: number, elseMs: number): number {
  return done && finMs > 0 ? finMs : elseMs;
}
