/** What rules set for one stream instead of what its proxies say. Fields only; a pooled stream is given new ones by `reset`. */
export class StreamOverrides {
  /** Milliseconds; 0: none. -1: not set; the backend's are filled in when it is known. */
  tunnelTimeoutMs = -1;
  connectTimeoutMs = -1;
  queueTimeoutMs = -1;
  tarpitTimeoutMs = -1;
  /** set-retries; -1: as the backend says. */
  retriesSet = -1;
  /** disable-l7-retry: what a server has had is not sent again. */
  noRetry = false;
  /** Place in queues (state/priority.ts). */
  priorityClass = 0;
  priorityOffsetMs = 0;
  /** force-persist: a server that is down may be asked for; ignore-persist: none may. */
  forcePersist = false;
  ignorePersist = false;
  /** Hops that the last packets of a silent drop live; 0: there are none if that can be done. */
  dropTtl = 0;

  reset(): void {
    this.tunnelTimeoutMs = this.connectTimeoutMs = this.queueTimeoutMs = this.retriesSet = -1;
    this.priorityClass = this.priorityOffsetMs = 0;
    this.noRetry = this.forcePersist = this.ignorePersist = false;
  }
}
