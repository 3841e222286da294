/** The address of a name that a rule has asked for (do-resolve). Fields only: who asks and who answers is elsewhere. */
import { Family } from '../base/address.ts';

export const LookupState = { none: 0, asked: 1, answered: 2 } as const;

export class Lookup {
  state: (typeof LookupState)[keyof typeof LookupState] = LookupState.none;
  /** Tells the question from those that the stream, or one before it in this record, has asked earlier. */
  ticket = 0;
  /** Of the answer; none: there is no address. */
  family: typeof Family.none | typeof Family.inet | typeof Family.inet6 = Family.none;
  readonly ip = new Uint8Array(16);
  /** What `stream.ruleDeadlineMs` was before: the inspect-delay goes on. */
  keptDeadlineMs = Number.POSITIVE_INFINITY;
}
