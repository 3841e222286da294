/**
 * Puts a table in order after a thread has died while it held a lock: the control thread's errand. What the stripe's chains and lists
 * said may be half changed, so they are made anew from the entries themselves. What the dead thread tracked stays referenced
 * and is neither purged nor expires: who survives the death of a thread must clear it. hot-ok: after a crash only
 */
import { unpark } from './ages.ts';
import { Entries, Header, STRIPE_WORDS, Stripe, type TableLayout } from './layout.ts';
import { giveLock, takeLock } from './lock.ts';

/** Frees what thread `dead` has left locked. `own`: the thread that does it. Answers how many locks there were. */
export function recoverTable(cells: Int32Array, layout: TableLayout, dead: number, own: number): number {
  const owner = dead + 1;
  let found = 0;
  for (let at = 0; at < layout.stripes; at++) {
    const lock = layout.stripesAt + at * STRIPE_WORDS + Stripe.lock;
    if (Atomics.compareExchange(cells, lock, owner, own + 1) !== owner) continue;
    rebuildStripe(cells, layout, at);
    giveLock(cells, lock, false);
    found++;
  }
  const heldFree = Atomics.load(cells, Header.freeLock) === owner;
  if (found > 0 || heldFree) rebuildFree(cells, layout, heldFree ? owner : 0, own + 1);
  // It may have given back the last reference to an entry, and not have come to put it into its list.
  Atomics.store(cells, Header.orphans, 1);
  return found + (heldFree ? 1 : 0);
}

function rebuildStripe(cells: Int32Array, layout: TableLayout, stripe: number): void {
  const stripeAt = layout.stripesAt + stripe * STRIPE_WORDS;
  for (let bucket = stripe; bucket < layout.buckets; bucket += layout.stripes) cells[layout.bucketsAt + bucket] = 0;
  cells[stripeAt + Stripe.oldest] = cells[stripeAt + Stripe.newest] = 0;
  const fresh = Atomics.load(cells, Header.fresh);
  for (let number = 0; number < fresh; number++) {
    const entry = layout.entriesAt + number * layout.entryWords;
    const hash = cells[entry + Entries.hash] as number;
    if (cells[entry + Entries.taken] === 0 || (hash & (layout.stripes - 1)) !== stripe) continue;
    const bucket = layout.bucketsAt + (hash & (layout.buckets - 1));
    cells[entry + Entries.next] = cells[bucket] as number;
    cells[bucket] = entry;
    // In the order of the memory: ages are wrong until the entries are touched again.
    unpark(cells, stripeAt, entry);
  }
}

/** With all stripes locked nobody is between taking an entry and using it. */
function rebuildFree(cells: Int32Array, layout: TableLayout, from: number, owner: number): void {
  const locked: number[] = [];
  for (let at = 0; at < layout.stripes; at++) {
    const lock = layout.stripesAt + at * STRIPE_WORDS + Stripe.lock;
    if (takeLock(cells, lock, owner)) locked.push(lock);
  }
  const isMine =
    from === 0 ? takeLock(cells, Header.freeLock, owner) : Atomics.compareExchange(cells, Header.freeLock, from, owner) === from;
  if (isMine && locked.length === layout.stripes) {
    let used = 0;
    cells[Header.free] = 0;
    for (let number = 0; number < (cells[Header.fresh] as number); number++) {
      const entry = layout.entriesAt + number * layout.entryWords;
      if (cells[entry + Entries.taken] !== 0) used++;
      else {
        cells[entry + Entries.next] = cells[Header.free] as number;
        cells[Header.free] = entry;
      }
    }
    Atomics.store(cells, Header.used, used);
  }
  if (isMine) giveLock(cells, Header.freeLock, false);
  for (const lock of locked) giveLock(cells, lock, false);
}
