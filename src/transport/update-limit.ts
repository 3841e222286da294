/**
 * How often a peer may change its keys (`tune.ssl.keyupdate-rate-limit`, RFC 8446 4.6.3): each change costs a derivation of keys, and takes
 * the peer 27 bytes. It must not know TLS.
 */

const PERIOD_MS = 1000;

export class UpdateLimit {
  #sinceMs = 0;
  #count = 0;

  /** A new connection. @param now milliseconds of the host's clock */
  begin(now: number): void {
    this.#sinceMs = now;
    this.#count = 0;
  }

  /** Takes what was counted. True: that makes more than `mostPerS` in this second. */
  isOver(counted: { keyUpdates: number }, now: number, mostPerS: number): boolean {
    if (now - this.#sinceMs >= PERIOD_MS) this.begin(now);
    this.#count += counted.keyUpdates;
    counted.keyUpdates = 0;
    return this.#count > mostPerS;
  }
}
