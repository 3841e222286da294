/** Samples of what was captured of a message for the log: as it was before any rule (HAProxy 3.x configuration 7.3.6). */
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { pathStart } from '../../rules/edit/target.ts';
import { RuleError } from '../../rules/error.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';
import { MAX_CAPTURES } from '../../state/settings.ts';

function compileSlot(slot: number, slotsOf: (stream: Stream) => Int32Array): FetchStep {
  if (slot < 0 || slot >= MAX_CAPTURES) throw new RuleError(`a capture slot is 0 to ${MAX_CAPTURES - 1}, not ${slot}`, -1, String(slot));
  return (sample, stream) => {
    const slots = slotsOf(stream);
    const start = slots[slot * 2] as number;
    return start >= 0 && sample.setText(start, slots[slot * 2 + 1] as number);
  };
}

const SLOT = [{ name: 'idx', kind: 'int' }] as const;

export const captureReqHdr = defineFetch({
  name: 'capture.req.hdr',
  args: SLOT,
  type: SampleType.str,
  valid: Valid.requestKept,
  doc: 'What the request capture with this number, from 0 on, has kept.',
  examples: [{ call: 'capture.req.hdr(0)', out: null }],
  compile: ([slot]) => compileSlot(slot, (stream) => stream.requestCaptures),
});

export const captureResHdr = defineFetch({
  name: 'capture.res.hdr',
  args: SLOT,
  type: SampleType.str,
  valid: Valid.responseKept,
  doc: 'What the response capture with this number, from 0 on, has kept.',
  examples: [{ response: 'HTTP/1.1 200 OK', call: 'capture.res.hdr(1)', out: null }],
  compile: ([slot]) => compileSlot(slot, (stream) => stream.responseCaptures),
});

const REQUEST = 'PUT http://h.test/a?b HTTP/1.0';

export const captureReqMethod = defineFetch({
  name: 'capture.req.method',
  args: [],
  type: SampleType.str,
  valid: Valid.requestKept,
  doc: 'The method of the request as it came.',
  examples: [{ request: REQUEST, call: 'capture.req.method', out: 'PUT' }],
  compile: () => {
    return (sample, stream) => stream.hasRequestLine && sample.setText(stream.logMethodStart, stream.logMethodEnd);
  },
});

export const captureReqUri = defineFetch({
  name: 'capture.req.uri',
  args: [],
  type: SampleType.str,
  valid: Valid.requestKept,
  doc: 'Path and query of the request as they came, cut as in the log.',
  examples: [
    { request: REQUEST, call: 'capture.req.uri', out: '/a?b' },
    { request: 'OPTIONS * HTTP/1.1', call: 'capture.req.uri', out: null },
  ],
  compile: () => {
    return (sample, stream) => {
      if (!stream.hasRequestLine) return false;
      const start = pathStart(sample.memory.bytes, stream.logTargetStart, stream.logTargetEnd);
      return start >= 0 && sample.setText(start, stream.logTargetEnd);
    };
  },
});

/** Is there a response of a server, or was there one before rules made another? */
function hasAnswered(stream: Stream): boolean {
  return stream.response.status > 0 && (!stream.isLocalReply || stream.serverStatus > 0);
}

/** `HTTP/1.0` or `HTTP/1.1`; none before there is a message. */
function compileVersion({ thread }: CompileContext, versionOf: (stream: Stream) => number): FetchStep {
  const old = thread.memory.intern('HTTP/1.0');
  const current = thread.memory.intern('HTTP/1.1');
  return (sample, stream) => {
    const version = versionOf(stream);
    const start = version === 10 ? old : current;
    return version > 0 && sample.setText(start, start + 8);
  };
}

export const captureReqVer = defineFetch({
  name: 'capture.req.ver',
  args: [],
  type: SampleType.str,
  valid: Valid.requestKept,
  doc: 'The version of the request as the log shows it.',
  examples: [{ request: REQUEST, call: 'capture.req.ver', out: 'HTTP/1.0' }],
  compile: (_, context) => compileVersion(context, ({ hasRequestLine, request }) => (hasRequestLine ? request.version : 0)),
});

export const captureResVer = defineFetch({
  name: 'capture.res.ver',
  args: [],
  type: SampleType.str,
  valid: Valid.requestKept,
  doc: 'The version of the response; none if no server gave one.',
  examples: [
    { response: 'HTTP/1.1 200 OK', call: 'capture.res.ver', out: 'HTTP/1.1' },
    { call: 'capture.res.ver', out: null },
  ],
  compile: (_, context) => compileVersion(context, (stream) => (hasAnswered(stream) ? stream.response.version : 0)),
});
