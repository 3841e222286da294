/** Where the converter `debug` writes to: names while rules are compiled, what takes the lines when the thread's logs are built. */

export interface DebugSink {
  /** Takes a copy of the line [start, end), which has no line feed. */
  write(start: number, end: number): void;
}

/** Destinations that are always there. `buf0`, the default, is a ring that only the runtime API can show. */
export const STANDARD_SINKS: readonly string[] = ['buf0', 'stdout', 'stderr'];

export class DebugSinks {
  /** By number; those of rings too. */
  readonly names: string[] = [];
  /** By number; none where nothing is opened. */
  readonly sinks: DebugSink[] = [];
  /** Names of the `ring` sections. */
  readonly rings: readonly string[];

  constructor(rings: readonly string[]) {
    this.rings = rings;
  }

  /** The number of a destination; -1: there is none of this name. At start. */
  numberOf(name: string): number {
    if (!STANDARD_SINKS.includes(name) && !this.rings.includes(name)) return -1;
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }
}
