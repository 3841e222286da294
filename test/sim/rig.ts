/**
 * A data thread in the simulator, built from a configuration's text as a process builds it: records, rules, pickers, live
 * columns. It keeps what would be logged, and says at the end whether everything came home. It must not know what
 * clients and servers say to each other.
 */
import assert from 'node:assert/strict';
import { plainMemory } from '../../src/base/memory.ts';
import { buildState } from '../../src/build/build.ts';
import { layoutOf, type Plan, planOf } from '../../src/build/plan.ts';
import type { State } from '../../src/build/state.ts';
import { parseText } from '../../src/config/parse.ts';
import { ControlledBackend, ControlledServer } from '../../src/control/records.ts';
import { ServerControl } from '../../src/control/servers.ts';
import { createSimHost, type SimHost } from '../../src/platform/sim/host.ts';
import { type PatternSource, PatternStore } from '../../src/rules/patterns/store.ts';
import { LogOrigin } from '../../src/state/logstep.ts';
import type { Stream } from '../../src/state/records.ts';
import { allocateShared, BackendLive, FrontendLive, ProcessLive, ServerLive, Shared } from '../../src/state/shared.ts';
import { DataThread } from '../../src/worker/data-thread.ts';
import { ThreadNames } from '../../src/worker/names.ts';

/** A line as it would be logged. */
const NO_PATTERNS = new PatternStore(() => {
  throw new Error('the simulator has no files');
}, false);

export interface Line {
  /** `METHOD target`, or <BADREQ>. */
  readonly request: string;
  readonly status: number;
  /** The two termination letters. */
  readonly end: string;
  readonly cause: string;
  readonly server: string;
  readonly retries: number;
  readonly redispatched: boolean;
  readonly bytesFromClient: number;
  readonly bytesFromServer: number;
  readonly atMs: number;
}

export interface RigOptions {
  readonly seed: number;
  readonly blocks?: number;
  readonly notes?: number;
  readonly maxWires?: number;
  /** Where pattern files and maps come from. */
  readonly patterns?: PatternSource;
  /** Lines of the configuration's own logs are rendered too, and go nowhere. */
  readonly rendersLogs?: boolean;
}

const PHASE_LETTERS = 'RTQCHDL-';
const STATICS = 1 << 17;
/** Virtual time in which every stream must have come to its end: more than all timeouts and retries together. */
const PATIENCE_MS = 120_000;
/** How long what closes may take once all is over. */
const FAREWELL_MS = 5_000;

export class SimRig {
  readonly seed: number;
  readonly host: SimHost;
  readonly thread: DataThread;
  readonly state: State;
  readonly shared: Shared;
  readonly lines: Line[] = [];
  /** Changes the servers' state, as checks and the runtime API do. */
  readonly control: ServerControl;
  readonly servers: ControlledServer[] = [];
  /** The most blocks that were in use at once. */
  mostBlocks = 0;

  readonly #closeLogs: () => void;

  constructor(config: string, options: RigOptions) {
    this.seed = options.seed;
    const { model, diagnostics } = parseText(config);
    const alerts = diagnostics.filter(({ severity }) => severity === 'alert');
    assert.deepEqual(
      alerts.map(({ text }) => text),
      [],
    );
    const layout = { blocks: options.blocks ?? 64, notes: options.notes ?? 256, statics: STATICS };
    const memory = plainMemory(layout);
    this.host = createSimHost(options.seed, { memory, maxWires: options.maxWires ?? 400 });
    this.host.burst = 4;
    const plan = planOf(model);
    this.shared = new Shared(allocateShared(layoutOf(plan, 1)), 0);
    const clock = { now: () => this.host.now(), after: () => () => {} };
    this.control = new ServerControl(
      this.shared,
      clock,
      () => {},
      () => this.host.wake(),
    );
    this.#prepareServers(plan);
    const patterns = options.patterns ?? NO_PATTERNS;
    const names = new ThreadNames(memory, ({ ticket, name }) => this.#answer(names, ticket, name));
    const parts = { model, plan, shared: this.shared, host: this.host, memory, pid: 1, hostname: 'sim', patterns, names };
    const built = buildState(parts);
    assert.deepEqual(
      built.problems.filter(({ severity }) => severity === 'alert'),
      [],
    );
    this.state = built.state;
    this.#closeLogs = () => built.close();
    for (const frontend of built.state.frontends) {
      const rendered = options.rendersLogs === true ? frontend.log : null;
      frontend.log = {
        stream: (stream) => {
          rendered?.stream(stream);
          if (stream.logOrigin === LogOrigin.close || rendered === null) this.#log(stream);
        },
        connection: () => undefined,
      };
      // The default format is written when a connection comes: here all lines are of the end.
      if (rendered === null) frontend.logSteps = 1 << LogOrigin.close;
      frontend.logsErrors = true;
    }
    const { tune } = model.global;
    const limits = { bufferSize: tune['tune.bufsize'] ?? 16_384, maxRewrite: 1024, maxHeaders: 101, logTargetBytes: 1024 };
    this.thread = new DataThread(this.host, this.shared, limits, built.state.servers, built.replies);
    names.resume = (stream) => this.thread.onNamed(stream);
    this.thread.start();
    for (const { frontendIndex, address, name, id, bind } of plan.listeners) {
      const frontend = built.state.frontends[frontendIndex];
      if (frontend !== undefined)
        this.thread.listeners.listen(address.port, frontend, { name, id, isNamed: bind.name !== null, acceptsProxy: bind.acceptProxy });
    }
  }

  /** Names have the address 192.0.2.1, after a while; some are never answered. */
  #answer(names: ThreadNames, ticket: number, name: string): void {
    const { world } = this.host;
    if (name === 'silent.test') return;
    world.after(world.random(30), () => names.answered(ticket, name === 'unknown.test' ? '' : '192.0.2.1'));
  }

  #prepareServers(plan: Plan): void {
    const { shared } = this;
    const { live } = shared;
    live[ProcessLive.maxconn] = 1000;
    for (const [index, frontend] of plan.frontends.entries())
      live[shared.frontendLive(index) + FrontendLive.maxconn] = frontend.maxconn ?? 1000;
    const backends = plan.backends.map((proxy, index) => new ControlledBackend(proxy.name, index, shared));
    for (const { model, backendIndex, index } of plan.servers) {
      const server = new ControlledServer(model.name, backends[backendIndex] as ControlledBackend, index, shared);
      server.isBackup = model.backup;
      this.servers.push(server);
      this.control.start(server, { weight: model.weight, maxconn: model.maxconn, isDisabled: model.disabled });
    }
  }

  #log(stream: Stream): void {
    const { bytes } = this.host.memory;
    const text = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString('latin1');
    const letter = String.fromCharCode(stream.cause.letter);
    const phase = stream.endPhase >= 0 ? stream.endPhase : stream.phase;
    this.lines.push({
      request: stream.hasRequestLine
        ? `${text(stream.logMethodStart, stream.logMethodEnd)} ${text(stream.logTargetStart, stream.logTargetEnd)}`
        : '<BADREQ>',
      status: stream.status,
      end: letter === '-' ? '--' : letter + (PHASE_LETTERS[phase] as string),
      cause: stream.cause.name,
      server: stream.server?.name ?? '<NOSRV>',
      retries: stream.retries,
      redispatched: stream.redispatched,
      bytesFromClient: stream.bytes.fromClient,
      bytesFromServer: stream.bytes.fromServer,
      atMs: this.host.now(),
    });
  }

  /** The only line of this request. */
  line(request: string): Line {
    const found = this.lines.filter((line) => line.request === request);
    assert.equal(found.length, 1, `lines of ${request}: ${JSON.stringify(found)}; ${this.place()}`);
    return found[0] as Line;
  }

  place(): string {
    return `seed ${this.seed}, at ${this.host.now()} ms`;
  }

  /** Lets the simulation go on until the condition holds. */
  until(what: string, condition: () => boolean, limitMs = PATIENCE_MS): void {
    const end = this.host.now() + limitMs;
    while (!condition()) {
      this.#step();
      if (this.host.now() > end) assert.fail(`${what}: not in ${limitMs} ms; ${this.place()}; ${JSON.stringify(this.thread.inUse())}`);
    }
  }

  /** Lets this much time pass. */
  pass(ms: number): void {
    const end = this.host.now() + ms;
    this.host.world.after(ms, () => {});
    while (this.host.now() < end) this.#step();
  }

  #step(): void {
    this.host.step();
    const { blocks } = this.host.memory;
    this.mostBlocks = Math.max(this.mostBlocks, blocks.total - blocks.free);
  }

  /** A soft stop: every stream ends within its timeouts, then nothing may be in use. */
  finish(): void {
    const { thread, host } = this;
    this.until('every stream has ended', () => thread.mux.streams === 0);
    thread.listeners.onEmpty = () => thread.backs.stop();
    thread.listeners.stop();
    this.until('every connection has ended', () => thread.listeners.connections === 0 && host.counters()['wires'] === 0, FAREWELL_MS);
    this.#closeLogs();
    this.pass(10);
    assert.deepEqual(thread.inUse(), { streams: 0, blocks: 0, notes: 0, faults: 0, connections: 0, tracked: 0 }, this.place());
    assert.equal(host.timers.count, 0, `timers are left; ${this.place()}`);
    assert.deepEqual(this.#counters(), {}, this.place());
  }

  /** Live counters that are not 0. */
  #counters(): Record<string, number> {
    const { live } = this.shared;
    const found: Record<string, number> = {};
    const look = (name: string, cell: number): void => {
      if (live[cell] !== 0) found[name] = live[cell] as number;
    };
    look('process', ProcessLive.current);
    for (const frontend of this.state.frontends) look(`frontend ${frontend.name}`, frontend.live + FrontendLive.current);
    for (const backend of this.state.backends) {
      look(`backend ${backend.name}`, backend.live + BackendLive.current);
      look(`queue of backend ${backend.name}`, backend.live + BackendLive.queued);
    }
    for (const server of this.state.servers) {
      look(`server ${server.name}`, server.live + ServerLive.current);
      look(`queue of server ${server.name}`, server.live + ServerLive.queued);
      if (server.idle.length > 0) found[`idle ${server.name}`] = server.idle.length;
    }
    return found;
  }
}
