/**
 * A server's sessions end because of its state (HAProxy configuration manual, 5.2 on-marked-down, on-marked-up): those that wait for it are
 * not meant. It must not know who decides that.
 */
import type { Cause } from '../state/end.ts';
import { Phase } from '../state/phase.ts';
import type { Server } from '../state/records.ts';
import { endWith } from './answer.ts';
import type { StreamContext } from './context.ts';

/** Looks at every stream of the thread, once per change of a server. */
export function evict(context: StreamContext, server: Server, cause: Cause): void {
  const { allStreams } = context.mux;
  for (let index = 0; index < allStreams.length; index++) {
    const stream = allStreams[index];
    if (stream === undefined || stream.server !== server || !stream.countedServer) continue;
    // A server that has the request has given a bad answer; one that is only being connected to is not there.
    endWith(context, stream, cause, stream.phase === Phase.connect ? 503 : 502);
  }
}
