/**
 * Where HAProxy 3.5 answers otherwise than the 2.6 that is installed: Hawser follows 3.5.
 * Key: `req` or `resp`, and the case. What is not named must be as in 2.6; where the statuses
 * are named, the responses are judged by them alone.
 */
import type { End, SeenRequest } from '../corpus/cases.ts';

export interface KnownDifference {
  readonly reason: string;
  readonly st?: readonly (number | string)[];
  readonly end?: End;
  readonly log?: readonly string[];
  /** The first message that the server received, in parts; null: it received nothing. */
  readonly forwarded?: SeenRequest | null;
}

export const DIFFERENCES: Readonly<Record<string, KnownDifference>> = {};
