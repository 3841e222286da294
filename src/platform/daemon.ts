/** What a process gives up that goes on in the background. It must not know how it got there. */
import { closeSync, openSync } from 'node:fs';
import { dup2 } from './ffi.ts';

const STANDARD_ERROR = 2;

/** Whoever started the process may read its pipe to the end: what is said from now on goes nowhere. */
export function leaveErrorOutput(): void {
  const nothing = openSync('/dev/null', 'w');
  dup2(nothing, STANDARD_ERROR);
  closeSync(nothing);
}
