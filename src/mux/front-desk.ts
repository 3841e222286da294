/**
 * What the owner of client connections (worker/listeners) is told by them: so that records return to
 * their pools and a soft stop can close what is idle. Shapes only.
 */
import type { Session } from '../state/records.ts';

export interface FrontDesk {
  /** The connection has no stream and waits for a next request. */
  onIdle(front: ClosableFront): void;
  /** The session had a server connection of its own. */
  onSessionEnd(session: Session): void;
  /** The connection is over; the record may be used again. */
  onClosed(front: ClosableFront): void;
}

export interface ClosableFront {
  /** Closes it if it is idle and may be closed without a response; tells whether it did. */
  closeIdle(): boolean;
}
