/**
 * option http-restrict-req-hdr-names: request headers whose names hold other characters than letters, digits and
 * `-` (HAProxy 3.x configuration 4.2). Names are in lower case already.
 */
import type { HeaderTable } from './message.ts';

export const RestrictNames = { preserve: 0, delete: 1, reject: 2 } as const;
export type RestrictNamesMode = (typeof RestrictNames)[keyof typeof RestrictNames];

/** Removes such rows, or (reject) answers false at the first. */
export function restrictNames(headers: HeaderTable, bytes: Uint8Array, mode: RestrictNamesMode): boolean {
  for (let row = 0; row < headers.rows; row++) {
    if (headers.isHole(row) || isPlain(bytes, headers.nameStart(row), headers.nameLength(row))) continue;
    if (mode === RestrictNames.reject) return false;
    headers.remove(row);
  }
  return true;
}

function isPlain(bytes: Uint8Array, start: number, length: number): boolean {
  for (let at = start; at < start + length; at++) {
    const byte = bytes[at] as number;
    const plain = (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 45;
    if (!plain) return false;
  }
  return true;
}
