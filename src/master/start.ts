/**
 * The life of a process: load, open, start the threads, watch the servers, obey signals, end. Nothing serves
 * before everything is known to work.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { availableParallelism, hostname } from 'node:os';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { Family } from '../base/address.ts';
import { maxConnections, maxWires, memoryLayout } from '../build/limits.ts';
import { layoutOf, type Plan, usesTls } from '../build/plan.ts';
import { sessionCount } from '../build/tls-tuning.ts';
import { type CommandLine, unsupported } from '../config/command/arguments.ts';
import { hasErrors } from '../config/report/diagnostic.ts';
import type { MapControl } from '../control/maps.ts';
import type { TlsControl } from '../control/tls-control.ts';
import { type CountedNames, describeTls } from '../control/tls-figures.ts';
import type { BuildProblem } from '../model/problem.ts';
import type { PemModel } from '../model/tls.ts';
import { chooseHost } from '../platform/choose.ts';
import { inlineMore } from '../platform/compiler.ts';
import { leaveErrorOutput } from '../platform/daemon.ts';
import { limitDescriptors } from '../platform/privileges.ts';
import { randomBytes } from '../platform/random.ts';
import { closeDescriptor, stopListening } from '../platform/sockets.ts';
import { allocateShared, FrontendLive, ProcessLive, Shared, Stopping } from '../state/shared.ts';
import { type Loaded, load } from './configuration.ts';
import { type BoundListener, listenOn, openListeners } from './listeners.ts';
import { daemonize, isDaemon, notifyManager } from './modes.ts';
import { PatternFiles } from './pattern-files.ts';
import { dropPrivileges } from './privileges.ts';
import { asDiagnostics } from './problems.ts';
import type { NameResolution } from './resolution.ts';
import { alert, fatalWarnings, notice, say, warningsStop } from './said.ts';
import { dieBy, onSignals } from './signals.ts';
import { Supervision } from './supervision.ts';
import type { DataThreads, Order, Usage } from './threads.ts';

/** Threads that a bit mask of waiting threads can tell apart. */
const MOST_THREADS = 32;

/** What can be changed of a process while it serves. */
export interface Running {
  /** null: nothing uses maps or pattern files. */
  readonly maps: MapControl | null;
  /** null: nothing uses TLS. */
  readonly tls: TlsControl | null;
  /** What each data thread has in use. */
  usage(): Promise<readonly Usage[]>;
}

/**
 * Runs until a signal ends it; `threads` may have been prepared. Resolves with an exit code, -1 while it runs.
 * @param serving called when it serves
 */
export async function run(line: CommandLine, threads: DataThreads, serving?: (running: Running) => void): Promise<number> {
  const impossible = unsupported(line);
  if (impossible !== null) {
    alert(impossible);
    return 1;
  }
  const loaded = await load(line, false);
  say(loaded.diagnostics, line, loaded);
  if (!loaded.isValid || warningsStop(line, loaded)) return 1;
  if (loaded.plan.listeners.length === 0 && loaded.model.global.statsSockets.length === 0) {
    alert("[hawser.main()] No enabled listener found (check for 'bind' directives) ! Exiting.");
    return 1;
  }
  const background = (line.daemon || loaded.model.global.daemon) && !line.foreground && !line.debug;
  if (background && !isDaemon()) return daemonize();
  const process = new Process(line, loaded, threads, serving !== undefined);
  const code = await process.start();
  if (code < 0) serving?.(process);
  return code;
}

function wantsResponses({ ocspUpdate }: PemModel): boolean {
  return ocspUpdate === true;
}

/** Name, HMAC key and cipher key of session tickets. */
const TICKET_KEY_BYTES = 80;

class Process implements Running {
  readonly #line: CommandLine;
  readonly #loaded: Loaded;
  readonly #threads: DataThreads;
  readonly #shared: Shared;
  readonly #buffers;
  readonly #supervision: Supervision;
  readonly #patterns: PatternFiles;
  /** Certificates and what belongs to them at run time. */
  tls: TlsControl | null = null;
  #names: NameResolution | null = null;
  #stopping = false;
  #doors: readonly BoundListener[] = [];

  /** Somebody beside sockets gives commands. */
  readonly #isDriven: boolean;

  constructor(line: CommandLine, loaded: Loaded, threads: DataThreads, isDriven = false) {
    this.#isDriven = isDriven;
    this.#threads = threads;
    this.#line = line;
    this.#loaded = loaded;
    this.#buffers = allocateShared(layoutOf(loaded.plan, this.#threadCount(), sessionCount(loaded.model.global)));
    this.#shared = new Shared(this.#buffers, 0);
    this.#patterns = new PatternFiles(
      this.#threadCount(),
      (set) => this.#threads.tell({ kind: 'patterns', set }),
      (commits) => Atomics.store(this.#shared.live, ProcessLive.patternCommits, commits),
    );
    this.#threads.onAdopted = (name, version) => this.#patterns.control?.adopted(name, version);
    this.#supervision = new Supervision(
      loaded.model,
      loaded.plan,
      this.#shared,
      () => this.#threads.tell({ kind: 'serve' }),
      ({ index }, why) => this.#threads.tell({ kind: 'evict', server: index, why }),
    );
  }

  /** Maps and pattern files at run time. */
  get maps(): MapControl | null {
    return this.#patterns.control;
  }

  /** An exit code if it could not start, else -1. */
  async start(): Promise<number> {
    const { model } = this.#loaded;
    if (!this.#limitDescriptors()) return 1;
    this.#setLimits();
    this.#supervision.prepare();
    this.#threads.onDeath = (text) => {
      alert(`[hawser.main()] A data thread died: ${text}`);
      process.exit(1);
    };
    this.#threads.onDropped = (lines) => notice(`${lines} log lines were dropped: their targets do not take them fast enough.`);
    await this.#prepareNames();
    if (!this.#isBuilt(await this.#threads.start(this.#orders(), (request) => this.#patterns.open(request)))) return 1;
    // Before anybody can know that it serves: a driver may signal at once.
    onSignals({
      stop: (signal) => this.#die(signal),
      softStop: () => void this.#softStop(),
      pause: (paused) => this.#threads.tell({ kind: 'pause', paused }),
      describe: () => void this.#describe(),
    });
    if (!(await this.#open())) return 1;
    if (model.global.statsSockets.length > 0) notice('stats socket: the runtime API does not exist yet, nothing listens there.');
    const pidfile = this.#line.pidfile ?? model.global.pidfile;
    if (pidfile !== null) writeFileSync(pidfile, `${process.pid}\n`);
    await this.#supervision.start();
    if (this.#names !== null) this.#supervision.follow(this.#names, (server) => this.#threads.tell({ kind: 'moved', server }));
    this.#patterns.control?.watch();
    await this.#controlTls();
    // Modules are read no more: after this their files may be out of reach.
    dropPrivileges(model.global);
    flushCompileCache();
    inlineMore();
    if (isDaemon()) leaveErrorOutput();
    process.send?.('ready');
    notifyManager(this.#line, `READY=1\nMAINPID=${process.pid}\nSTATUS=Ready.\n`);
    return -1;
  }

  usage(): Promise<readonly Usage[]> {
    return this.#threads.askUsage();
  }

  /** Loaded before the process may lose sight of its modules, and only if somebody will ask. */
  async #controlTls(): Promise<void> {
    const { model, plan } = this.#loaded;
    const { flags, statsSockets } = model.global;
    const fetches = flags['ocsp-update.mode'] === true || plan.listeners.some(({ bind }) => bind.tls.certificates.some(wantsResponses));
    if (!usesTls(plan) || !(fetches || this.#isDriven || statsSockets.length > 0)) return;
    const { controlTls } = await import('./tls.ts');
    this.tls = controlTls(model, {
      steps: this.#threads.tlsSteps,
      taken: (change) => this.#supervision.followTls(change),
      log: (text) => this.#supervision.notice(text),
    });
  }

  /** Before a data thread may ask. */
  async #prepareNames(): Promise<void> {
    const { model, plan } = this.#loaded;
    if (model.resolvers.length === 0) return;
    const { NameResolution } = await import('./resolution.ts');
    const names = new NameResolution(model, plan);
    this.#names = names;
    this.#threads.onName = (question, answer) => names.answer(question, answer);
  }

  /** False: it can't be built as it is written, and that has been said. */
  #isBuilt(problems: readonly BuildProblem[]): boolean {
    const diagnostics = asDiagnostics(problems);
    if (diagnostics.length === 0) return true;
    say(diagnostics, this.#line, this.#loaded);
    return !hasErrors(diagnostics) && !fatalWarnings(this.#line, this.#loaded);
  }

  /** Opens all listeners or none; false: one can't be, and that has been said. */
  async #open(): Promise<boolean> {
    const { doors, problems } = openListeners(this.#loaded.plan);
    this.#doors = doors;
    const refused = problems.length > 0 ? problems : listenOn(doors);
    for (const problem of refused) alert(problem);
    if (refused.length > 0) {
      alert('[hawser.main()] Some protocols failed to start their listeners! Exiting.');
      return false;
    }
    await this.#threads.open(doors.map(({ plan: _, ...door }) => door));
    return true;
  }

  #orders(): Order[] {
    const ticketKeys = randomBytes(TICKET_KEY_BYTES);
    const { model } = this.#loaded;
    const choice = chooseHost(undefined);
    if (choice.name === 'epoll' || this.#line.switches.has('H')) notice(`host: ${choice.name} (${choice.reason})`);
    const connections = this.#maxConnections();
    const threads = this.#threadCount();
    return Array.from({ length: threads }, (_, index) => ({
      index,
      host: choice.name,
      model,
      shared: this.#buffers,
      layout: memoryLayout(connections),
      maxWires: maxWires(connections),
      threads,
      pid: process.pid,
      hostname: hostname(),
      ticketKeys,
    }));
  }

  /** `ulimit-n`: fatal if it cannot be had, unless `no strict-limits` makes it a warning. */
  #limitDescriptors(): boolean {
    const { ulimitN, flags } = this.#loaded.model.global;
    if (ulimitN === null) return true;
    try {
      limitDescriptors(ulimitN);
      return true;
    } catch (error) {
      const text = `[hawser.main()] ${(error as Error).message}`;
      if (flags['strict-limits'] !== false) alert(`${text}.`);
      else notice(`${text}: going on as 'no strict-limits' asks.`);
      return flags['strict-limits'] === false;
    }
  }

  #setLimits(): void {
    const { live } = this.#shared;
    const connections = this.#maxConnections();
    live[ProcessLive.maxconn] = connections;
    const { global } = this.#loaded.model;
    live[ProcessLive.connectionRateLimit] = global.maxConnectionRate ?? 0;
    live[ProcessLive.sessionRateLimit] = global.maxSessionRate ?? 0;
    live[ProcessLive.tlsLimit] = global.tune['maxsslconn'] ?? 0;
    live[ProcessLive.tlsRateLimit] = global.maxTlsRate ?? 0;
    for (const [index, frontend] of this.#loaded.plan.frontends.entries()) {
      live[this.#shared.frontendLive(index) + FrontendLive.maxconn] = frontend.maxconn ?? this.#line.proxyMaxconn ?? connections;
    }
  }

  #threadCount(): number {
    const { nbthread, tune } = this.#loaded.model.global;
    return Math.min(MOST_THREADS, tune['thread-hard-limit'] ?? MOST_THREADS, nbthread ?? availableParallelism());
  }

  #maxConnections(): number {
    return maxConnections(this.#loaded.model, this.#line.maxconn);
  }

  /** SIGTERM, SIGINT: at once. */
  #die(signal: 'SIGTERM' | 'SIGINT'): void {
    this.#removePidfile();
    // Inherited sockets are not ours to stop.
    for (const { descriptor, plan } of this.#doors) if (plan.address.family !== Family.descriptor) stopListening(descriptor);
    flushCompileCache();
    notifyManager(this.#line, 'STOPPING=1\n');
    // A master ends by itself and says so: 130 for SIGINT as a shell would, 0 for SIGTERM.
    if (this.#line.master !== null) process.exit(signal === 'SIGINT' ? 130 : 0);
    dieBy(signal);
  }

  /** SIGUSR1: listeners close, connections end when their exchange does, then the process exits with 0. */
  async #softStop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { hardStopAfterMs, graceMs } = this.#loaded.model.global;
    if (graceMs !== null && graceMs > 0) {
      Atomics.store(this.#shared.live, ProcessLive.stopping, Stopping.soon);
      notice(`Scheduling a soft-stop in ${graceMs} ms.`);
      await setTimeoutPromise(graceMs);
      notice('Grace period expired, proceeding with soft-stop now.');
    }
    Atomics.store(this.#shared.live, ProcessLive.stopping, Stopping.now);
    if (hardStopAfterMs !== null) setTimeout(() => process.exit(0), hardStopAfterMs).unref();
    this.#supervision.sayStopped();
    this.tls?.stop();
    await this.#supervision.stop();
    // Whoever connects from now on must be refused, and not wait in a queue that nobody empties.
    await this.#threads.stop(() => {
      for (const { descriptor } of this.#doors) closeDescriptor(descriptor);
    });
    this.#names?.close();
    this.#removePidfile();
    if (process.env['HAWSER_DEBUG_COUNTERS'] !== undefined) {
      const { checkEngines } = this.#supervision;
      if (checkEngines > 0) notice(`in use: ${JSON.stringify({ checkEngines, blocks: 0, host: {} })}`);
      for (const { usage, host } of this.#threads.lastUsages) notice(`in use: ${JSON.stringify({ ...usage, host })}`);
    }
    process.exit(0);
  }

  #removePidfile(): void {
    const pidfile = this.#line.pidfile ?? this.#loaded.model.global.pidfile;
    if (pidfile !== null) rmSync(pidfile, { force: true });
  }

  /** SIGQUIT: what is in use, on stderr. */
  async #describe(): Promise<void> {
    for (const { usage, host } of await this.usage()) notice(`in use: ${JSON.stringify({ ...usage, host })}`);
    const { plan } = this.#loaded;
    if (usesTls(plan)) notice(`TLS: ${JSON.stringify(describeTls(this.#shared, countedNames(plan), Date.now()))}`);
  }
}

function countedNames({ frontends, backends, servers }: Plan): CountedNames {
  return {
    frontends: frontends.map(({ name }) => name),
    backends: backends.map(({ name }) => name),
    servers: servers.map(({ backend, model }) => `${backend.name}/${model.name}`),
  };
}
