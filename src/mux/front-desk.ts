/**
 * What the owner of client connections (worker/listeners) is told by them: so that records return to
 * their pools and a soft stop can close what is idle. Shapes only.
 */
import type { Block } from '../base/memory.ts';
import type { Wire } from '../platform/contract.ts';
import type { Session, Stream } from '../state/records.ts';

export interface FrontDesk {
  /** The connection has no stream and waits for a next request. */
  onIdle(front: ClosableFront): void;
  /** The session had a server connection of its own. */
  onSessionEnd(session: Session): void;
  /** The connection is over; the record may be used again. */
  onClosed(front: ClosableFront): void;
  /** A connection of TCP mode turns out to carry HTTP: a front for it, which has the session of `raw` now. `raw` is free again. */
  upgrade(raw: ClosableFront): HttpFront;
}

export interface HttpFront {
  /** Goes on with a connection in its first request: the bytes received so far are the body of `stream.request`. */
  takeOver(wire: Wire, stream: Stream): void;
  /** As that of a wire's handler: more of the same connection. */
  onData(wire: Wire, block: Block, start: number, end: number): boolean;
  /** The client has said all. */
  onEnd(): void;
}

export interface ClosableFront {
  /** Closes it if it is idle and may be closed without a response; tells whether it did. */
  closeIdle(): boolean;
}
