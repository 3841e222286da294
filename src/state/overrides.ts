/** What rules set for one stream instead of what its proxies say. Fields only: it must not know streams or who reads them. */
import type { Block } from '../base/memory.ts';
import { type Lookup, LookupState } from './lookup.ts';
import type { SharedLimits } from './shared-limits.ts';

/** Body data of one direction goes through it: src/filter/. */
export interface DataLimit {
  /** Something waits in it. */
  readonly holds: boolean;
  /** Takes data over; `last`: the message ends with it. */
  take(block: Block, start: number, end: number, last: boolean): void;
  /** The message ends behind what it holds. Only while it holds something. */
  end(): void;
  /** The stream is over. */
  release(): void;
}

/** What `set-bandwidth-limit` has set for one direction; it may change while data flows. */
export class LimitSettings {
  /** So many may pass in a period; 0: only shared limits count. */
  bytes = 0;
  periodMs = 0;
  /** Slices are not smaller, unless there is no more. */
  leastBytes = 0;
  /** null: it never had any. */
  shared: SharedLimits | null = null;

  get isSet(): boolean {
    return this.bytes > 0 || (this.shared !== null && this.shared.count > 0);
  }
}

/** A pooled stream is given new ones by `reset`. */
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
  /** Of the packets to the server; -1: as they are. */
  backMark = -1;
  backTos = -1;
  /** A rule has set a limit for data from the client, or for data to the client. */
  isLimited = false;
  readonly inLimit = new LimitSettings();
  readonly outLimit = new LimitSettings();
  limitIn: DataLimit | null = null;
  limitOut: DataLimit | null = null;
  /** switch-mode: what comes is HTTP. */
  switchesMode = false;
  /** The address that a rule has asked for; null: none ever has. */
  lookup: Lookup | null = null;

  reset(): void {
    this.tunnelTimeoutMs = this.connectTimeoutMs = this.queueTimeoutMs = this.retriesSet = -1;
    this.priorityClass = this.priorityOffsetMs = 0;
    if (this.isLimited) this.inLimit.bytes = this.outLimit.bytes = 0;
    this.isLimited = false;
    this.backMark = this.backTos = -1;
    if (this.lookup !== null) this.lookup.state = LookupState.none;
    this.switchesMode = this.noRetry = this.forcePersist = this.ignorePersist = false;
  }
}
