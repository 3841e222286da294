/** Where in its steps a check has failed, in HAProxy's words: behind the reason in the log. */
import type { CheckStep, Ruleset } from './steps.ts';

/** @param reason empty: it is the time that is up */
export function failureInfo(reason: string, step: CheckStep, { namesSteps }: Ruleset): string {
  if (!namesSteps) return reason;
  if (step.number === 0) return `${reason} at initial connection step of tcp-check`;
  const comment = step.comment === '' ? '' : ` comment: '${step.comment}'`;
  return `${reason} at step ${step.number} of tcp-check (${described(step)})${comment}`;
}

function described(step: CheckStep): string {
  switch (step.kind) {
    case 'connect':
      return step.port === null ? 'connect' : `connect port ${step.port}`;
    case 'send':
      return 'send';
    case 'action':
      return 'action';
    default:
      return `expect ${step.what}`;
  }
}
