/** Converters that pass a sample on if something holds about the stream (HAProxy 3.x configuration 7.3.1). */
import { defineConverter } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';
import { Ended } from '../../state/end.ts';
import type { Stream } from '../../state/records.ts';
import { ProcessLive } from '../../state/shared.ts';

const CONDITIONS = ['error', 'forwarded', 'normal', 'processed', 'stopping'] as const;

/** It ended otherwise than by a whole exchange or an answer that was meant. */
function hasError({ cause }: Stream): boolean {
  return cause !== Ended.normal && cause !== Ended.local && cause !== Ended.denied;
}

export const when = defineConverter({
  name: 'when',
  args: [{ name: 'condition', kind: 'str', oneOf: CONDITIONS }],
  from: SampleType.any,
  to: SampleType.any,
  doc: 'Passes the sample on if the condition holds, else there is no value: error and normal, forwarded (to a server), processed (forwarded, or answered here), stopping (the process).',
  examples: [
    { value: 'a', call: 'when(normal)', out: 'a' },
    { value: 'a', call: 'when(error)', out: null },
    { value: 'a', call: 'when(stopping)', out: null },
  ],
  compile: ([condition], context) => {
    const { live } = context.thread.shared;
    switch (condition) {
      case 'error':
        return (_, stream) => hasError(stream);
      case 'normal':
        return (_, stream) => !hasError(stream);
      case 'forwarded':
        return (_, stream) => stream.requestSent;
      case 'processed':
        return (_, stream) => stream.requestSent || stream.cause === Ended.local;
      default:
        return () => live[ProcessLive.stopping] === 1;
    }
  },
});
