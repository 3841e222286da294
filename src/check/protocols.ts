/** Checks of protocols that are a few fixed steps. */
import type { CheckType } from '../model/check.ts';
import type { CheckStep } from './steps.ts';

export function protocolSteps(_type: CheckType, _words: readonly string[]): CheckStep[] {
  return [];
}
