/** Converters that pass a sample on: if something holds about the stream, or after they kept it for the log or showed it (HAProxy 3.x configuration 7.3.1). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { capture } from '../../rules/capture.ts';
import { STANDARD_SINKS } from '../../rules/debug-sinks.ts';
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Writer } from '../../rules/format/writer.ts';
import { cast, Sample, SampleType } from '../../rules/sample.ts';
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

/** Copies the text into a slot of the frontend that the request came by; no value if it has no such slot. */
function compileCapture(slot: number, isResponse: boolean, { thread }: CompileContext): ConvertStep {
  if (slot < 0) throw new RuleError(`the number of a slot is not negative, as ${slot}`, -1, String(slot));
  return (sample, stream) => {
    const { frontend } = stream;
    const lengths = isResponse ? frontend.responseCaptureLengths : frontend.requestCaptureLengths;
    if (slot >= lengths.length) return false;
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
  doc: 'Keeps the text in a slot of the request for the log, and passes it on. No value if the frontend has no such slot.',
  examples: [{ value: 'a', call: 'capture-req(0)', out: null }],
  compile: ([slot], context) => compileCapture(slot, false, context),
});

export const captureRes = defineConverter({
  name: 'capture-res',
  args: [{ name: 'id', kind: 'int' }],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Keeps the text in a slot of the response for the log, and passes it on. No value if the frontend has no such slot.',
  examples: [{ value: 'a', call: 'capture-res(0)', out: null }],
  compile: ([slot], context) => compileCapture(slot, true, context),
});

/** As HAProxy calls the types of samples, by SampleType. */
const TYPES = ['any', 'bool', 'sint', 'ipv4', 'ipv6', 'addr', 'str', 'bin', 'meth'] as const;
const MOST_SHOWN = 1000;
const DOT = 46;
const GREATER = 62;

/** Writes the sample's text with a dot for what can't be shown. */
function showText(out: Writer, { memory: { bytes }, start, end }: Sample): void {
  const stop = Math.min(end, start + MOST_SHOWN);
  for (let at = start; at < stop; at++) {
    const byte = bytes[at] as number;
    out.byte(byte >= 32 && byte < 127 ? byte : DOT);
  }
}

function compileDebug(prefix: string, number: number, { thread: { memory, debugSinks } }: CompileContext): ConvertStep {
  const out = new Writer(memory);
  const shown = new Sample(memory);
  const head = `[debug] ${prefix}: type=`;
  const types = TYPES.map((type) => memory.intern(`${head}${type} <`));
  const lengths = TYPES.map((type) => head.length + type.length + 2);
  return (sample) => {
    const sink = debugSinks.sinks[number];
    // Where nothing is opened, as in a check of the configuration.
    if (sink === undefined) return true;
    copySample(sample, shown);
    const type = types[sample.type] as number;
    const at = memory.scratch();
    out.open(at, at + SCRATCH_SIZE);
    out.copy(type, type + (lengths[sample.type] as number));
    if (shown.type === SampleType.bin || cast(shown, SampleType.str)) showText(out, shown);
    out.byte(GREATER);
    sink.write(at, out.at);
    return true;
  };
}

function copySample(from: Sample, to: Sample): void {
  to.type = from.type;
  to.int = from.int;
  to.start = from.start;
  to.end = from.end;
  to.ip = from.ip;
  to.wide = from.wide;
  to.wideHigh = from.wideHigh;
  to.wideLow = from.wideLow;
}

export const debug = defineConverter({
  name: 'debug',
  args: [
    { name: 'prefix', kind: 'str', default: '' },
    { name: 'destination', kind: 'str', default: 'buf0' },
  ],
  from: SampleType.any,
  to: SampleType.any,
  doc: 'Shows the sample, its type and a prefix on a line of stdout, stderr or a ring, and passes it on. What goes to buf0, the default, is shown on stderr: there is no runtime API to read it by.',
  examples: [
    { value: 'a', call: 'debug(seen)', out: 'a' },
    { value: 5, call: 'debug(seen,stderr),add(1)', out: 6 },
  ],
  compile: ([prefix, destination], context) => {
    const { debugSinks } = context.thread;
    const number = debugSinks.numberOf(destination);
    if (number >= 0) return compileDebug(prefix, number, context);
    const allowed = [...STANDARD_SINKS, ...debugSinks.rings];
    throw new RuleError(`no such sink '${destination}': stdout, stderr, buf0 or a ring`, -1, destination, allowed);
  },
});
