/** The name servers of this machine, from the text of resolv.conf(5). It must not know where the text is from. */
import { type AddressRecord, newAddress, parseIp } from '../base/address.ts';
import type { Position } from '../model/position.ts';
import type { NameserverModel, ResolversModel } from '../model/sections.ts';

export const RESOLV_CONF = '/etc/resolv.conf';
/** The section that exists without being written: its name servers are those of the machine. */
export const DEFAULT_RESOLVERS = 'default';
export const DNS_PORT = 53;

const RESOLVE_MS = 1000;
const HOLD_MS = 30_000;
const VALID_MS = 10_000;
const RETRIES = 3;
/** RFC 1035 4.2.1: what every resolver takes. */
const PAYLOAD_SIZE = 512;

/** A section without name servers, with HAProxy's defaults. */
export function newResolvers(name: string, at: Position): ResolversModel {
  return {
    name,
    at,
    nameservers: [],
    resolveMs: RESOLVE_MS,
    retryMs: RESOLVE_MS,
    retries: RETRIES,
    payloadSize: PAYLOAD_SIZE,
    holdMs: { nx: HOLD_MS, refused: HOLD_MS, timeout: HOLD_MS, other: HOLD_MS, valid: VALID_MS, obsolete: 0 },
  };
}

/** One for each `nameserver` line with an address, known by it. What has a zone (`%eth0`) is left out: it can't be connected to here. */
export function systemNameservers(lines: readonly string[], at: Position): NameserverModel[] {
  const found = new Map<string, NameserverModel>();
  for (const line of lines) {
    const name = /^nameserver[ \t]+([0-9A-Fa-f.:]+)[ \t]*$/.exec(line.replace(/[#;].*$/, ''))?.[1];
    const ip = name === undefined ? null : parseIp(name);
    if (name === undefined || ip === null || found.has(name)) continue;
    const address: AddressRecord = newAddress();
    address.family = ip.family;
    address.ip.set(ip.ip);
    address.port = DNS_PORT;
    found.set(name, { name, address, isStream: false, at });
  }
  return [...found.values()];
}
