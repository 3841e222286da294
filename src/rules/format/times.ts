/**
 * Durations of an exchange (HAProxy 3.x configuration 8.4): milliseconds, -1 where the phase was not reached. What has not ended
 * yet lasts until `now`.
 */
import { Ended } from '../../state/end.ts';
import type { Stream } from '../../state/records.ts';

/** From one moment to a later one; -1 if one of them was not reached. */
export function between(from: number, to: number): number {
  if (from < 0 || to < 0) return -1;
  return to > from ? Math.floor(to - from) : 0;
}

/** The handshakes of the connection count for its first request only. */
export function handshakeMs({ session }: Stream): number {
  return session.requests <= 1 ? session.handshakeMs : 0;
}

/** Where the request's own time begins: its first byte, or the start of a stream without one. */
function began(stream: Stream): number {
  return stream.firstByteAtMs >= 0 ? stream.firstByteAtMs : stream.startedAtMs;
}

function end(stream: Stream, now: number): number {
  return stream.endedAtMs >= 0 ? stream.endedAtMs : now;
}

/** From the first byte of the request to the end of its head. HAProxy does not say it of requests that were tarpitted or rejected. */
export function requestMs(stream: Stream): number {
  if (stream.cause === Ended.tarpitted || (stream.cause === Ended.denied && stream.status < 0 && !stream.tunnel)) return -1;
  return between(stream.firstByteAtMs, stream.requestAtMs);
}

/** Waiting for a server: queues, and delays before a retry. */
export function queueMs(stream: Stream): number {
  const ready = !stream.tunnel ? stream.requestAtMs : stream.startedAtMs;
  return between(ready, stream.connectAtMs);
}

export function connectMs(stream: Stream): number {
  return between(stream.connectAtMs, stream.connectedAtMs);
}

/** From the connection to the head of the response. */
export function responseMs(stream: Stream): number {
  return between(stream.connectedAtMs, stream.responseAtMs);
}

/** From the head of the response, in TCP mode from the connection, to the end. */
export function dataMs(stream: Stream, now: number): number {
  const isHttp = stream.backend === null ? stream.frontend.http : stream.backend.http;
  return between(isHttp && !stream.tunnel ? stream.responseAtMs : stream.connectedAtMs, end(stream, now));
}

/** Handshakes, idle time and the time of the request together. */
export function oldRequestMs(stream: Stream): number {
  const request = requestMs(stream);
  return request < 0 ? -1 : handshakeMs(stream) + stream.idleMs + request;
}

/** From the first byte of the request to the last of the response. */
export function activeMs(stream: Stream, now: number): number {
  return between(began(stream), end(stream, now));
}

/** All of it: from the start of the session, or the end of the exchange before, to the end. */
export function totalMs(stream: Stream, now: number): number {
  return activeMs(stream, now) + (stream.frontend.http ? stream.idleMs + handshakeMs(stream) : 0);
}

/** What the client waited: all of it without the idle time before the request. */
export function userMs(stream: Stream, now: number): number {
  return activeMs(stream, now) + handshakeMs(stream);
}
