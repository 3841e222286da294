/**
 * Signals of a process without a master (HAProxy management manual, 4; DROPIN of the project): who is told what. It
 * decides nothing.
 */
import { constants } from 'node:os';
import { dieBySignal, takeSigusr1 } from '../platform/signals.ts';

export interface SignalOrders {
  /** SIGTERM, SIGINT. */
  stop(signal: 'SIGTERM' | 'SIGINT'): void;
  /** SIGUSR1. */
  softStop(): void;
  /** SIGTTOU, SIGTTIN. */
  pause(paused: boolean): void;
  /** SIGHUP, SIGQUIT. */
  describe(): void;
}

export function onSignals(orders: SignalOrders): void {
  process.on('SIGTERM', () => orders.stop('SIGTERM'));
  process.on('SIGINT', () => orders.stop('SIGINT'));
  process.on('SIGTTOU', () => orders.pause(true));
  process.on('SIGTTIN', () => orders.pause(false));
  process.on('SIGHUP', () => orders.describe());
  process.on('SIGQUIT', () => orders.describe());
  // Node keeps SIGUSR1 for its inspector: it never gets to process.on.
  takeSigusr1(() => orders.softStop());
}

/** Ends the process as the signal would have done; as process 1 of a container, where that has no effect, with 0. */
export function dieBy(signal: 'SIGTERM' | 'SIGINT'): void {
  if (process.pid !== 1) dieBySignal(constants.signals[signal]);
  process.exit(0);
}
