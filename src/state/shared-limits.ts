/** The shared bandwidth limits that one direction of a stream takes part in: entries of stick tables. Fields only. */
import type { BandwidthLimitModel } from '../model/config.ts';
import { type Entry, NO_ENTRY, type StickTable } from './tracked.ts';

/** Most shared limits of one direction in a proxy; a stream meets two proxies. */
export const MOST_SHARED_LIMITS = 4;
const ROOM = MOST_SHARED_LIMITS * 2;

export class SharedLimits {
  count = 0;
  readonly limits: (BandwidthLimitModel | null)[] = new Array<BandwidthLimitModel | null>(ROOM).fill(null);
  readonly tables: (StickTable | null)[] = new Array<StickTable | null>(ROOM).fill(null);
  /** Each is referenced, so that it stays. */
  readonly entries: Entry[] = new Array<Entry>(ROOM).fill(NO_ENTRY);
}
