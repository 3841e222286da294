/** Targets of checks for tests: a port of this machine, or a UNIX socket. */
import { Family, newAddress, parseIp } from '../base/address.ts';
import type { CheckTarget } from './target.ts';

export interface Whereabouts extends Partial<Omit<CheckTarget, 'address'>> {
  /** Of a UNIX socket; `\0name` for an abstract one. */
  readonly path?: string;
}

export function targetOf({ path, ...more }: Whereabouts): CheckTarget {
  const address = newAddress();
  if (path === undefined) Object.assign(address, { family: Family.inet, ip: parseIp('127.0.0.1')?.ip });
  else if (path.startsWith('\0')) Object.assign(address, { family: Family.abns, path: path.slice(1) });
  else Object.assign(address, { family: Family.unix, path });
  return {
    address,
    port: 0,
    localAddress: null,
    announcement: null,
    askedAnnouncement: { isBinary: false, crc32c: false, ssl: false, neverLocal: false },
    isSecure: false,
    serverName: '',
    findsName: true,
    alpn: null,
    tls: null,
    ...more,
  };
}
