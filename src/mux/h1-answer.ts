/** What a frontend wants of the responses that its HTTP/1 connections carry: encoded heads, the case of names, no trailers. */
import type { Memory } from '../base/memory.ts';
import { Framing } from '../http/message.ts';
import { encodeResponseHead } from '../proto/h1/encode.ts';
import type { Stream } from '../state/records.ts';
import { KeepAlive } from '../state/settings.ts';

/** Encodes the response's head on the desk; the offset behind it, or -1 if it does not fit. */
export function encodeAnswer(stream: Stream, { bytes, deskStart, deskEnd }: Memory, connection: number): number {
  dropTrailers(stream);
  const end = encodeResponseHead(stream.response, bytes, deskStart, deskEnd, connection);
  if (stream.frontend.caseMap !== null && end > 0) stream.frontend.caseMap.adjust(bytes, deskStart, end);
  return end;
}

/** option http-drop-response-trailers. Before the end of the body is sent. */
export function dropTrailers({ frontend, response }: Stream): void {
  if (frontend.dropResponseTrailers) response.trailers.clear();
}

/** Does one of the two messages, or the configuration, want the client's connection to end with this answer? */
export function endsConnection({ closeClient, request, response, frontend, backend }: Stream): boolean {
  if (closeClient || !request.persistent || response.mustClose || response.framing === Framing.close) return true;
  return frontend.keepAlive === KeepAlive.close || (backend !== null && backend.keepAlive === KeepAlive.close);
}
