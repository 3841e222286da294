/** Responses on the HTTP/1 connections of a frontend, as it wants them: heads encoded, the case of names, no trailers; and counted. */
import type { Block, Memory } from '../base/memory.ts';
import { Framing, Method } from '../http/message.ts';
import { clientMethod, reframeResponse } from '../http/reframe.ts';
import type { Wire } from '../platform/contract.ts';
import { encodeResponseHead } from '../proto/h1/encode.ts';
import type { Stream } from '../state/records.ts';
import { KeepAlive } from '../state/settings.ts';
import { sendBody, sendBodyEnd, sendHeadCopy, sendHeadInPlace, takeSent } from './h1-send.ts';

/** Encodes the response's head on the desk; the offset behind it, or -1 if it does not fit. */
export function encodeAnswer(stream: Stream, { bytes, deskStart, deskEnd }: Memory, connection: number): number {
  dropTrailers(stream);
  if (stream.response.reframe || stream.request.firstMethod >= 0) reframeResponse(stream.response, stream.request, bytes);
  const end = encodeResponseHead(stream.response, bytes, deskStart, deskEnd, connection);
  if (stream.frontend.caseMap !== null && end > 0) stream.frontend.caseMap.adjust(bytes, deskStart, end);
  return end;
}

/** Sends the head that `encodeAnswer` made, with the early body. False: no block left. */
export function sendAnswer(memory: Memory, wire: Wire, stream: Stream, headEnd: number): boolean {
  const isSent = sendHeadInPlace(memory, wire, stream.response, memory.deskStart, headEnd);
  stream.bytes.toClient += takeSent();
  return isSent;
}

/** As `sendAnswer`, of a response that others follow. */
export function sendInterimAnswer(memory: Memory, wire: Wire, stream: Stream, headEnd: number): void {
  sendHeadCopy(memory, wire, stream.response, memory.deskStart, headEnd);
  stream.bytes.toClient += takeSent();
}

/** More body; `last`: the response ends with it. False: no block is left, it has no end. */
export function sendAnswerData(
  memory: Memory,
  wire: Wire,
  stream: Stream,
  block: Block,
  start: number,
  end: number,
  last: boolean,
): boolean {
  if (last) dropTrailers(stream);
  const isSent = sendBody(memory, wire, stream.response, block, start, end, last);
  stream.bytes.toClient += takeSent();
  return isSent;
}

/** The end of a body whose data has all been sent. False: as above. */
export function sendAnswerEnd(memory: Memory, wire: Wire, stream: Stream): boolean {
  dropTrailers(stream);
  const isSent = sendBodyEnd(memory, wire, stream.response);
  stream.bytes.toClient += takeSent();
  return isSent;
}

/** option http-drop-response-trailers. Before the end of the body is sent. */
function dropTrailers({ frontend, response }: Stream): void {
  if (frontend.dropResponseTrailers) response.trailers.clear();
}

/** Are bytes behind the request another one? They are not behind an upgrade or the last request of a connection. */
export function mayFollow({ closeClient, request }: Stream): boolean {
  return !closeClient && request.persistent && !request.upgrade && clientMethod(request) !== Method.connect;
}

/** Does one of the two messages, or the configuration, want the client's connection to end with this answer? */
export function endsConnection({ closeClient, request, response, frontend, backend }: Stream): boolean {
  if (closeClient || !request.persistent || response.mustClose || response.framing === Framing.close) return true;
  // A client that asked for a tunnel takes a success for one.
  if (clientMethod(request) === Method.connect && response.status < 300 && response.framing !== Framing.tunnel) return true;
  return frontend.keepAlive === KeepAlive.close || (backend !== null && backend.keepAlive === KeepAlive.close);
}
