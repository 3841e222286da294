/** The phases of a stream, for the machine and the log. It must not know streams. */

/** Where the machine stands; HAProxy's second termination letter comes from it. */
export const Phase = {
  /** Request head awaited, or rules of the request. */
  request: 0,
  tarpit: 1,
  queue: 2,
  connect: 3,
  /** Response head awaited. */
  headers: 4,
  data: 5,
  /** The server has said all; the client is still being sent to. */
  last: 6,
  done: 7,
} as const;
export type PhaseValue = (typeof Phase)[keyof typeof Phase];
