/**
 * Where HAProxy 3.5, and Hawser with it, prints something else than the installed 2.6, or where Hawser differs; with the
 * reason. What is masked everywhere is not listed: dates, ports, process numbers, times that were reached, and the bytes
 * of HTTP exchanges (%B: 2.6 counts its own form of a message and answers of its own; 3.5 what the server sent, FEATURES 14).
 */
import type { KnownDifference } from './loglines-cases.ts';

export const DIFFERENCES: readonly KnownDifference[] = [
  {
    where: '* / server down / %bi,%{+Q}bi,%{+X}bi,%bp,%{+X}bp',
    reason: 'a connection that was refused has an address of ours for a moment only: Hawser does not ask for it',
  },
  {
    where: 'rare: logasap / interim,until the end,upgrade,connect,cut off / line',
    reason:
      'a server that ends its connection with its answer is counted until that end has been seen: 2.6 has seen it when it logs the head',
  },
];
