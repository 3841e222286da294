/**
 * The header of the PROXY protocol that a check begins with: nobody's connection is passed on, so version 2 says LOCAL, version 1
 * tells the check's own addresses (HAProxy configuration manual, 5.2 check-send-proxy; 3.1 pp2-never-send-local).
 */
import { type AddressRecord, newAddress, parseIp } from '../base/address.ts';
import type { ProxyLineWord, ServerModel } from '../model/config.ts';
import { LINE_MOST, SSL_HEAD, TlvType } from '../proto/proxy-line/shapes.ts';
import { closeTlv, finish, openTlv, V2_MOST, writeBinary, writeLine } from '../proto/proxy-line/write.ts';

export interface Announcement {
  readonly isBinary: boolean;
  readonly crc32c: boolean;
  /** An SSL TLV, which says that there is none. */
  readonly ssl: boolean;
  /** Version 2 tells the check's own addresses, too. */
  readonly neverLocal: boolean;
}

const SSL: readonly ProxyLineWord[] = ['ssl', 'cert-cn', 'cert-sig', 'cert-key', 'ssl-cipher'];

/** null: the check begins at once. */
export function announcementOf(server: ServerModel, neverLocal: boolean): Announcement | null {
  const { words, inChecks } = server.proxyLine;
  const isElsewhere = server.checkAddress !== null || server.checkPort !== null;
  return inChecks || (!isElsewhere && words.length > 0) ? forcedAnnouncement(server, neverLocal) : null;
}

/** What `check-send-proxy` and a connect step with `send-proxy` begin with, whatever the traffic does. */
export function forcedAnnouncement({ proxyLine: { words } }: ServerModel, neverLocal: boolean): Announcement {
  return { isBinary: words.includes('v2'), crc32c: words.includes('crc32c'), ssl: words.some((word) => SSL.includes(word)), neverLocal };
}

/** What a socket says of its two ends: no address for a UNIX socket. */
export interface SocketEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

export function announce({ isBinary, crc32c, ssl, neverLocal }: Announcement, ends: SocketEnds): Uint8Array {
  const source = addressOf(ends.localAddress, ends.localPort);
  const destination = addressOf(ends.remoteAddress, ends.remotePort);
  const bytes = new Uint8Array(LINE_MOST + V2_MOST);
  if (!isBinary) return bytes.subarray(0, writeLine(bytes, 0, true, source, destination));
  let end = writeBinary(bytes, 0, neverLocal, source, destination);
  const checksum = crc32c ? openTlv(bytes, end, TlvType.crc32c) : -1;
  if (crc32c) end = closeTlv(bytes, end, checksum + 4);
  if (ssl) end = closeTlv(bytes, end, openTlv(bytes, end, TlvType.ssl) + SSL_HEAD);
  finish(bytes, 0, end, checksum);
  return bytes.subarray(0, end);
}

function addressOf(text: string | undefined, port: number | undefined): AddressRecord {
  const address = newAddress();
  const found = text === undefined ? null : parseIp(text);
  if (found === null) return address;
  address.family = found.family;
  address.port = port ?? 0;
  address.ip.set(found.ip);
  return address;
}
