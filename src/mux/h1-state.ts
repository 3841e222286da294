/** Where an HTTP/1 client connection stands. Values only. */

/** What the next bytes from the client are. */
export const State = {
  /** Nothing received since the last exchange. */
  idle: 0,
  head: 1,
  body: 2,
  /** The request is complete; bytes are the next request. */
  wait: 3,
  tunnel: 4,
  /** The answer is out and the connection ends: what still comes is dropped. */
  drain: 5,
  closed: 6,
  /** The request is no valid one, or did not end: what still comes of it is dropped. */
  refused: 7,
} as const;
