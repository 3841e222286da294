/**
 * A session's addresses as rules change them (set-src, set-dst). A change by a request's rule lasts as long as its stream: what
 * the connection has is put aside. One stream at a time: a protocol with several on a connection needs them in the stream.
 */
import { copyAddress, Family, ipText, type SocketAddress } from '../base/address.ts';
import type { Session } from './records.ts';

/** Before the first change of a stream; `lasts`: it is one of the connection, nothing is put aside. */
export function keepSource(session: Session, lasts: boolean): void {
  const { kept } = session;
  if (lasts || kept.hasSource) return;
  kept.hasSource = true;
  copyAddress(session.source, kept.source);
}

export function keepDestination(session: Session, lasts: boolean): void {
  const { kept } = session;
  if (lasts || kept.keepsDestination) return;
  kept.keepsDestination = true;
  kept.hasDestination = session.hasDestination;
  copyAddress(session.destination, kept.destination);
}

/** What the connection has, for the next stream. */
export function restoreAddresses(session: Session): void {
  const { kept } = session;
  if (kept.keepsDestination) {
    copyAddress(kept.destination, session.destination);
    session.hasDestination = kept.hasDestination;
  }
  if (kept.hasSource) {
    copyAddress(kept.source, session.source);
    writeSourceText(session);
  }
  kept.hasSource = kept.keepsDestination = false;
}

/** The source in text, for headers and logs. IPv6 by way of a string: once a connection or change. */
export function writeSourceText(session: Session): void {
  const { source, sourceText } = session;
  if (source.family === Family.inet) {
    session.sourceTextLength = writeIpv4(source.ip, sourceText);
    return;
  }
  const text = source.family === Family.inet6 ? ipText(source) : 'unix'; // hot-ok: once per IPv6 or UNIX connection
  for (let at = 0; at < text.length; at++) sourceText[at] = text.charCodeAt(at);
  session.sourceTextLength = text.length;
}

/** Another address; the port stays where the family has ports. */
export function changeAddress(address: SocketAddress, family: typeof Family.inet | typeof Family.inet6, ip: Uint8Array): void {
  if (address.family !== Family.inet && address.family !== Family.inet6) address.port = 0;
  address.family = family;
  address.path = '';
  const length = family === Family.inet ? 4 : 16;
  for (let at = 0; at < 16; at++) address.ip[at] = at < length ? (ip[at] as number) : 0;
}

/** Another port; what has none becomes 0.0.0.0. */
export function changePort(address: SocketAddress, port: number): void {
  if (address.family !== Family.inet && address.family !== Family.inet6) {
    address.family = Family.inet;
    address.path = '';
    address.ip.fill(0);
  }
  address.port = port;
}

function writeIpv4(ip: Uint8Array, to: Uint8Array): number {
  let at = 0;
  for (let part = 0; part < 4; part++) {
    const value = ip[part] as number;
    if (part > 0) to[at++] = 46;
    if (value >= 100) to[at++] = 48 + ((value / 100) | 0);
    if (value >= 10) to[at++] = 48 + (((value / 10) | 0) % 10);
    to[at++] = 48 + (value % 10);
  }
  return at;
}
