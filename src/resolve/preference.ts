/** Which of a name's addresses is taken. Higher marks win; among equals the first of the answer (HAProxy configuration manual, 5.2 resolve-…). */
import { parseIp } from '../base/address.ts';
import type { AddressAnswer } from './message.ts';
import type { Held } from './resolution.ts';

const FAMILY = 8;
const NETWORK = 4;
const UNUSED = 2;
const CURRENT = 1;

export interface Network {
  readonly ip: Uint8Array;
  readonly family: number;
  readonly bits: number;
}

export interface Preference {
  readonly family: 4 | 6;
  readonly networks: readonly Network[];
  /** Whether another server may have the same address. */
  readonly allowsTwins: boolean;
}

/** The best address; null: none may be taken. @param isTaken another server has it */
export function bestAddress(
  held: readonly Held[],
  { family, networks, allowsTwins }: Preference,
  current: string | null,
  isTaken: (address: string) => boolean,
): AddressAnswer | null {
  let best: AddressAnswer | null = null;
  let most = -1;
  for (const { record } of held) {
    if (record.kind !== 'address') continue;
    const taken = isTaken(record.address);
    if (taken && !allowsTwins) continue;
    let marks = taken ? 0 : UNUSED;
    if (record.family === family) marks += FAMILY;
    if (networks.some((network) => isInside(record.address, network))) marks += NETWORK;
    if (record.address === current) marks += CURRENT;
    if (marks <= most) continue;
    most = marks;
    best = record;
  }
  return best;
}

/** Is the address of the network? */
export function isInside(address: string, { ip, family, bits }: Network): boolean {
  const own = parseIp(address);
  if (own === null || own.family !== family) return false;
  for (let bit = 0; bit < bits; bit++) {
    const mask = 128 >> (bit & 7);
    if (((own.ip[bit >> 3] as number) & mask) !== ((ip[bit >> 3] as number) & mask)) return false;
  }
  return true;
}
