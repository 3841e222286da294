/** Log aliases of durations (HAProxy 3.x configuration 8.4): milliseconds, -1 where the phase was not reached. */
import { defineAlias } from '../../rules/define.ts';
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
import type { Writer } from '../../rules/format/writer.ts';
import { LogOrigin } from '../../state/logstep.ts';
import type { Stream } from '../../state/records.ts';

const PLUS = 43;

/** A line is about what has ended: nothing lasts until now. */
const ENDED = -1;

/** `+` says that the line was written before the end: option logasap, or an earlier step. */
function plus(out: Writer, stream: Stream): void {
  if (stream.frontend.logAsap || stream.logOrigin < LogOrigin.close) out.byte(PLUS);
}

export const requestTime = defineAlias({
  name: 'TR',
  kind: 'number',
  httpOnly: true,
  doc: 'From the first byte of the request to the end of its head.',
  examples: [{ format: '%TR', out: '5' }],
  compile: () => {
    return (out, stream) => out.int(requestMs(stream));
  },
});

export const queueTime = defineAlias({
  name: 'Tw',
  kind: 'number',
  httpOnly: false,
  doc: 'Waiting for a server: queues, and delays before a retry.',
  examples: [{ format: '%Tw', out: '3' }],
  compile: () => {
    return (out, stream) => out.int(queueMs(stream));
  },
});

export const connectTime = defineAlias({
  name: 'Tc',
  kind: 'number',
  httpOnly: false,
  doc: 'Connecting to the server.',
  examples: [{ format: '%Tc', out: '2' }],
  compile: () => {
    return (out, stream) => out.int(connectMs(stream));
  },
});

export const responseTime = defineAlias({
  name: 'Tr',
  kind: 'number',
  httpOnly: true,
  doc: 'From the connection to the head of the response.',
  examples: [{ format: '%Tr', out: '20' }],
  compile: () => {
    return (out, stream) => out.int(responseMs(stream));
  },
});

export const activeTime = defineAlias({
  name: 'Ta',
  kind: 'number',
  httpOnly: true,
  doc: 'From the first byte of the request to the last of the response.',
  examples: [{ format: '%Ta', out: '40' }],
  compile: () => {
    return (out, stream) => {
      plus(out, stream);
      out.int(activeMs(stream, ENDED));
    };
  },
});

export const totalTime = defineAlias({
  name: 'Tt',
  kind: 'number',
  httpOnly: false,
  doc: 'All of it: from the start of the session, or the end of the exchange before, to the end.',
  examples: [{ format: '%Tt', out: '140' }],
  compile: () => {
    return (out, stream) => {
      plus(out, stream);
      out.int(totalMs(stream, ENDED));
    };
  },
});

export const userTime = defineAlias({
  name: 'Tu',
  kind: 'number',
  httpOnly: false,
  doc: 'What the client waited: all of it without the idle time before the request.',
  examples: [{ format: '%Tu', out: '40' }],
  compile: () => {
    return (out, stream) => {
      plus(out, stream);
      out.int(userMs(stream, ENDED));
    };
  },
});

export const dataTime = defineAlias({
  name: 'Td',
  kind: 'number',
  httpOnly: false,
  doc: 'From the head of the response to the end.',
  examples: [{ format: '%Td', out: '10' }],
  compile: () => {
    return (out, stream) => {
      plus(out, stream);
      out.int(dataMs(stream, ENDED));
    };
  },
});

export const handshakeTime = defineAlias({
  name: 'Th',
  kind: 'number',
  httpOnly: false,
  doc: 'Handshakes of the connection: TLS, PROXY.',
  examples: [{ format: '%Th', out: '0' }],
  compile: () => {
    return (out, stream) => out.int(handshakeMs(stream));
  },
});

export const idleTime = defineAlias({
  name: 'Ti',
  kind: 'number',
  httpOnly: true,
  doc: 'Idle time before the request.',
  examples: [{ format: '%Ti', out: '100' }],
  compile: () => {
    return (out, stream) => out.int(stream.idleMs);
  },
});

export const oldRequestTime = defineAlias({
  name: 'Tq',
  kind: 'number',
  httpOnly: true,
  doc: 'Handshakes, idle time and the time of the request together.',
  examples: [{ format: '%Tq', out: '105' }],
  compile: () => {
    return (out, stream) => out.int(oldRequestMs(stream));
  },
});
