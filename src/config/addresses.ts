/**
 * Addresses of `bind`, `server` and `log` lines (HAProxy configuration manual, 11): families, ports, port
 * ranges, lists, inherited descriptors, UNIX paths. Names are kept for a resolver, literals become records.
 * Variables are expanded here a second time, because addresses take them outside quotes too.
 */
import { type AddressRecord, Family, newAddress, parseIp } from '../base/address.ts';
import type { ParsedAddress } from '../keywords/define.ts';
import { expandVariables, type Lookup } from './words.ts';

export interface AddressProblem {
  readonly problem: string;
}

type Kind = 'inet' | 'unix' | 'abns' | 'descriptor';

/** Prefixes before `@`: kind of the address, and the IP version they ask for (0: either). */
const PREFIXES: ReadonlyMap<string, { readonly kind: Kind; readonly version: 0 | 4 | 6 }> = new Map([
  ['ip', { kind: 'inet', version: 0 }],
  ['tcp', { kind: 'inet', version: 0 }],
  ['ipv4', { kind: 'inet', version: 4 }],
  ['tcp4', { kind: 'inet', version: 4 }],
  ['ipv6', { kind: 'inet', version: 6 }],
  ['tcp6', { kind: 'inet', version: 6 }],
  ['unix', { kind: 'unix', version: 0 }],
  ['uxst', { kind: 'unix', version: 0 }],
  ['abns', { kind: 'abns', version: 0 }],
  ['fd', { kind: 'descriptor', version: 0 }],
]);
/** HAProxy's that a stream proxy cannot listen on or connect to with this version. */
/** sun_path without its leading zero byte. */
const ABSTRACT_BYTES = 107;

const REFUSED = new Set('udp udp4 udp6 uxdg quic4 quic6 mptcp mptcp4 mptcp6 sockpair abnsz rhttp ring backend'.split(' '));
/** sun_path of sockaddr_un, with its closing zero byte (or the leading one of an abstract name). */
export const MAX_PATH = 107;
const MAX_PORT = 65535;

interface Located {
  readonly kind: Kind;
  readonly version: 0 | 4 | 6;
  /** Without the prefix. */
  readonly rest: string;
}

function locate(text: string): Located | AddressProblem {
  let rest = text.startsWith('stream+') ? text.slice(7) : text;
  const prefix = /^([a-z0-9+]+)@/.exec(rest)?.[1];
  if (prefix === undefined) return rest.startsWith('/') ? { kind: 'unix', version: 0, rest } : { kind: 'inet', version: 0, rest };
  const known = PREFIXES.get(prefix);
  if (known === undefined) {
    const isRefused = REFUSED.has(prefix.replace(/^(?:dgram|quic)\+/, '')) || prefix.startsWith('dgram+');
    const why = isRefused ? 'is not supported by this version' : `is unknown, allowed are ${[...PREFIXES.keys()].join(', ')}`;
    return { problem: `address family '${prefix}@' in '${text}' ${why}` };
  }
  rest = rest.slice(prefix.length + 1);
  return { kind: known.kind, version: known.version, rest };
}

function local(located: Located, text: string): AddressRecord | AddressProblem {
  const address = newAddress();
  const { kind, rest } = located;
  if (kind === 'descriptor') {
    if (!/^\d{1,9}$/.test(rest)) return { problem: `file descriptor '${rest}' is not a valid integer in '${text}'` };
    address.family = Family.descriptor;
    address.port = Number(rest);
    return address;
  }
  if (rest === '') return { problem: `empty socket path in '${text}'` };
  if (rest.length > MAX_PATH) return { problem: `socket path '${rest}' too long (max ${MAX_PATH})` };
  address.family = kind === 'abns' ? Family.abns : Family.unix;
  // An abstract name fills its whole field: the zeros behind it belong to the name.
  address.path = kind === 'abns' ? rest.padEnd(ABSTRACT_BYTES, '\0') : rest;
  return address;
}

interface HostPort {
  readonly host: string;
  /** null: none written. */
  readonly port: string | null;
}

/** The last colon behind a bracket ends the host, so `:::80` is every IPv6 address. */
function splitPort(text: string): HostPort {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || colon < text.lastIndexOf(']')) return { host: text, port: null };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

/** A literal as a record, a name as a string. */
function hostOf(host: string, version: 0 | 4 | 6, text: string): AddressRecord | string | AddressProblem {
  const address = newAddress();
  if (host === '' || host === '*') {
    address.family = version === 6 ? Family.inet6 : Family.inet;
    return address;
  }
  const ip = parseIp(host);
  if (ip === null) {
    const isName = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host) && !/^[\d.]+$/.test(host);
    return isName ? host : { problem: `invalid address: '${host}' in '${text}'` };
  }
  const wanted = version === 4 ? Family.inet : Family.inet6;
  if (version !== 0 && ip.family !== wanted) return { problem: `'${host}' is not an IPv${version} address in '${text}'` };
  address.family = ip.family;
  address.ip.set(ip.ip);
  return address;
}

/** `ADDRESS:PORT[-PORT][,…]`, `/path`, `fd@N` … of a bind line. Port 0 lets the kernel choose (not in HAProxy). */
export function parseBindAddress(text: string, lookup: Lookup): ParsedAddress | AddressProblem {
  const addresses: AddressRecord[] = [];
  let host: string | null = null;
  for (const raw of text.split(',')) {
    const one = expandVariables(raw, lookup);
    const located = locate(one);
    if ('problem' in located) return located;
    if (located.kind !== 'inet') {
      const address = local(located, one);
      if ('problem' in address) return address;
      addresses.push(address);
      continue;
    }
    const found = inetRange(located, one, addresses);
    if (typeof found === 'object' && found !== null) return found;
    if (found !== null && host !== null && host !== found) {
      return { problem: `two names ('${host}' and '${found}') in one address list: write a line for each` };
    }
    host = found ?? host;
  }
  return { addresses, host, portKind: 'fixed', portOffset: 0 };
}

function strayInPort(port: string, text: string): AddressProblem {
  const stray = /[^\d+-]/.exec(port)?.[0] ?? port[0];
  return { problem: `invalid character '${stray}' in port number '${port}' in '${text}'` };
}

/** Adds a record for each port; answers the name that they wait for, or null. */
function inetRange(located: Located, text: string, addresses: AddressRecord[]): string | null | AddressProblem {
  const { host, port } = splitPort(located.rest);
  if (port === null || port === '') return { problem: `missing port specification in '${text}'` };
  const range = /^(\d+)(?:-(\d+))?$/.exec(port);
  if (range === null) return strayInPort(port, text);
  const low = Number(range[1]);
  const high = range[2] === undefined ? low : Number(range[2]);
  if (low > MAX_PORT || (low === 0 && high !== 0)) return { problem: `invalid port '${range[1]}'` };
  if (high > MAX_PORT) return { problem: `invalid port '${range[2]}'` };
  if (high < low) return { problem: `invalid port range '${port}'` };
  const target = hostOf(host, located.version, text);
  if (typeof target === 'object' && 'problem' in target) return target;
  for (let at = low; at <= high; at++) {
    const address = newAddress();
    if (typeof target === 'object') {
      address.family = target.family;
      address.ip.set(target.ip);
    }
    address.port = at;
    addresses.push(address);
  }
  return typeof target === 'string' ? target : null;
}

/** `HOST`, `HOST:PORT`, `HOST:+N`, `HOST:-N`, `/path` … of a server line. */
export function parseServerAddress(text: string, lookup: Lookup): ParsedAddress | AddressProblem {
  const expanded = expandVariables(text, lookup);
  const located = locate(expanded);
  if ('problem' in located) return located;
  if (located.kind === 'descriptor') return { problem: `a server cannot be an inherited descriptor: '${text}'` };
  if (located.kind !== 'inet') {
    const address = local(located, expanded);
    return 'problem' in address ? address : { addresses: [address], host: null, portKind: 'fixed', portOffset: 0 };
  }
  const { host, port } = splitPort(located.rest);
  if (expanded === '') return { problem: `'${text}' resolves to an empty address (environment variable missing?)` };
  const target = hostOf(host, located.version, expanded);
  if (typeof target === 'object' && 'problem' in target) return target;
  const address = typeof target === 'string' ? newAddress() : target;
  const common = { addresses: [address], host: typeof target === 'string' ? target : null };
  if (port === null || /^0*$/.test(port)) return { ...common, portKind: 'client', portOffset: 0 };
  if (/^\d+-\d+$/.test(port)) return { problem: `port range not permitted here in '${expanded}'` };
  if (!/^[+-]?\d+$/.test(port)) return strayInPort(port, expanded);
  const number = Number(port);
  if (port[0] === '+' || port[0] === '-') {
    return Math.abs(number) > MAX_PORT
      ? { problem: `invalid port offset '${port}'` }
      : { ...common, portKind: 'offset', portOffset: number };
  }
  if (number < 1 || number > MAX_PORT) return { problem: `invalid port '${port}'` };
  address.port = number;
  return { ...common, portKind: 'fixed', portOffset: 0 };
}

/** An IP literal with or without port (0), for `source` and `addr`. */
export function parseLiteralAddress(text: string, lookup: Lookup): AddressRecord | AddressProblem {
  const expanded = expandVariables(text, lookup);
  const whole = parseIp(expanded);
  if (whole !== null) {
    const address = newAddress();
    address.family = whole.family;
    address.ip.set(whole.ip);
    return address;
  }
  const parsed = parseServerAddress(expanded, lookup);
  if ('problem' in parsed) return parsed;
  if (parsed.host !== null) return { problem: `'${expanded}' is a name: an IP address is needed here` };
  if (parsed.portKind === 'offset') return { problem: `port offset not permitted here in '${expanded}'` };
  return parsed.addresses[0] as AddressRecord;
}

/** Target of a log line: port 514 unless written, `udp@` allowed, a path is a UNIX datagram socket. */
export function parseLogAddress(text: string, lookup: Lookup): (ParsedAddress & { readonly isStream: boolean }) | AddressProblem {
  const expanded = expandVariables(text, lookup).replace(/^(?:dgram\+)?(?:udp@|(?=ipv?[46]?@))/, '');
  const isStream = /^(?:stream\+|tcp[46]?@|uxst@)/.test(expanded);
  const datagrams = expanded.replace(/^uxdg@/, 'unix@').replace(/^udp([46])@/, 'ipv$1@');
  const plain = isStream
    ? expanded
        .replace(/^stream\+/, '')
        .replace(/^uxst@/, 'unix@')
        .replace(/^tcp([46])@/, 'ipv$1@')
        .replace(/^tcp@/, '')
    : datagrams;
  const parsed = parseServerAddress(plain, lookup);
  if ('problem' in parsed) return parsed;
  if (parsed.portKind === 'offset') return { problem: `port offset not permitted here in '${text}'` };
  const address = parsed.addresses[0] as AddressRecord;
  if (parsed.portKind === 'client') address.port = 514;
  return { ...parsed, portKind: 'fixed', isStream };
}

/** `IP` or `IP/BITS`. */
export function parseNetwork(text: string): { ip: Uint8Array; family: number; bits: number } | null {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const ip = match === null ? null : parseIp(match[1] as string);
  if (match === null || ip === null) return null;
  const most = ip.family === Family.inet ? 32 : 128;
  const bits = match[2] === undefined ? most : Number(match[2]);
  return bits > most ? null : { ip: ip.ip, family: ip.family, bits };
}
