/**
 * Which version of a set a stream sees: the one that counted when the stream began. The process counts commits; a set notes the
 * generations that counted before, each with the number of the commit that ended it, and who began before that commit goes on
 * seeing it. The notes are cells of the set's header, so all threads see them. It must not know entries nor streams.
 *
 * Only the control thread writes, in this order: the note, the generation that counts (set.ts), and last the number of commits, which
 * streams take with them. So who has the number of a commit also finds its generation, and who has an older one finds the note.
 */

/** Versions that a set keeps beside the one that counts. */
export const KEPT_VERSIONS = 8;
export const VERSION_CELLS = KEPT_VERSIONS * 2;

/** For who began behind all commits: control, and what has no stream. */
export const EVERY_COMMIT = 0x3fffffff;

/** Notes that `commit` ends a generation; the oldest note goes if all places are taken. */
export function noteVersion(header: Int32Array, from: number, generation: number, commit: number): void {
  let place = from;
  // A place that is free has 0: it comes first.
  for (let at = from; at < from + VERSION_CELLS; at += 2) if ((header[at] as number) < (header[place] as number)) place = at;
  // Who reads meanwhile does not take one half for the other.
  Atomics.store(header, place, 0);
  Atomics.store(header, place + 1, generation);
  Atomics.store(header, place, commit);
}

/** Forgets the generations below this one. */
export function forgetVersions(header: Int32Array, from: number, oldest: number): void {
  for (let at = from; at < from + VERSION_CELLS; at += 2) if ((header[at + 1] as number) < oldest) Atomics.store(header, at, 0);
}

/** What counted behind so many commits: the generation that the first commit after them ended, else `newest`. If that is forgotten, the oldest. */
export function versionBehind(header: Int32Array, from: number, commits: number, newest: number): number {
  let first = EVERY_COMMIT;
  let generation = newest;
  for (let at = from; at < from + VERSION_CELLS; at += 2) {
    const commit = Atomics.load(header, at);
    if (commit <= commits || commit >= first) continue;
    first = commit;
    generation = Atomics.load(header, at + 1);
  }
  return generation;
}

/** The generations that are kept, the youngest first. hot-ok: when a set is built */
export function keptVersions(header: Int32Array, from: number): number[] {
  const kept: number[] = [];
  for (let at = from; at < from + VERSION_CELLS; at += 2) if (header[at] !== 0) kept.push(header[at + 1] as number);
  return kept.sort((a, b) => b - a);
}
