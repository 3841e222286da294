/**
 * A stripe's list of entries by age, oldest first: its head expires next, and is purged when the table is full. Whoever asks for it
 * steps over entries that somebody refers to, and takes those out of the list ("parks" them), so that nobody steps over them again.
 * All of this with the stripe locked; meanwhile references may be given back (`Entries.given`), but none is taken. It must not
 * know keys, data or clocks.
 */
import type { Entry } from '../state/tracked.ts';
import { Entries, PARKED, REFERENCE, Stripe } from './layout.ts';

/** How far an entry looks for its place among the newest. */
const LOOK_BACK = 16;
/**
 * Entries that somebody refers to which one search for the oldest steps over: more than a table of one stripe has. Each was paid for
 * by the reference that was taken, and the next search begins behind them.
 */
const MOST_PARKED = 4096;

/** References to an entry. */
export function referencesTo(cells: Int32Array, entry: Entry): number {
  return ((((cells[entry + Entries.taken] as number) & -REFERENCE) - ((cells[entry + Entries.given] as number) & -REFERENCE)) | 0) >>> 1;
}

/** Whether nobody refers to it. */
export function isAlone(cells: Int32Array, entry: Entry): boolean {
  return (((cells[entry + Entries.taken] as number) ^ (cells[entry + Entries.given] as number)) & -REFERENCE) === 0;
}

export function isParked(cells: Int32Array, entry: Entry): boolean {
  return ((cells[entry + Entries.given] as number) & PARKED) !== 0;
}

export function unlink(cells: Int32Array, stripe: number, entry: Entry): void {
  const older = cells[entry + Entries.older] as number;
  const newer = cells[entry + Entries.newer] as number;
  cells[older === 0 ? stripe + Stripe.oldest : older + Entries.newer] = newer;
  cells[newer === 0 ? stripe + Stripe.newest : newer + Entries.older] = older;
}

/** Behind the newest. One whose time began a while ago looks for its place a little further back. */
export function append(cells: Int32Array, stripe: number, entry: Entry): void {
  const expire = cells[entry + Entries.expire] as number;
  let older = cells[stripe + Stripe.newest] as number;
  for (let look = 0; look < LOOK_BACK && older !== 0; look++) {
    if (((expire - (cells[older + Entries.expire] as number)) | 0) >= 0) break;
    older = cells[older + Entries.older] as number;
  }
  const newer = cells[older === 0 ? stripe + Stripe.oldest : older + Entries.newer] as number;
  cells[entry + Entries.older] = older;
  cells[entry + Entries.newer] = newer;
  cells[older === 0 ? stripe + Stripe.oldest : older + Entries.newer] = entry;
  cells[newer === 0 ? stripe + Stripe.newest : newer + Entries.older] = entry;
}

/** Its time begins anew: to the newest, unless it is in no list. */
export function renew(cells: Int32Array, stripe: number, entry: Entry): void {
  // Nothing to do for a single busy key.
  if (cells[entry + Entries.newer] === 0 || isParked(cells, entry)) return;
  unlink(cells, stripe, entry);
  append(cells, stripe, entry);
}

/** Takes an entry out of its list until its last reference is given back. False: that has just happened, it stays where it is. */
export function park(cells: Int32Array, stripe: number, entry: Entry): boolean {
  const given = Atomics.or(cells, entry + Entries.given, PARKED);
  if (((given ^ (cells[entry + Entries.taken] as number)) & -REFERENCE) === 0) {
    Atomics.and(cells, entry + Entries.given, ~PARKED);
    return false;
  }
  unlink(cells, stripe, entry);
  return true;
}

/** Puts a parked entry that nobody refers to any more into its list. */
export function unpark(cells: Int32Array, stripe: number, entry: Entry): void {
  Atomics.and(cells, entry + Entries.given, ~PARKED);
  append(cells, stripe, entry);
}

/** The oldest that nobody refers to; NO_ENTRY: there is none, or too many before it that somebody does refer to. */
export function oldestAlone(cells: Int32Array, stripe: number): Entry {
  let oldest = cells[stripe + Stripe.oldest] as number;
  for (let parked = 0; oldest !== 0 && !isAlone(cells, oldest); parked++) {
    if (parked === MOST_PARKED) return 0;
    if (!park(cells, stripe, oldest)) break;
    oldest = cells[stripe + Stripe.oldest] as number;
  }
  return oldest;
}
