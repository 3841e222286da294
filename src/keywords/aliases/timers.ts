/** Log aliases of durations (HAProxy 3.x configuration 8.4): milliseconds, -1 where the phase was not reached. */
import { defineAlias } from '../../rules/define.ts';
import type { Writer } from '../../rules/writer.ts';
import { LogOrigin } from '../../state/logstep.ts';
import type { Stream } from '../../state/records.ts';

const PLUS = 43;

/** From one moment to a later one; -1 if one of them was not reached. */
function between(from: number, to: number): number {
  if (from < 0 || to < 0) return -1;
  return to > from ? Math.floor(to - from) : 0;
}

/** The handshakes of the connection count for its first request only. */
function handshake({ session }: Stream): number {
  return session.requests <= 1 ? session.handshakeMs : 0;
}

/** Where the request's own time begins: its first byte, or the start of a stream without one. */
function began(stream: Stream): number {
  return stream.firstByteAtMs >= 0 ? stream.firstByteAtMs : stream.startedAtMs;
}

/** From the start of the session, or the end of the exchange before, to the end. */
function total(stream: Stream): number {
  return between(began(stream), stream.endedAtMs) + (stream.frontend.http ? stream.idleMs + handshake(stream) : 0);
}

/** Where waiting for a server begins. */
function ready(stream: Stream): number {
  return stream.frontend.http && !stream.tunnel ? stream.requestAtMs : stream.startedAtMs;
}

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
    return (out, stream) => out.int(between(stream.firstByteAtMs, stream.requestAtMs));
  },
});

export const queueTime = defineAlias({
  name: 'Tw',
  kind: 'number',
  httpOnly: false,
  doc: 'Waiting for a server: queues, and delays before a retry.',
  examples: [{ format: '%Tw', out: '3' }],
  compile: () => {
    return (out, stream) => out.int(between(ready(stream), stream.connectAtMs));
  },
});

export const connectTime = defineAlias({
  name: 'Tc',
  kind: 'number',
  httpOnly: false,
  doc: 'Connecting to the server.',
  examples: [{ format: '%Tc', out: '2' }],
  compile: () => {
    return (out, stream) => out.int(between(stream.connectAtMs, stream.connectedAtMs));
  },
});

export const responseTime = defineAlias({
  name: 'Tr',
  kind: 'number',
  httpOnly: true,
  doc: 'From the connection to the head of the response.',
  examples: [{ format: '%Tr', out: '20' }],
  compile: () => {
    return (out, stream) => out.int(between(stream.connectedAtMs, stream.responseAtMs));
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
      out.int(between(began(stream), stream.endedAtMs));
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
      out.int(total(stream));
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
      out.int(between(began(stream), stream.endedAtMs) + handshake(stream));
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
      const isHttp = stream.backend === null ? stream.frontend.http : stream.backend.http;
      out.int(between(isHttp && !stream.tunnel ? stream.responseAtMs : stream.connectedAtMs, stream.endedAtMs));
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
    return (out, stream) => out.int(handshake(stream));
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
    return (out, stream) => {
      const request = between(stream.firstByteAtMs, stream.requestAtMs);
      out.int(request < 0 ? -1 : handshake(stream) + stream.idleMs + request);
    };
  },
});
