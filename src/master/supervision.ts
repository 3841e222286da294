/**
 * The servers as the control thread sees them: their state at start, their checks, and what is logged
 * when it changes. It wakes data threads whose streams may wait for a server.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { CheckRules } from '../build/check-rules.ts';
import type { CheckTls } from '../build/check-tls.ts';
import type { Plan, ServerPlan } from '../build/plan.ts';
import type { CheckedServer } from '../check/checked.ts';
import { computes } from '../check/language.ts';
import { checksNeedTls } from '../check/needs.ts';
import type { Checks } from '../check/scheduler.ts';
import type { serverStateText } from '../check/server-state.ts';
import type { checkTarget } from '../check/target.ts';
import { processClockOffsetMs, systemClock } from '../control/clock.ts';
import { ControlledBackend, ControlledServer, Level } from '../control/records.ts';
import { type Evict, ServerControl } from '../control/servers.ts';
import type { ControlLogs } from '../log/control.ts';
import type { ProxyModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { TlsChange } from '../model/tls-change.ts';
import { Count, type Shared } from '../state/shared.ts';
import type { SharedTable } from '../stick/table.ts';
import type { NameResolution } from './resolution.ts';
import { startServers } from './server-start.ts';

/** Owner of the locks that this thread takes: no data thread has this number. */
const CONTROL_THREAD = 62;

/** Of syslog. */
const LEVEL_WARNING = 4;

export class Supervision {
  /** Stick tables by the name of their proxy; empty before `start`. */
  tables: ReadonlyMap<string, SharedTable> = new Map();
  readonly #plan: Plan;
  readonly #control: ServerControl;
  #logs: ControlLogs | null = null;
  readonly #proxies = new Map<ControlledBackend, ProxyModel>();
  readonly #servers: ControlledServer[] = [];
  readonly #backends: ControlledBackend[];
  readonly #model: ConfigModel;
  #checks: Checks | null = null;
  /** null: no check needs it. */
  #checkTls: CheckTls | null = null;
  /** null: no check computes anything. */
  #checkRules: CheckRules | null = null;
  #names: NameResolution | null = null;
  #checkTarget: typeof checkTarget | null = null;
  #serverStateText: typeof serverStateText | null = null;
  #stopSweeping: (() => void) | null = null;

  /** @param wake called after a server's state changed: queued streams may go on. @param evict told whose sessions end */
  constructor(model: ConfigModel, plan: Plan, shared: Shared, wake: () => void, evict: Evict) {
    this.#model = model;
    this.#plan = plan;
    this.#backends = plan.backends.map((proxy, index) => {
      const backend = new ControlledBackend(proxy.name, index, shared);
      this.#proxies.set(backend, proxy);
      backend.logsHealthChecks = proxy.options['log-health-checks'] === true;
      return backend;
    });
    this.#control = new ServerControl(
      shared,
      systemClock,
      (backend, level, text) => {
        this.#log(backend, level, text);
      },
      wake,
    );
    this.#control.evict = evict;
  }

  /** To the backend's log targets, and on stderr as HAProxy does for changes of state. */
  #log(backend: ControlledBackend, level: number, text: string): void {
    const proxy = this.#proxies.get(backend);
    if (proxy !== undefined) this.#logs?.of(proxy).send(level, text);
    // Results of checks are for the log alone.
    if (text.startsWith('Health check')) return;
    process.stderr.write(`${level === Level.emergency ? '[ALERT]   ' : '[WARNING] '} (${process.pid}) : ${text}\n`);
  }

  /** Before any data thread starts: every server's first state. */
  prepare(): void {
    for (const { model, backendIndex, index } of this.#plan.servers) {
      const server = new ControlledServer(model.name, this.#backends[backendIndex] as ControlledBackend, index, this.#control.shared);
      server.isBackup = model.backup;
      server.isChecked = model.check;
      server.rise = model.rise;
      server.fall = model.fall;
      server.slowstartMs = model.slowstartMs ?? 0;
      this.#servers.push(server);
    }
    startServers(this.#control, this.#plan, this.#servers);
  }

  /** Checks begin; their results change the servers' state. Loads what checks and logs: nobody who waits for the start needs it. */
  async start(): Promise<void> {
    const [{ startChecks }, checked, { checkTarget }, { rulesetOf }, { serverStateText }, { ControlLogs }] = await Promise.all([
      import('../check/scheduler.ts'),
      import('../check/checked.ts'),
      import('../check/target.ts'),
      import('../check/ruleset.ts'),
      import('../check/server-state.ts'),
      import('../log/control.ts'),
    ]);
    this.#checkTarget = checkTarget;
    this.#serverStateText = serverStateText;
    await this.#startCheckTls();
    await this.#startCheckRules();
    await this.#startTables();
    const { global } = this.#model;
    this.#logs = new ControlLogs({ model: this.#model, pid: process.pid, hostname: hostname() });
    this.#checks = startChecks({
      control: this.#control,
      servers: this.#checkedServers(checked, rulesetOf),
      spreadPercent: global.spreadChecks,
      maxSpreadMs: global.maxSpreadChecksMs,
      onResult: ({ server, result }) => {
        if (result.status.code === 'L4TOUT' || result.status.code === 'L4CON') this.#names?.refresh(server);
      },
    });
  }

  /** Servers with `resolvers` follow their names from now on. @param moved called for each that has another address */
  follow(names: NameResolution, moved: (index: number) => void): void {
    this.#names = names;
    names.follow(this.#control, this.#servers, (index, model, address) => {
      moved(index);
      const checked = this.#checks?.servers.find(({ server }) => server === this.#servers[index]);
      if (checked === undefined || this.#checkTarget === null) return;
      checked.target = this.#checkTarget({ ...model, address }, this.#neverLocal, checked.target.tls);
    });
  }

  get #neverLocal(): boolean {
    return this.#model.global.flags['pp2-never-send-local'] === true;
  }

  /** Checks follow a change of TLS that data threads have taken. A line that only checks use may refuse it: they go on with what they have. */
  followTls(change: TlsChange): void {
    try {
      this.#checkTls?.follow(change);
    } catch (error) {
      this.#logs?.global().send(Level.warning, `Checks over TLS keep what they had: ${(error as Error).message}`);
    }
  }

  /** Only who checks over TLS loads what it takes. */
  async #startCheckTls(): Promise<void> {
    if (!this.#plan.servers.some(({ model, backend }) => checksNeedTls(model, backend.check))) return;
    const [{ CheckTls }, { contextTuning }] = await Promise.all([import('../build/check-tls.ts'), import('../build/tls-tuning.ts')]);
    this.#checkTls = new CheckTls(this.#plan, contextTuning(this.#model.global));
  }

  /** Only who computes in checks loads what it takes. */
  async #startCheckRules(): Promise<void> {
    if (!this.#plan.backends.some(({ check }) => computes(check))) return;
    const [{ CheckRules }, { PatternStore }] = await Promise.all([import('../build/check-rules.ts'), import('../rules/patterns/store.ts')]);
    const patterns = new PatternStore((path) => readFileSync(path), false);
    const { shared } = this.#control;
    const parts = { model: this.#model, plan: this.#plan, shared, hostname: hostname(), patterns, lockOwner: CONTROL_THREAD };
    this.#checkRules = new CheckRules(parts);
  }

  /** Connections of checks that have a TLS engine. */
  get checkEngines(): number {
    return this.#checkTls?.ground.open ?? 0;
  }

  #checkedServers(
    { checkedServer }: typeof import('../check/checked.ts'),
    rulesetOf: typeof import('../check/ruleset.ts').rulesetOf,
  ): CheckedServer[] {
    const rules = this.#checkRules;
    const rulesets = this.#plan.backends.map((proxy) =>
      rulesetOf(proxy.check, rules !== null && computes(proxy.check) ? rules.language(proxy) : null),
    );
    const checked: CheckedServer[] = [];
    for (const planned of this.#plan.servers) {
      const { model, backend, backendIndex, index } = planned;
      const server = this.#servers[index];
      const ruleset = rulesets[backendIndex];
      if (!model.check || backend.disabled || server === undefined || ruleset === undefined) continue;
      const tls = checksNeedTls(model, backend.check) ? (this.#checkTls?.of(planned) ?? null) : null;
      const { connectMs, checkMs } = backend.timeouts;
      const newScene = rules !== null && computes(backend.check) ? () => rules.newScene(index) : null;
      const made = checkedServer(server, model, ruleset, { connectMs, checkMs, neverLocal: this.#neverLocal, tls, newScene });
      if (backend.check?.type === 'http' && backend.check.tellsState) made.stateText = () => this.#stateText(made, planned);
      checked.push(made);
    }
    return checked;
  }

  /** A line of the process itself, at level notice. */
  notice(text: string): void {
    this.#logs?.global().send(Level.notice, text);
  }

  #stateText({ server, target }: CheckedServer, { model }: ServerPlan): string {
    const address = model.checkAddress === null ? target.address : model.address;
    const write = this.#serverStateText;
    return write === null ? '' : write(this.#control, server, address, address.port, this.#model.global.node ?? hostname());
  }

  /** A soft stop has begun: who listens first, then the others, as HAProxy says it. */
  sayStopped(): void {
    const { proxies } = this.#model;
    for (const proxy of proxies) if (proxy.kind !== 'backend') this.#sayStopped(proxy);
    for (const proxy of proxies) if (proxy.kind === 'backend') this.#sayStopped(proxy);
  }

  #sayStopped(proxy: ProxyModel): void {
    const shared = this.#control.shared;
    const front = this.#plan.frontends.indexOf(proxy);
    const back = this.#plan.backends.indexOf(proxy);
    const accepted = front < 0 ? 0 : shared.total(shared.frontendCounts(front) + Count.connectionsTotal);
    const served = back < 0 ? 0 : shared.total(shared.backendCounts(back) + Count.sessionsTotal);
    const text = `Proxy ${proxy.name} stopped (cumulated conns: FE: ${accepted}, BE: ${served}).`;
    this.#logs?.of(proxy).send(LEVEL_WARNING, text);
    process.stderr.write(`[WARNING]  (${process.pid}) : ${text}\n`);
  }

  /** Stick tables, as the control thread sees them; entries that have expired are removed from now on. */
  async #startTables(): Promise<void> {
    if (this.#plan.tables.length === 0) return;
    const [{ openTables }, { startSweeping }, { tickOf }] = await Promise.all([
      import('../build/tables.ts'),
      import('../control/tables.ts'),
      import('../stick/table.ts'),
    ]);
    const tick = tickOf(systemClock.now, processClockOffsetMs());
    this.tables = openTables(this.#plan.tables, this.#control.shared.tables, CONTROL_THREAD, tick);
    this.#stopSweeping = startSweeping([...this.tables.values()], systemClock);
  }

  async stop(): Promise<void> {
    this.#names?.unfollow();
    this.#stopSweeping?.();
    await this.#checks?.stop();
    this.#logs?.close();
  }
}
