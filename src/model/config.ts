/**
 * What the lines of a configuration say: plain records with positions, frozen once parsed, cheap to copy to
 * other threads. The whole is model/configuration.ts. No behaviour, no defaults applied by code elsewhere: a value that is not set is null
 * (the parser has applied `defaults` sections; HAProxy's built-in defaults are applied by build/).
 * Texts are bytes: one character (0-255, latin-1) per byte of the file, so `memory.intern` stores them as they were written.
 */
import type { AddressRecord } from '../base/address.ts';
import type { CheckModel } from './check.ts';
import type { Position } from './position.ts';
import type { PemModel, TlsGlobalModel, TlsModel } from './tls.ts';

export interface GlobalModel {
  maxconn: number | null;
  nbthread: number | null;
  daemon: boolean;
  pidfile: string | null;
  chroot: string | null;
  user: string | null;
  group: string | null;
  uid: number | null;
  gid: number | null;
  ulimitN: number | null;
  /** `maxconnrate`, `maxsessrate`, `maxsslrate`, a second. */
  maxConnectionRate: number | null;
  maxSessionRate: number | null;
  maxTlsRate: number | null;
  /** `close-spread-time`; -1: infinite. */
  closeSpreadMs: number | null;
  hardStopAfterMs: number | null;
  graceMs: number | null;
  /** IP versions that names may resolve to: 4, 6 or both. */
  dnsFamilies: readonly number[];
  logTag: string | null;
  /** null: not asked for; '' : the system's name. */
  logSendHostname: string | null;
  node: string | null;
  description: string | null;
  spreadChecks: number;
  maxSpreadChecksMs: number | null;
  readonly logs: LogModel[];
  readonly statsSockets: BindModel[];
  /** `stats maxconn`. */
  statsMaxconn: number | null;
  statsTimeoutMs: number | null;
  /** jwt.decrypt_alg_list, jwt.decrypt_enc_list: algorithms that encrypted tokens may have; null: the usual ones. */
  tokenKeyAlgorithms: readonly string[] | null;
  tokenTextAlgorithms: readonly string[] | null;
  /** tune.* and other numbers by HAProxy's name: `tune.bufsize` … */
  readonly tune: Record<string, number>;
  /** `h1-case-adjust` lines and those of its file, in order. */
  readonly caseAdjust: { readonly from: string; readonly to: string }[];
  /** `http-err-codes` and `http-fail-codes`; null: HAProxy's lists. */
  errorStatuses: readonly number[] | null;
  failureStatuses: readonly number[] | null;
  /** Flags by HAProxy's name: `noreuseport`, `quiet` … */
  readonly flags: Record<string, boolean>;
  /** `ocsp-update.httpproxy`; null: none. */
  ocspProxy: AddressRecord | null;
  /** `set-var` and `set-var-fmt`, in the order of the file. */
  readonly variables: VariableModel[];
  readonly tls: TlsGlobalModel;
}

/** A variable of the process that is set at start, by an expression or a log-format string. */
export interface VariableModel {
  /** With its scope. */
  readonly name: string;
  readonly text: string;
  readonly isFormat: boolean;
  readonly at: Position;
}

export type ProxyKind = 'frontend' | 'backend' | 'listen';

export interface ProxyModel {
  readonly name: string;
  readonly kind: ProxyKind;
  readonly at: Position;
  /** Number by `id`, or assigned from 2 on in order as HAProxy does; null until build. */
  id: number | null;
  mode: 'tcp' | 'http';
  disabled: boolean;
  description: string | null;
  maxconn: number | null;
  backlog: number | null;
  fullconn: number | null;
  /** `rate-limit sessions`, a second. */
  sessionRateLimit: number | null;
  /** -1: no limit is said. */
  maxKeepAliveQueue: number | null;
  /** `persist rdp-cookie`: the cookie's name. */
  persistRdpCookie: NameModel | null;
  retries: number | null;
  /** Where servers are connected to from, unless their lines say otherwise. */
  source: AddressRecord | null;
  readonly timeouts: TimeoutsModel;
  /** Options by HAProxy's name without `option `; true/false, or the option's own words when it takes arguments. */
  readonly options: Record<string, boolean>;
  readonly binds: BindModel[];
  /** `ssl-f-use`: for all lines of `binds` that speak TLS, which have them already. */
  readonly certificates: PemModel[];
  defaultBackend: NameModel | null;
  readonly useBackends: UseBackendModel[];
  readonly useServers: UseServerModel[];
  /** `force-persist` (force) and `ignore-persist` in their order. */
  readonly persistRules: { readonly force: boolean; readonly condition: ConditionModel }[];
  /** `force-be-switch`. */
  readonly forceSwitches: ConditionModel[];
  readonly acls: AclModel[];
  /** By rule set: 'http-request', 'http-response', 'tcp-request connection' … */
  readonly rules: Record<string, RuleModel[]>;
  /** `tcp-request inspect-delay`: how long `tcp-request content` rules may wait for data. */
  /** `filter bwlim-in` and `bwlim-out`. */
  readonly bandwidthLimits: BandwidthLimitModel[];
  inspectDelayMs: number | null;
  /** `tcp-response inspect-delay`. */
  responseInspectDelayMs: number | null;
  balance: BalanceModel | null;
  hashType: HashTypeModel | null;
  /** Events of `retry-on`; null: connection failures. */
  retryOn: readonly string[] | null;
  httpReuse: 'never' | 'safe' | 'aggressive' | 'always' | null;
  readonly servers: ServerModel[];
  cookie: CookieModel | null;
  stickTable: StickTableModel | null;
  /** `stick` lines in order. */
  readonly stickRules: StickRuleModel[];
  forwardfor: ForwardforModel | null;
  originalto: ForwardforModel | null;
  forwarded: ForwardedModel | null;
  serverNameHeader: string | null;
  /** 1: every retry; N > 1: every Nth; -1 (HAProxy's default form): the last one; null: off. */
  redispatch: number | null;
  /** null: that a connection can be made is the check. */
  check: CheckModel | null;
  readonly logs: LogModel[];
  /** `log global` was written: the global targets are used too. */
  logGlobal: boolean;
  logFormat: TextModel | null;
  errorLogFormat: TextModel | null;
  /** Structured data of RFC 5424 lines. */
  logFormatSd: TextModel | null;
  /** `log-steps`; null: the end. */
  logSteps: readonly string[] | null;
  /** Preset chosen by option httplog/tcplog/httpslog (clf with `clf`). */
  logPreset: 'default' | 'tcplog' | 'tcpclf' | 'httplog' | 'httpclf' | 'httpslog' | null;
  logTag: string | null;
  captureCookie: CaptureModel | null;
  readonly captureRequestHeaders: CaptureModel[];
  readonly captureResponseHeaders: CaptureModel[];
  /** Pages instead of the built-in ones, in order: a later one replaces those before it. */
  readonly errorPages: ErrorPageModel[];
  monitorUri: TextModel | null;
  /** `monitor fail`: any of them makes the answer of monitor-uri 503. */
  readonly monitorFails: ConditionModel[];
  uniqueIdFormat: TextModel | null;
  uniqueIdHeader: string | null;
}

/** Milliseconds; null: not set (infinite, or inherited as HAProxy does). */
export interface TimeoutsModel {
  clientMs: number | null;
  serverMs: number | null;
  connectMs: number | null;
  queueMs: number | null;
  tunnelMs: number | null;
  tarpitMs: number | null;
  checkMs: number | null;
  httpRequestMs: number | null;
  httpKeepAliveMs: number | null;
  clientFinMs: number | null;
  serverFinMs: number | null;
  clientHsMs: number | null;
}

export interface NameModel {
  readonly name: string;
  readonly at: Position;
}

export interface TextModel {
  readonly text: string;
  readonly at: Position;
}

export interface CaptureModel {
  readonly name: string;
  readonly length: number;
  readonly at: Position;
}

/** What a `bind` line says of TCP; nulls: as the system does. */
export interface BindTcpModel {
  mss: number | null;
  /** Connections are accepted with their first data. */
  defersAccept: boolean;
  fastOpen: boolean;
  userTimeoutMs: number | null;
  /** What of a client's first packet is kept: 1 from its IP header on, 2 from its link header on. */
  saveSyn: number | null;
}

export interface BindModel {
  /** The address as written, for messages and logs. */
  readonly text: string;
  /** One per port of a range and per address of a list. Those of a name have family none until config/resolve.ts ran. */
  readonly addresses: readonly AddressRecord[];
  /** Host name still to be resolved at start; null when all addresses are literals. */
  host: string | null;
  readonly at: Position;
  name: string | null;
  id: number | null;
  maxconn: number | null;
  backlog: number | null;
  v4v6: boolean;
  v6only: boolean;
  transparent: boolean;
  interface: string | null;
  mode: number | null;
  uid: number | null;
  gid: number | null;
  acceptProxy: boolean;
  readonly tcp: BindTcpModel;
  /** stats sockets: 'user' | 'operator' | 'admin'. */
  level: string | null;
  readonly tls: TlsModel;
  /** Other options that were accepted, by name, with their words. */
  readonly other: Record<string, readonly string[]>;
}

export interface ConditionModel {
  /** The defaults section whose ACLs its names mean; none: those of the proxy. */
  readonly scope?: string;
  readonly unless: boolean;
  readonly words: readonly string[];
  /** Column of each word, for carets. */
  readonly columns?: readonly number[];
  /** Where `if` or `unless` stands. */
  readonly at: Position;
}

export interface UseBackendModel {
  readonly name: string;
  readonly condition: ConditionModel | null;
  readonly at: Position;
}

/** So many bytes in a period: of each stream, or of all streams with a key together. */
export interface BandwidthLimitModel {
  readonly name: string;
  readonly toClient: boolean;
  readonly bytes: number;
  /** Of each stream; null: the table says it. */
  readonly periodMs: number | null;
  readonly leastBytes: number;
  /** What streams share it by; the table is that of the proxy if it has no name. null: each stream has its own. */
  readonly shared: { readonly key: string; readonly table: string | null } | null;
  readonly at: Position;
}

/** `name` may be a log-format string. */
export interface UseServerModel {
  readonly name: string;
  readonly condition: ConditionModel;
  readonly at: Position;
}

export interface AclModel {
  /** The defaults section that it belongs to: only that section's rules see it. */
  readonly scope?: string;
  readonly name: string;
  /** The words behind the name: criterion, flags, patterns. */
  readonly words: readonly string[];
  readonly columns?: readonly number[];
  readonly at: Position;
}

export interface RuleModel {
  /** Keyword of the action, as `set-header`. */
  readonly action: string;
  /** The words behind it, without the condition. */
  readonly words: readonly string[];
  readonly columns?: readonly number[];
  readonly condition: ConditionModel | null;
  readonly at: Position;
}

export interface BalanceModel {
  readonly algorithm: string;
  readonly words: readonly string[];
  readonly at: Position;
}

/** `hash-type METHOD [FUNCTION [MODIFIER]]`. */
export interface HashTypeModel {
  readonly method: 'map-based' | 'consistent';
  readonly algorithm: 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none';
  readonly avalanche: boolean;
  readonly at: Position;
}

/** Words of the header of the PROXY protocol that a server gets: its versions, then options of version 2. */
export const PROXY_LINE_WORDS = [
  'v1',
  'v2',
  'ssl',
  'cert-cn',
  'ssl-cipher',
  'cert-sig',
  'cert-key',
  'authority',
  'crc32c',
  'unique-id',
] as const;
export type ProxyLineWord = (typeof PROXY_LINE_WORDS)[number];

export interface ProxyLineModel {
  /** Empty: none is sent. Version 2 if it is among them. */
  readonly words: ProxyLineWord[];
  /** check-send-proxy: in checks of another address or port, too. */
  inChecks: boolean;
  /** set-proxy-v2-tlv-fmt: the value is a log-format string. */
  readonly tlvs: { readonly type: number; readonly format: string; readonly at: Position }[];
}

export interface ServerModel {
  readonly name: string;
  readonly at: Position;
  id: number | null;
  /** As written, for logs and messages. */
  readonly text: string;
  /** Host name still to be resolved at start; null when `address` holds a literal. */
  host: string | null;
  /** family none until a name is resolved. */
  address: AddressRecord;
  /** 'fixed': address.port. 'client': the client's destination port. 'offset': that plus portOffset. */
  portKind: 'fixed' | 'client' | 'offset';
  portOffset: number;
  weight: number;
  maxconn: number;
  minconn: number | null;
  maxqueue: number;
  backup: boolean;
  disabled: boolean;
  cookie: string | null;
  check: boolean;
  /** `on-marked-down shutdown-sessions`. */
  shutsSessions: boolean;
  /** `on-marked-up shutdown-backup-sessions`. */
  shutsBackupSessions: boolean;
  /** `track`: `server` or `proxy/server`, as written. */
  track: string | null;
  checkPort: number | null;
  checkAddress: AddressRecord | null;
  readonly checkTls: CheckTlsModel;
  interMs: number;
  fastinterMs: number | null;
  downinterMs: number | null;
  rise: number;
  fall: number;
  slowstartMs: number | null;
  source: AddressRecord | null;
  readonly proxyLine: ProxyLineModel;
  readonly tls: TlsModel;
  /** Other options that were accepted, by name, with their words. */
  readonly other: Record<string, readonly string[]>;
}

/** What a `server` line says of TLS in its checks. */
export interface CheckTlsModel {
  /** `check-ssl`, `no-check-ssl`; null: as the traffic, unless `addr` or `port` lead elsewhere. */
  wanted: boolean | null;
  /** `check-sni`. */
  serverName: string | null;
  /** The host of an HTTP check is the name if none is written. */
  autoServerName: boolean;
  /** `check-alpn`; null: as the traffic. */
  alpn: readonly string[] | null;
}

export interface CookieModel {
  readonly name: string;
  readonly at: Position;
  mode: 'insert' | 'rewrite' | 'prefix' | 'passive';
  indirect: boolean;
  nocache: boolean;
  postonly: boolean;
  preserve: boolean;
  httponly: boolean;
  secure: boolean;
  maxidleS: number | null;
  maxlifeS: number | null;
  readonly domains: string[];
  readonly attributes: string[];
}

/** `stick-table`: a proxy has one, known by the proxy's name. */
export interface StickTableModel {
  readonly type: 'ip' | 'ipv6' | 'integer' | 'string' | 'binary';
  /** Most bytes of a key, of strings and binary ones. */
  readonly length: number;
  /** Most entries. */
  readonly size: number;
  /** 0: entries do not expire. */
  readonly expireMs: number;
  readonly nopurge: boolean;
  readonly srvkey: 'name' | 'addr';
  readonly bratesFactor: number;
  readonly store: readonly StoredModel[];
  readonly at: Position;
}

/** A data type by HAProxy's name. `elements` is 1 but for arrays; `periodMs` 0 but for rates. */
export interface StoredModel {
  readonly name: string;
  readonly elements: number;
  readonly periodMs: number;
}

/** A line `stick match`, `stick on`, `stick store-request` or `stick store-response`. */
export interface StickRuleModel {
  readonly matches: boolean;
  readonly stores: 'request' | 'response' | null;
  readonly expression: string;
  /** Proxy that has the table; null: this one. */
  readonly table: string | null;
  readonly condition: ConditionModel | null;
  readonly at: Position;
}

export interface ForwardforModel {
  readonly header: string;
  readonly except: { readonly ip: Uint8Array; readonly family: number; readonly bits: number } | null;
  readonly ifNone: boolean;
}

/** `option forwarded`: what each part is made from; null: it is left out, '': the connection's own, else an expression. */
export interface ForwardedModel {
  readonly at: Position;
  readonly proto: boolean;
  readonly host: string | null;
  readonly by: string | null;
  readonly byPort: string | null;
  readonly for: string | null;
  readonly forPort: string | null;
}

/** Syslog severities 0 emerg … 7 debug, facilities 0 kern … 23 local7. */
export interface LogModel {
  /** An address of family none is a name still to be resolved: see host. */
  readonly target: LogTargetModel;
  readonly text: string;
  readonly format: 'local' | 'rfc3164' | 'rfc5424' | 'priority' | 'short' | 'timed' | 'iso' | 'raw';
  readonly facility: number;
  readonly maxLevel: number;
  readonly minLevel: number;
  /** Longest line in bytes. */
  readonly length: number;
  /** null: every line. */
  readonly sample: LogSampleModel | null;
  /** A `log-profile` section; null: the proxy's own formats. */
  readonly profile: string | null;
  readonly at: Position;
}

/** A line that sets error pages: `errorfile`, `errorloc`, `http-error`, `errorfiles`. */
export type ErrorPageModel =
  | { readonly kind: 'file'; readonly status: number; readonly file: ErrorFileModel; readonly at: Position }
  | { readonly kind: 'location'; readonly status: number; readonly code: 302 | 303; readonly url: string; readonly at: Position }
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly at: Position }
  /** Of an `http-errors` section; null: all that it has. */
  | { readonly kind: 'section'; readonly name: string; readonly statuses: readonly number[] | null; readonly at: Position };

/** `address` takes datagrams, `stream` is a TCP or UNIX stream with a ring of its own before it. A host still has to be resolved. */
export type LogTargetModel =
  | { readonly kind: 'address' | 'stream'; readonly address: AddressRecord; readonly host?: string | null }
  | { readonly kind: 'descriptor'; readonly descriptor: number }
  | { readonly kind: 'ring'; readonly name: string };

/** `sample RANGES:SIZE`: of every `size` lines those whose number, from 1 on, lies in a range. */
export interface LogSampleModel {
  readonly ranges: readonly (readonly [low: number, high: number])[];
  readonly size: number;
}

export interface ErrorFileModel {
  readonly status: number;
  readonly path: string;
  /** The file, read and checked when the configuration was parsed. */
  readonly bytes: Uint8Array;
  readonly at: Position;
}
