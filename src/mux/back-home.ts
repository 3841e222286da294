/** What a server connection tells the pool that it came from. Shapes only. */
import type { BackMux, Stream } from '../state/records.ts';

export interface BackHome<T extends BackMux> {
  keep(back: T, stream: Stream): void;
  forget(back: T): void;
  recycle(back: T): void;
}
