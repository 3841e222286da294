/**
 * The records of a data thread, which all refer to each other: frontends, backends, servers, sessions,
 * streams, and the shapes of what stands on either side of them (rules, pickers, logs, muxes). Made by
 * build/ and by pools, changed by control/ and by the machines. Fields only: no behaviour.
 */
import { newAddress, type SocketAddress } from '../base/address.ts';
import type { Block } from '../base/memory.ts';
import { Timer, type TimerOwner } from '../base/timers.ts';
import { DEFAULT_FRAMING, type FramingOptions } from '../http/framing.ts';
import { HttpMessage } from '../http/message.ts';
import { RestrictNames, type RestrictNamesMode } from '../http/names.ts';
import type { TcpFigureValue, Wire } from '../platform/contract.ts';
import type { TlsEngine } from '../platform/tls/contract.ts';
import type * as attached from './attached.ts';
import { StreamBytes } from './bytes.ts';
import type { KeptHello } from './client-hello.ts';
import { type BrokenReason, type Cause, Ended } from './end.ts';
import { ConnectionFailure, type ConnectionFailureValue } from './failures.ts';
import { Introduction } from './introduction.ts';
import { KeptAddresses } from './kept.ts';
import { LogOrigin, type LogOriginValue } from './logstep.ts';
import { StreamOverrides } from './overrides.ts';
import { Phase, type PhaseValue } from './phase.ts';
import { Queue, type Queued } from './queue.ts';
import type { ServerTls } from './server-tls.ts';
import {
  type CookiePersistence,
  type FieldName,
  type ForwardFor,
  KeepAlive,
  type KeepAliveMode,
  MAX_CAPTURES,
  RetryOn,
  Reuse,
  type ReuseMode,
  type RuleOrigin,
  Timeouts,
  Wait,
  type WaitValue,
} from './settings.ts';
import type { Shared } from './shared.ts';
import { ERRORS, FAILURES } from './statuses.ts';
import type { PendingStores, Tracked } from './tracked.ts';
import { VariableList } from './variables.ts';

// Proxies ---------------------------------------------------------------------------------------

/** Without `backend` the choice finds it; without condition the line always fits. */
export interface UseBackend {
  readonly backend: Backend | null;
  readonly choice: { find(stream: Stream): Backend | null } | null;
  readonly condition: { test(stream: Stream): boolean } | null;
}

export interface UseServer {
  readonly server: Server | null;
  readonly choice: { find(stream: Stream): Server | null } | null;
  readonly condition: { test(stream: Stream): boolean };
}

export interface PersistRule {
  readonly force: boolean;
  readonly condition: { test(stream: Stream): boolean };
}

export class Frontend {
  readonly name: string;
  readonly index: number;
  id = 0;
  /** A rule asks for fe_sess_rate or fe_req_rate. */
  countsRates = false;
  /** rate-limit sessions; 0: none. */
  sessionRateLimit = 0;
  http = true;
  maxconn = 0;
  readonly timeouts = new Timeouts();
  keepAlive: KeepAliveMode = KeepAlive.keep;
  dontLogNull = false;
  dontLogNormal = false;
  logAsap = false;
  /** The log shows the address that clients connect to, and this side's address of server connections. */
  needsDestination = false;
  needsBackSource = false;
  /** Bits (1 << LogOrigin) of the steps that are logged; and whether what has no request is: not by the default line. */
  logSteps = 1 << LogOrigin.close;
  logsErrors = true;
  lenientRequests = false;
  framing: FramingOptions = DEFAULT_FRAMING;
  /** option http-use-proxy-header. */
  useProxyHeader = false;
  dropResponseTrailers = false;
  /** option h1-case-adjust-bogus-client. */
  caseMap: { adjust(bytes: Uint8Array, start: number, end: number): void } | null = null;
  restrictHeaderNames: RestrictNamesMode = RestrictNames.preserve;
  /** Connections that send nothing are neither answered nor logged. */
  ignoreProbes = false;
  closesOnResponse = false;
  /** Connections end by a reset. */
  noLinger = false;
  forwardFor: ForwardFor | null = null;
  originalTo: ForwardFor | null = null;
  /** unique-id-format: makes the stream's [uniqueIdStart, uniqueIdEnd), if it has none yet. */
  uniqueId: { make(stream: Stream): void } | null = null;
  uniqueIdHeader: FieldName | null = null;
  defaultBackend: Backend | null = null;
  /** The other half of a `listen`; null for a `frontend`. */
  ownBackend: Backend | null = null;
  readonly useBackends: UseBackend[] = [];
  /** Where one holds, use_backend may choose a disabled backend. */
  readonly forceSwitches: { test(stream: Stream): boolean }[] = [];
  tcpConnectionRules: RuleList | null = null;
  tcpSessionRules: RuleList | null = null;
  tcpContentRules: ContentRules | null = null;
  /** How long `tcp-request content` rules wait for data; 0: they don't. */
  inspectDelayMs = 0;
  /** option http-buffer-request: the rules see the body. */
  bufferRequest = false;
  requestRules: RuleList | null = null;
  responseRules: RuleList | null = null;
  afterResponseRules: RuleList | null = null;
  /** Runs before any rule; null: no monitor-uri. `monitorFails`: any of them makes it 503. */
  monitorUri: { test(stream: Stream): boolean } | null = null;
  readonly monitorFails: { test(stream: Stream): boolean }[] = [];
  /** Bytes of each capture slot. */
  readonly requestCaptureLengths: number[] = [];
  readonly responseCaptureLengths: number[] = [];
  /** null: no log target, nothing is rendered. `profileLogs`: other profiles, by the number that rules know them by. */
  log: LogRenderer | null = null;
  profileLogs: readonly (LogRenderer | null)[] = [];
  continuousStats = false;
  /** Copies captured header values into the stream's notes. */
  requestCaptures: { run(stream: Stream): void } | null = null;
  responseCaptures: { run(stream: Stream): void } | null = null;
  /** capture cookie: what rules have left of the request's and of the response's. */
  requestCookies: { run(stream: Stream): void } | null = null;
  responseCookies: { run(stream: Stream): void } | null = null;
  /** By status; missing ones use the built-in page. */
  readonly errorReplies = new Map<number, LocalReply>();
  /** By status, 1: it counts in http_err_cnt, in http_fail_cnt. */
  errorStatuses: Uint8Array = ERRORS;
  failureStatuses: Uint8Array = FAILURES;
  /** First cells in the shared columns. */
  readonly live: number;
  readonly counts: number;

  constructor(name: string, index: number, shared: Shared) {
    this.name = name;
    this.index = index;
    this.live = shared.frontendLive(index);
    this.counts = shared.frontendCounts(index);
  }
}

export class Backend {
  readonly name: string;
  readonly index: number;
  id = 0;
  /** A rule asks for be_sess_rate, or srv_sess_rate of one of its servers. */
  countsRates = false;
  http = true;
  disabled = false;
  readonly timeouts = new Timeouts();
  retries = 3;
  /** Bits of RetryOn. */
  retryOn: number = RetryOn.connFailure;
  /** A retry may leave a server that persistence or a hash chose: -1 the last one, N every Nth; 0: no retry leaves any. null: not said. */
  redispatch: number | null = null;
  keepAlive: KeepAliveMode = KeepAlive.keep;
  reuse: ReuseMode = Reuse.safe;
  lenientResponses = false;
  framing: FramingOptions = DEFAULT_FRAMING;
  abortOnClose = false;
  allBackups = false;
  persist = false;
  /** A session goes on with the server it used last. */
  preferLastServer = false;
  maxKeepAliveQueue = -1;
  /** No `connection: close` to servers, although the connection ends. */
  pretendKeepAlive = false;
  /** TCP keep-alive packets to servers. */
  tcpKeepAlive = false;
  noLinger = false;
  fullconn = 0;
  forwardFor: ForwardFor | null = null;
  originalTo: ForwardFor | null = null;
  /** option forwarded: adds the field, behind all rules; false: no room. */
  forwarded: { add(stream: Stream): boolean } | null = null;
  checksCache = false;
  dropRequestTrailers = false;
  restrictHeaderNames: RestrictNamesMode = RestrictNames.preserve;
  /** option h1-case-adjust-bogus-server. */
  caseMap: { adjust(bytes: Uint8Array, start: number, end: number): void } | null = null;
  /** http-send-name-header. */
  serverNameHeader: FieldName | null = null;
  cookie: CookiePersistence | null = null;
  stickRules: StickRules | null = null;
  readonly servers: Server[] = [];
  useServers: readonly UseServer[] | null = null;
  persistRules: readonly PersistRule[] | null = null;
  rdpPersistence: { find(stream: Stream): Server | null } | null = null;
  picker: ServerPicker | null = null;
  tcpContentRules: ContentRules | null = null;
  inspectDelayMs = 0;
  tcpResponseRules: ContentRules | null = null;
  responseInspectDelayMs = 0;
  bufferRequest = false;
  /** balance url_param check_post: the body of a POST is looked at before a server is chosen. */
  bufferPost = false;
  requestRules: RuleList | null = null;
  responseRules: RuleList | null = null;
  afterResponseRules: RuleList | null = null;
  readonly errorReplies = new Map<number, LocalReply>();
  /** The live columns, for code that has the backend only. */
  readonly columns: Int32Array;
  readonly live: number;
  readonly counts: number;
  /** Streams of this thread that wait for any server of this backend. */
  readonly queue = new Queue<Stream>();

  constructor(name: string, index: number, shared: Shared) {
    this.name = name;
    this.index = index;
    this.columns = shared.live;
    this.live = shared.backendLive(index);
    this.counts = shared.backendCounts(index);
  }
}

export class Server {
  readonly name: string;
  readonly backend: Backend;
  /** Among all servers of the process. */
  readonly index: number;
  /** `id`, from 1 on in order of the file. */
  id = 0;
  /** Its address; the version grows with each change. `…FromClient`: 0.0.0.0 or ::, no port or `+N`: that of the client's destination, plus portOffset. */
  readonly address: SocketAddress = newAddress();
  addressVersion = 0;
  addressFromClient = false;
  portFromClient = false;
  portOffset = 0;
  source: SocketAddress | null = null;
  /** How long what is sent may stay unacknowledged; 0: as the system says. */
  userTimeoutMs = 0;
  /** null: connections are not encrypted. */
  tls: ServerTls<Stream> | null = null;
  /** null: connections begin without a PROXY header. */
  proxyLine: ProxyLineSender | null = null;
  weight = 1;
  maxconn = 0;
  minconn = 0;
  maxqueue = 0;
  isBackup = false;
  /** No stick table keeps who was sent to it. */
  nonStick = false;
  /** Interned cookie value (length 0: none), and its name where http-send-name-header needs it. */
  cookieStart = 0;
  cookieLength = 0;
  nameStart = 0;
  nameLength = 0;
  /** Its whole Set-Cookie value, made by stream/cookie.ts. */
  setCookieStart = 0;
  setCookieLength = 0;
  readonly live: number;
  readonly counts: number;
  /** Idle connections a thread keeps at most, exchanges a connection may carry (Infinity: any number), and how long one idles. */
  poolMaxConnections = Number.POSITIVE_INFINITY;
  maxReuse = Number.POSITIVE_INFINITY;
  poolPurgeDelayMs = 5000;
  /** When half of the idle connections are closed next (host clock). */
  nextPurgeMs = 0;
  /** Idle connections of this thread, most recently used last. */
  readonly idle: BackMux[] = [];
  readonly queue = new Queue<Stream>();

  constructor(name: string, backend: Backend, index: number, shared: Shared) {
    this.name = name;
    this.backend = backend;
    this.index = index;
    this.live = shared.serverLive(index);
    this.counts = shared.serverCounts(index);
  }
}

// What stands behind them (attached.ts) ---------------------------------------------------------------

export type LocalReply = attached.LocalReply<Stream>;
export type RuleList = attached.RuleList<Stream>;
export type ContentRules = attached.ContentRules<Stream>;
export type ProxyLineSender = attached.ProxyLineSender<Stream>;
export type ServerPicker = attached.ServerPicker<Stream, Server>;
export type StickRules = attached.StickRules<Stream, Server>;
export type LogRenderer = attached.LogRenderer<Stream, Session>;

// Sessions and streams ------------------------------------------------------------------------------

export class Session {
  frontend!: Frontend;
  /** Client address as the rules see it. */
  readonly source: SocketAddress = newAddress();
  /** What set-src and set-dst of a request have put aside, until its stream has ended. */
  readonly kept = new KeptAddresses();
  /** The address that was connected to; filled when first asked for (`hasDestination`). */
  readonly destination: SocketAddress = newAddress();
  hasDestination = false;
  /** The source in text, in the session's own bytes: written once, copied into headers and logs. */
  readonly sourceText = new Uint8Array(48);
  sourceTextLength = 0;
  /** Milliseconds: host clock and wall clock at accept. */
  acceptedAtMs = 0;
  /** Milliseconds of the TLS handshake. */
  handshakeMs = 0;
  /** null: the client does not speak TLS. Lives as long as the session. */
  tls: TlsEngine | null = null;
  /** The client's hello; null: none was ever kept on this record. */
  hello: KeptHello | null = null;
  /** Why it will never have a stream. */
  failure: ConnectionFailureValue = ConnectionFailure.none;
  readonly introduction = new Introduction();
  acceptedWallMs = 0;
  requests = 0;
  /** The idle server connection that only this session may use (http-reuse never). */
  privateBack: BackMux | null = null;
  /** The server of the last exchange (option prefer-last-server). */
  lastServer: Server | null = null;
  /** The client's connection, for options of its socket; null: it is closed. */
  wire: Wire | null = null;
  listenerName = '';
  /** Number of the bind line in its frontend, and whether it has a name of its own. */
  listenerId = 0;
  listenerIsNamed = false;
  /** What the connection tracks until it ends. */
  tracked: Tracked | null = null;
  serial = 0;
  readonly variables = new VariableList();
}

export class Stream implements TimerOwner, Queued<Stream> {
  readonly request = new HttpMessage();
  readonly response = new HttpMessage();
  readonly timer: Timer = new Timer(this);
  /** Set by the machine that owns the pool. */
  machine!: TimerOwner;

  session!: Session;
  frontend!: Frontend;
  backend: Backend | null = null;
  server: Server | null = null;
  front: FrontMux | null = null;
  back: BackMux | null = null;
  /** TLS of the server's connection, also when that is over; and why it has failed. */
  serverTls: TlsEngine | null = null;
  serverFailure: ConnectionFailureValue = ConnectionFailure.none;

  /** Slot of memory.notes: what must outlive the blocks. [noteStart, noteEnd) is used, up to noteLimit. */
  note = -1;
  noteEnd = 0;
  noteLimit = 0;
  /** Request line parts copied to the note for the log; end < 0: there was no valid request (<BADREQ>). */
  logMethodStart = 0;
  logMethodEnd = 0;
  logTargetStart = 0;
  logTargetEnd = 0;
  logVersionStart = 0;
  logVersionEnd = 0;
  hasRequestLine = false;
  /** strict-mode off: rewrites of this rule set that find no room are skipped. */
  skipsRewrites = false;
  /** The unique identifier behind the note; end 0: not made yet. */
  uniqueIdStart = 0;
  uniqueIdEnd = 0;
  /** Captured header values in the note: start, end per slot; -1: not captured. */
  readonly requestCaptures = new Int32Array(MAX_CAPTURES * 2).fill(-1);
  readonly responseCaptures = new Int32Array(MAX_CAPTURES * 2).fill(-1);
  /** The cookies that `capture cookie` keeps, of the request and of the response: start, end; -1: none. */
  readonly cookieCaptures = new Int32Array(4).fill(-1);

  phase: PhaseValue = Phase.request;
  /** How it ended; see end.ts. */
  cause: Cause = Ended.normal;
  /** The phase in which the cause came up: the second termination letter; -1 while it ends normally. */
  endPhase: PhaseValue | -1 = -1;
  /** Next entry of the list of analysers. */
  analyser = 0;
  /** Index of the rule that runs next, for a list that waited; negative: ~index of one whose action runs again. */
  ruleIndex = 0;
  /** The last rule that ended the evaluation of its set, and the one that waits for data or a time. */
  lastRule: RuleOrigin | null = null;
  waitingRule: RuleOrigin | null = null;
  /** Where the rules of the response stand (stream/response.ts). */
  responseStep = 0;
  /** What rules wait for, and until when (host clock). Wait.body: for how many bytes, 0: for all. */
  wait: WaitValue = Wait.none;
  ruleDeadlineMs = Number.POSITIVE_INFINITY;
  waitBytes = 0;

  /** Commits of maps and pattern files before it began: which versions it sees. By default all. */
  patternCommits = 0x3fffffff;
  /** What this exchange tracks until it ends. */
  tracked: Tracked | null = null;
  /** Keys that will be stored with the server's number. */
  stores: PendingStores | null = null;

  /** Milliseconds of the host's clock; -1: not reached. */
  startedAtMs = 0;
  /** First byte of the request (wall clock too, for %tr). */
  firstByteAtMs = -1;
  firstByteWallMs = 0;
  /** Previous idle time on this connection: %Ti. */
  idleMs = 0;
  requestAtMs = -1;
  queuedAtMs = -1;
  connectAtMs = -1;
  connectedAtMs = -1;
  responseAtMs = -1;
  dataAtMs = -1;
  endedAtMs = -1;

  readonly bytes = new StreamBytes();
  /** Status of the answer that the client got; 0: none (logged -1). */
  status = 0;
  /** Status that the server gave; 0: none yet. */
  serverStatus = 0;

  /** What rules have set for this stream; the timeouts that count most stand here (0: none; -1: not known yet). */
  readonly overrides = new StreamOverrides();
  clientTimeoutMs = -1;
  serverTimeoutMs = -1;

  retriesLeft = 0;
  retries = 0;
  redispatched = false;
  /** Positions in queues when it was queued. */
  serverQueuePosition = 0;
  backendQueuePosition = 0;
  /** Third and fourth termination letters, as character codes ('-' when there is no cookie). */
  clientCookie = 45;
  serverCookie = 45;
  /** Dates in the persistence cookie (seconds; 0: none): last use, first use. */
  cookieLastS = 0;
  cookieFirstS = 0;
  /** Chosen by persistence: a retry stays with the server. */
  persistent = false;
  /** The answer was made here: %B is 0, no server timers. */
  isLocalReply = false;
  /** The server connection had served before. */
  backReused = false;
  /** Counted in current connections of the backend/server. */
  countedBackend = false;
  countedServer = false;

  requestDone = false;
  responseDone = false;
  /** A response head has been sent to the client. */
  responseStarted = false;
  /** Bytes both ways without HTTP. */
  tunnel = false;
  /** Something from this request has reached a server. */
  requestSent = false;
  /** The client gets no further request on this connection. */
  closeClient = false;
  /** The client left while the server was being connected to (option abortonclose). */
  clientGone = false;
  /** Its line has been written before its end (option logasap). */
  logged = false;
  /** Which moment the line being rendered is about, and its number in the frontend. */
  logOrigin: LogOriginValue = LogOrigin.close;
  logNumber = 0;
  readonly backSource: SocketAddress = newAddress();
  hasBackSource = false;
  /** The server's connection may serve others once the exchange is over. */
  serverReusable = false;

  /** Milliseconds of the host's clock when the client's or the server's inactivity ends the stream; NEVER: not watched. */
  clientDeadlineMs = Number.POSITIVE_INFINITY;
  serverDeadlineMs = Number.POSITIVE_INFINITY;

  queue: Queue<Stream> | null = null;
  queueNext: Stream | null = null;
  queuePrevious: Stream | null = null;
  queueRank = 0;
  serial = 0;
  /** The user's syslog level override and whether the line is wanted: -1 default, 8 silent. */
  logLevel = -1;
  /** txn; and req until the response begins, then res. */
  readonly variables = new VariableList();
  readonly messageVariables = new VariableList();
  /** Values at log time of %fc %bc %sc %ac, filled by the machine just before rendering. */
  readonly logConnections = new Int32Array(4);

  onTimer(timer: Timer): void {
    this.machine.onTimer(timer);
  }
}

// Muxes: between a stream and the connections that carry it ------------------------------------------
//
// A mux speaks one protocol on one connection; a stream is one exchange. Ownership: data events hand a block over; data calls hand it
// on. Nobody copies a body. Flow: a front mux delivers no request data after onRequest until `resumeRequest`; a back mux delivers
// response data until `pauseResponse`. `...Drained` says that what was handed on has left.

export interface FrontMux {
  readonly session: Session;
  /** Response head from stream.response with its early body; takes over response.block. False: no block left. */
  sendResponse(stream: Stream): boolean;
  /** A 1xx head from stream.response; more responses follow. */
  sendInterim(stream: Stream): void;
  /** More body: [start, end) in `block`. `last`: the response ends with it (trailers in stream.response.trailers). */
  sendData(stream: Stream, block: Block, start: number, end: number, last: boolean): void;
  /** The response is complete; in a tunnel: the server sends no more. */
  sendEnd(stream: Stream): void;
  findDestination(): void;
  /** Blocks of the response that have not left yet. */
  unsent(stream: Stream): number;
  /** Wants request data from now on. */
  resumeRequest(stream: Stream): void;
  pauseRequest(stream: Stream): void;
  /** TCP mode: the bytes are HTTP. The stream is that of the first request and is announced by `onRequest` again. */
  upgrade(stream: Stream): void;
  /** The response can't be completed: what was sent is cut off so that the client can tell. */
  abort(stream: Stream, reset: boolean): void;
  /** The machine is done with the stream: the record may be reused after this. `keep` false: close the connection. */
  release(stream: Stream, keep: boolean): void;
}

export interface BackMux {
  readonly server: Server | null;
  readonly requests: number;
  /** Encodes stream.request with its early body; the request keeps its block for a retry. False: no block left. */
  sendRequest(stream: Stream): boolean;
  sendData(stream: Stream, block: Block, start: number, end: number, last: boolean): void;
  sendEnd(stream: Stream): void;
  unsent(stream: Stream): number;
  findSource(stream: Stream): void;
  measure(figure: TcpFigureValue): number;
  pauseResponse(stream: Stream): void;
  resumeResponse(stream: Stream): void;
  /** The exchange is over: to the idle pool if `reusable` and possible, else closed. */
  release(stream: Stream, reusable: boolean): void;
  /** Ends an idle connection (soft stop, pool limits). */
  close(): void;
}

/** The stream machine, as muxes see it. */
export interface StreamEvents {
  /** A request head is in stream.request (early body in it). */
  onRequest(stream: Stream): void;
  /** `last`: the request ends with it. */
  onRequestData(stream: Stream, block: Block, start: number, end: number, last: boolean): void;
  /** The handshake behind early data is done: a rule may wait for it. */
  onSettled(stream: Stream): void;
  /** The request is complete; in a tunnel: the client sends no more. */
  onRequestEnd(stream: Stream): void;
  /** No valid request can come: `status` is the answer (400, 408, 413 …); 0: none is possible. */
  onRequestBroken(stream: Stream, reason: BrokenReason, status: number): void;
  /** A block handed to the front mux has left (see `unsent`). Never called from inside a `send…`. */
  onFrontDrained(stream: Stream): void;
  /** The client sends no more, but its request is complete and it may still read the answer. */
  onFrontEnd(stream: Stream): void;
  onFrontClosed(stream: Stream, reason: BrokenReason): void;
  /** The server connection is established. */
  onConnected(stream: Stream): void;
  onConnectFailed(stream: Stream, reason: BrokenReason): void;
  /** A response head is in stream.response (early body in it); 1xx too. */
  onResponse(stream: Stream): void;
  onResponseData(stream: Stream, block: Block, start: number, end: number, last: boolean): void;
  onResponseEnd(stream: Stream): void;
  onBackDrained(stream: Stream): void;
  onBackClosed(stream: Stream, reason: BrokenReason): void;
}
