/**
 * Model → records of one data thread: names resolved, defaults applied, rules compiled. Run by each data thread for
 * itself, and once by the control thread to find what is wrong before anything starts. It must not know
 * sockets.
 */
import { copyAddress, Family, isAnyAddress, type SocketAddress } from '../base/address.ts';
import type { Memory } from '../base/memory.ts';
import { DEFAULT_FRAMING, type FramingOptions } from '../http/framing.ts';
import { HEADER_NAMES, HeaderId } from '../http/message.ts';
import { RestrictNames, type RestrictNamesMode } from '../http/names.ts';
import type { CookieModel, ForwardforModel, ProxyModel, ServerModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { CaseMap } from '../proto/h1/case.ts';
import { Backend, Frontend, Server } from '../state/records.ts';
import {
  CookieMode,
  CookiePersistence,
  type FieldName,
  type ForwardFor,
  KeepAlive,
  type KeepAliveMode,
  RetryOn,
  Reuse,
} from '../state/settings.ts';
import type { Shared } from '../state/shared.ts';
import { statusTable } from '../state/statuses.ts';
import type { Plan } from './plan.ts';

/** HAProxy's default of `retries`. */
const RETRIES = 3;

export interface State {
  readonly frontends: readonly Frontend[];
  readonly backends: readonly Backend[];
  readonly servers: readonly Server[];
  readonly frontendsByName: ReadonlyMap<string, Frontend>;
  readonly backendsByName: ReadonlyMap<string, Backend>;
}

/** Makes the records and everything about them that needs no rule language. */
export function buildRecords(model: ConfigModel, plan: Plan, shared: Shared, memory: Memory): State {
  const frontends = plan.frontends.map((proxy, index) => new Frontend(proxy.name, index, shared));
  const backends = plan.backends.map((proxy, index) => new Backend(proxy.name, index, shared));
  const state: State = {
    frontends,
    backends,
    servers: plan.servers.map(({ model: server, backendIndex, index }) =>
      newServer(server, backends[backendIndex] as Backend, index, shared, memory),
    ),
    frontendsByName: new Map(frontends.map((frontend) => [frontend.name, frontend])),
    backendsByName: new Map(backends.map((backend) => [backend.name, backend])),
  };
  const names = model.global.caseAdjust.map(({ to }) => to);
  const caseMap = names.length === 0 ? null : new CaseMap(memory, names);
  const numbers = proxyNumbers(model);
  for (const [index, proxy] of plan.frontends.entries()) {
    const frontend = frontends[index] as Frontend;
    frontend.id = numbers.get(proxy) as number;
    setFrontend(frontend, proxy, model, memory, caseMap);
  }
  for (const [index, proxy] of plan.backends.entries()) {
    const backend = backends[index] as Backend;
    backend.id = numbers.get(proxy) as number;
    setBackend(backend, proxy, model, memory, caseMap);
  }
  return state;
}

function setFrontend(frontend: Frontend, proxy: ProxyModel, model: ConfigModel, memory: Memory, caseMap: CaseMap | null): void {
  const { options } = proxy;
  const { errorStatuses, failureStatuses } = model.global;
  if (errorStatuses !== null) frontend.errorStatuses = statusTable(errorStatuses);
  if (failureStatuses !== null) frontend.failureStatuses = statusTable(failureStatuses);
  frontend.http = proxy.mode === 'http';
  frontend.keepAlive = keepAliveOf(options);
  frontend.dontLogNull = options['dontlognull'] === true;
  frontend.dontLogNormal = options['dontlog-normal'] === true;
  frontend.logAsap = options['logasap'] === true;
  frontend.continuousStats = options['contstats'] === true;
  frontend.lenientRequests = options['accept-unsafe-violations-in-http-request'] === true;
  frontend.restrictHeaderNames = restrictOf(options);
  frontend.useProxyHeader = options['http-use-proxy-header'] === true;
  frontend.inspectDelayMs = proxy.inspectDelayMs ?? 0;
  frontend.bufferRequest = options['http-buffer-request'] === true;
  frontend.sessionRateLimit = proxy.sessionRateLimit ?? 0;
  if (frontend.sessionRateLimit > 0) frontend.countsRates = true;
  frontend.timeouts.areApart = options['independent-streams'] === true;
  frontend.closesOnResponse = options['idle-close-on-response'] === true;
  frontend.ignoreProbes = options['http-ignore-probes'] === true;
  frontend.dropResponseTrailers = options['http-drop-response-trailers'] === true;
  if (options['h1-case-adjust-bogus-client'] === true) frontend.caseMap = caseMap;
  frontend.noLinger = options['nolinger'] === true;
  frontend.framing = framingOf(model, frontend.lenientRequests);
  frontend.forwardFor = forwardForOf(proxy.forwardfor, memory);
  frontend.originalTo = forwardForOf(proxy.originalto, memory);
  if (proxy.uniqueIdHeader !== null) frontend.uniqueIdHeader = fieldNameOf(proxy.uniqueIdHeader, memory);
  setTimeouts(frontend.timeouts, proxy);
}

function setBackend(backend: Backend, proxy: ProxyModel, model: ConfigModel, memory: Memory, caseMap: CaseMap | null): void {
  const { options } = proxy;
  backend.http = proxy.mode === 'http';
  backend.disabled = proxy.disabled;
  backend.retries = proxy.retries ?? RETRIES;
  backend.retryOn = retryBits(proxy.retryOn);
  backend.redispatch = proxy.redispatch;
  backend.keepAlive = keepAliveOf(options);
  backend.reuse = Reuse[proxy.httpReuse ?? 'safe'];
  backend.lenientResponses = options['accept-unsafe-violations-in-http-response'] === true;
  backend.framing = framingOf(model, backend.lenientResponses);
  backend.timeouts.areApart = options['independent-streams'] === true;
  backend.abortOnClose = options['abortonclose'] ?? backend.http;
  backend.inspectDelayMs = proxy.inspectDelayMs ?? 0;
  backend.responseInspectDelayMs = proxy.responseInspectDelayMs ?? 0;
  backend.bufferRequest = backend.http && options['http-buffer-request'] === true;
  backend.allBackups = options['allbackups'] === true;
  backend.persist = options['persist'] === true;
  backend.maxKeepAliveQueue = proxy.maxKeepAliveQueue ?? -1;
  backend.preferLastServer = options['prefer-last-server'] === true;
  backend.pretendKeepAlive = options['http-pretend-keepalive'] === true;
  backend.tcpKeepAlive = options['srvtcpka'] === true;
  backend.dropRequestTrailers = options['http-drop-request-trailers'] === true;
  backend.restrictHeaderNames = restrictOf(options);
  backend.checksCache = options['checkcache'] === true;
  if (options['h1-case-adjust-bogus-server'] === true) backend.caseMap = caseMap;
  backend.noLinger = options['nolinger'] === true;
  backend.fullconn = proxy.fullconn ?? 0;
  backend.forwardFor = forwardForOf(proxy.forwardfor, memory);
  backend.originalTo = forwardForOf(proxy.originalto, memory);
  if (proxy.serverNameHeader !== null) setNameHeader(backend, proxy.serverNameHeader, memory);
  backend.cookie = cookieOf(proxy.cookie, memory);
  setTimeouts(backend.timeouts, proxy);
}

/** A server whose name has no address is in maintenance; what gets there all the same (force-persist) shall fail at once. */
function setUnreachable(address: SocketAddress): void {
  address.family = Family.inet;
  address.ip.fill(255, 0, 4);
}

function setNameHeader(backend: Backend, header: string, memory: Memory): void {
  backend.serverNameHeader = fieldNameOf(header, memory);
  for (const server of backend.servers) {
    server.nameStart = memory.intern(server.name);
    server.nameLength = server.name.length;
  }
}

function newServer(model: ServerModel, backend: Backend, index: number, shared: Shared, memory: Memory): Server {
  const server = new Server(model.name, backend, index, shared);
  copyAddress(model.address, server.address);
  server.addressFromClient = model.host === null && isAnyAddress(model.address);
  if (model.address.family === Family.none) setUnreachable(server.address);
  server.id = model.id ?? backend.servers.length + 1;
  server.portFromClient = model.portKind !== 'fixed';
  server.portOffset = model.portOffset;
  // A UNIX socket is connected to from nowhere (HAProxy ignores `source` there, too).
  const isUnix = model.address.family === Family.unix || model.address.family === Family.abns;
  server.source = isUnix ? null : model.source;
  server.weight = model.weight;
  server.maxconn = model.maxconn;
  server.minconn = model.minconn ?? 0;
  server.maxqueue = model.maxqueue;
  server.isBackup = model.backup;
  server.nonStick = model.other['non-stick'] !== undefined;
  setPool(server, model);
  if (model.cookie !== null) {
    server.cookieStart = memory.intern(model.cookie);
    server.cookieLength = model.cookie.length;
  }
  backend.servers.push(server);
  return server;
}

/** `pool-max-conn`, `pool-purge-delay`, `max-reuse`, `tcp-ut`; -1 is HAProxy's word for no limit. */
function setPool(server: Server, model: ServerModel): void {
  const limit = (name: string): number | null => {
    const word = model.other[name]?.[0];
    return word === undefined || Number(word) < 0 ? null : Number(word);
  };
  server.poolMaxConnections = limit('pool-max-conn') ?? server.poolMaxConnections;
  server.maxReuse = limit('max-reuse') ?? server.maxReuse;
  server.userTimeoutMs = limit('tcp-ut') ?? 0;
  server.poolPurgeDelayMs = limit('pool-purge-delay') ?? server.poolPurgeDelayMs;
}

function setTimeouts(timeouts: Frontend['timeouts'], proxy: ProxyModel): void {
  const given = proxy.timeouts;
  timeouts.clientMs = given.clientMs ?? 0;
  timeouts.serverMs = given.serverMs ?? 0;
  timeouts.connectMs = given.connectMs ?? 0;
  timeouts.queueMs = given.queueMs ?? 0;
  timeouts.tunnelMs = given.tunnelMs ?? 0;
  timeouts.tarpitMs = given.tarpitMs ?? given.connectMs ?? 0;
  timeouts.httpRequestMs = given.httpRequestMs ?? 0;
  timeouts.httpKeepAliveMs = given.httpKeepAliveMs ?? 0;
  timeouts.clientHsMs = given.clientHsMs ?? 0;
  timeouts.clientFinMs = given.clientFinMs ?? 0;
  timeouts.serverFinMs = given.serverFinMs ?? 0;
}

function keepAliveOf(options: Readonly<Record<string, boolean>>): KeepAliveMode {
  if (options['httpclose'] === true) return KeepAlive.close;
  return options['http-server-close'] === true ? KeepAlive.serverClose : KeepAlive.keep;
}

function framingOf(model: ConfigModel, lenient: boolean): FramingOptions {
  const { flags } = model.global;
  return {
    ...DEFAULT_FRAMING,
    lenient,
    bodyWithAnyMethod: flags['h1-accept-payload-with-any-method'] === true,
    keepInsecureTransferEncoding: flags['h1-do-not-close-on-insecure-transfer-encoding'] === true,
  };
}

function forwardForOf(model: ForwardforModel | null, memory: Memory): ForwardFor | null {
  if (model === null) return null;
  return { ...fieldNameOf(model.header, memory), except: model.except, ifNone: model.ifNone };
}

function restrictOf(options: Readonly<Record<string, boolean>>): RestrictNamesMode {
  if (options['http-restrict-req-hdr-names delete'] === true) return RestrictNames.delete;
  return options['http-restrict-req-hdr-names reject'] === true ? RestrictNames.reject : RestrictNames.preserve;
}

function fieldNameOf(text: string, memory: Memory): FieldName {
  const name = text.toLowerCase();
  const id = HEADER_NAMES.find(([known]) => known === name)?.[1] ?? HeaderId.other;
  return { id, nameStart: memory.intern(name), nameLength: name.length };
}

function cookieOf(model: CookieModel | null, memory: Memory): CookiePersistence | null {
  if (model === null) return null;
  const cookie = new CookiePersistence();
  cookie.mode = CookieMode[model.mode];
  cookie.name = model.name;
  cookie.nameStart = memory.intern(model.name);
  cookie.indirect = model.indirect;
  cookie.nocache = model.nocache;
  cookie.postonly = model.postonly;
  cookie.preserve = model.preserve;
  const attributes = cookieAttributes(model);
  cookie.attributesStart = memory.intern(attributes);
  cookie.attributesLength = attributes.length;
  cookie.maxidleS = model.maxidleS ?? 0;
  cookie.maxlifeS = model.maxlifeS ?? 0;
  return cookie;
}

/** What follows the value in Set-Cookie, in HAProxy's order. */
function cookieAttributes(model: CookieModel): string {
  const domains = model.domains.map((domain) => `; domain=${domain}`).join('');
  const attributes = model.attributes.map((attribute) => `; ${attribute}`).join('');
  return `; path=/${domains}${model.httponly ? '; HttpOnly' : ''}${model.secure ? '; Secure' : ''}${attributes}`;
}

const RETRYABLE = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout', '0rtt-rejected', '500', '502', '503', '504'];
const RETRY_BITS: Readonly<Record<string, number>> = {
  none: 0,
  'conn-failure': RetryOn.connFailure,
  'empty-response': RetryOn.emptyResponse,
  'junk-response': RetryOn.junkResponse,
  'response-timeout': RetryOn.responseTimeout,
  '0rtt-rejected': RetryOn.earlyDataRejected,
  'all-retryable-errors': 0,
};

/** `retry-on`: bits of RetryOn. */
function retryBits(events: readonly string[] | null): number {
  let bits = 0;
  for (const event of events ?? ['conn-failure']) {
    if (event === 'all-retryable-errors') bits |= retryBits(RETRYABLE);
    else bits |= RETRY_BITS[event] ?? RetryOn[`status${event}` as keyof typeof RetryOn];
  }
  return bits;
}

/** HAProxy numbers proxies that have no `id` from 2 on, in the order of the file. */
function proxyNumbers(model: ConfigModel): Map<ProxyModel, number> {
  return new Map(model.proxies.map((proxy, index) => [proxy, proxy.id ?? index + 2]));
}
