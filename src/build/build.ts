/**
 * A data thread's whole state from the model: records, rules, balancing, logs, error pages. What is wrong is
 * collected, each with its position; nothing is thrown for what a user wrote.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import { balanceProblem, makePicker } from '../balance/algorithms.ts';
import { DEFAULT_HASH } from '../balance/contract.ts';
import { Family, parseIp } from '../base/address.ts';
import { type Memory, SCRATCH_SIZE } from '../base/memory.ts';
import { computes } from '../check/language.ts';
import { type BuiltLogs, buildLogs } from '../log/build.ts';
import type { ProxyModel, RuleModel, VariableModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import type { BuildProblem } from '../model/problem.ts';
import type { TlsChange } from '../model/tls-change.ts';
import type { Host } from '../platform/contract.ts';
import { openCrypt } from '../platform/crypt.ts';
import { randomBytes } from '../platform/random.ts';
import { PAGE_STATUSES, pageOf } from '../rules/answer/pages.ts';
import { builtinReply, cannedReply } from '../rules/answer/reply.ts';
import { Compiler } from '../rules/compiler.ts';
import type { CompileContext } from '../rules/define.ts';
import { compileForwarded } from '../rules/edit/forwarded-value.ts';
import { RuleError } from '../rules/error.ts';
import { UniqueId } from '../rules/format/unique-id.ts';
import type { PatternSource, ThreadPatterns } from '../rules/patterns/store.ts';
import { Place, placeOf } from '../rules/place.ts';
import { type Registry, registryOf } from '../rules/registry.ts';
import { type NameService, STICK_COUNTERS, Thread } from '../rules/thread.ts';
import { variableLimits } from '../rules/value/variables.ts';
import { type Backend, type Frontend, type Server, Stream, type UseServer } from '../state/records.ts';
import type { NameSource } from '../state/server-tls.ts';
import type { CannedReply } from '../state/settings.ts';
import type { Shared } from '../state/shared.ts';
import type { ServerNumbers } from '../stick/servers.ts';
import { tickOf } from '../stick/table.ts';
import { HeaderCaptures } from '../stream/captures.ts';
import type { BuiltinReplies } from '../stream/context.ts';
import { prepareCookie } from '../stream/cookie.ts';
import { CookieCapture } from '../stream/cookie-captures.ts';
import { MonitorUri } from '../stream/monitor.ts';
import { RdpPersistence } from '../stream/rdp-persistence.ts';
import { balanceKey, ExpressionKey, rdpCookieKey } from './balance-key.ts';
import { addForceSwitches, conditionOf, persistRulesOf, useBackendOf, useServerOf } from './choices.ts';
import { errorSectionsOf, setErrorPage } from './error-pages.ts';
import { problemOf } from './fault.ts';
import type { Prepared } from './line-changes.ts';
import type { Plan } from './plan.ts';
import { proxyLineOf } from './proxy-line.ts';
import { buildRecords, type State } from './state.ts';
import { checkLimits, compileStick, openTables, serverNumbers } from './tables.ts';
import { cryptoOf, prepareKeys } from './tokens.ts';
import { vocabulary } from './vocabulary.ts';

export interface BuildParts {
  readonly model: ConfigModel;
  readonly plan: Plan;
  readonly shared: Shared;
  readonly memory: Memory;
  /** null on the control thread, which only looks for problems: no log targets are opened. */
  readonly host: Host | null;
  readonly pid: number;
  readonly hostname: string;
  readonly patterns: PatternSource;
  /** Of who has no host, and takes locks of tables as this thread. */
  readonly control?: { readonly clock: Pick<Host, 'now' | 'wallClock'>; readonly lockOwner: number };
  /** From the host's clock to the process's, which all threads share; milliseconds. */
  readonly clockOffsetMs?: number;
  /** Of do-resolve; null: nobody answers. */
  readonly names?: NameService | null;
}

export interface Built {
  readonly state: State;
  readonly replies: BuiltinReplies;
  readonly problems: readonly BuildProblem[];
  readonly logs: BuiltLogs;
  readonly patterns: ThreadPatterns;
  /** The names that servers with TLS are asked for. */
  readonly serverNames: ReadonlyMap<Server, NameSource<Stream>>;
  /** What a changed certificate means for tokens; null: nothing. @throws Error that says what is wrong with it */
  prepareKeys(change: TlsChange): Prepared | null;
  /** Sends what is still in log buffers. */
  close(): void;
}

/** `sni-auto`: what HAProxy evaluates where no `sni` is written (3.3 on). */
const AUTOMATIC_NAME = 'req.hdr(host),field(1,:)';

const HTTP_SETS = ['redirect', 'http-request', 'http-response', 'http-after-response'];
const BACKEND_SETS = [...HTTP_SETS, 'tcp-request content', 'tcp-response content'];
const FRONTEND_SETS = [...HTTP_SETS, 'tcp-request connection', 'tcp-request session', 'tcp-request content'];

const LISTEN_SETS = [...FRONTEND_SETS, 'tcp-response content'];

/** So many different problems are told: as many as the parser's. */
const MOST_PROBLEMS = 50;

const STANDING_CLOCK = { now: () => 0, wallClock: () => Date.now() };

export function buildState(parts: BuildParts): Built {
  const { model, plan, shared, memory } = parts;
  const state = buildRecords(model, plan, shared, memory);
  const thread = newThread(parts, state);
  // First: what the configuration needs may leave no memory.
  const replies = builtinReplies(memory);
  const builder = new Builder(parts, state, thread, registryOf(vocabulary));
  builder.variables();
  builder.proxies();
  const logs = builder.logs();
  const { problems, serverNames } = builder;
  return {
    state,
    replies,
    problems,
    logs,
    patterns: thread.patterns,
    serverNames,
    prepareKeys: (change) => prepareKeys(thread, change),
    close: () => logs.close(),
  };
}

/** What rules of this thread are compiled and run with. */
export function newThread(parts: BuildParts, state: State): Thread {
  const { model, plan, shared, memory, host } = parts;
  const clock = host ?? parts.control?.clock ?? STANDING_CLOCK;
  const tick = tickOf(() => clock.now(), parts.clockOffsetMs ?? 0);
  return new Thread({
    memory,
    shared,
    clock,
    tables: openTables(plan.tables, shared.tables, parts.control?.lockOwner ?? shared.thread, tick),
    stickCounters: model.global.tune['tune.stick-counters'] ?? STICK_COUNTERS,
    process: { pid: parts.pid, hostname: parts.hostname, node: model.global.node ?? parts.hostname },
    frontends: state.frontendsByName,
    backends: state.backendsByName,
    variableLimits: variableLimits(model.global.tune),
    entropy: new Uint32Array(randomBytes(16).buffer),
    environment: (name) => process.env[name],
    localAddresses: localAddresses(),
    readLines: (path) => readFileSync(path, 'latin1').split('\n'),
    errorSections: errorSectionsOf(model, memory),
    userlists: model.userlists,
    passwordHash: model.userlists.some(({ users }) => users.some((user) => user.isHashed)) ? openCrypt() : null,
    checksAll: host === null,
    secret: new Int32Array(randomBytes(8).buffer),
    patterns: parts.patterns,
    resolvers: model.resolvers,
    rings: model.rings.map(({ name }) => name),
    names: parts.names ?? null,
    crypto: cryptoOf(model),
  });
}

class Builder {
  readonly problems: BuildProblem[] = [];
  readonly serverNames = new Map<Server, NameSource<Stream>>();
  readonly #parts: BuildParts;
  readonly #state: State;
  readonly #thread: Thread;
  readonly #registry: Registry;
  readonly #compilers = new Map<ProxyModel, Compiler>();
  readonly #told = new Set<string>();
  #numbers: ServerNumbers | null = null;

  constructor(parts: BuildParts, state: State, thread: Thread, registry: Registry) {
    this.#parts = parts;
    this.#state = state;
    this.#thread = thread;
    this.#registry = registry;
  }

  /** Most configurations have no `stick` line, and so nobody who asks. */
  readonly #serverNumbers = (): ServerNumbers => {
    this.#numbers ??= serverNumbers(this.#parts.plan.tables, this.#state.backends);
    return this.#numbers;
  };

  /** `set-var` of the global section: each thread sets the same values before the first connection. */
  variables(): void {
    const { variables } = this.#parts.model.global;
    if (variables.length === 0) return;
    const nobody = { name: 'global', http: false, frontend: null, backend: null, requestCaptureCount: 0, responseCaptureCount: 0 };
    const context = new Compiler(this.#registry, this.#thread, nobody, []).context(Place.parser);
    for (const model of variables) this.#attempt(model.at, () => setProcessVariable(model, context));
  }

  proxies(): void {
    const { model } = this.#parts;
    for (const { name, at } of model.userlists) this.#attempt(at, () => this.#thread.userlist(name));
    // Memory for constants may run out anywhere in a section that is too large.
    for (const proxy of model.proxies) this.#attempt(proxy.at, () => this.#proxy(proxy));
  }

  logs(): BuiltLogs {
    const { model, plan, memory, host, pid, hostname } = this.#parts;
    return buildLogs({
      model,
      frontends: plan.frontends.map((proxy, index) => ({
        proxy,
        frontend: this.#state.frontends[index] as Frontend,
        compiler: this.#compilers.get(proxy) as Compiler,
      })),
      memory,
      host,
      pid,
      hostname,
      report: (at, error) => this.#report(at, error),
    });
  }

  #proxy(proxy: ProxyModel): void {
    const frontend = proxy.kind === 'backend' ? null : (this.#state.frontendsByName.get(proxy.name) ?? null);
    const backend = proxy.kind === 'frontend' ? null : (this.#state.backendsByName.get(proxy.name) ?? null);
    const compiler = new Compiler(
      this.#registry,
      this.#thread,
      {
        name: proxy.name,
        http: proxy.mode === 'http',
        frontend,
        backend,
        bandwidthLimits: proxy.bandwidthLimits,
        requestCaptureCount: proxy.captureRequestHeaders.length,
        responseCaptureCount: proxy.captureResponseHeaders.length,
      },
      proxy.acls,
    );
    this.#compilers.set(proxy, compiler);
    for (const page of proxy.errorPages) this.#attempt(page.at, () => setErrorPage(page, compiler));
    for (const fault of compiler.checkAcls()) this.#report(proxy.at, fault);
    this.#refuseUnknownSets(proxy);
    this.#refuseSecondTable(proxy);
    checkLimits(proxy, compiler, (at, check) => this.#attempt(at, check));
    if (backend !== null && computes(proxy.check)) this.#check(proxy, compiler);
    if (frontend !== null) this.#frontend(frontend, proxy, compiler);
    if (backend !== null) this.#backend(backend, proxy, compiler, frontend !== null);
    for (const { text, at } of compiler.warnings) this.problems.push({ severity: 'warning', code: 'suspicious', at: at ?? proxy.at, text });
  }

  /** The control thread compiles it for itself: here it is only judged, by what is loaded for it alone. */
  #check({ check }: ProxyModel, compiler: Compiler): void {
    if (check === null) return;
    const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
    const { judgeCheck } = createRequire(import.meta.url)(`./check-judge.${extension}`) as typeof import('./check-judge.ts');
    judgeCheck(check, compiler, (at, error) => this.#report(at, error));
  }

  #frontend(frontend: Frontend, proxy: ProxyModel, compiler: Compiler): void {
    for (const { length } of proxy.captureRequestHeaders) frontend.requestCaptureLengths.push(length);
    for (const { length } of proxy.captureResponseHeaders) frontend.responseCaptureLengths.push(length);
    frontend.tcpConnectionRules = this.#rules(proxy, compiler, 'tcp-request connection');
    frontend.tcpSessionRules = this.#rules(proxy, compiler, 'tcp-request session');
    frontend.tcpContentRules = this.#contentRules(proxy, compiler, 'tcp-request content');
    frontend.requestRules = this.#rules(proxy, compiler, 'http-request');
    frontend.responseRules = this.#rules(proxy, compiler, 'http-response');
    frontend.afterResponseRules = this.#rules(proxy, compiler, 'http-after-response');
    if (proxy.monitorUri !== null) frontend.monitorUri = new MonitorUri(this.#parts.memory, proxy.monitorUri.text);
    for (const fail of proxy.monitorFails) {
      this.#attempt(fail.at, () => frontend.monitorFails.push(compiler.condition(fail, placeOf('http-request', true))));
    }
    this.#captures(frontend, proxy, compiler);
    this.#uniqueId(frontend, proxy, compiler);
    frontend.needsDestination = needsDestination(proxy);
    const { backendsByName } = this.#state;
    frontend.defaultBackend =
      backendsByName.get(proxy.kind === 'listen' && proxy.defaultBackend === null ? proxy.name : (proxy.defaultBackend?.name ?? '')) ??
      null;
    if (proxy.kind === 'listen') frontend.ownBackend = backendsByName.get(proxy.name) ?? null;
    for (const use of proxy.useBackends) {
      this.#attempt(use.at, () => {
        // A backend that is missing has been told by config/check.ts; the condition is judged all the same.
        const condition = use.condition === null ? null : conditionOf(compiler, 'switching rule', use.condition, Place.useBackend);
        frontend.useBackends.push(useBackendOf(use, condition, backendsByName, compiler));
      });
    }
    addForceSwitches(frontend, proxy, compiler, (at, task) => this.#attempt(at, task));
  }

  /** A `listen` runs the rules of its one line set once, in its frontend half. */
  #backend(backend: Backend, proxy: ProxyModel, compiler: Compiler, isListen: boolean): void {
    backend.tcpResponseRules = this.#contentRules(proxy, compiler, 'tcp-response content');
    if (!isListen) {
      backend.tcpContentRules = this.#contentRules(proxy, compiler, 'tcp-request content');
      backend.requestRules = this.#rules(proxy, compiler, 'http-request');
      backend.responseRules = this.#rules(proxy, compiler, 'http-response');
      backend.afterResponseRules = this.#rules(proxy, compiler, 'http-after-response');
    }
    this.#choices(backend, proxy, compiler);
    this.#serverNames(backend, proxy, compiler);
    backend.stickRules = compileStick(proxy, backend, compiler, this.#serverNumbers, (line, compile) => this.#attempt(line.at, compile));
    const { forwarded, balance: given } = proxy;
    if (forwarded !== null) {
      const places = placeOf('http-request', isListen) | placeOf('http-request', false);
      this.#attempt(forwarded.at, () => {
        backend.forwarded = compileForwarded(forwarded, compiler.context(places));
      });
    }
    this.#proxyLines(backend, proxy, compiler);
    if (proxy.cookie !== null) this.#attempt(proxy.cookie.at, () => prepareCookie(backend, this.#parts.memory));
    this.#attempt(given?.at ?? proxy.at, () => {
      const problem = given === null ? null : balanceProblem(given.algorithm, given.words);
      if (problem !== null) throw new RuleError(problem);
      backend.bufferPost = given?.words[1] === 'check_post';
      backend.picker = makePicker(
        backend,
        this.#parts.shared,
        given?.algorithm ?? null,
        given?.words,
        proxy.hashType ?? DEFAULT_HASH,
        this.#parts.memory,
        balanceKey(given, compiler),
      );
    });
  }

  /** What servers are asked for in TLS: the expression of `sni`, or the host of the request. */
  #serverNames(backend: Backend, proxy: ProxyModel, compiler: Compiler): void {
    for (const [index, { tls, at }] of proxy.servers.entries()) {
      const text = tls.serverName?.text ?? (backend.http && tls.autoServerName ? AUTOMATIC_NAME : null);
      const server = backend.servers[index];
      if (!tls.enabled || text === null || server === undefined) continue;
      this.#attempt(tls.serverName?.at ?? at, () => {
        const expression = compiler.expression(text, Place.serverConnection);
        this.serverNames.set(server, new ExpressionKey(expression, compiler.thread.sample));
      });
    }
  }

  #proxyLines({ servers }: Backend, proxy: ProxyModel, compiler: Compiler): void {
    for (const [index, server] of proxy.servers.entries()) {
      this.#attempt(server.at, () => {
        (servers[index] as Server).proxyLine = proxyLineOf(server, compiler, this.#parts.memory);
      });
    }
  }

  #choices(backend: Backend, proxy: ProxyModel, compiler: Compiler): void {
    const useServers: UseServer[] = [];
    for (const use of proxy.useServers) this.#attempt(use.at, () => useServers.push(useServerOf(use, backend, compiler)));
    if (useServers.length > 0) backend.useServers = useServers;
    const { persistRdpCookie } = proxy;
    if (persistRdpCookie !== null) {
      this.#attempt(persistRdpCookie.at, () => {
        backend.rdpPersistence = new RdpPersistence(this.#parts.memory, rdpCookieKey(persistRdpCookie.name, compiler), backend);
      });
    }
    backend.persistRules = persistRulesOf(proxy, compiler, (at, task) => this.#attempt(at, task));
  }

  /** A rule set that nobody would run is an error: an ignored rule is a wrong configuration. */
  #refuseUnknownSets(proxy: ProxyModel): void {
    for (const [set, rules] of Object.entries(proxy.rules)) {
      const known = proxy.kind === 'backend' ? BACKEND_SETS : proxy.kind === 'listen' ? LISTEN_SETS : FRONTEND_SETS;
      const first = rules[0];
      if (first !== undefined && !known.includes(set)) {
        this.problems.push({
          severity: 'alert',
          code: 'unsupported',
          at: first.at,
          text: `'${set}' rules in a ${proxy.kind} are not supported by this version`,
        });
      }
    }
  }

  #uniqueId(frontend: Frontend, { uniqueIdFormat: format }: ProxyModel, compiler: Compiler): void {
    if (format === null) return;
    this.#attempt(format.at, () => {
      frontend.uniqueId = new UniqueId(this.#thread, compiler.format(format.text, 'id', placeOf('http-request', true)));
    });
  }

  /** A frontend and a backend may share a name, but not if both have a table: rules would not know which is meant. */
  #refuseSecondTable({ name, stickTable }: ProxyModel): void {
    if (stickTable === null) return;
    const first = this.#parts.model.proxies.find((proxy) => proxy.name === name && proxy.stickTable !== null)?.stickTable;
    if (first === undefined || first === null || first === stickTable) return;
    const text = `stick-table name '${name}' conflicts with table declared at ${first.at.file}:${first.at.line}.`;
    this.problems.push({ severity: 'alert', code: 'bad-value', at: stickTable.at, text });
  }

  /** Behind the rules, which may have added slots. */
  #captures(frontend: Frontend, proxy: ProxyModel, { captures }: Compiler): void {
    const { memory } = this.#parts;
    if (captures.request > 0) frontend.requestCaptures = new HeaderCaptures(memory, proxy.captureRequestHeaders, true);
    if (captures.response > 0) frontend.responseCaptures = new HeaderCaptures(memory, proxy.captureResponseHeaders, false);
    const cookie = proxy.captureCookie;
    if (cookie === null) return;
    frontend.requestCookies = new CookieCapture(memory, cookie.name, cookie.length, true);
    frontend.responseCookies = new CookieCapture(memory, cookie.name, cookie.length, false);
  }

  #rules(proxy: ProxyModel, compiler: Compiler, set: string): ReturnType<Compiler['rules']> {
    // `redirect` lines are http-request rules that run behind all others (HAProxy 3.x configuration 4.2 redirect).
    const models = [...(proxy.rules[set] ?? []), ...(set === 'http-request' ? (proxy.rules['redirect'] ?? []).map(literalRedirect) : [])];
    if (models.length === 0) return null;
    return compiler.rules(set, models, (fault) => this.#report(fault.at, fault));
  }

  #contentRules(proxy: ProxyModel, compiler: Compiler, set: string): ReturnType<Compiler['contentRules']> {
    return compiler.contentRules(set, proxy.rules[set] ?? [], (fault) => this.#report(fault.at, fault));
  }

  #attempt(at: Position, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#report(at, error);
    }
  }

  #report(at: Position, error: unknown): void {
    this.#tell(problemOf(at, error));
  }

  /** What a defaults section says wrongly is told once, not for each proxy that takes it. */
  #tell(problem: BuildProblem): void {
    const { at, reason, text } = problem;
    const key = `${at.file}:${at.line}:${at.column} ${reason ?? text}`;
    if (this.#told.has(key) || this.#told.size >= MOST_PROBLEMS) return;
    this.#told.add(key);
    this.problems.push(problem);
  }
}

/** Targets of `redirect` lines are no log formats, unlike those of `http-request redirect` (HAProxy 3.x configuration 4.2). */
function literalRedirect(model: RuleModel): RuleModel {
  const isTarget = (at: number): boolean => ['location', 'prefix', 'scheme'].includes(model.words[at - 1] ?? '');
  return { ...model, words: model.words.map((word, at) => (isTarget(at) ? word.replaceAll('%', '%%') : word)) };
}

/** The condition of a `use_backend` line. @throws ConditionFault */
/** Of the interfaces as they are at start. */
function localAddresses(): Uint8Array[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.flatMap(({ address }) => {
    const parsed = parseIp(address.replace(/%.*/, ''));
    return parsed === null ? [] : [parsed.ip.slice(0, parsed.family === Family.inet ? 4 : 16)];
  });
}

/** @throws RuleError */
function setProcessVariable({ name, text, isFormat }: VariableModel, context: CompileContext): void {
  const { memory, sample, out, variables } = context.thread;
  const variable = variables.resolve(name);
  const stream = new Stream();
  if (!isFormat) {
    if (context.expression(text).run(sample, stream)) variables.set(variable, sample, stream);
    return;
  }
  const start = memory.scratch();
  out.open(start, start + SCRATCH_SIZE);
  context.format(text, 'header').write(out, stream);
  sample.setText(start, out.at);
  variables.set(variable, sample, stream);
}

/** Whether the log line tells where the client connected to: it must be asked for while the connection is open. */
function needsDestination({ logFormat, logPreset }: ProxyModel): boolean {
  if (logFormat !== null) return /%(\{[^}]*\})?f[ip]\b|dst/.test(logFormat.text);
  return logPreset === null || logPreset === 'default';
}

/** Statuses that HAProxy answers to an unparsable request without a Connection field, although it closes. */
const CLOSES_SILENTLY = [422, 431];

/** The built-in error pages by status, made once. */
function builtinReplies(memory: Memory): BuiltinReplies {
  const pages = new Map<number, CannedReply>();
  const broken = new Map<number, CannedReply>();
  for (const status of PAGE_STATUSES) {
    const reply = builtinReply(memory, status);
    pages.set(status, reply);
    const { reason, body } = pageOf(status);
    const fields = [['cache-control', 'no-cache'] as const, ['connection', 'close'] as const, ['content-type', 'text/html'] as const];
    broken.set(status, CLOSES_SILENTLY.includes(status) ? reply : cannedReply(memory, status, reason, fields, body));
  }
  return { get: (status) => pages.get(status) ?? null, broken: (status) => broken.get(status) ?? null };
}
