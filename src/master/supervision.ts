/**
 * The servers as the control thread sees them: their state at start, their checks, and what is logged
 * when it changes. It wakes data threads whose streams may wait for a server.
 */
import type { ConfigModel, ProxyModel } from '../model/config.ts';
import type { Plan } from '../build/plan.ts';
import { systemClock } from '../control/clock.ts';
import { ControlledBackend, ControlledServer } from '../control/records.ts';
import { ServerControl } from '../control/servers.ts';
import { ControlLog } from '../log/control.ts';
import type { Shared } from '../state/shared.ts';

export class Supervision {
  readonly #plan: Plan;
  readonly #control: ServerControl;
  readonly #logs = new Map<ControlledBackend, ControlLog>();
  readonly #servers: ControlledServer[] = [];
  readonly #backends: ControlledBackend[];
  readonly #model: ConfigModel;

  /** @param wake called after a server's state changed: queued streams may go on */
  constructor(model: ConfigModel, plan: Plan, shared: Shared, wake: () => void) {
    this.#model = model;
    this.#plan = plan;
    this.#backends = plan.backends.map((proxy, index) => {
      const backend = new ControlledBackend(proxy.name, index, shared);
      backend.logsHealthChecks = proxy.options['log-health-checks'] === true;
      return backend;
    });
    this.#control = new ServerControl(shared, systemClock, (backend, level, text) => {
      this.#logs.get(backend)?.send(level, text);
      wake();
    });
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
      this.#control.start(server, { weight: model.weight, maxconn: model.maxconn, isDisabled: model.disabled });
    }
  }
  start(): void {}
  stop(): void {}
}
