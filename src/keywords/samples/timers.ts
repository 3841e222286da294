/** Samples of durations and dates of an exchange (HAProxy 3.x configuration 7.3.3, 8.4): milliseconds; none before the phase is over. */
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import {
  activeMs,
  connectMs,
  dataMs,
  handshakeMs,
  oldRequestMs,
  queueMs,
  requestMs,
  responseMs,
  totalMs,
  userMs,
} from '../../rules/format/times.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

type Duration = (stream: Stream, now: number) => number;

function compileDuration(duration: Duration, { thread }: CompileContext): FetchStep {
  const { clock } = thread;
  return (sample, stream) => {
    const ms = duration(stream, clock.now());
    return ms >= 0 && sample.setInt(ms);
  };
}

const RESPONSE = 'HTTP/1.1 200 OK';

export const fcTimerHandshake = defineFetch({
  name: 'fc.timer.handshake',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'Handshakes of the connection of the client: TLS, PROXY (%Th).',
  examples: [{ call: 'fc.timer.handshake', out: 0 }],
  compile: (_, context) => compileDuration(handshakeMs, context),
});

export const fcTimerTotal = defineFetch({
  name: 'fc.timer.total',
  args: [],
  type: SampleType.int,
  valid: Valid.frontend,
  doc: 'All of the exchange, from the start of the session or the end of the exchange before (%Tt); so far, while it lasts.',
  examples: [{ call: 'fc.timer.total', out: 140 }],
  compile: (_, context) => compileDuration(totalMs, context),
});

export const bcTimerConnect = defineFetch({
  name: 'bc.timer.connect',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'Connecting to the server (%Tc).',
  examples: [{ response: RESPONSE, call: 'bc.timer.connect', out: 2 }],
  compile: (_, context) => compileDuration(connectMs, context),
});

export const reqTimerIdle = defineFetch({
  name: 'req.timer.idle',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'Idle time before the request (%Ti).',
  examples: [{ call: 'req.timer.idle', out: 100 }],
  compile: (_, context) => compileDuration((stream) => stream.idleMs, context),
});

export const reqTimerHdr = defineFetch({
  name: 'req.timer.hdr',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'From the first byte of the request to the end of its head (%TR).',
  examples: [{ call: 'req.timer.hdr', out: 5 }],
  compile: (_, context) => compileDuration(requestMs, context),
});

export const reqTimerTq = defineFetch({
  name: 'req.timer.tq',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'Handshakes, idle time and the time of the request together (%Tq).',
  examples: [{ call: 'req.timer.tq', out: 105 }],
  compile: (_, context) => compileDuration(oldRequestMs, context),
});

export const reqTimerQueue = defineFetch({
  name: 'req.timer.queue',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'Waiting for a server: queues, and delays before a retry (%Tw).',
  examples: [{ response: RESPONSE, call: 'req.timer.queue', out: 3 }],
  compile: (_, context) => compileDuration(queueMs, context),
});

export const resTimerHdr = defineFetch({
  name: 'res.timer.hdr',
  args: [],
  type: SampleType.int,
  valid: Valid.response,
  doc: 'From the connection to the head of the response (%Tr).',
  examples: [{ response: RESPONSE, call: 'res.timer.hdr', out: 20 }],
  compile: (_, context) => compileDuration(responseMs, context),
});

export const resTimerData = defineFetch({
  name: 'res.timer.data',
  args: [],
  type: SampleType.int,
  valid: Valid.exchange,
  doc: 'From the head of the response to the end (%Td); so far, while it lasts.',
  examples: [{ response: RESPONSE, call: 'res.timer.data', out: 10 }],
  compile: (_, context) => compileDuration(dataMs, context),
});

export const txnTimerTotal = defineFetch({
  name: 'txn.timer.total',
  args: [],
  type: SampleType.int,
  valid: Valid.requestKept,
  doc: 'From the first byte of the request to the last of the response (%Ta); so far, while it lasts.',
  examples: [{ call: 'txn.timer.total', out: 40 }],
  compile: (_, context) => compileDuration(activeMs, context),
});

export const txnTimerUser = defineFetch({
  name: 'txn.timer.user',
  args: [],
  type: SampleType.int,
  valid: Valid.requestKept,
  doc: 'What the client waited: all of the exchange without the idle time before it (%Tu); so far, while it lasts.',
  examples: [{ call: 'txn.timer.user', out: 40 }],
  compile: (_, context) => compileDuration(userMs, context),
});

const UNITS = { s: 0.001, ms: 1, us: 1000 } as const;
const UNIT = [{ name: 'unit', kind: 'str', oneOf: ['s', 'ms', 'us'], default: 's' }] as const;

export const acceptDate = defineFetch({
  name: 'accept_date',
  args: UNIT,
  type: SampleType.int,
  valid: Valid.client,
  doc: 'When the connection was accepted, since the epoch.',
  examples: [
    { call: 'accept_date', out: 1_795_164_074 },
    { call: 'accept_date(ms)', out: 1_795_164_074_255 },
  ],
  compile: ([unit]) => {
    const perMs = UNITS[unit];
    return (sample, stream) => {
      // Written in place: a number above 2^31 that is passed on would be boxed.
      sample.type = SampleType.int;
      sample.int = Math.floor(stream.session.acceptedWallMs * perMs);
      return true;
    };
  },
});

export const requestDate = defineFetch({
  name: 'request_date',
  args: UNIT,
  type: SampleType.int,
  valid: Valid.requestKept,
  doc: 'When the first byte of the request came, since the epoch.',
  examples: [{ call: 'request_date(ms)', out: 1_795_164_075_100 }],
  compile: ([unit]) => {
    const perMs = UNITS[unit];
    return (sample, stream) => {
      // Written in place: a number above 2^31 that is passed on would be boxed.
      sample.type = SampleType.int;
      sample.int = Math.floor(stream.firstByteWallMs * perMs);
      return true;
    };
  },
});
