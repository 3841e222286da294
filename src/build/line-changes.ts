/**
 * Changes of a line while connections come: what is new is made first, then takes the place of the old, or is thrown away. Either way
 * nothing is left behind. It must not know what a line is used for.
 */

import type { PemModel, TlsModel } from '../model/tls.ts';
import type { TlsChange, TrustRole } from '../model/tls-change.ts';

/** A change that can be made, or not, without an error. */
export interface Prepared {
  apply(): void;
  drop(): void;
}

/** What holds objects of OpenSSL. */
export interface Held {
  free(): void;
}

/** @param before what is in use. @param after what will be. Those in only one of them are freed when the other is chosen */
export function exchange(before: readonly Held[], after: readonly Held[], take: () => void): Prepared {
  return {
    apply: () => {
      take();
      freeOthers(before, after);
    },
    drop: () => freeOthers(after, before),
  };
}

/** Those of `some` that are not in `kept`, each once. */
export function freeOthers(some: readonly Held[], kept: readonly Held[]): void {
  const rest = new Set(some);
  for (const each of kept) rest.delete(each);
  for (const each of rest) each.free();
}

type TrustChange = Extract<TlsChange, { kind: 'trust' }>;

/** The settings with a file's new content; the same object if they don't name the file. */
export function withTrust<T extends Partial<TlsModel>>(settings: T, change: TrustChange): T {
  const fields = FIELDS[change.role].filter((field) => isFile(settings[field], change.path));
  if (fields.length === 0) return settings;
  const changed = fields.map((field) => [field, { ...(settings[field] as PemModel), bytes: change.bytes }]);
  return { ...settings, ...Object.fromEntries(changed) };
}

/** Which files of a line may be changed as a `ca-file`, and as a `crl-file`. */
const FIELDS = {
  authorities: ['authorities', 'quietAuthorities'],
  revocations: ['revocations'],
} as const satisfies Record<TrustRole, readonly (keyof TlsModel)[]>;

function isFile(file: PemModel | 'system' | null | undefined, path: string): boolean {
  return typeof file === 'object' && file !== null && file.path === path;
}
