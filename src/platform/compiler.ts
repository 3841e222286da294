/**
 * How much V8 may put into one function (docs/decisions/2026-11-20-inlining.md). Set while the process runs, not when Node starts: with other
 * flags than those it was built with Node throws away its own precompiled modules, and a start takes a tenth longer.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  '--max-inlined-bytecode-size=800',
  '--max-inlined-bytecode-size-cumulative=3000',
  '--max-inlined-bytecode-size-absolute=9000',
];

/** For what is compiled from now on, in all threads. Call it when all modules are loaded and their code is in the cache. */
export function inlineMore(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
