/**
 * Where a server's checks go and what they begin with, from its line: address, PROXY header, TLS (HAProxy configuration manual, 5.2
 * check, addr, port, check-ssl). `addr` or `port` lead elsewhere: then nothing of the traffic's way is taken over.
 */
import { type AddressRecord, Family, ipText } from '../base/address.ts';
import type { ServerModel } from '../model/config.ts';
import type { TlsContext } from '../platform/tls/contract.ts';
import { type Announcement, announcementOf, forcedAnnouncement } from './announcement.ts';
import { checksAreSecure } from './needs.ts';
import type { SecureGround } from './secure.ts';
import type { ConnectStep } from './steps.ts';

export interface CheckTarget {
  readonly address: AddressRecord;
  /** 0: the check says it. */
  readonly port: number;
  /** Source address, or null. */
  readonly localAddress: string | null;
  /** The PROXY header to begin with, or null. */
  readonly announcement: Announcement | null;
  /** That of a connect step with `send-proxy`. */
  readonly askedAnnouncement: Announcement;
  /** TLS, unless a connect step says otherwise. */
  readonly isSecure: boolean;
  /** `check-sni`; empty: none. */
  readonly serverName: string;
  /** Without it, the host of an HTTP check is the name. */
  readonly findsName: boolean;
  /** `check-alpn`. */
  readonly alpn: readonly string[] | null;
  readonly tls: TargetTls | null;
}

/** The TLS settings of a server's line. */
export interface TargetTls {
  readonly ground: SecureGround;
  /** @param alpn null: those of the traffic. @throws Error if it can't be made */
  contextFor(alpn: readonly string[] | null): TlsContext;
}

/** @param neverLocal pp2-never-send-local. @param tls null: no check of the configuration needs it */
export function checkTarget(model: ServerModel, neverLocal: boolean, tls: TargetTls | null): CheckTarget {
  const { address, checkAddress, checkPort, checkTls, source } = model;
  const used = checkAddress ?? address;
  return {
    address: used,
    port: checkPort ?? (used.port > 0 ? used.port : address.port),
    localAddress: source === null ? null : literal(source),
    announcement: announcementOf(model, neverLocal),
    askedAnnouncement: forcedAnnouncement(model, neverLocal),
    isSecure: checksAreSecure(model),
    serverName: checkTls.serverName ?? '',
    findsName: checkTls.autoServerName,
    alpn: checkTls.alpn,
    tls,
  };
}

/** What one connection of a check is made of. */
export interface Endpoint {
  /** An IP address, or null for a UNIX socket. */
  readonly host: string | null;
  readonly port: number;
  /** UNIX path; `\0name` for an abstract one. */
  readonly path: string;
  readonly localAddress: string | null;
  readonly announcement: Announcement | null;
  /** null: no TLS. */
  readonly security: { readonly ground: SecureGround; readonly context: TlsContext; readonly name: string } | null;
}

/** @throws Error if its TLS settings can't be used */
export function endpointOf(target: CheckTarget, step: ConnectStep): Endpoint {
  const address = step.address ?? target.address;
  const stepPort = step.address === null || step.address.port === 0 ? null : step.address.port;
  return {
    host: literal(address),
    port: step.port ?? stepPort ?? target.port,
    path: address.family === Family.abns ? `\0${address.path}` : address.path,
    localAddress: target.localAddress,
    announcement: step.sendsProxy ? target.askedAnnouncement : step.usesServer ? target.announcement : null,
    security: securityOf(target, step),
  };
}

function securityOf(target: CheckTarget, step: ConnectStep): Endpoint['security'] {
  const { tls, isSecure } = target;
  const { usesServer } = step;
  if (tls === null || !(step.tls || (usesServer && isSecure))) return null;
  const found = target.findsName ? step.automaticName : null;
  const name = step.serverName ?? ((usesServer && target.serverName) || (found ?? ''));
  return { ground: tls.ground, context: tls.contextFor(step.alpn ?? (usesServer ? target.alpn : null)), name };
}

/** null: a UNIX socket, or a name that is not resolved. */
function literal(address: AddressRecord): string | null {
  return address.family === Family.inet || address.family === Family.inet6 ? ipText(address) : null;
}
