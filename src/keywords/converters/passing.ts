/** Converters that pass a sample on: if something holds about the stream, or after they kept it for the log (HAProxy 3.x configuration 7.3.1). */
import { capture } from '../../rules/capture.ts';
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
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
        return () => live[ProcessLive.stopping] !== 0;
    }
  },
});

/** Copies the text into a slot of the frontend that the request came by, if it has that slot. */
function compileCapture(slot: number, isResponse: boolean, { thread }: CompileContext): ConvertStep {
  if (slot < 0) throw new RuleError(`the number of a slot is not negative, as ${slot}`, -1, String(slot));
  return (sample, stream) => {
    const { frontend } = stream;
    const lengths = isResponse ? frontend.responseCaptureLengths : frontend.requestCaptureLengths;
    if (slot >= lengths.length) return true;
    const slots = isResponse ? stream.responseCaptures : stream.requestCaptures;
    capture(thread, stream, slots, slot, sample.start, sample.end, lengths[slot] as number);
    return true;
  };
}

export const captureReq = defineConverter({
  name: 'capture-req',
  args: [{ name: 'id', kind: 'int' }],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Keeps the text in a slot of the request for the log, if there is one, and passes it on.',
  examples: [{ value: 'a', call: 'capture-req(0)', out: 'a' }],
  compile: ([slot], context) => compileCapture(slot, false, context),
});

export const captureRes = defineConverter({
  name: 'capture-res',
  args: [{ name: 'id', kind: 'int' }],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Keeps the text in a slot of the response for the log, if there is one, and passes it on.',
  examples: [{ value: 'a', call: 'capture-res(0)', out: 'a' }],
  compile: ([slot], context) => compileCapture(slot, true, context),
});
