/**
 * From check results to states: the health counter. It runs from 0 to rise + fall - 1 and the server is UP from `rise`
 * on. A success counts up, and from `rise` on fills the counter; a failure counts down, and below `rise` empties it. A server starts at `rise`: UP, and its first failure takes it DOWN (FEATURES 8).
 */
import { ServerLive } from '../state/shared.ts';
import { type CheckReport, healthLine, reportText } from './lines.ts';
import { type ControlledServer, Level } from './records.ts';
import type { ServerControl } from './servers.ts';

export const Outcome = { failed: 0, passed: 1, /** Accepted with reserve: the server wants no new clients. */ conditional: 2 } as const;
export type OutcomeValue = (typeof Outcome)[keyof typeof Outcome];

const WORDS = ['failed', 'succeeded', 'conditionally succeeded'] as const;

/** Counts a result and changes the server's state if it is due. `isNews`: the check's status differs from the one before. */
export function applyResult(
  control: ServerControl,
  server: ControlledServer,
  outcome: OutcomeValue,
  report: CheckReport,
  isNews: boolean,
): void {
  if (control.isInMaintenance(server)) return;
  const { live } = control.shared;
  const cell = server.live + ServerLive.health;
  const before = live[cell] as number;
  const health = nextHealth(before, outcome !== Outcome.failed, server.rise, server.fall);
  live[cell] = health;
  if (outcome === Outcome.failed && before >= server.rise) server.failedChecks++;
  const logs = server.backend.logsHealthChecks;
  if (logs && (isNews || health !== before)) {
    control.log(server.backend, Level.notice, healthLine(server, WORDS[outcome], report, health));
  }
  changeState(control, server, outcome, health, logs ? '' : `, ${reportText(report)}`);
}

function changeState(control: ServerControl, server: ControlledServer, outcome: OutcomeValue, health: number, cause: string): void {
  if (health === 0) control.setDown(server, cause);
  else if (health < server.rise) return;
  else if (outcome === Outcome.passed) control.setUp(server, cause);
  else if (outcome === Outcome.conditional) control.setStopping(server, cause);
}

/** The counter after one more result. */
export function nextHealth(health: number, isPassed: boolean, rise: number, fall: number): number {
  if (!isPassed) return health <= rise ? 0 : health - 1;
  return health + 1 >= rise ? rise + fall - 1 : health + 1;
}
