/** A server with its check: settings and the latest result. Made from the model by `checkedServer`. */
import type { ControlledServer } from '../control/records.ts';
import type { ServerModel } from '../model/config.ts';
import type { CheckLimits, CheckSubject } from './connection.ts';
import type { Scene } from './language.ts';
import { type CheckResult, result, Status } from './status.ts';
import type { Ruleset } from './steps.ts';
import { type CheckTarget, checkTarget, type TargetTls } from './target.ts';

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

export class CheckedServer implements CheckSubject {
  readonly server: ControlledServer;
  readonly timing: CheckTiming;
  /** May be replaced (set server … check-port, a name that resolves anew): the next check uses it. */
  target: CheckTarget;
  ruleset: Ruleset;
  readonly newScene: (() => Scene) | null;
  stateText: (() => string) | null = null;
  /** disable health: no checks, the state stays. */
  isEnabled = true;

  // For the statistics: written by the scheduler.
  result: CheckResult = result(Status.initial);
  durationMs = 0;
  /** A check is under way: HAProxy shows `* ` before the status. */
  isRunning = false;
  checks = 0;

  constructor(server: ControlledServer, timing: CheckTiming, target: CheckTarget, ruleset: Ruleset, newScene: (() => Scene) | null = null) {
    this.server = server;
    this.timing = timing;
    this.target = target;
    this.ruleset = ruleset;
    this.newScene = newScene;
  }

  /** Without timeout check, `inter` bounds the whole check; with it, connecting has the lesser of timeout connect and inter. */
  get limits(): CheckLimits {
    const { interMs, connectTimeoutMs, checkTimeoutMs } = this.timing;
    if (checkTimeoutMs === null) return { connectMs: interMs, answerMs: null };
    return { connectMs: Math.min(interMs, connectTimeoutMs ?? interMs), answerMs: checkTimeoutMs };
  }
}

/** What the configuration says beside the server's line. */
export interface CheckSurroundings {
  /** `timeout connect` and `timeout check`. */
  readonly connectMs: number | null;
  readonly checkMs: number | null;
  /** pp2-never-send-local. */
  readonly neverLocal: boolean;
  /** null: no check needs TLS. */
  readonly tls: TargetTls | null;
  /** What its expressions see, for each check; null: nothing is computed. */
  readonly newScene: (() => Scene) | null;
}

/** From the configuration. */
export function checkedServer(
  server: ControlledServer,
  model: ServerModel,
  ruleset: Ruleset,
  { connectMs, checkMs, neverLocal, tls, newScene }: CheckSurroundings,
): CheckedServer {
  const timing: CheckTiming = {
    interMs: model.interMs,
    fastinterMs: model.fastinterMs,
    downinterMs: model.downinterMs,
    connectTimeoutMs: connectMs,
    checkTimeoutMs: checkMs,
  };
  return new CheckedServer(server, timing, checkTarget(model, neverLocal, tls), ruleset, newScene);
}
