/**
 * Empty records of the model and their inheritance: what a proxy starts with, and what it takes from a
 * `defaults` section (HAProxy configuration manual, 4). It must not know keywords or text.
 */
import { newAddress } from '../base/address.ts';
import type { ProxyDraft, SectionKind } from '../keywords/define.ts';
import type { BindModel, GlobalModel, ProxyModel, RuleModel, ServerModel, TimeoutsModel } from '../model/config.ts';
import { copyRecord } from '../model/copy.ts';
import type { Position } from '../model/position.ts';
import type { TlsGlobalModel, TlsModel } from '../model/tls.ts';

export function newGlobal(): GlobalModel {
  return {
    maxconn: null,
    nbthread: null,
    daemon: false,
    pidfile: null,
    chroot: null,
    user: null,
    group: null,
    uid: null,
    gid: null,
    ulimitN: null,
    maxConnectionRate: null,
    maxSessionRate: null,
    maxTlsRate: null,
    closeSpreadMs: null,
    hardStopAfterMs: null,
    graceMs: null,
    dnsFamilies: [4, 6],
    logTag: null,
    logSendHostname: null,
    node: null,
    description: null,
    spreadChecks: 0,
    maxSpreadChecksMs: null,
    logs: [],
    statsSockets: [],
    statsMaxconn: null,
    statsTimeoutMs: null,
    tokenKeyAlgorithms: null,
    tokenTextAlgorithms: null,
    errorStatuses: null,
    failureStatuses: null,
    tune: {},
    ocspProxy: null,
    caseAdjust: [],
    flags: {},
    variables: [],
    tls: newTlsGlobal(),
  };
}

export function newTimeouts(): TimeoutsModel {
  return {
    clientMs: null,
    serverMs: null,
    connectMs: null,
    queueMs: null,
    tunnelMs: null,
    tarpitMs: null,
    checkMs: null,
    httpRequestMs: null,
    httpKeepAliveMs: null,
    clientFinMs: null,
    serverFinMs: null,
    clientHsMs: null,
  };
}

export function newDraft(section: SectionKind, name: string, at: Position): ProxyDraft {
  return {
    section,
    defaultServer: newServer('', '', at),
    namedServers: {},
    name,
    kind: section === 'frontend' || section === 'backend' ? section : 'listen',
    at,
    id: null,
    mode: 'tcp',
    disabled: false,
    description: null,
    maxconn: null,
    backlog: null,
    fullconn: null,
    sessionRateLimit: null,
    maxKeepAliveQueue: null,
    persistRdpCookie: null,
    retries: null,
    source: null,
    timeouts: newTimeouts(),
    options: {},
    binds: [],
    certificates: [],
    defaultBackend: null,
    useBackends: [],
    useServers: [],
    persistRules: [],
    forceSwitches: [],
    acls: [],
    rules: {},
    bandwidthLimits: [],
    inspectDelayMs: null,
    responseInspectDelayMs: null,
    balance: null,
    hashType: null,
    retryOn: null,
    httpReuse: null,
    servers: [],
    cookie: null,
    stickTable: null,
    stickRules: [],
    forwardfor: null,
    originalto: null,
    forwarded: null,
    serverNameHeader: null,
    redispatch: null,
    check: null,
    logs: [],
    logGlobal: false,
    logFormat: null,
    errorLogFormat: null,
    logFormatSd: null,
    logSteps: null,
    logPreset: null,
    logTag: null,
    captureCookie: null,
    captureRequestHeaders: [],
    captureResponseHeaders: [],
    errorPages: [],
    monitorUri: null,
    monitorFails: [],
    uniqueIdFormat: null,
    uniqueIdHeader: null,
  };
}

/** A proxy (or defaults section) that starts with everything its defaults said. */
export function inheritDraft(defaults: ProxyDraft | null, section: SectionKind, name: string, at: Position): ProxyDraft {
  const draft = newDraft(section, name, at);
  if (defaults === null) return draft;
  const copy = copyRecord(defaults);
  const own = { section, name, kind: draft.kind, at, id: null, description: null, binds: [], certificates: [], servers: [] };
  const inherited: ProxyDraft = { ...copy, ...own, ...scopedRules(copy) };
  if (section === 'defaults' || section === 'listen') return inherited;
  return section === 'backend' ? withoutFrontend(inherited) : withoutBackend(inherited);
}

/** The rules of a defaults section with its ACLs: nobody else's lines may use or extend those. */
function scopedRules({ rules, acls, at }: ProxyDraft): Pick<ProxyDraft, 'rules' | 'acls'> {
  const scope = `${at.file}:${at.line}`;
  const scoped = (rule: RuleModel): RuleModel =>
    rule.condition === null ? rule : { ...rule, condition: { ...rule.condition, scope: rule.condition.scope ?? scope } };
  return {
    rules: Object.fromEntries(Object.entries(rules).map(([set, list]) => [set, list.map(scoped)])),
    acls: Object.keys(rules).length === 0 ? [] : acls.map((acl) => ({ ...acl, scope: acl.scope ?? scope })),
  };
}

/** Clears what only means something in front: a backend must not show it. */
function withoutFrontend(draft: ProxyDraft): ProxyDraft {
  Object.assign(draft.timeouts, { clientMs: null, clientFinMs: null, clientHsMs: null });
  return Object.assign(draft, {
    maxconn: null,
    backlog: null,
    defaultBackend: null,
    useBackends: [],
    logFormat: null,
    errorLogFormat: null,
    logFormatSd: null,
    logSteps: null,
    logPreset: null,
    monitorUri: null,
    monitorFails: [],
    uniqueIdFormat: null,
    uniqueIdHeader: null,
    captureCookie: null,
    captureRequestHeaders: [],
    captureResponseHeaders: [],
  });
}

function withoutBackend(draft: ProxyDraft): ProxyDraft {
  // A frontend's tarpit may last as long as a connection of the defaults may take.
  draft.timeouts.tarpitMs ??= draft.timeouts.connectMs;
  Object.assign(draft.timeouts, { serverMs: null, connectMs: null, queueMs: null, checkMs: null, serverFinMs: null, tunnelMs: null });
  return Object.assign(draft, {
    balance: null,
    hashType: null,
    retryOn: null,
    httpReuse: null,
    cookie: null,
    forwarded: null,
    serverNameHeader: null,
    redispatch: null,
    check: null,
    retries: null,
    source: null,
    fullconn: null,
  });
}

/** The record without what only the parser needs. */
export function finishDraft(draft: ProxyDraft): ProxyModel {
  for (const server of draft.servers) server.source ??= draft.source;
  for (const { tls } of draft.binds) if (tls.enabled) tls.certificates.push(...draft.certificates);
  const { section: _section, defaultServer: _defaultServer, namedServers: _namedServers, ...model } = draft;
  return model;
}

export function newServer(name: string, text: string, at: Position): ServerModel {
  return {
    name,
    at,
    id: null,
    text,
    host: null,
    address: newAddress(),
    portKind: 'fixed',
    portOffset: 0,
    weight: 1,
    maxconn: 0,
    minconn: null,
    maxqueue: 0,
    backup: false,
    disabled: false,
    cookie: null,
    check: false,
    track: null,
    shutsSessions: false,
    shutsBackupSessions: false,
    checkPort: null,
    checkAddress: null,
    checkTls: { wanted: null, serverName: null, autoServerName: true, alpn: null },
    interMs: 2000,
    fastinterMs: null,
    downinterMs: null,
    rise: 2,
    fall: 3,
    slowstartMs: null,
    source: null,
    proxyLine: { words: [], inChecks: false, tlvs: [] },
    tls: newTls(),
    other: {},
  };
}

export function newBind(text: string, at: Position): BindModel {
  return {
    text,
    addresses: [],
    host: null,
    at,
    name: null,
    id: null,
    maxconn: null,
    backlog: null,
    v4v6: false,
    v6only: false,
    transparent: false,
    interface: null,
    mode: null,
    uid: null,
    gid: null,
    acceptProxy: false,
    tcp: { mss: null, defersAccept: false, fastOpen: false, userTimeoutMs: null, saveSyn: null },
    level: null,
    tls: newTls(),
    other: {},
  };
}

/** The defaults of a server line: what `default-server` said, as a server of its own. */
export function newServerFrom(defaults: ServerModel, name: string, text: string, at: Position): ServerModel {
  return { ...copyRecord(defaults), name, text, at };
}

export function newTlsGlobal(): TlsGlobalModel {
  return {
    chains: [],
    skipsSelfIssued: false,
    dhParameters: null,
    largestDhBits: null,
    mostGenerated: 1000,
    securityLevel: null,
    providerPath: null,
    providers: [],
    propertyQuery: null,
  };
}

function newTls(): TlsModel {
  return {
    enabled: false,
    certificates: [],
    defaultCertificates: 0,
    authorities: null,
    revocations: null,
    verify: null,
    minVersion: null,
    maxVersion: null,
    ciphers: null,
    cipherSuites: null,
    curves: null,
    signatures: null,
    alpn: null,
    tickets: true,
    preferClientCiphers: false,
    strictSni: false,
    quietAuthorities: null,
    tellsAuthorities: true,
    ignoredErrors: [],
    ignoredAuthorityErrors: [],
    ticketKeys: null,
    ticketFile: null,
    clientSignatures: null,
    serverName: null,
    autoServerName: true,
    verifyHost: null,
    generates: false,
    signer: null,
    signerPassphrase: null,
    takesEarly: false,
    sendsEarly: false,
    renegotiates: false,
    reusesSessions: true,
  };
}
