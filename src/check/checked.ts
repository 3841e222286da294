/** A server with its check: settings and the latest result. Made from the model by `checkedServer`. */
import { type AddressRecord, Family, ipText } from '../base/address.ts';
import type { ControlledServer } from '../control/records.ts';
import type { CheckModel, ServerModel } from '../model/config.ts';
import { announcementOf } from './announcement.ts';
import type { CheckLimits, CheckTarget } from './connection.ts';
import type { Probe } from './contract.ts';
import { httpCheck } from './http.ts';
import { type CheckResult, result, Status } from './status.ts';
import { tcpCheck } from './tcp.ts';

export interface CheckTiming {
  readonly interMs: number;
  /** While its state is changing; null: interMs. */
  readonly fastinterMs: number | null;
  /** While it is DOWN; null: interMs. */
  readonly downinterMs: number | null;
  /** `timeout connect` and `timeout check` of the backend; null: not set. */
  readonly connectTimeoutMs: number | null;
  readonly checkTimeoutMs: number | null;
}

export class CheckedServer {
  readonly server: ControlledServer;
  readonly timing: CheckTiming;
  /** May be replaced (set server … check-port, a name that resolves anew): the next check uses it. */
  target: CheckTarget;
  probe: Probe;
  /** disable health: no checks, the state stays. */
  isEnabled = true;

  // For the statistics: written by the scheduler.
  result: CheckResult = result(Status.initial);
  durationMs = 0;
  /** A check is under way: HAProxy shows `* ` before the status. */
  isRunning = false;
  checks = 0;

  constructor(server: ControlledServer, timing: CheckTiming, target: CheckTarget, probe: Probe) {
    this.server = server;
    this.timing = timing;
    this.target = target;
    this.probe = probe;
  }

  /** Without timeout check, `inter` bounds the whole check; with it, connecting has the lesser of timeout connect and inter. */
  get limits(): CheckLimits {
    const { interMs, connectTimeoutMs, checkTimeoutMs } = this.timing;
    if (checkTimeoutMs === null) return { connectMs: interMs, answerMs: null };
    return { connectMs: Math.min(interMs, connectTimeoutMs ?? interMs), answerMs: checkTimeoutMs };
  }
}

/** One probe serves all servers of a backend: make it once. */
export function makeProbe(check: CheckModel | null): Probe {
  return check !== null && check.type === 'http' ? httpCheck.make(check) : tcpCheck.make(null);
}

/** From the configuration. `addr` and `port` of the server line replace the parts of its address. */
export function checkedServer(
  server: ControlledServer,
  model: ServerModel,
  probe: Probe,
  timeouts: { readonly connectMs: number | null; readonly checkMs: number | null },
  /** pp2-never-send-local. */
  neverLocal: boolean,
): CheckedServer {
  const timing: CheckTiming = {
    interMs: model.interMs,
    fastinterMs: model.fastinterMs,
    downinterMs: model.downinterMs,
    connectTimeoutMs: timeouts.connectMs,
    checkTimeoutMs: timeouts.checkMs,
  };
  return new CheckedServer(server, timing, checkTarget(model, neverLocal), probe);
}

export function checkTarget(model: ServerModel, neverLocal: boolean): CheckTarget {
  const address = model.checkAddress ?? model.address;
  const port = model.checkPort ?? (address.port > 0 ? address.port : model.address.port);
  const announcement = announcementOf(model, neverLocal);
  const localAddress = model.source === null ? null : literal(model.source);
  if (address.family === Family.unix) return { host: null, port: 0, path: address.path, localAddress, announcement };
  if (address.family === Family.abns) return { host: null, port: 0, path: `\0${address.path}`, localAddress, announcement };
  return { host: literal(address), port, path: '', localAddress, announcement };
}

function literal(address: AddressRecord): string | null {
  return address.family === Family.inet || address.family === Family.inet6 ? ipText(address) : null;
}
